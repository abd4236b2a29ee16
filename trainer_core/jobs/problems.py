"""What is done when something goes wrong with a training: its standing orders, and word of a worker that is gone."""

import platform
from datetime import UTC

import psutil
from sqlalchemy import update

from ..projects import Job, Workspace
from . import events, orders, store
from .backends import BackendMissing, backend_named
from .events import add_event
from .orders import Action, Condition


def obey(workspace: Workspace, job: Job, what: str) -> bool:
    """Fire the project's orders for a problem; `what` goes wrong, in words. True when one says to stop.

    Only trainings have orders; any other job is left alone.
    """
    if not job.trains:
        return False
    stop, what = False, what.rstrip(".")
    for order in orders.standing(workspace, job.project_id):
        if order.condition != Condition.PROBLEM:
            continue
        step = step_of(workspace, job.id)
        wanted = order.action == Action.STOP
        words = (
            f"Stopped, as you asked for when something goes wrong: {what}. What was saved is kept."
            if wanted
            else f"You asked me to tell you if something goes wrong: {what}."
        )
        stop |= orders.fire(workspace, order, job, step=step, words=words) and wanted
    return stop


def notice_lost(workspace: Workspace, project_id: str) -> None:
    """Write into the log of each running job whose worker is gone that it is, once for each attempt.

    Nothing is started again: whoever asks for the status does that, or the next start of Sidekick.
    """
    for job in store.list_jobs(workspace, project_id, states=(store.State.RUNNING,)):
        try:
            alive = backend_named(job.backend).alive(workspace, job.id)
        except BackendMissing:
            continue
        if not alive and _mark(workspace, job) and obey(workspace, job, "its process is gone"):
            store.cancel(workspace, job.id, attempt=job.attempt)


def step_of(workspace: Workspace, job_id: str) -> int | None:
    """The newest step that a training told of."""
    for kind in ("progress", "checkpoint"):
        event = events.latest(workspace, job_id, kind)
        if event is not None and event.data.get("phase") != "encoding" and isinstance(event.data.get("step"), int):
            return int(event.data["step"])
    return None


def _mark(workspace: Workspace, job: Job) -> bool:
    """Take the process number off the job, which one of all that look can do, and tell; the time of the last sign of
    life stays as it is."""
    saved = events.latest(workspace, job.id, "checkpoint")
    here = job.host == platform.node()
    data = {
        "attempt": job.attempt,
        "host": job.host,
        "here": here,
        "restarted": here and psutil.boot_time() > job.updated_at.replace(tzinfo=UTC).timestamp(),
        "saved_step": saved.data.get("step") if saved else None,
    }
    statement = update(Job).where(
        Job.id == job.id, Job.state == store.State.RUNNING, Job.attempt == job.attempt, Job.pid.is_not(None)
    )
    with workspace.session() as session:
        changed = session.execute(
            statement.values(pid=None, updated_at=Job.updated_at).execution_options(synchronize_session=False)
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]
            return False
        add_event(session, job.id, "lost", data)
    return True
