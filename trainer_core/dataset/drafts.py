"""Files while they are written, and the table while it is changed: no two write the same at the same time."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from trainer_core.jobs.locks import lock

PATIENCE = 60.0  # seconds; the table is held for the moment of a change, never while files are copied or read
_LOCK = "manifest.lock"
_held = threading.local()  # .locks: those that this thread holds


class TableBusy(LookupError):
    """Somebody has held a table for a minute. In words."""


def draft_in(folder: Path, ending: str = ".part") -> Path:
    """A hidden name in the folder that no other thread, process or container takes."""
    return folder / f".{secrets.token_hex(8)}{ending}"


def held(folder: Path) -> AbstractContextManager[None]:
    """Hold the dataset's table against every other thread and process, from reading it to writing it: see held_by."""
    return held_by(folder / _LOCK)


@contextmanager
def held_by(path: Path) -> Iterator[None]:
    """Hold the lock in this file for the block, which may hold it again within. Raises TableBusy in words."""
    path = path.resolve()
    locks: frozenset[Path] = getattr(_held, "locks", frozenset())
    if path in locks:
        yield
        return
    with lock(path, PATIENCE) as taken:
        if not taken:
            raise TableBusy("The files of this project are being changed elsewhere. Nothing was changed; try it again.")
        _held.locks = locks | {path}
        try:
            yield
        finally:
            _held.locks = locks
