"""What there is to watch of the newest training: state, figures, curves and log. Reads little, however long the log.

Everything that comes from events is read anew only when there is a newer one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent import job_words
from tools.context import ToolContext
from tools.resuming import why_it_waits
from tools.state import job_of
from trainer_core.costs import Estimate
from trainer_core.jobs import curves, events, store
from trainer_core.jobs.failures import LOG_NAME
from trainer_core.projects import EventRow, Job, Run, Workspace

from .. import words_watch as words

MOST_POINTS, MOST_LINES, LONGEST_TAIL = 300, 60, 6_000
TOLD = ("state", "message", "validation", "checkpoint", "sample", "proposal", "stuck", "lost", "moving")


@dataclass(frozen=True)
class Running:
    """The newest run and its jobs as they are now."""

    workspace: Workspace
    run_id: str
    jobs: tuple[str, ...]  # that trained it, oldest first, and that score it
    train: Job
    score: Job | None

    @property
    def phase(self) -> str:
        """waiting, preparing, training, scoring, finished, failed or cancelled."""
        if self.train.state == store.State.QUEUED:
            return "waiting"
        if self.train.state == store.State.RUNNING:
            return "training"
        if self.train.state != store.State.SUCCEEDED:
            return str(self.train.state)
        return "scoring" if self.score is not None and self.score.state in store.UNFINISHED else "finished"

    @property
    def at_work(self) -> bool:
        """True while anything of it has not ended."""
        return self.phase in ("waiting", "training", "scoring")


@dataclass(frozen=True)
class Watched:
    """What is shown of a training. `fraction` is of the phase; figures are (name, words)."""

    phase: str = ""
    words: str = ""
    fraction: float | None = None
    figures: tuple[tuple[str, str], ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Curves:
    """Losses by step."""

    training: tuple[curves.Point, ...] = ()
    validation: tuple[curves.Point, ...] = ()


@dataclass(frozen=True)
class Log:
    """What happened, oldest first, as (time, words), and the end of the worker's own log."""

    lines: tuple[tuple[str, str], ...] = ()
    tail: str = ""


def running_of(context: ToolContext) -> Running | None:
    """The newest run with its jobs; None where nothing was launched."""
    workspace = context.workspace
    with workspace.session() as session:
        newest = select(Run).where(Run.project_id == context.project_id).order_by(Run.created_at.desc(), Run.id.desc())
        run = session.scalars(newest.limit(1)).first()
        if run is None or run.train_job is None:
            return None
        jobs = session.scalars(select(Job).where(Job.run_id == run.id).order_by(Job.created_at, Job.id)).all()
    train = next((job for job in jobs if job.id == run.train_job), None)
    score = next((job for job in jobs if job.id == run.evaluate_job), None)
    return Running(workspace, run.id, tuple(job.id for job in jobs), train, score) if train else None


def load_watched(context: ToolContext) -> Watched:
    """How far it is, in figures and words."""
    now = running_of(context)
    if now is None:
        return Watched()
    job = now.score if now.phase == "scoring" and now.score else now.train
    newest = curves.newest_id(context.workspace, now.jobs)
    data, validation = _newest_figures(now.workspace, job.id, now.train.id, newest)
    preparing = now.phase == "training" and data.get("phase") in (None, "encoding")
    phase = "preparing" if preparing else now.phase
    if not now.at_work:
        return Watched(phase, _ended(now), 1.0 if phase == "finished" else None, _figures(data, validation, phase))
    waits = " ".join(why_it_waits(context, now.train)) if phase == "waiting" else ""
    read = _fraction(data) == 1.0
    lead = {"waiting": words.WAITING, "preparing": words.READ if read else words.PREPARING}.get(
        phase, ""
    )  # else the figures say it
    said = waits or (job_words.progress_text(dict(data), job) if phase == "scoring" else lead)
    return Watched(phase, said, _fraction(data), _figures(data, validation, phase), _trouble(now, newest))


def load_curves(context: ToolContext) -> Curves:
    """Training and validation losses, thinned."""
    now = running_of(context)
    if now is None:
        return Curves()
    return _curves(now.workspace, now.jobs, curves.newest_id(now.workspace, now.jobs))


def load_log(context: ToolContext) -> Log:
    """The newest of what happened."""
    now = running_of(context)
    if now is None:
        return Log()
    lines = _lines(now.workspace, now.jobs, curves.newest_id(now.workspace, now.jobs))
    return Log(lines, _tail(now.workspace.run_folder(now.run_id) / LOG_NAME))


