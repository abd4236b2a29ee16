"""The worker process: `python -m trainer_core.jobs.worker JOB_ID` does a job, and then those that waited for it."""

import argparse
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy.exc import OperationalError

from ..projects import Workspace
from . import store
from .context import JobCancelled, JobContext, JobFailed
from .failures import words_for, write_log
from .full_disk import free_reserve, is_full_disk, keep_reserve
from .locks import lock
from .problems import obey
from .redact import RedactedStream
from .stuck import looked_after
from .turns import turn

__all__ = ["JobCancelled", "JobContext", "JobFailed", "main", "work"]

CANCEL_GRACE_SECONDS = 60.0  # a task that has not looked at cancelled() for so long is ended from outside
BEAT_SECONDS = 10.0


class _Stopped(BaseException):
    """SIGTERM came: give the job back."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the worker; 0 when it was orderly, whatever became of the job."""
    parser = argparse.ArgumentParser(prog="trainer_core.jobs.worker", description=__doc__)
    parser.add_argument("job_id")
    parser.add_argument("--home", type=Path, help="workspace folder; default SIDEKICK_HOME")
    parser.add_argument("--database-url", help="default SIDEKICK_DATABASE_URL; a URL with a password belongs there")
    parser.add_argument("--nice", type=int, default=0, help="how much to step back for other processes")
    options = parser.parse_args(arguments)
    if options.nice:
        os.nice(options.nice)
    sys.stdout, sys.stderr = RedactedStream(sys.stdout), RedactedStream(sys.stderr)
    signal.signal(signal.SIGTERM, _stop)
    with suppress(_Stopped):
        work(Workspace.open(options.home, options.database_url), options.job_id)
    return 0


def work(workspace: Workspace, job_id: str) -> None:
    """Do the job and then, one after the other, those that waited for it. A job that someone else has is left alone."""
    waiting = [job_id]
    while waiting:
        current = waiting.pop(0)
        if _work_one(workspace, current):
            waiting += [job.id for job in store.ready_jobs(workspace, after=current)]


def _work_one(workspace: Workspace, job_id: str) -> bool:
    with lock(store.lock_of(workspace, job_id)) as mine:
        if not mine:
            return False
        with turn(workspace, store.get(workspace, job_id)) as ours:
            return ours and store.claim(workspace, job_id, os.getpid()) and _do(workspace, job_id)


def _do(workspace: Workspace, job_id: str) -> bool:
    """Do the job that is this worker's; True when it succeeded."""
    keep_reserve(workspace.home)
    job = store.get(workspace, job_id)
    context = JobContext(workspace, job, store.job_folder(workspace, job))
    try:
        with _watched(context), looked_after(context):
            result = _load(job.task)(context)
    except JobCancelled:
        store.cancel(workspace, job_id, attempt=job.attempt)
    except _Stopped:
        store.requeue(workspace, job_id, attempt=job.attempt, counted=False)
        raise
    except (
        Exception,
        SystemExit,
    ) as error:  # whatever a task raises ends as words for a person, never as a dead worker
        if is_full_disk(error):
            free_reserve(workspace.home)
        write_log(context.folder, error)
        store.fail(workspace, job_id, words_for(error), attempt=job.attempt)
        with suppress(OperationalError):  # a full disk
            obey(workspace, job, words_for(error))
    else:
        return store.finish(workspace, job_id, result or {}, attempt=job.attempt)
    return False


def _load(task: str) -> Callable[[JobContext], dict[str, Any] | None]:
    if not store.ENTRY_POINT.fullmatch(task):  # checked again: the row may come from elsewhere
        raise JobFailed(f"The job names a task that is not one of Sidekick's: {task!r}. Nothing was run.")
    module, function = task.split(":")
    return getattr(importlib.import_module(module), function)


@contextmanager
def _watched(context: JobContext) -> Iterator[None]:
    done = threading.Event()
    threading.Thread(target=_watch, args=(context, done), daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _watch(context: JobContext, done: threading.Event) -> None:
    """Signs of life, and the end of a task that does not hear a cancel."""
    workspace, job = context.workspace, context.job
    cancelled_at: float | None = None
    while not done.wait(min(BEAT_SECONDS, CANCEL_GRACE_SECONDS / 2)):
        with suppress(OperationalError):  # a database that is full or busy for a moment: the next beat may come through
            lost = not store.beat(workspace, job.id, job.attempt)
            if cancelled_at is None and (lost or context.asked_to_stop()):
                cancelled_at = time.monotonic()
        if cancelled_at is not None and time.monotonic() - cancelled_at >= CANCEL_GRACE_SECONDS and not done.is_set():
            store.cancel(workspace, job.id, attempt=job.attempt)
            os._exit(0)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped


if __name__ == "__main__":
    sys.exit(main())
