"""How fast this machine trains: what runs measured and under which conditions, kept for the next run's estimate."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .dataset.buckets import Sample, buckets_of, split_held_out
from .dataset.records import write_atomically
from .memory_tiers import TIERS, checkpointing
from .plan import BASES, FIELD_WORDS, BaseModelName, MemoryTier, ReferenceKind, TrainingPlan
from .projects import Workspace

FEWEST_STEPS = 50  # in fewer, the last validation and checkpoint weigh more than the steps do
# What changes a run's time by an amount that nobody has measured. Ranks 4 to 64 took the same time on mini.
_NOT_RECKONED = (
    *("memory", "gradient_checkpointing", "with_audio", "precision", "targets", "ema_decay", "largest_weight_norm"),
    *("first_frame_probability", "held_out_share", "validation_every", "checkpoint_every"),
)


class Conditions(BaseModel):
    """What decides a step's time beside its tokens: by how much is not known, so it is only told where it differs."""

    model_config = ConfigDict(frozen=True)

    memory: MemoryTier
    checkpointing: bool  # as it was done: some tiers do it whatever the plan says
    sound: bool


class Speed(BaseModel):
    """How fast a base trained on some machine. `seconds_per_step_token`: a step's seconds per token of its batch."""

    model_config = ConfigDict(allow_inf_nan=False)

    seconds_per_step_token: Annotated[float, Field(gt=0)]
    start_seconds: Annotated[float, Field(ge=0)] = 0.0  # loading the model
    seconds_per_sample: Annotated[float, Field(ge=0)] = 0.0  # encoding
    scoring_seconds: Annotated[float, Field(gt=0)] | None = None  # a whole scoring, steps and strengths compared
    conditions: Conditions | None = None  # None in records from before they were kept: unknown
    machine: str
    date: str


_SPEEDS = TypeAdapter(dict[str, Speed])


def conditions_of(plan: TrainingPlan) -> Conditions:
    """Those that a run of the plan has."""
    return Conditions(memory=plan.memory, checkpointing=checkpointing(plan), sound=plan.with_audio)


def record_speed(
    workspace: Workspace,
    plan: TrainingPlan,
    seconds_per_step: float,
    device: str,
    samples: Sequence[Sample] = (),
    steps: int = FEWEST_STEPS,
) -> None:
    """Keep what a run with these samples measured over so many `steps`, for the next estimate.

    `seconds_per_step`: wall-clock seconds of the whole loop per step, validation and checkpoints included. Few steps,
    as a resumed run has shortly before its end, count only where nothing else is known.
    """
    shipped, before = _shipped().get(plan.base), _measured(workspace).get(plan.base)
    if steps < FEWEST_STEPS and (before or shipped):
        return
    speed = Speed(
        seconds_per_step_token=seconds_per_step / step_tokens(plan, samples),
        start_seconds=shipped.start_seconds if shipped else 0.0,
        seconds_per_sample=shipped.seconds_per_sample if shipped else 0.0,
        scoring_seconds=before.scoring_seconds if before else None,
        conditions=conditions_of(plan),
        machine=device,
        date=date.today().isoformat(),
    )
    _keep(workspace, plan.base, speed)


def record_scoring(workspace: Workspace, base: BaseModelName, seconds: float) -> None:
    """Keep how long a whole scoring took, for the next estimate, where a training on this base was measured here."""
    speed = _measured(workspace).get(base)
    if speed is not None:
        _keep(workspace, base, speed.model_copy(update={"scoring_seconds": seconds}))


def speed_for(workspace: Workspace, plan: TrainingPlan) -> tuple[Speed, str] | None:
    """The speed that is known of the plan's base, and where it comes from and how far it fits the plan, in words."""
    measured, shipped = _measured(workspace).get(plan.base), _shipped().get(plan.base)
    if measured:
        scoring = measured.scoring_seconds or (shipped.scoring_seconds if shipped else None)
        found = measured.model_copy(update={"scoring_seconds": scoring})
        return found, f"as measured on {measured.date} ({measured.machine}){_otherwise(measured, plan)}"
    if shipped:
        there = f"as on {shipped.machine}{_otherwise(shipped, plan)}"
        return shipped, f"{there}; the first run here measures this machine"
    return None


