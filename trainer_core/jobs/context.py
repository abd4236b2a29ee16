"""What a task gets to work with. A task is a function of one JobContext that returns a JSON dictionary."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..projects import Job, Workspace
from . import store
from .events import emit
from .pulse import Pulse

POLL_SECONDS = 1.0


class JobCancelled(Exception):
    """A task raises this to end as cancelled; whatever it has saved stays."""


class JobFailed(Exception):
    """A task raises this with words for a person: what happened, what was kept, what to do next."""


@dataclass
class _Poll:
    at: float = float("-inf")
    stop: bool = False


@dataclass(frozen=True)
class JobContext:
    """A running job, its workspace and its folder (the run's folder)."""

    workspace: Workspace
    job: Job
    folder: Path
    pulse: Pulse = field(default_factory=Pulse, repr=False, compare=False)
    _poll: _Poll = field(default_factory=_Poll, repr=False, compare=False)

    def emit(self, kind: str, **data: Any) -> None:
        """Add an event: progress, validation, checkpoint or message. It is a sign that the job moves."""
        self.pulse.sign()
        emit(self.workspace, self.job.id, kind, data)

    def cancelled(self) -> bool:
        """Should the task stop? True after a cancel, or when another worker has taken the job over.

        Cheap enough for every step: the database is asked at most once a second. Asking is a sign that the job moves.
        """
        self.pulse.sign()
        return self.asked_to_stop()

    def asked_to_stop(self) -> bool:
        """The same answer for whoever watches from beside: that somebody looks is no sign that the job moves."""
        poll = self._poll
        if not poll.stop and time.monotonic() - poll.at >= POLL_SECONDS:
            job = store.get(self.workspace, self.job.id)
            poll.stop = job.cancel_requested or job.state != store.State.RUNNING or job.attempt != self.job.attempt
            poll.at = time.monotonic()
        return poll.stop

    def stop_if_cancelled(self) -> None:
        """Raise JobCancelled when the task should stop."""
        if self.cancelled():
            raise JobCancelled
