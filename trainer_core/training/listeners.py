"""Who the training loop tells in a job: events and files of the first process; the others tell nobody."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import torch

from trainer_core.jobs.context import JobContext
from trainer_core.jobs.orders import Condition
from trainer_core.jobs.pulse import Doing
from trainer_core.plan import TrainingPlan

from . import candidates, checkpoints
from .checkpoints import TrainingState
from .obeying import Obeying
from .overfitting import usable


@dataclass
class Reporter:
    """Turns what the loop tells into events of the job, keeps checkpoints and candidates, and obeys standing orders.

    `step` is the last one that is done, `seen` the validation losses up to there: of a run that goes on. `sample` makes
    a test clip of a checkpoint; with several processes there is none, for one of them alone cannot ask the model.
    """

    context: JobContext
    plan: TrainingPlan
    folder: Path
    step: int = 0
    seen: list[tuple[int, float]] = field(default_factory=list)
    sample: Callable[[TrainingState], None] | None = None

    def __post_init__(self) -> None:
        self._orders = Obeying(self.context, self.plan, self.seen)
        self.context.pulse.begin(Doing.STEP)

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None:
        left = (self.plan.steps - step) * seconds_per_step
        self.context.emit(
            "progress",
            phase="training",
            step=step,
            steps=self.plan.steps,
            loss=loss,
            learning_rate=learning_rate,
            seconds_per_step=seconds_per_step,
            eta_seconds=None if math.isnan(left) else left,
            memory_gb=_memory_gb(),
        )
        self._orders.loss = loss if math.isfinite(loss) else None
        self._orders.seconds_per_step = None if math.isnan(left) else seconds_per_step
        if step == self.plan.steps or step % self.plan.validation_every == 0:
            self.context.pulse.begin(Doing.VALIDATION)

    def validation(self, step: int, loss: float) -> None:
        self.context.emit("validation", step=step, loss=loss)
        self.seen.append((step, loss))

    def checkpoint(self, state: TrainingState) -> None:
        self.context.pulse.begin(Doing.CHECKPOINT)
        path = checkpoints.save(self.folder, state, self.plan)
        self.context.emit("checkpoint", step=state.step, file=path.name)
        candidates.keep(self.context.folder, state, self.plan, self.context.emit)
        if self._orders.wants(Condition.OVERFITTING) and self._is_best(state):
            candidates.keep_best(self.context.folder, state, self.plan, self.context.emit)
        if self.sample and not self.context.cancelled():
            self.context.pulse.begin(Doing.OTHER)
            self.sample(state)
        self.context.pulse.begin(Doing.STEP)

    def should_stop(self) -> bool:
        """Asked after every step."""
        self.step += 1
        self.context.pulse.begin(Doing.STEP)
        return self._orders.after_step(self.step) or self.context.cancelled()

    def _is_best(self, state: TrainingState) -> bool:
        """Has no checkpoint before this one had as low a validation loss?"""
        losses = {step: loss for step, loss in usable(self.seen) if step % self.plan.checkpoint_every == 0}
        return state.step < self.plan.steps and min(losses, key=lambda step: losses[step], default=0) == state.step


class Silent:
    """Is told everything and does nothing: the listener of a process that is not the first."""

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None:
        pass

    def validation(self, step: int, loss: float) -> None:
        pass

    def checkpoint(self, state: TrainingState) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def _memory_gb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return psutil.Process().memory_info().rss / 2**30
