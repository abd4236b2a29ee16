"""What if there were fewer or more files: the plan that the recipe would give them, and a set to reckon with."""

from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.plan import TrainingPlan, for_files, steps_for
from trainer_core.recipes import RECIPES

from .context import ToolRefused
from .plan_changes import ChangePlan
from .text import plural


def check_imagined(change: ChangePlan) -> None:
    """Raises ToolRefused where a change would make files appear or vanish."""
    if change.other_files and not change.only_show:
        raise ToolRefused(
            "The number of files can't be set in a plan: add files, or set some aside, and the plan follows. I can "
            "only show what another number would mean."
        )


def with_files(plan: TrainingPlan, change: ChangePlan) -> tuple[TrainingPlan, list[str]]:
    """The plan with the numbers of files that the change imagines, and notes. Raises ToolRefused for none at all.

    What else changes with them: see for_files.
    """
    if not change.other_files:
        return plan, []
    images = plan.images if change.images is None else change.images
    clips = plan.clips if change.clips is None else change.clips
    if images + clips == 0:
        raise ToolRefused("Without any file there is nothing to plan with.")
    recipe = RECIPES[plan.recipe]
    changed = for_files(plan, images=images, clips=clips)
    notes = []
    rule = steps_for(recipe, images + clips, plan.preset, plan.base)
    if changed.steps == plan.steps != rule:
        notes.append(f"The {plan.steps} steps stay, as they were chosen; the rule would give {rule}.")
    if images + clips < recipe.minimum:
        notes.append(
            f"With {plural(images + clips, 'file')} it could not be trained: the {recipe.name} recipe needs at least "
            f"{recipe.minimum} usable ones."
        )
    return changed, notes


def imagined(manifest: Manifest, plan: TrainingPlan) -> Manifest | None:
    """A set with as many pictures and clips as the plan says: files like those that are there, taken in turn.

    None where the plan has a kind of which there is no file to go by.
    """
    chosen: list[Item] = []
    for kind, count in (("image", plan.images), ("clip", plan.clips)):
        present = [item for item in manifest.usable if item.info.kind == kind]
        if count and not present:
            return None
        for number in range(count):
            like = present[number % len(present)]
            chosen.append(like.model_copy(update={"id": f"itm_{number:011x}{'0' if kind == 'image' else '1'}"}))
    return Manifest(items=tuple(chosen))
