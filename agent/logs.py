"""Where the agent's inner errors go: a file in the workspace, never the person's screen."""

import logging
from logging.handlers import RotatingFileHandler

from trainer_core.jobs.redact import redact
from trainer_core.projects import Workspace

log = logging.getLogger("sidekick.agent")


class Redacted(logging.Formatter):
    """Lines without secrets: an endpoint may answer a wrong key with that key."""

    def format(self, record: logging.LogRecord) -> str:
        """The line and its traceback."""
        return redact(super().format(record))


def log_to(workspace: Workspace) -> None:
    """Send the agent's log to agent.log in the workspace folder, at most about 2 MB."""
    path = str(workspace.home / "agent.log")
    if any(isinstance(handler, RotatingFileHandler) and handler.baseFilename == path for handler in log.handlers):
        return
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(Redacted("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
