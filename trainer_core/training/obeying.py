"""Obeys the project's standing orders while it trains: the training process reads them, so that they hold by itself."""

import time
from dataclasses import dataclass, field

from trainer_core.costs import Estimate
from trainer_core.jobs import orders
from trainer_core.jobs.at_work import seconds_at_work
from trainer_core.jobs.context import JobContext
from trainer_core.jobs.orders import Action, Condition
from trainer_core.plan import TrainingPlan
from trainer_core.projects import StandingOrder

from .overfitting import overfitting

READ_SECONDS = 1.0


@dataclass
class Obeying:
    """Asked after every step whether an order's time has come. Losses of validation are (step, loss)."""

    context: JobContext
    plan: TrainingPlan
    validation: list[tuple[int, float]] = field(default_factory=list)
    loss: float | None = None  # the newest of training, and the pace
    seconds_per_step: float | None = None

    def __post_init__(self) -> None:
        self._standing: list[StandingOrder] = []
        self._read_at = float("-inf")
        self._worked = seconds_at_work(self.context.workspace, self.context.job.id)
        self._began = time.monotonic()
        stopped = orders.stopped_by(self.context.workspace, self.context.job.id)
        self._stop_at = None if stopped is None else stopped.step or 0  # told by an attempt that was cut off after that

    def wants(self, condition: Condition) -> bool:
        """Does an order for this stand, as it was last read?"""
        return any(order.condition == condition for order in self._standing)

    def after_step(self, step: int) -> bool:
        """Obey what is due; True when the training is to stop after this step.

        Orders are read at most once a second, and looked at after every step.
        """
        if time.monotonic() - self._read_at >= READ_SECONDS:
            self._standing = orders.standing(self.context.workspace, self.context.job.project_id)
            self._read_at = time.monotonic()
        for order in tuple(self._standing):
            if order.action == Action.STOP and step >= self.plan.steps:
                continue  # it stops by itself, with everything done
            why = self._why(order, step)
            if why is None:
                continue
            self._standing.remove(order)
            words = self._words(order, step, why)
            fired = orders.fire(self.context.workspace, order, self.context.job, step=step, words=words)
            if fired and order.action == Action.STOP:
                self._stop_at = step
        return self._stop_at is not None and step >= self._stop_at

    def _why(self, order: StandingOrder, step: int) -> str | None:
        """What shows that the order's time has come, in words; None when it has not."""
        if order.condition == Condition.OVERFITTING:
            found = overfitting(self.validation)
            return None if found is None else found.words
        value = order.value or 0.0
        reached = {
            Condition.PROGRESS: step >= value * self.plan.steps,
            Condition.STEP: step >= value,
            Condition.MINUTES: self._worked + time.monotonic() - self._began >= 60 * value,
        }
        return self._stands(step) if reached.get(Condition(order.condition), False) else None

    def _stands(self, step: int) -> str:
        loss = "" if self.loss is None else f", loss {self.loss:.4f}"
        return f"step {step} of {self.plan.steps} is done{loss}"

    def _words(self, order: StandingOrder, step: int, why: str) -> str:
        moment = orders.moment(order.condition, order.value)
        overfits = order.condition == Condition.OVERFITTING
        if order.action == Action.STOP:
            done = f" Step {step} of {self.plan.steps} is done." if overfits else ""
            because = "because it starts to overfit" if overfits else moment
            return f"I stop the training {because}, as you asked: {why}.{done} What it has learned so far is kept."
        if overfits:
            return f"You asked me to tell you {moment}. It does: {why}. It goes on; say stop to end it."
        left = ""
        if self.seconds_per_step is not None and step < self.plan.steps:
            seconds = (self.plan.steps - step) * self.seconds_per_step
            left = f", {Estimate(seconds=seconds, dollars=None, basis='').time} left"
        return f"You asked me to tell you {moment}: {why}{left}."
