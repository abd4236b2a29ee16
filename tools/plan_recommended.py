"""The sidekick's recommendation: what it would propose now for these files, to hold a changed plan beside."""

from trainer_core.dataset.manifest import Manifest
from trainer_core.plan import Change, TrainingPlan, diff, propose
from trainer_core.projects import PlanRow, Workspace
from trainer_core.recipes import RECIPES

CHOSEN_BY_MACHINE = ("memory", "gradient_checkpointing")  # by what was free on the graphics card when it was proposed
FOLLOWS = ("warmup_steps", "dataset")  # of the steps, and of the files: nobody chose these


def recommended(plan: TrainingPlan, manifest: Manifest, first: TrainingPlan | None = None) -> TrainingPlan:
    """The standard plan for the files as they are, on the plan's own base and with its trigger word.

    `first`: the plan as it was proposed; on the same base it says how the base is held in memory, which was measured
    then. Without it the plan's own way is taken over. Nothing is loaded or measured here.
    """
    fresh = propose(
        RECIPES[plan.recipe],
        plan.base,
        plan.trigger,
        manifest.checksum,
        images=manifest.images,
        clips=manifest.clips,
    )
    held = first if first is not None and first.base is plan.base else plan
    return fresh.changed(**{name: getattr(held, name) for name in CHOSEN_BY_MACHINE})


def differences(plan: TrainingPlan, other: TrainingPlan) -> list[Change]:
    """What was chosen otherwise than in `other`, in words; what only follows from something else is left out."""
    return [change for change in diff(other, plan) if change.field not in FOLLOWS]


def first_plan(workspace: Workspace, row: PlanRow) -> tuple[TrainingPlan, int]:
    """The plan that this one was changed from in the beginning, and in how many changes."""
    count = 0
    with workspace.session() as session:
        while row.previous and (before := session.get(PlanRow, row.previous)) is not None:
            row, count = before, count + 1
    return TrainingPlan.model_validate(row.body), count
