"""Where jobs run. A backend starts a job's worker, knows whether it lives, and asks it to stop."""

from typing import Protocol

from ...projects import Workspace
from .local import LocalBackend


class Backend(Protocol):
    """A place that runs jobs."""

    name: str

    def start(self, workspace: Workspace, job_id: str) -> None:
        """Start the job's worker. Safe to call twice: only one worker gets the job."""

    def alive(self, workspace: Workspace, job_id: str) -> bool:
        """Is a worker at this running job?"""

    def cancel(self, workspace: Workspace, job_id: str) -> str:
        """Ask the job to stop; the state afterwards (cancelled at once, or still running for a moment)."""


class BackendMissing(LookupError):
    """The backend is not part of this version."""


_BACKENDS: dict[str, Backend] = {"local": LocalBackend()}


def backend_named(name: str) -> Backend:
    """The backend. Raises BackendMissing in words for a person."""
    if name not in _BACKENDS:
        raise BackendMissing(
            f"Training on {name!r} is not built yet. This version trains on this machine (backend 'local'). "
            "Nothing was started."
        )
    return _BACKENDS[name]
