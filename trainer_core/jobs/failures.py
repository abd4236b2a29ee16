"""Turns an exception of a task into words for a person; the traceback goes to the job's log, without secrets."""

import sys
import traceback
from contextlib import suppress
from pathlib import Path

from ..projects import now
from .context import JobFailed
from .full_disk import is_full_disk
from .redact import redact

LOG_NAME = "worker.log"
_LONGEST_WORDS = 600  # characters


def words_for(error: BaseException) -> str:
    """What a person is told: what happened, what was kept and what to do next."""
    if isinstance(error, JobFailed):
        return redact(str(error))[:_LONGEST_WORDS]
    kept = f"What was saved before stays in the run's folder; details are in its {LOG_NAME}."
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return (
            f"The machine ran out of memory. {kept} Try a smaller batch size, fewer frames or a smaller picture size."
        )
    if is_full_disk(error):
        return (
            "The disk is full. Everything that was saved before is kept, checkpoints too. Free some space and start "
            "again: it goes on from there."
        )
    if isinstance(error, PermissionError):
        return f"A file could not be opened for lack of permission: {_short(error)}. {kept}"
    if isinstance(error, FileNotFoundError):
        return f"A file is missing: {_short(error)}. {kept}"
    if isinstance(error, ModuleNotFoundError):
        return f"A part of the installation is missing: {_short(error)}. {kept} Run the set-up again."
    if isinstance(error, ValueError | LookupError):
        return f"{_short(error)}. {kept}"
    return f"Something went wrong that Sidekick did not expect ({type(error).__name__}: {_short(error)}). {kept}"


def write_log(folder: Path, error: BaseException) -> None:
    """Append the traceback to the log in `folder`; where the disk has no room for it, it is only printed."""
    text = f"{now():%Y-%m-%d %H:%M:%S} UTC\n" + redact("".join(traceback.format_exception(error))) + "\n"
    try:
        with (folder / LOG_NAME).open("a", encoding="utf-8", errors="replace") as log:
            log.write(text)
    except OSError:
        with suppress(OSError):
            print(text, file=sys.stderr)


def _short(error: BaseException) -> str:
    text = " ".join(redact(str(error)).split()).rstrip(".")
    return text if len(text) <= 300 else text[:300] + " ..."
