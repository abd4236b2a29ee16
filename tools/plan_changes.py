"""Plain-English plan changes as arithmetic: relative and absolute, brought to values that the base model can take."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.costs import Estimate
from trainer_core.plan import (
    BASES,
    BaseModelName,
    MemoryTier,
    Preset,
    ReferenceKind,
    TrainingPlan,
    nearest_frames,
    nearest_size,
    propose,
)
from trainer_core.recipes import RECIPES

MOST_STEPS = 20_000
LARGEST_RANK = 256
LARGEST_LEARNING_RATE = 0.1

Cost = Callable[[TrainingPlan], Estimate]


class ChangePlan(BaseModel):
    """What to change; everything left out stays. Factors multiply the present value: 1.3 is 30 % more, 0.5 is half."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    preset: Annotated[Preset | None, Field(description="fast, standard or quality: sets the steps anew")] = None
    base: Annotated[
        BaseModelName | None, Field(description="mini or ltx-2.3: starts again from that base's defaults")
    ] = None
    steps: Annotated[int | None, Field(ge=1, le=MOST_STEPS)] = None
    steps_factor: Annotated[float | None, Field(gt=0, le=20)] = None
    steps_added: Annotated[
        int | None, Field(ge=-MOST_STEPS, le=MOST_STEPS, description="steps more (or fewer, negative)")
    ] = None
    rank: Annotated[int | None, Field(ge=1, le=LARGEST_RANK)] = None
    rank_factor: Annotated[float | None, Field(gt=0, le=16)] = None
    alpha: Annotated[float | None, Field(gt=0, le=512, description="follows the rank unless named")] = None
    learning_rate: Annotated[float | None, Field(gt=0, le=LARGEST_LEARNING_RATE)] = None
    learning_rate_factor: Annotated[float | None, Field(gt=0, le=100)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=64)] = None
    gradient_accumulation: Annotated[
        int | None, Field(ge=1, le=64, description="batches whose gradients make one step")
    ] = None
    width: Annotated[
        int | None, Field(ge=1, le=8192, description="pixels; goes to the nearest size the base can take")
    ] = None
    height: Annotated[
        int | None, Field(ge=1, le=8192, description="pixels; goes to the nearest size the base can take")
    ] = None
    frames: Annotated[int | None, Field(ge=1, le=2000, description="goes to the nearest number the base can take")] = (
        None
    )
    more_resolutions: Annotated[
        tuple[Annotated[int, Field(ge=1, le=8192)], ...] | None,
        Field(description="edges in pixels of squares at whose area the files are trained as well; empty: none"),
    ] = None
    keep_aspect: Annotated[
        bool | None, Field(description="true: each file keeps its proportions instead of being cut to width x height")
    ] = None
    resample_fps: Annotated[bool | None, Field(description="false: each clip keeps its own frame rate")] = None
    reference: Annotated[
        ReferenceKind | None,
        Field(
            description="in-context training: pair shows each file's own partner (start/end pair or control clip), "
            "same_subject another picture of the set"
        ),
    ] = None
    reference_downscale: Annotated[int | None, Field(ge=1, le=4)] = None
    with_audio: Annotated[bool | None, Field(description="true: learn the clips' sound as well")] = None
    memory: Annotated[
        MemoryTier | None,
        Field(description="full, int8, int4 or offload: the less memory, the slower and the less exact"),
    ] = None
    gradient_checkpointing: Annotated[
        bool | None, Field(description="true: less memory, steps take about 1.4 times as long")
    ] = None
    caption_dropout: Annotated[float | None, Field(ge=0, le=0.5)] = None
    class_preservation: Annotated[
        float | None, Field(ge=0, le=1, description="share of the batch also trained without the trigger; lowers leaks")
    ] = None
    ema_decay: Annotated[
        float | None, Field(ge=0, lt=1, description="of the weights' moving average, which is then exported; 0 is off")
    ] = None
    largest_weight_norm: Annotated[
        float | None, Field(gt=0, description="limit on the size of each layer's change (Frobenius norm)")
    ] = None
    first_frame_probability: Annotated[float | None, Field(ge=0, le=1)] = None
    held_out_share: Annotated[float | None, Field(ge=0, le=0.5)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**31)] = None
    max_minutes: Annotated[
        float | None, Field(gt=0, description="upper limit for the training time; caps the steps")
    ] = None
    minutes: Annotated[float | None, Field(gt=0, description="train for about this long; sets the steps")] = None
    max_dollars: Annotated[float | None, Field(ge=0, description="upper limit for the price; caps the steps")] = None
    images: Annotated[
        int | None,
        Field(ge=0, le=2000, description="what if there were so many pictures? Only with only_show; steps follow"),
    ] = None
    clips: Annotated[
        int | None,
        Field(ge=0, le=2000, description="what if there were so many clips? Only with only_show; steps follow"),
    ] = None
    only_show: Annotated[bool, Field(description="true: say what would happen and change nothing")] = False

    @property
    def empty(self) -> bool:
        """True when nothing is named."""
        return not self.model_dump(exclude_defaults=True, exclude={"only_show"})

    @property
    def other_files(self) -> bool:
        """True when it asks about another number of files than there are."""
        return self.images is not None or self.clips is not None


