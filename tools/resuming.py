"""Which stopped run a launch goes on with, and what is said about it: only one of exactly this plan."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import select

from trainer_core.jobs import events, store
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.recover import recover
from trainer_core.plan import TrainingPlan, diff
from trainer_core.projects import Job, PlanRow, Run, now
from trainer_core.training.records import CHECKPOINTS, OtherPlan, Record, newest

from .context import ToolContext
from .state import changes_to_undo, job_of, plan_of_run, runs_of
from .text import quoted

STOPPED = (store.State.FAILED, store.State.CANCELLED)


@dataclass(frozen=True)
class Stopped:
    """A run that was stopped, its job, and how far its newest checkpoint is."""

    run: Run
    job: Job
    step: int


def run_to_go_on(context: ToolContext, plan: TrainingPlan) -> Stopped | None:
    """The newest run of exactly this plan, if it was stopped and has saved something; after all steps there is none.

    A run that a standing order stopped has a file like a finished one, and can go on all the same.
    """
    for run in reversed(runs_of(context)):
        job = job_of(context.workspace, run.train_job)
        if job is None or _plan(context, run) != plan:
            continue
        as_asked = bool((job.result or {}).get("stopped"))
        if job.state == store.State.SUCCEEDED and not as_asked:
            return None
        record = _saved(context, run)
        if record is not None and (as_asked or job.state in STOPPED) and _fits(record, plan):
            return Stopped(run, job, record.step)
    return None


def words_before(stopped: Stopped, plan: TrainingPlan) -> list[str]:
    """For the card: where it goes on, why it stopped, and how to start anew instead."""
    how = "was cancelled" if stopped.job.state == store.State.CANCELLED else "stopped"
    if stopped.job.state == store.State.SUCCEEDED:
        how = "stopped as you asked"
    lines = [f"Goes on with {stopped.run.id}, which {how}: from step {stopped.step} of {plan.steps}."]
    if stopped.step >= plan.steps:
        lines = [f"All steps of {stopped.run.id} are done and kept; what is left is writing and checking the file."]
    if stopped.job.error:
        lines.append(f"Why it stopped: {quoted(stopped.job.error, 300)}")
    return [*lines, f"To start from the beginning instead, say no, then “seed {plan.seed + 1}”, then “launch”."]


def words_of_other_plan(context: ToolContext, plan: TrainingPlan) -> list[str]:
    """For the card of a new run: the latest run was stopped, and this cannot go on from it because the plan differs."""
    runs = runs_of(context)
    job = job_of(context.workspace, runs[-1].train_job) if runs else None
    record = _saved(context, runs[-1]) if job is not None and job.state in STOPPED else None
    before = _plan(context, runs[-1]) if record is not None else None
    if record is None or before is None or before == plan:
        return []
    changes = [change for change in diff(before, plan) if change.field != "warmup_steps"] or diff(before, plan)
    line = (
        f"{runs[-1].id} was stopped at step {record.step} of {before.steps} with another plan "
        f"({'; '.join(change.words for change in changes)}), so this starts from the beginning."
    )
    if before.dataset == plan.dataset:
        line += " To go on from there instead, take the change back."
    return [line]


def words_since(context: ToolContext, row: PlanRow, plan: TrainingPlan) -> list[str]:
    """What differs from the last run's plan, or from the plan as proposed."""
    runs = runs_of(context)
    with context.workspace.session() as session:
        if runs:
            before, label = session.get(PlanRow, runs[-1].plan_id), "Since the last run"
        else:
            before, label = row, "Since the proposal"
            while before is not None and before.previous:
                before = session.scalars(select(PlanRow).where(PlanRow.id == before.previous)).first()
    if before is None or (not runs and not changes_to_undo(context.workspace, row)):
        return []
    words = [
        change.words
        for change in diff(TrainingPlan.model_validate(before.body), plan)
        if change.field != "warmup_steps"
    ]
    return [f"{label}: {'; '.join(words) if words else 'nothing changed'}."]


def look_after(context: ToolContext, job: Job | None) -> list[str]:
    """Set a job going again whose worker is gone, as after a kill or a crash; says so, or nothing when all is well."""
    if job is None or job.state != store.State.RUNNING or backend_named(job.backend).alive(context.workspace, job.id):
        return []
    return [words for words in recover(context.workspace) if job.id in words]


def why_it_waits(context: ToolContext, job: Job) -> list[str]:
    """What a queued job told since it was queued; what an attempt before that told is over."""
    told, queued = (events.latest(context.workspace, job.id, kind) for kind in ("message", "state"))
    if told is None or (queued is not None and told.id < queued.id):
        return []
    return [quoted(str(told.data.get("text", "")), 300)]


def start_time(runs: list[Run]) -> datetime:
    """The present, or just after the latest run where the clock was set back: the newest start is the latest run."""
    latest = max((run.created_at for run in runs), default=now())
    return max(now(), latest + timedelta(microseconds=1))


def _saved(context: ToolContext, run: Run) -> Record | None:
    return newest(context.workspace.run_folder(run.id) / CHECKPOINTS)


def _plan(context: ToolContext, run: Run) -> TrainingPlan | None:
    try:
        return plan_of_run(context.workspace, run.id)
    except ValidationError:  # of a version that knew other settings
        return None


def _fits(record: Record, plan: TrainingPlan) -> bool:
    try:
        record.check_plan(plan)
    except OtherPlan:
        return False
    return True
