"""Files while they are written, and the table while it is changed: no two write the same at the same time."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer_core.jobs.locks import lock

PATIENCE = 60.0  # seconds; the table is held for the moment of a change, never while files are copied or read
_LOCK = "manifest.lock"
_held = threading.local()  # .folders: those whose table this thread holds


class TableBusy(LookupError):
    """Somebody has held the dataset's table for a minute. In words."""


def draft_in(folder: Path, ending: str = ".part") -> Path:
    """A hidden name in the folder that no other thread, process or container takes."""
    return folder / f".{secrets.token_hex(8)}{ending}"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the dataset's table against every other thread and process, from reading it to writing it.

    May be used within itself. Raises TableBusy in words.
    """
    place = folder.resolve()
    folders: set[Path] = getattr(_held, "folders", set())
    if place in folders:
        yield
        return
    with lock(place / _LOCK, PATIENCE) as taken:
        if not taken:
            raise TableBusy("The files of this project are being changed elsewhere. Nothing was changed; try it again.")
        _held.folders = folders | {place}
        try:
            yield
        finally:
            _held.folders = _held.folders - {place}
