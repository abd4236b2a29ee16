"""What a run will take, in time and money, before it starts. What is not known is None and is said to be unknown."""

import json
import math
import os
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .dataset.buckets import Sample, buckets_of, split_held_out
from .plan import BASES, BaseModelName, TrainingPlan
from .projects import Workspace, new_id

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


class Speed(BaseModel):
    """How fast a base trained on some machine. `seconds_per_step_token`: a step's seconds per token of its batch."""

    model_config = ConfigDict(allow_inf_nan=False)

    seconds_per_step_token: Annotated[float, Field(gt=0)]
    start_seconds: Annotated[float, Field(ge=0)] = 0.0  # loading the model
    seconds_per_sample: Annotated[float, Field(ge=0)] = 0.0  # encoding
    scoring_seconds: Annotated[float, Field(gt=0)] | None = None  # a whole scoring, steps and strengths compared
    machine: str
    date: str


_SPEEDS = TypeAdapter(dict[str, Speed])


def tokens_per_sample(plan: TrainingPlan, samples: Sequence[Sample] = ()) -> float:
    """Mean number of latent tokens of the samples in a batch: stills have one latent frame, clips (frames - 1) / 8 + 1.

    `samples` are all of the plan's; an epoch takes as many batches from each bucket of those that are trained on as
    the bucket fills. Without samples each file counts once, at the plan's size and length.
    """
    edge, time = BASES[plan.base].latent_pixels, BASES[plan.base].frame_factor

    def tokens(width: int, height: int, frames: int) -> int:
        return (width // edge) * (height // edge) * ((frames - 1) // time + 1)

    if samples:
        training, _held_out = split_held_out(samples, plan.held_out_share, plan.seed)
        batches = {bucket: math.ceil(count / plan.batch_size) for bucket, count in buckets_of(training).items()}
        return sum(tokens(*bucket[:3]) * count for bucket, count in batches.items()) / sum(batches.values())
    still, clip = tokens(plan.width, plan.height, 1), tokens(plan.width, plan.height, plan.frames)
    media = plan.images + plan.clips
    return (plan.images * still + plan.clips * clip) / media if media else float(clip)


def record_speed(
    workspace: Workspace, plan: TrainingPlan, seconds_per_step: float, device: str, samples: Sequence[Sample] = ()
) -> None:
    """Keep what a run with these samples measured, for the next estimate.

    `seconds_per_step`: wall-clock seconds of the whole loop per step, validation and checkpoints included.
    """
    shipped, before = _shipped().get(plan.base), _measured(workspace).get(plan.base)
    speed = Speed(
        seconds_per_step_token=seconds_per_step / _work(plan, samples),
        start_seconds=shipped.start_seconds if shipped else 0.0,
        seconds_per_sample=shipped.seconds_per_sample if shipped else 0.0,
        scoring_seconds=before.scoring_seconds if before else None,
        machine=device,
        date=date.today().isoformat(),
    )
    _keep(workspace, plan.base, speed)


def record_scoring(workspace: Workspace, base: BaseModelName, seconds: float) -> None:
    """Keep how long a whole scoring took, for the next estimate, where a training on this base was measured here."""
    speed = _measured(workspace).get(base)
    if speed is not None:
        _keep(workspace, base, speed.model_copy(update={"scoring_seconds": seconds}))


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
        found = _speed(workspace, plan)
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
    found = _speed(workspace, plan)
    if found is None:
        return None
    left = seconds - _fixed_seconds(found[0], plan, samples)
    return max(0, int(left / _seconds_per_step(found[0], plan, samples) / 10 + 1e-9) * 10)


def _seconds_per_step(speed: Speed, plan: TrainingPlan, samples: Sequence[Sample] | None) -> float:
    return speed.seconds_per_step_token * _work(plan, samples or ())


def _work(plan: TrainingPlan, samples: Sequence[Sample]) -> float:
    """A step's tokens with those of class preservation, which take two forward passes (a third each) more."""
    shown = plan.batch_size + plan.preserved_samples * 5 / 3
    return tokens_per_sample(plan, samples) * shown * plan.gradient_accumulation


def _fixed_seconds(speed: Speed, plan: TrainingPlan, samples: Sequence[Sample] | None) -> float:
    count = plan.images + plan.clips if samples is None else len(samples)
    return speed.start_seconds + count * speed.seconds_per_sample


def _speed(workspace: Workspace, plan: TrainingPlan) -> tuple[Speed, str] | None:
    measured, shipped = _measured(workspace).get(plan.base), _shipped().get(plan.base)
    if measured:
        scoring = measured.scoring_seconds or (shipped.scoring_seconds if shipped else None)
        found = measured.model_copy(update={"scoring_seconds": scoring})
        return found, f"as measured on {measured.date} ({measured.machine})"
    if shipped:
        return shipped, f"as on {shipped.machine}; the first run here measures this machine"
    return None


def _path(workspace: Workspace) -> Path:
    return workspace.home / "speeds.json"


def _keep(workspace: Workspace, base: BaseModelName, speed: Speed) -> None:
    path = _path(workspace)
    draft = path.with_name(f"{path.name}.{new_id('new')}")
    draft.write_bytes(_SPEEDS.dump_json(_measured(workspace) | {base.value: speed}, indent=2))
    os.replace(draft, path)  # noqa: PTH105 - atomic


def _measured(workspace: Workspace) -> dict[str, Speed]:
    try:
        return _SPEEDS.validate_json(_path(workspace).read_bytes())
    except (FileNotFoundError, ValidationError):  # a damaged record is only a lost measurement
        return {}


def _shipped() -> dict[str, Speed]:
    return _SPEEDS.validate_json(files(__package__).joinpath("speeds.json").read_bytes())


def _duration(seconds: float) -> str:
    if seconds < 50:
        return f"{max(5, round(seconds / 5) * 5)} seconds"
    if seconds < 90 * 60:
        minutes = max(1, round(seconds / 60))
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{seconds / 3600:.1f} hours"
