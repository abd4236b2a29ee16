"""What stands in the library: LoRAs and runs with the little that is worth seeing at a glance. Reads only."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from trainer_core.plan import TrainingPlan
from trainer_core.projects import Job, PlanRow, Run

from .context import ToolContext
from .evaluation import scorecard as scorecards
from .evaluation.run_files import REPORT_NAME, SHEET_NAME
from .export import ready
from .library import known_loras
from .scored_loras import card_in

MOST = 100  # of each


@dataclass(frozen=True)
class ShelfLora:
    """A LoRA that can be used here. Files are relative to the workspace; `ready` is what was made for download."""

    id: str
    trigger: str
    base: str
    origin: str
    made: str
    project: str  # empty for this project's own
    run: str | None
    sha256: str
    there: bool
    file: str
    ready: tuple[str, ...]
    stamp: int  # of the files for download


@dataclass(frozen=True)
class ShelfRun:
    """A run of this project. good and judged count the figures that have a line; None before it was scored."""

    id: str
    made: str
    state: str
    base: str
    recipe: str
    steps: int
    good: int | None
    judged: int | None
    sheet: str | None
    report: str | None
    stamp: int  # of the scorecard

    @property
    def title(self) -> str:
        """'run_0123456789, 250 steps, 2026-11-21 18:04'."""
        return f"{self.id}, {self.steps} steps, {self.made}"


@dataclass(frozen=True)
class Shelf:
    """Everything, newest first."""

    loras: tuple[ShelfLora, ...]
    runs: tuple[ShelfRun, ...]

    @property
    def first(self) -> ShelfLora | None:
        """The one to begin with: the newest that was trained here, else the newest."""
        return next((each for each in self.loras if each.run and not each.project), next(iter(self.loras), None))

    def lora(self, lora_id: object) -> ShelfLora | None:
        """The LoRA with this id, whatever a browser says it is."""
        return next((each for each in self.loras if each.id == lora_id), None)

    def run(self, run_id: object) -> ShelfRun | None:
        """The run with this id."""
        return next((each for each in self.runs if each.id == run_id), None)


def shelf_of(context: ToolContext) -> Shelf:
    """The LoRAs of this project's owner, and this project's runs."""
    home = context.workspace.home
    loras = []
    for known in known_loras(context)[:MOST]:
        made = ready(context, known)
        loras.append(
            ShelfLora(
                id=known.row.id,
                trigger=known.row.trigger,
                base=known.row.base,
                origin=known.origin,
                made=f"{known.row.created_at:%Y-%m-%d %H:%M}",
                project="" if known.project.id == context.project_id else known.project.name,
                run=known.row.run_id,
                sha256=known.row.sha256,
                there=known.there,
                file=known.row.file,
                ready=tuple(str(path.relative_to(home)) for path in made),
                stamp=max((path.stat().st_mtime_ns for path in made), default=0),
            )
        )
    return Shelf(tuple(loras), _runs(context))


def _runs(context: ToolContext) -> tuple[ShelfRun, ...]:
    query = (
        select(Run, PlanRow, Job)
        .join(PlanRow, Run.plan_id == PlanRow.id)
        .outerjoin(Job, Run.train_job == Job.id)
        .where(Run.project_id == context.project_id)
        .order_by(Run.created_at.desc(), Run.id)
        .limit(MOST)
    )
    with context.workspace.session() as session:
        rows = session.execute(query).all()
    return tuple(_run(context, run, row, job) for run, row, job in rows)


def _run(context: ToolContext, run: Run, row: PlanRow, job: Job | None) -> ShelfRun:
    plan = TrainingPlan.model_validate(row.body)
    home, folder = context.workspace.home, context.workspace.run_folder(run.id)
    card_file = folder / scorecards.FILE_NAME
    stamp = card_file.stat().st_mtime_ns if card_file.is_file() else 0
    card = card_in(folder)
    judged = [measure for measure in card.measures if measure.threshold and measure.value is not None] if card else []
    return ShelfRun(
        id=run.id,
        made=f"{run.created_at:%Y-%m-%d %H:%M}",
        state=job.state if job else "not started",
        base=plan.base.value,
        recipe=plan.recipe.value,
        steps=plan.steps,
        good=sum(measure.verdict == "good" for measure in judged) if card else None,
        judged=len(judged) if card else None,
        sheet=_relative(folder / SHEET_NAME, home),
        report=_relative(folder / REPORT_NAME, home),
        stamp=stamp,
    )


def _relative(path: Path, home: Path) -> str | None:
    return str(path.relative_to(home)) if path.is_file() else None