def apply(plan: TrainingPlan, change: ChangePlan, cost: Cost) -> tuple[TrainingPlan, list[str]]:
    """The changed plan and notes on every value that was asked for and could not be taken as it is.

    Order: base and preset, then absolute values, then factors, then limits on time and price.
    """
    notes: list[str] = []
    plan = _from_defaults(plan, change)
    plan = _sizes(plan, change, notes)
    plan = _rank(plan, change, notes)
    plan = _rate_and_rest(plan, change, notes)
    plan = _with_steps(plan, _asked_steps(plan, change, notes), notes)
    return _within_limits(plan, change, cost, notes), notes


def _from_defaults(plan: TrainingPlan, change: ChangePlan) -> TrainingPlan:
    if change.base is None and change.preset is None:
        return plan
    fresh = propose(
        RECIPES[plan.recipe],
        change.base or plan.base,
        plan.trigger,
        plan.dataset,
        images=plan.images,
        clips=plan.clips,
        preset=change.preset or plan.preset,
    )
    if change.base is not None and change.base is not plan.base:
        return fresh
    return plan.changed(preset=fresh.preset, steps=fresh.steps, warmup_steps=fresh.warmup_steps)


def _sizes(plan: TrainingPlan, change: ChangePlan, notes: list[str]) -> TrainingPlan:
    changes: dict[str, Any] = {}
    for name, asked in (("width", change.width), ("height", change.height)):
        if asked is not None:
            changes[name] = nearest_size(asked, plan.base)
            if changes[name] != asked:
                rules = BASES[plan.base]
                notes.append(
                    f"{name} {asked} becomes {changes[name]}: {plan.base} takes multiples of {rules.size_factor} up "
                    f"to {rules.largest_edge}."
                )
    if change.more_resolutions is not None:
        changes["more_resolutions"] = _edges(plan.changed(**changes), change.more_resolutions, notes)
    if change.frames is not None:
        changes["frames"] = nearest_frames(change.frames, plan.base)
        if changes["frames"] != change.frames:
            rules = BASES[plan.base]
            notes.append(
                f"{change.frames} frames become {changes['frames']}: {plan.base} takes 1, 9, 17, … up to "
                f"{rules.largest_frames}."
            )
        if changes["frames"] > 1 and not plan.clips:
            changes["frames"] = 1
            notes.append("There are only still pictures, so the plan stays at 1 frame; add clips to train on motion.")
    return plan.changed(**changes) if changes else plan


def _edges(plan: TrainingPlan, asked: tuple[int, ...], notes: list[str]) -> tuple[int, ...]:
    """Legal edges without repeats and without the plan's own size."""
    legal = {edge: nearest_size(edge, plan.base) for edge in asked}
    changed = [f"{edge} becomes {nearest}" for edge, nearest in legal.items() if nearest != edge]
    if changed:
        rules = BASES[plan.base]
        notes.append(
            f"{', '.join(changed)}: {plan.base} takes multiples of {rules.size_factor} up to {rules.largest_edge}."
        )
    own = {plan.width} if plan.width == plan.height else set()
    return tuple(edge for edge in dict.fromkeys(legal.values()) if edge not in own)