def not_reckoned(before: TrainingPlan, after: TrainingPlan) -> list[str]:
    """What differs between two plans of one base and changes the time without being in the estimate, in words."""
    if before.base is not after.base:  # each has a speed of its own
        return []
    names = [name for name in _NOT_RECKONED if getattr(before, name) != getattr(after, name)]
    if checkpointing(before) == checkpointing(after):
        names = [name for name in names if name != "gradient_checkpointing"]
    return [FIELD_WORDS.get(name, name.replace("_", " ")) for name in names]


def tokens_per_sample(plan: TrainingPlan, samples: Sequence[Sample] = ()) -> float:
    """Mean number of latent tokens of the samples in a batch: stills have one latent frame, clips (frames - 1) / 8 + 1.

    `samples` are all of the plan's; an epoch takes as many batches from each bucket of those that are trained on as
    the bucket fills. Without samples each file counts once, at the plan's size and length.
    """
    return _mean_of_batches(plan, samples, lambda *size: _tokens(plan, *size))


def step_tokens(plan: TrainingPlan, samples: Sequence[Sample] = ()) -> float:
    """A step's tokens, with references, and those of class preservation: two forward passes (a third each) more."""
    own = tokens_per_sample(plan, samples)
    beside = _mean_of_batches(plan, samples, lambda *size: _reference_tokens(plan, *size))
    shown = (own + beside) * plan.batch_size + own * plan.preserved_samples * 5 / 3
    return shown * plan.gradient_accumulation


def _mean_of_batches(plan: TrainingPlan, samples: Sequence[Sample], tokens: Callable[[int, int, int], int]) -> float:
    if samples:
        training, _held_out = split_held_out(samples, plan.held_out_share, plan.seed)
        batches = {bucket: math.ceil(count / plan.batch_size) for bucket, count in buckets_of(training).items()}
        return sum(tokens(*bucket[:3]) * count for bucket, count in batches.items()) / sum(batches.values())
    still, clip = tokens(plan.width, plan.height, 1), tokens(plan.width, plan.height, plan.frames)
    media = plan.images + plan.clips
    return (plan.images * still + plan.clips * clip) / media if media else float(clip)


def _tokens(plan: TrainingPlan, width: int, height: int, frames: int) -> int:
    edge, time = BASES[plan.base].latent_pixels, BASES[plan.base].frame_factor
    return (width // edge) * (height // edge) * ((frames - 1) // time + 1)


def _reference_tokens(plan: TrainingPlan, width: int, height: int, frames: int) -> int:
    """Of what is shown beside a sample: a pair's other half is taken to be as long as it, another picture is a still.

    As if each sample had one: which of them do is known only where the files are read.
    """
    if plan.reference is ReferenceKind.NONE:
        return 0
    by = plan.reference_downscale
    return _tokens(plan, width // by, height // by, frames if plan.reference is ReferenceKind.PAIR else 1)


def _otherwise(speed: Speed, plan: TrainingPlan) -> str:
    """What was otherwise in the measured run, beginning with a comma; '' where it was like the plan."""
    then, now = speed.conditions, conditions_of(plan)
    if then is None:
        return ", where it was not noted how the base was held: this plan may be faster or slower"
    found = []
    if then.memory is not now.memory:
        found.append(f"with the base {TIERS[then.memory].words.partition(':')[0]}")
    if then.checkpointing is not now.checkpointing:
        found.append(f"{'with' if then.checkpointing else 'without'} gradient checkpointing")
    if then.sound is not now.sound:
        found.append(f"{'with' if then.sound else 'without'} sound")
    return f", {' and '.join(found)}: this plan may be faster or slower" if found else ""


def _path(workspace: Workspace) -> Path:
    return workspace.home / "speeds.json"


def _keep(workspace: Workspace, base: BaseModelName, speed: Speed) -> None:
    write_atomically(_path(workspace), _SPEEDS.dump_json(_measured(workspace) | {base.value: speed}, indent=2))


def _measured(workspace: Workspace) -> dict[str, Speed]:
    try:
        return _SPEEDS.validate_json(_path(workspace).read_bytes())
    except (FileNotFoundError, ValidationError):  # a damaged record is only a lost measurement
        return {}


def _shipped() -> dict[str, Speed]:
    return _SPEEDS.validate_json(files(__package__).joinpath("speeds.json").read_bytes())