@lru_cache(maxsize=64)
def _newest_figures(workspace: Workspace, job_id: str, train_id: str, _newest: int) -> tuple[Mapping[str, Any], Any]:
    """The newest progress of the job, and the newest validation loss of the training."""
    progress = events.latest(workspace, job_id, "progress")
    validation = events.latest(workspace, train_id, "validation")
    return events.sound_progress(progress.data) if progress else {}, validation.data.get("loss") if validation else None


@lru_cache(maxsize=64)
def _curves(workspace: Workspace, jobs: tuple[str, ...], _newest: int) -> Curves:
    training = [data for data in curves.thinned(workspace, jobs, "progress", MOST_POINTS) if data.get("loss")]
    return Curves(curves.curve(training), curves.curve(curves.thinned(workspace, jobs, "validation", MOST_POINTS)))


@lru_cache(maxsize=64)
def _lines(workspace: Workspace, jobs: tuple[str, ...], _newest: int) -> tuple[tuple[str, str], ...]:
    rows = curves.last_of(workspace, jobs, TOLD, MOST_LINES)
    known = {job_id: job_of(workspace, job_id) for job_id in jobs}
    told = [(f"{row.at:%H:%M:%S}", _told(row, known[row.job_id])) for row in rows]
    return tuple((at, text) for at, text in told if text)


def _told(row: EventRow, job: Job | None) -> str:
    """An event in words; what it says comes from files and remote machines too and is escaped where it is shown."""
    data = row.data
    if row.kind == "state":
        said = words.EVENTS.get(str(data.get("state")), "")
        scoring = job is not None and not job_words.trains(job)
        return f"{'Scoring: ' if scoring and said else ''}{said}" + (f": {data['error']}" if data.get("error") else "")
    if row.kind == "message":
        return str(data.get("text", ""))
    if row.kind == "validation":
        loss = data.get("loss")
        return words.VALIDATED.format(loss=loss, step=data.get("step")) if isinstance(loss, int | float) else ""
    if row.kind == "checkpoint":
        return words.SAVED.format(step=data.get("step"))
    if row.kind == "sample":
        return words.SAMPLED.format(step=data.get("step"))
    if row.kind == "proposal":
        return words.PROPOSED
    assert job is not None
    return (
        {"stuck": job_words.stuck, "lost": job_words.lost}[row.kind](data, job)
        if row.kind != "moving"
        else (job_words.moving(job))
    )


def _tail(path: Path) -> str:
    """The end of a log file; nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LONGEST_TAIL))
            return file.read(LONGEST_TAIL).decode("utf-8", "replace")
    except OSError:
        return ""


def _ended(now: Running) -> str:
    job = now.score if now.score is not None and now.train.state == store.State.SUCCEEDED else now.train
    return job_words.ending(now.workspace, job, job.state)


@lru_cache(maxsize=64)
def _newest_trouble(workspace: Workspace, job_id: str, _newest: int) -> EventRow | None:
    told = curves.last_of(workspace, (job_id,), ("state", "stuck", "lost", "moving"), 1)
    return told[-1] if told and told[-1].kind in ("stuck", "lost") else None


def _trouble(now: Running, newest: int) -> str:
    job = now.score if now.phase == "scoring" and now.score else now.train
    event = _newest_trouble(now.workspace, job.id, newest)
    return _told(event, job) if event else ""


def _fraction(data: Mapping[str, Any]) -> float | None:
    step, steps = data.get("step"), data.get("steps")
    return min(1.0, step / steps) if step is not None and steps else None


def _figures(data: Mapping[str, Any], validation: Any, phase: str) -> tuple[tuple[str, str], ...]:
    """The figures that there are; what was not told is left out, never shown as zero."""
    found: list[tuple[str, str]] = []
    step, steps, left = data.get("step"), data.get("steps"), data.get("eta_seconds")
    if phase in ("preparing", "scoring") or step is None:
        return ()
    if steps:
        found.append((words.STEP, f"{step:g} of {steps:g}"))
    if left is not None and phase == "training":
        found.append((words.LEFT, Estimate(seconds=left, dollars=None, basis="").time))
    if data.get("loss") is not None:
        found.append((words.LOSS, f"{data['loss']:.4f}"))
    if isinstance(validation, int | float):
        found.append((words.CHECKED, f"{validation:.4f}"))
    pace, memory = data.get("seconds_per_step"), data.get("memory_gb")
    if isinstance(pace, int | float) and pace > 0:
        found.append((words.PACE, f"{pace:.2g} s"))
    if isinstance(memory, int | float):
        found.append((words.MEMORY, f"{memory:.1f} GB"))
    return tuple(found)