def _rank(plan: TrainingPlan, change: ChangePlan, notes: list[str]) -> TrainingPlan:
    rank = change.rank or plan.rank
    if change.rank_factor is not None:
        rank = round(rank * change.rank_factor)
    kept = min(LARGEST_RANK, max(1, rank))
    if kept != rank:
        notes.append(f"Rank {rank} becomes {kept}: 1 to {LARGEST_RANK} can be trained.")
    alpha = (
        change.alpha if change.alpha is not None else plan.alpha if kept == plan.rank else plan.alpha / plan.rank * kept
    )
    return plan.changed(rank=kept, alpha=min(512.0, alpha))


def _rate_and_rest(plan: TrainingPlan, change: ChangePlan, notes: list[str]) -> TrainingPlan:
    rate = change.learning_rate or plan.learning_rate
    if change.learning_rate_factor is not None:
        rate *= change.learning_rate_factor
    if rate > LARGEST_LEARNING_RATE:
        notes.append(f"The learning rate {rate:g} becomes {LARGEST_LEARNING_RATE:g}, the largest that can be set.")
    changes: dict[str, object] = {"learning_rate": float(f"{min(LARGEST_LEARNING_RATE, rate):.6g}")}
    changes |= {name: getattr(change, name) for name in _AS_NAMED if getattr(change, name) is not None}
    return plan.changed(**changes)


_AS_NAMED = (
    "batch_size",
    "gradient_accumulation",
    "keep_aspect",
    "resample_fps",
    "reference",
    "reference_downscale",
    "with_audio",
    "memory",
    "gradient_checkpointing",
    "caption_dropout",
    "class_preservation",
    "ema_decay",
    "largest_weight_norm",
    "first_frame_probability",
    "held_out_share",
    "seed",
)


def _asked_steps(plan: TrainingPlan, change: ChangePlan, notes: list[str]) -> int:
    steps = float(change.steps if change.steps is not None else plan.steps)
    if change.steps_factor is not None:
        steps = _round(steps * change.steps_factor)
    return round(steps + (change.steps_added or 0))


def _within_limits(plan: TrainingPlan, change: ChangePlan, cost: Cost, notes: list[str]) -> TrainingPlan:
    def seconds(entry: TrainingPlan) -> float | None:
        return cost(entry).seconds

    def dollars(entry: TrainingPlan) -> float | None:
        return cost(entry).dollars

    if change.minutes is not None:
        plan = _meet(plan, seconds, change.minutes * 60, f"{change.minutes:g} minutes", notes, exactly=True)
    if change.max_minutes is not None:
        plan = _meet(plan, seconds, change.max_minutes * 60, f"{change.max_minutes:g} minutes", notes)
    if change.max_dollars is not None:
        plan = _meet(plan, dollars, change.max_dollars, f"${change.max_dollars:g}", notes)
    return plan


def _meet(
    plan: TrainingPlan,
    measure: Callable[[TrainingPlan], float | None],
    limit: float,
    shown: str,
    notes: list[str],
    *,
    exactly: bool = False,
) -> TrainingPlan:
    """Choose the steps so that the measure, a fixed part plus a part per step, stays within the limit (or meets it)."""
    present, short = measure(plan), measure(_with_steps(plan, 2, []))
    if present is None or short is None:
        notes.append(
            f"What this plan will take is not known, so I can't hold it to {shown}; the steps stay at {plan.steps}."
        )
        return plan
    if present <= limit and not exactly:
        return plan
    per_step = (present - short) / max(1, plan.steps - 2)
    steps = 2 + int(min((limit - short) / per_step, 1e12)) if per_step > 0 else plan.steps
    steps = steps // 10 * 10 if steps >= 20 else steps
    if steps < 2:
        notes.append(f"Not even two steps fit into {shown}; the steps stay at {plan.steps}.")
        return plan
    if not exactly:
        notes.append(f"{plan.steps} steps would go over {shown}, so I cut them to {steps}.")
    return _with_steps(plan, steps, notes)


def _with_steps(plan: TrainingPlan, steps: int, notes: list[str]) -> TrainingPlan:
    kept = min(MOST_STEPS, max(2, steps))
    if kept != steps:
        notes.append(f"{steps} steps become {kept}: 2 to {MOST_STEPS} can be trained.")
    if kept == plan.steps:
        return plan
    return plan.changed(steps=kept, warmup_steps=min(20, kept // 5))


def _round(steps: float) -> float:
    return round(steps / 10) * 10 if steps >= 100 else round(steps)
