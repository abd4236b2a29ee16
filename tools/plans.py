"""Tools for the plan: propose, change, undo, explain."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer_core.costs import Estimate, estimate
from trainer_core.dataset.manifest import Manifest
from trainer_core.memory_tiers import TIERS
from trainer_core.plan import BASES, BaseModelName, MemoryTier, Preset, TrainingPlan, diff, for_files, propose
from trainer_core.projects import PlanRow, get_project, new_id, update_project
from trainer_core.training.memory import fitted, measured, memory_words

from . import plan_reasons
from .captioning.templates import a
from .context import Tool, ToolContext, ToolRefused, ToolResult
from .file_notes import file_notes
from .plan_changes import ChangePlan, apply
from .plan_effects import looks_words, risks, size_words, totals
from .plan_explained import explained, needs_shapes
from .plan_imagined import check_imagined, imagined, with_files
from .plan_reasons_shown import beyond
from .plan_sources import source_line
from .state import (
    base_missing,
    changes_to_undo,
    estimate_of,
    manifest_of,
    plan_of,
    plan_row,
    recipe_of,
    without_caption,
)
from .synthetic.words import plan_notes
from .text import plural

Field_ = Literal[plan_reasons.FIELDS]  # type: ignore[valid-type]


WHY = ("steps", "rank", "learning_rate", "batch_size", "resolution", "frames", "held_out_share", "time")


class ProposePlan(BaseModel):
    """A fresh plan from the recipe and the files."""

    model_config = ConfigDict(extra="forbid")

    preset: Annotated[Preset, Field(description="fast, standard or quality")] = Preset.STANDARD
    base: Annotated[
        BaseModelName, Field(description="mini trains on this machine in minutes; ltx-2.3 is the real model")
    ] = BaseModelName.MINI


class UndoPlan(BaseModel):
    """Take changes of the plan back."""

    model_config = ConfigDict(extra="forbid")

    times: Annotated[int, Field(ge=1, le=50, description="how many changes to take back")] = 1


class ExplainPlan(BaseModel):
    """What to explain."""

    model_config = ConfigDict(extra="forbid")

    field: Annotated[
        Field_ | None,  # type: ignore[valid-type]
        Field(description="one value of the plan, or time or price; leave out for the whole plan"),
    ] = None


def propose_plan(context: ToolContext, arguments: ProposePlan) -> ToolResult:
    """Make a plan and store it as the current one."""
    recipe = recipe_of(context)
    project = get_project(context.workspace, context.project_id)
    manifest = manifest_of(context)
    if not manifest.usable:
        raise ToolRefused(
            "There are no usable files yet, so I can't plan: steps depend on how many there are. Add pictures or "
            "clips first."
        )
    missing = without_caption(manifest, project.trigger)
    if missing:
        raise ToolRefused(
            f"{plural(len(missing), 'file')} {'has' if len(missing) == 1 else 'have'} no caption with the trigger word "
            "yet. Write the captions first."
        )
    assert project.trigger is not None
    plan = propose(
        recipe,
        arguments.base,
        project.trigger,
        manifest.checksum,
        images=manifest.images,
        clips=manifest.clips,
        preset=arguments.preset,
    )
    plan, held = fitted(plan)
    row = _store(context, plan, previous=None)
    cost = estimate_of(context.workspace, plan, manifest)
    notes = [*plan_notes(context, manifest, plan.base), *([held] if held else []), *file_notes(manifest, plan)]
    lines = [plan_text(plan, cost), "Why these values:", *plan_reasons.summary(plan, cost, WHY), *notes]
    return ToolResult(text="\n".join(lines), data=plan_data(row.id, plan, cost))


def change_plan(context: ToolContext, change: ChangePlan) -> ToolResult:
    """Change the current plan, or only show what a change would do."""
    check_imagined(change)
    row = plan_row(context)
    manifest = manifest_of(context)
    before = TrainingPlan.model_validate(row.body)
    if change.empty and before.dataset == manifest.checksum:
        raise ToolRefused(
            "What should change? Name a value, such as steps, rank, learning rate, size, frames, a preset or a time "
            "limit."
        )

    def cost(plan: TrainingPlan) -> Estimate:
        if not change.other_files or (plan.images, plan.clips) == (manifest.images, manifest.clips):
            return estimate_of(context.workspace, plan, manifest)
        files = imagined(manifest, plan)
        return estimate_of(context.workspace, plan, files) if files else estimate(context.workspace, plan)

    try:
        after, notes = _changed(context, before, change, manifest, cost)
    except ValidationError as error:
        reasons = "; ".join(str(entry["msg"]).removeprefix("Value error, ") for entry in error.errors())
        raise ToolRefused(
            f"That change does not make a plan that can be trained: {reasons}. The plan is as it was."
        ) from error
    changes = diff(before, after)
    old, new = cost(before), cost(after)
    if not changes:
        return ToolResult(
            text="\n".join(["That leaves the plan as it is.", *notes, totals(old, new, before, after)]),
            data=plan_data(row.id, before, old, changes=[], notes=notes),
        )
    lead = "This would change (nothing is changed yet):" if change.only_show else "The plan has changed:"
    words = [_without_share(entry.words) if after.base is not before.base else entry.words for entry in changes]
    lines = [lead, *(f"- {each}" for each in words), *notes, totals(old, new, before, after)]
    lines += looks_words(before, after)
    if change.only_show:
        context.say("Working out what it comes to …")
        lines += size_words(before, after)
    lines += risks(before, after)
    if change.only_show and (source := source_line(after, [entry.field for entry in changes])):
        lines.append(source)
    plan_id = row.id if change.only_show else _store(context, after, previous=row.id).id
    return ToolResult(
        text="\n".join(lines),
        data=plan_data(plan_id, after, new, changes=words, notes=notes) | {"only_shown": change.only_show},
    )


def _changed(
    context: ToolContext,
    before: TrainingPlan,
    change: ChangePlan,
    manifest: Manifest,
    cost: Callable[[TrainingPlan], Estimate],
) -> tuple[TrainingPlan, list[str]]:
    """The plan with the change, for the files as they are or as they are imagined, and what a person should know of it.

    Raises ValidationError where that is no plan that can be trained.
    """
    files = {"images": manifest.images, "clips": manifest.clips}
    current = before
    if before.dataset != manifest.checksum:
        current = for_files(before, **files, dataset=manifest.checksum)
    current, notes = with_files(current, change)
    after, more = apply(current, change, cost)
    notes = [*notes, *more]
    if after.base is not before.base:
        context.say("Working out the memory that this takes …")
        if change.memory is None:
            after, held = fitted(after)
            notes += [held] if held else []
    if not change.other_files:
        known = file_notes(manifest, current)
        notes += [note for note in file_notes(manifest, after) if note not in known]
    return after, notes


def retrigger_plan(context: ToolContext, trigger: str) -> None:
    """The current plan with another trigger word and the files and captions as they are now."""
    row, manifest = plan_row(context), manifest_of(context)
    plan = TrainingPlan.model_validate(row.body).changed(trigger=trigger)
    fresh = for_files(plan, images=manifest.images, clips=manifest.clips, dataset=manifest.checksum)
    _store(context, fresh, previous=row.id)


def undo_plan(context: ToolContext, arguments: UndoPlan) -> ToolResult:
    """Go back to an earlier plan."""
    row = plan_row(context)
    before = TrainingPlan.model_validate(row.body)
    possible = changes_to_undo(context.workspace, row)
    if not possible:
        raise ToolRefused("There is no change to take back: this is the plan as it was proposed.")
    times = min(arguments.times, possible)
    with context.workspace.session() as session:
        for _ in range(times):
            row = session.get_one(PlanRow, row.previous)
    update_project(context.workspace, context.project_id, plan_id=row.id)
    plan = TrainingPlan.model_validate(row.body)
    manifest = manifest_of(context)
    old, new = (estimate_of(context.workspace, entry, manifest) for entry in (before, plan))
    changes = [entry.words for entry in diff(before, plan)]
    fewer = f" There were only {possible} to take back." if times < arguments.times else ""
    lines = [f"Took back {plural(times, 'change')}.{fewer}", *(f"- {words}" for words in changes)]
    lines.append(totals(old, new, before, plan))
    return ToolResult(text="\n".join(lines), data=plan_data(row.id, plan, new, changes=changes))


def explain_plan(context: ToolContext, arguments: ExplainPlan) -> ToolResult:
    """Say why a value, or the whole plan, is what it is."""
    plan, manifest = plan_of(context), manifest_of(context)

    def cost_of(other: TrainingPlan) -> Estimate:
        return estimate_of(context.workspace, other, manifest)

    if arguments.field is not None:
        if needs_shapes(arguments.field):
            context.say("Working out the memory that this takes …")
        lead = [memory_words(plan, measured())] if arguments.field == "memory" else []
        if arguments.field == "price" and plan.base is BaseModelName.LTX23:
            rented = estimate(context.workspace, plan, "fal")
            lead = [f"On a rented trainer, for comparison: {rented.price} ({rented.basis})."]
        text = "\n".join([*lead, explained(plan, cost_of, arguments.field)])
        return ToolResult(text=text, data={"field": arguments.field})
    cost = cost_of(plan)
    lines = [plan_text(plan, cost), "Why these values:", *plan_reasons.summary(plan, cost, WHY)]
    return ToolResult(text="\n".join(lines))


def plan_text(plan: TrainingPlan, cost: Estimate) -> str:
    """The plan in a few lines for a person."""
    rules = BASES[plan.base]
    still = "stills" if plan.frames == 1 else f"{plan.frames} frames"
    lines = [
        f"Plan: {a(plan.recipe)} LoRA on {rules.title}, trigger {plan.trigger}.",
        f"- files: {plural(plan.images, 'picture')} and {plural(plan.clips, 'clip')}, {plan.held_out_share:.0%} "
        f"kept for validation",
        f"- {plan.steps} steps ({plan.preset}), rank {plan.rank}, learning rate {plan.learning_rate:g}, batch "
        f"{plan.batch_size}",
        f"- {plan.width}x{plan.height} pixels, {still}",
        *([f"- {'; '.join(more)}"] if (more := beyond(plan)) else []),
        *([f"- memory: the base is held {TIERS[plan.memory].words}"] if _memory_matters(plan) else []),
        f"- time: {cost.time}; price: {cost.price}",
    ]
    if plan.base is not BaseModelName.MINI and (missing := base_missing(plan.base)):
        lines.append(f"- note: {missing}")
    if rules.honesty:
        lines.append(rules.honesty)
    return "\n".join(lines)


def _memory_matters(plan: TrainingPlan) -> bool:
    """Mini fits anywhere, so its tier is only worth a line where it was asked for."""
    return plan.base is not BaseModelName.MINI or plan.memory is not MemoryTier.FULL


def plan_data(plan_id: str, plan: TrainingPlan, cost: Estimate, **more: Any) -> dict[str, Any]:
    """The plan as figures for the window."""
    return {"plan_id": plan_id, "plan": plan.model_dump(mode="json"), "estimate": cost.model_dump(mode="json")} | more


def _store(context: ToolContext, plan: TrainingPlan, previous: str | None) -> PlanRow:
    row = PlanRow(
        id=new_id("plan"),
        project_id=context.project_id,
        previous=previous,
        body=plan.model_dump(mode="json"),
        fingerprint=plan.fingerprint,
    )
    with context.workspace.session() as session:
        session.add(row)
    update_project(context.workspace, context.project_id, plan_id=row.id)
    return row


def _without_share(words: str) -> str:
    """'width 64 -> 512': what a value is on another base is no measure for it."""
    return re.sub(r" \(\d+ % (?:more|less)\)$", "", words)


TOOLS = (
    Tool(
        "propose_plan",
        "Make a fresh training plan from the recipe and the files, with time and price.",
        ProposePlan,
        propose_plan,
    ),
    Tool(
        "change_plan",
        "Change the current plan, with absolute values, factors and limits together in one call; shows the "
        "difference in time and price. "
        "With only_show it answers what-if questions and changes nothing.",
        ChangePlan,
        change_plan,
    ),
    Tool("undo_plan", "Take back the last change or changes of the plan.", UndoPlan, undo_plan),
    Tool(
        "explain_plan",
        "Explain one value of the plan, its time or price, or the whole plan, with the reasons.",
        ExplainPlan,
        explain_plan,
    ),
)
