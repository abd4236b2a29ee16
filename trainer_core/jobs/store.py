"""The durable table of jobs. Every change of state is one conditional UPDATE, so that of two processes one wins.

States: queued -> running -> succeeded, failed or cancelled; running -> queued when a worker was lost or stopped.
"""

import platform
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from ..budgets import job_ended
from ..projects import Job, Workspace, new_id
from .events import add_event, plain

ENTRY_POINT = re.compile(r"^(?:trainer_core|tools)(?:\.[a-z_][a-z0-9_]*)*:[a-z_][a-z0-9_]*$")


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (State.QUEUED, State.RUNNING)


def submit(
    workspace: Workspace,
    *,
    project_id: str,
    task: str,
    arguments: Mapping[str, Any],
    run_id: str | None = None,
    backend: str = "local",
    after: str | None = None,
) -> Job:
    """Add a queued job; it runs when its backend starts it, and never before the job `after` has succeeded.

    `task` is an entry point 'package.module:function' in trainer_core or tools. Raises ValueError for another task or
    for an `after` that can no longer succeed, LookupError when `after` does not exist in this project.
    """
    with workspace.session() as session:
        return submit_in(
            session,
            project_id=project_id,
            task=task,
            arguments=arguments,
            run_id=run_id,
            backend=backend,
            after=after,
        )


def submit_in(
    session: Session,
    *,
    project_id: str,
    task: str,
    arguments: Mapping[str, Any],
    run_id: str | None = None,
    backend: str = "local",
    after: str | None = None,
) -> Job:
    """The same together with what else the session does: all of it is kept, or nothing."""
    if not ENTRY_POINT.fullmatch(task):
        raise ValueError(f"{task!r} is no task: it must be 'package.module:function' in trainer_core or tools")
    job = Job(
        id=new_id("job"),
        project_id=project_id,
        run_id=run_id,
        task=task,
        arguments=dict(arguments),
        backend=backend,
        after=after,
        state=State.QUEUED,
    )
    if after is not None:
        earlier = session.get(Job, after)
        if earlier is None or earlier.project_id != project_id:
            raise LookupError(f"There is no job {after!r} in this project to wait for.")
        if earlier.state in (State.FAILED, State.CANCELLED):
            raise ValueError(f"The job {after} {earlier.state}, so nothing can run after it. Start it again first.")
    session.add(job)
    session.flush()
    add_event(session, job.id, "state", {"state": State.QUEUED, "attempt": 0})
    return job


def get(workspace: Workspace, job_id: str) -> Job:
    """The job as it is now. Raises LookupError in words for a person."""
    with workspace.session() as session:
        job = session.get(Job, job_id)
    if job is None:
        raise LookupError(f"There is no job {job_id!r} in this workspace.")
    return job


def list_jobs(workspace: Workspace, project_id: str | None = None, states: Iterable[str] | None = None) -> list[Job]:
    """Jobs, oldest first; of one project, in some states, or all."""
    query = select(Job).order_by(Job.created_at, Job.id)
    if project_id is not None:
        query = query.where(Job.project_id == project_id)
    if states is not None:
        query = query.where(Job.state.in_(tuple(states)))
    with workspace.session() as session:
        return list(session.scalars(query))


def at_work_in(session: Session, project_id: str) -> bool:
    """Is a training or scoring of this project waiting or running?"""
    query = select(Job.id).where(Job.project_id == project_id, Job.run_id.is_not(None), Job.state.in_(UNFINISHED))
    return session.scalars(query.limit(1)).first() is not None


def ready_jobs(workspace: Workspace, after: str | None = None) -> list[Job]:
    """Queued jobs that nothing holds back, oldest first; with `after`, only those that waited for that job."""
    query = select(Job).where(Job.state == State.QUEUED, _ready()).order_by(Job.created_at, Job.id)
    if after is not None:
        query = query.where(Job.after == after)
    with workspace.session() as session:
        return list(session.scalars(query))


def job_folder(workspace: Workspace, job: Job) -> Path:
    """Where the job's log and files go: its run's folder, or one of its own."""
    if job.run_id:
        return workspace.run_folder(job.run_id)
    folder = workspace.home / "jobs" / job.id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def lock_of(workspace: Workspace, job_id: str) -> Path:
    """The lock that the job's worker holds for as long as it lives."""
    return workspace.home / "locks" / f"{job_id}.lock"


