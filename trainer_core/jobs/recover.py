"""After a restart: finds jobs whose worker is gone and jobs that nobody started, and sets them going again."""

from ..projects import Job, Workspace
from . import events, orders, store
from .backends import BackendMissing, backend_named
from .problems import obey

MOST_ATTEMPTS = 3  # in a row that got no further than the newest checkpoint before them


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
    stopped = orders.stopped_by(workspace, job.id)
    if obey(workspace, job, "its process is gone") or (stopped and stopped.condition == orders.Condition.PROBLEM):
        done = store.cancel(workspace, job.id, attempt=job.attempt)
        return f"Job {job.id} had lost its worker and is not started again, as was asked." if done else None
    reached, attempt = _progress(workspace, job)
    fruitless = job.attempt - attempt
    if fruitless >= MOST_ATTEMPTS:
        since = f" without getting further than step {reached}" if reached else ""
        words = (
            f"The worker was lost {fruitless} times{since}, so it is not started again. What it saved is kept in its "
            "folder. Too little memory is the usual reason: close other programs or make the plan smaller, then "
            "launch again."
        )
        done = store.fail(workspace, job.id, words, attempt=job.attempt)
        return f"Job {job.id} failed. {words}" if done else None
    if store.requeue(workspace, job.id, attempt=job.attempt):
        again = f"attempt {fruitless + 1} of {MOST_ATTEMPTS}"
        if reached:
            again = f"step {reached}" if fruitless == 0 else f"step {reached}; {again} from there"
        return f"Job {job.id} had lost its worker and goes on from what it saved ({again})."
    return None


def _progress(workspace: Workspace, job: Job) -> tuple[int, int]:
    """The step of the newest checkpoint and the attempt that reached it first; 0 and 0 when there is none."""
    reached = reached_in = attempt = 0
    for event in events.events_since(workspace, job.id, kinds=("state", "checkpoint")):
        if event.kind == "state" and isinstance(event.data.get("attempt"), int):
            attempt = event.data["attempt"]
        step = event.data.get("step") if event.kind == "checkpoint" else None
        if isinstance(step, int) and step > reached:
            reached, reached_in = step, attempt
    return reached, reached_in
