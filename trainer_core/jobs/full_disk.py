"""A full disk: how each library says it, and a little room kept back so that the reason can still be written down."""

import errno
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from sqlalchemy.exc import OperationalError

RESERVE_BYTES = 1024 * 1024  # for the last events, the job's state and the log
_NAME = ".reserve"
_ERRORS = (errno.ENOSPC, errno.EDQUOT)
_SQLITE = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")


def is_full_disk(error: BaseException | None) -> bool:
    """Is this error, or one that it came from, that of a full disk or a used-up quota?"""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _ERRORS:
            return True
        if isinstance(error, OperationalError) and getattr(error.orig, "sqlite_errorname", "") in _SQLITE:
            return True
        if isinstance(error, SafetensorError) and any(f"(os error {number})" in str(error) for number in _ERRORS):
            return True
        error = error.__cause__ or error.__context__
    return False


def keep_reserve(home: Path) -> None:
    """Keep a little room on the workspace's disk, if there is any."""
    path = home / _NAME
    with suppress(OSError):
        if not path.exists() or path.stat().st_size < RESERVE_BYTES:
            path.write_bytes(b"Sidekick's reserve for a full disk. " * (RESERVE_BYTES // 36 + 1))


def free_reserve(home: Path) -> None:
    """Give the room back, for the words about the full disk."""
    with suppress(OSError):
        (home / _NAME).unlink(missing_ok=True)