def claim(workspace: Workspace, job_id: str, pid: int) -> bool:
    """Take a ready job for the process `pid`: True for exactly one of all that ask."""
    values = {
        "state": State.RUNNING,
        "attempt": Job.attempt + 1,
        "pid": pid,
        "host": platform.node(),
        "error": None,
    }
    with workspace.session() as session:
        if not _change(session, job_id, and_(Job.state == State.QUEUED, _ready()), values):
            return False
        attempt = session.scalar(select(Job.attempt).where(Job.id == job_id))
        add_event(session, job_id, "state", {"state": State.RUNNING, "attempt": attempt})
    return True


def finish(workspace: Workspace, job_id: str, result: Mapping[str, Any], *, attempt: int | None = None) -> bool:
    """The running job succeeded. With `attempt`, False and no change when another worker has taken over since."""
    with workspace.session() as session:
        values = {"state": State.SUCCEEDED, "result": plain(result)}
        if not _change(session, job_id, _running(attempt), values):
            return False
        add_event(session, job_id, "result", result)
        add_event(session, job_id, "state", {"state": State.SUCCEEDED})
        job_ended(session, job_id)
    return True


def fail(workspace: Workspace, job_id: str, error: str, *, attempt: int | None = None) -> bool:
    """The queued or running job failed; `error` is for a person. Jobs that wait for it fail with the reason."""
    return _end(workspace, job_id, State.FAILED, plain(error), attempt)


def cancel(workspace: Workspace, job_id: str, *, attempt: int | None = None) -> bool:
    """The queued or running job has been cancelled, and with it the jobs that wait for it."""
    return _end(workspace, job_id, State.CANCELLED, None, attempt)


def request_cancel(workspace: Workspace, job_id: str) -> str:
    """Ask for a cancel and return the job's state afterwards: a queued job is cancelled at once, a running one soon."""
    with workspace.session() as session:
        _change(session, job_id, Job.state.in_(UNFINISHED), {"cancel_requested": True})
    with workspace.session() as session:
        if _change(session, job_id, Job.state == State.QUEUED, {"state": State.CANCELLED}):
            _tell_end(session, job_id, State.CANCELLED, None)
    return get(workspace, job_id).state


def requeue(workspace: Workspace, job_id: str, *, attempt: int, counted: bool = True) -> bool:
    """Put a running job back in the queue; False when it is not in that attempt any more.

    Not `counted`: the attempt was stopped from outside (the machine shuts down) and says nothing against the job.
    """
    values = {
        "state": State.QUEUED,
        "pid": None,
        "attempt": attempt if counted else attempt - 1,
    }
    with workspace.session() as session:
        if not _change(session, job_id, _running(attempt), values):
            return False
        add_event(session, job_id, "state", {"state": State.QUEUED, "attempt": values["attempt"]})
    return True


def beat(workspace: Workspace, job_id: str, attempt: int) -> bool:
    """A worker's sign of life: renews `updated_at`. False when the job is not this worker's any more."""
    with workspace.session() as session:
        return _change(session, job_id, _running(attempt), {"pid": Job.pid})


def _ready() -> ColumnElement[bool]:
    earlier = aliased(Job)
    done = exists(select(earlier.id).where(earlier.id == Job.after, earlier.state == State.SUCCEEDED))
    return and_(Job.cancel_requested.is_(False), or_(Job.after.is_(None), done))


def _running(attempt: int | None) -> ColumnElement[bool]:
    running = Job.state == State.RUNNING
    return running if attempt is None else and_(running, Job.attempt == attempt)


def _change(session: Session, job_id: str, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
    statement = update(Job).where(Job.id == job_id, condition).values(**values)
    result = session.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount == 1  # type: ignore[attr-defined]


def _end(workspace: Workspace, job_id: str, state: State, error: str | None, attempt: int | None) -> bool:
    condition = Job.state.in_(UNFINISHED) if attempt is None else _running(attempt)
    with workspace.session() as session:
        if not _change(session, job_id, condition, {"state": state, "error": error}):
            return False
        _tell_end(session, job_id, state, error)
    return True


def _tell_end(session: Session, job_id: str, state: State, error: str | None) -> None:
    add_event(session, job_id, "state", {"state": state} | ({"error": error} if error else {}))
    job_ended(session, job_id)
    verb = "failed" if state is State.FAILED else "was cancelled"
    words = f"This was not started, because the job before it {verb}." + (f" {error}" if error else "")
    for waiting in session.scalars(select(Job.id).where(Job.after == job_id, Job.state == State.QUEUED)).all():
        if _change(session, waiting, Job.state == State.QUEUED, {"state": state, "error": words}):
            _tell_end(session, waiting, state, error)
