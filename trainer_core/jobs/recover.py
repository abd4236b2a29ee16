"""After a restart: finds jobs whose worker is gone and jobs that nobody started, and sets them going again."""

from ..projects import Job, Workspace
from . import store
from .backends import BackendMissing, backend_named

MOST_ATTEMPTS = 3


def recover(workspace: Workspace) -> list[str]:
    """Look after every unfinished job and say what was done, one sentence per job. Harmless when nothing is wrong."""
    messages = []
    for job in store.list_jobs(workspace, states=(store.State.RUNNING,)):
        words = _recover_running(workspace, job)
        if words:
            messages.append(words)
    for job in store.ready_jobs(workspace):
        try:
            backend_named(job.backend).start(workspace, job.id)
        except BackendMissing as missing:
            store.fail(workspace, job.id, str(missing))
            messages.append(f"Job {job.id} cannot run. {missing}")
    return messages


def _recover_running(workspace: Workspace, job: Job) -> str | None:
    try:
        alive = backend_named(job.backend).alive(workspace, job.id)
    except BackendMissing:
        return None
    if alive:
        return None
    if job.cancel_requested:
        done = store.cancel(workspace, job.id, attempt=job.attempt)
        return f"Job {job.id} had been asked to stop and is cancelled." if done else None
    if job.attempt >= MOST_ATTEMPTS:
        words = (
            f"The worker was lost {job.attempt} times, so it is not started again. What it saved is kept in its "
            "folder. Too little memory is the usual reason: close other programs or make the plan smaller, then "
            "launch again."
        )
        done = store.fail(workspace, job.id, words, attempt=job.attempt)
        return f"Job {job.id} failed. {words}" if done else None
    if store.requeue(workspace, job.id, attempt=job.attempt):
        again = f"attempt {job.attempt + 1} of {MOST_ATTEMPTS}"
        return f"Job {job.id} had lost its worker and goes on from what it saved ({again})."
    return None
