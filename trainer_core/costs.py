"""What a run will take, in time and money, before it starts. What is not known is None and is said to be unknown."""

import json
from collections.abc import Sequence
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from .dataset.buckets import Sample
from .plan import BaseModelName, TrainingPlan
from .projects import Workspace
from .speeds import Speed, speed_for, step_tokens

FAL_ENDPOINT = "fal-ai/ltx23-trainer-v2/t2v"  # the trainer that a plan without reference clips is for


class Estimate(BaseModel):
    """Time and price of a run. None means unknown: it is never shown or added up as zero.

    `seconds` are those of training, `scoring_seconds` those of the test clips and figures that follow.
    """

    model_config = ConfigDict(frozen=True)

    seconds: float | None
    dollars: float | None
    basis: str  # where the figures come from, in words
    scoring_seconds: float | None = None

    @property
    def time(self) -> str:
        """'about 4 minutes', or that it is not known."""
        return "time not known" if self.seconds is None else f"about {_duration(self.seconds)}"

    @property
    def whole(self) -> str:
        """'about 4 minutes of training, then about 1 minute of scoring', or what of it is not known."""
        if self.seconds is None:
            return self.time
        if self.scoring_seconds is None:
            return f"{self.time} of training; how long scoring takes is not known"
        return f"{self.time} of training, then about {_duration(self.scoring_seconds)} of scoring"

    @property
    def price(self) -> str:
        """'no charge', '$7.50', or that it is not known."""
        if self.dollars is None:
            return "price not known"
        return "no charge" if self.dollars == 0 else f"${self.dollars:,.2f}"


def estimate(
    workspace: Workspace,
    plan: TrainingPlan,
    backend: str = "local",
    samples: Sequence[Sample] | None = None,
    done: int = 0,
) -> Estimate:
    """Time and price of the plan on a backend. `samples`: all that the files give; without them, each file is one.

    `done`: steps that a stopped run has behind it; what is left is estimated.
    """
    steps = max(0, plan.steps - done)
    if backend == "local":
        found = speed_for(workspace, plan)
        if found is None:
            basis = (
                f"nobody has trained {plan.base} on this machine yet, so the time is not known; this machine: no charge"
            )
            return Estimate(seconds=None, dollars=0.0, basis=basis)
        speed, source = found
        per_step = _seconds_per_step(speed, plan, samples)
        basis = f"{steps} steps at {per_step:.2g} s, {source}; this machine: no charge"
        return Estimate(
            seconds=_fixed_seconds(speed, plan, samples) + steps * per_step,
            dollars=0.0,
            basis=basis,
            scoring_seconds=speed.scoring_seconds,
        )
    if backend == "fal" and plan.base is BaseModelName.LTX23:
        prices = json.loads(files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))["fal"]
        per_step = prices["per_step"][FAL_ENDPOINT]
        basis = (
            f"{steps} steps at ${per_step} on {FAL_ENDPOINT}, list price of {prices['date']}, which may have "
            "changed; the time there has not been measured"
        )
        return Estimate(seconds=None, dollars=round(steps * per_step, 4), basis=basis)
    return Estimate(seconds=None, dollars=None, basis=f"nothing is known of training {plan.base} on {backend!r}")


def steps_within(
    workspace: Workspace, plan: TrainingPlan, seconds: float, samples: Sequence[Sample] | None = None
) -> int | None:
    """The most steps, rounded down to 10, that the plan can take on this machine in so many seconds.

    None when the speed is not known; 0 when loading and encoding alone take longer.
    """
    found = speed_for(workspace, plan)
    if found is None:
        return None
    left = seconds - _fixed_seconds(found[0], plan, samples)
    return max(0, int(left / _seconds_per_step(found[0], plan, samples) / 10 + 1e-9) * 10)


def _seconds_per_step(speed: Speed, plan: TrainingPlan, samples: Sequence[Sample] | None) -> float:
    return speed.seconds_per_step_token * step_tokens(plan, samples or ())


def _fixed_seconds(speed: Speed, plan: TrainingPlan, samples: Sequence[Sample] | None) -> float:
    count = plan.images + plan.clips if samples is None else len(samples)
    return speed.start_seconds + count * speed.seconds_per_sample


def _duration(seconds: float) -> str:
    if seconds < 50:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    if seconds < 90 * 60:
        minutes = max(1, round(seconds / 60))
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{seconds / 3600:.1f} hours"
