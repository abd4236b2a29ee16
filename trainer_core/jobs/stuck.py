"""Tells in a job's log when it is stuck and when it moves again, from a thread beside the job's own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import OperationalError

from . import store
from .context import JobContext
from .events import emit
from .problems import obey
from .pulse import Quiet

LOOK_SECONDS = 5.0


class Lookout:
    """What has been told of one job. `look` is called by one thread, every few seconds."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._told = False

    def look(self) -> None:
        """Tell what has changed since the last look, once; orders for a problem are obeyed."""
        quiet = self._context.pulse.look()
        if (quiet is not None) == self._told:
            return
        workspace, job = self._context.workspace, self._context.job
        if quiet is None:
            emit(workspace, job.id, "moving", {})
        else:
            data = {"doing": quiet.doing, "quiet_seconds": quiet.seconds, "usual_seconds": quiet.usual}
            emit(workspace, job.id, "stuck", data)  # past the context, where an event is a sign that the job moves
            if obey(workspace, job, words_of(quiet)):
                store.request_cancel(workspace, job.id)
        self._told = quiet is not None


def words_of(quiet: Quiet) -> str:
    """What is wrong, in a sentence without its beginning."""
    return f"nothing has come from it for {quiet.seconds:.0f} seconds"


@contextmanager
def looked_after(context: JobContext) -> Iterator[None]:
    """Look every few seconds, for the block."""
    done, lookout = threading.Event(), Lookout(context)

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            with suppress(OperationalError):  # a database that is full or busy for a moment
                lookout.look()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
