"""One value of a plan explained: what it is, what less and more of it would do to this plan, and the sources."""

from collections.abc import Callable

from pydantic import ValidationError

from trainer_core.costs import Estimate
from trainer_core.plan import TrainingPlan
from trainer_core.speeds import not_reckoned

from . import plan_reasons
from .plan_changes import ChangePlan, apply
from .plan_effects import SIZE_FIELDS, beside, looks, megabytes, preset_looks, sizes_of
from .plan_sources import source_line
from .plan_trade_offs import Way, named, ways
from .text import plural

Cost = Callable[[TrainingPlan], Estimate]


def needs_shapes(field: str) -> bool:
    """Whether the explanation has memory or the file's size in it, for which the model's shapes are loaded."""
    fields = {"resolution": "width", "preset": "steps"}
    return fields.get(field, field) in SIZE_FIELDS


def explained(plan: TrainingPlan, cost: Cost, field: str) -> str:
    """The paragraph, a line for each other way, and the sources. `field`: one of plan_reasons.FIELDS."""
    text, _, cited = plan_reasons.reasons(plan, cost(plan))[field].partition(" Source: ")
    if field in ("steps", "preset", "batch_size"):
        seen = "" if field == "steps" else f"This plan sees each file about {looks(plan):.0f} times. "
        files = plural(plan.images + plan.clips, "file")
        text = f"{text} {seen}For {files}, looks at each in the presets: {preset_looks(plan)}."
    lines = [text, *(line for way in ways(plan, field) if (line := _line(plan, way, cost, needs_shapes(field))))]
    own, cited = source_line(plan, (field,)).removeprefix("Source: "), cited.rstrip(".")
    sources = own if not cited or cited in own else f"{cited}; {own}" if own else f"{cited}."
    return "\n".join([*lines, *([f"Source: {sources}"] if sources else [])])


def _line(plan: TrainingPlan, way: Way, cost: Cost, with_sizes: bool) -> str:
    """'- rank 64: holds more ... Time still about 3 minutes; memory 0.3 GB instead of 0.2 GB.' '' where it can't be."""
    try:
        other, _notes = apply(plan, ChangePlan(**way.change), cost)
    except ValidationError:  # a size, say, at which a reference would not fit
        return ""
    if other == plan:
        return ""
    old, new = cost(plan), cost(other)
    left_out = " (the estimate leaves out what this does to it)" if not_reckoned(plan, other) else ""
    figures = [f"{_time(old, new)}{left_out}", f"price {beside(old.price, new.price)}"]
    if other.base is plan.base and round(looks(plan)) != round(looks(other)):
        figures.append(f"each file seen about {looks(other):.0f} times instead of {looks(plan):.0f}")
    if with_sizes:
        from trainer_core.training.memory import gigabytes

        here, there = sizes_of(plan), sizes_of(other)
        figures.append(f"a step's memory {beside(gigabytes(here.step), gigabytes(there.step))}")
        figures.append(f"the LoRA's file {beside(megabytes(here.file), megabytes(there.file))}")
    told = "; ".join(figures)
    return f"- {named(way)}: {way.words.rstrip('.')}. {told[0].upper()}{told[1:]}."


def _time(old: Estimate, new: Estimate) -> str:
    if new.seconds is None:
        return "the time is not known"
    return f"time {new.time}" if old.seconds is None else f"time {beside(old.time, new.time)}"
