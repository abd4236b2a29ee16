"""What each recipe would mean for the files that are there: enough or not, steps, time and price."""

from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, get_project
from trainer_core.recipes import Recipe

from .context import ToolContext
from .state import estimate_of, manifest_of
from .text import plural

_ANY_TRIGGER = "any_word"  # the figures do not depend on it


def base_of(context: ToolContext) -> BaseModelName:
    """The base of the current plan; mini where there is none."""
    plan_id = get_project(context.workspace, context.project_id).plan_id
    with context.workspace.session() as session:
        row = session.get(PlanRow, plan_id) if plan_id else None
    return TrainingPlan.model_validate(row.body).base if row else BaseModelName.MINI


def with_these_files(context: ToolContext, recipe: Recipe) -> str:
    """'With your 24 pictures: 480 steps on mini, about 3 minutes, no charge.' '' where there are no files."""
    manifest, base = manifest_of(context), base_of(context)
    images, clips = manifest.images, manifest.clips
    if not images + clips:
        return ""
    if recipe.images is None and not clips:
        return f"Your {plural(images, 'picture')} cannot teach it: it needs clips."
    counts = (plural(count, noun) for count, noun in ((images, "picture"), (clips, "clip")) if count)
    files, (few, many) = images + clips, recipe.images or recipe.clips
    plan = propose(recipe, base, _ANY_TRIGGER, manifest.checksum, images=images, clips=clips)
    cost = estimate_of(context.workspace, plan, manifest)
    enough = (
        f"too few to start (at least {recipe.minimum})"
        if files < recipe.minimum
        else f"fewer than the {few} that are wanted"
        if files < few
        else f"more than the usual {many}"
        if files > many
        else "enough"
    )
    return f"With your {' and '.join(counts)} ({enough}): {plan.steps} steps on {base}, {cost.time}, {cost.price}."
