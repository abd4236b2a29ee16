"""What the plan panel knows: the plan, what it comes to on each backend, and where it differs from the recommendation.

Reckoned once for each state of plan and files; nothing here loads a model or torch.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from tools.context import ToolContext
from tools.plan_effects import looks
from tools.plan_recommended import differences, first_plan, recommended
from tools.state import estimate_of
from trainer_core.costs import Estimate, estimate
from trainer_core.dataset.manifest import FILE_NAME, load
from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.projects import PlanRow, get_project

from .. import words_plan as words


@dataclass(frozen=True)
class Backend:
    """What the plan takes in one place, in words."""

    name: str
    time: str
    price: str
    memory: str
    note: str


@dataclass(frozen=True)
class PlanShown:
    """The plan as it is shown; `plan` is None before there is one. Kept on the server, so it can be trusted."""

    context: ToolContext
    plan: TrainingPlan | None = None
    problem: str = ""
    advised: TrainingPlan | None = None
    differs: tuple[str, ...] = ()
    changes: int = 0  # that can be taken back
    stale: bool = False  # files or captions have changed since
    backends: tuple[Backend, ...] = ()
    looks: float = 0.0  # at each file


def load_plan(context: ToolContext) -> PlanShown:
    """The current plan with what it comes to; reckoned anew only when plan, files or measured speeds have changed."""
    plan_id = get_project(context.workspace, context.project_id).plan_id
    if plan_id is None:
        return PlanShown(context)
    folder = context.workspace.dataset_folder(context.project_id)
    stamps = tuple(_stamp(path) for path in (folder / FILE_NAME, context.workspace.home / "speeds.json"))
    return _shown(context, plan_id, stamps)


@lru_cache(maxsize=64)
def _shown(context: ToolContext, plan_id: str, _stamps: tuple[int, ...]) -> PlanShown:
    workspace = context.workspace
    with workspace.session() as session:
        row = session.get(PlanRow, plan_id)
    if row is None:
        return PlanShown(context)
    try:
        plan = TrainingPlan.model_validate(row.body)
        first, changes = first_plan(workspace, row)
    except ValidationError:  # of a version that knew other settings
        return PlanShown(context, problem=words.OTHER_VERSION)
    manifest = load(workspace.dataset_folder(context.project_id))
    advised = recommended(plan, manifest, first) if manifest.usable else None
    here, rented = estimate_of(workspace, plan, manifest), estimate(workspace, plan, "fal")
    backends = (
        Backend(words.HERE, here.time, here.price, words.MEMORY_ASKED, here.basis),
        Backend(words.RENTED, rented.time, rented.price, words.MEMORY_THEIRS, _rented_note(plan, rented)),
    )
    return PlanShown(
        context,
        plan,
        advised=advised,
        differs=tuple(change.words for change in differences(plan, advised)) if advised else (),
        changes=changes,
        stale=plan.dataset != manifest.checksum,
        backends=backends,
        looks=looks(plan),
    )


def _rented_note(plan: TrainingPlan, rented: Estimate) -> str:
    if plan.base is BaseModelName.MINI:
        return words.MINI_ONLY_HERE
    return f"{rented.basis}. {words.NOT_YET}"


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
