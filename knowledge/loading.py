"""Indexes in memory. A better embedding than the built-in one is loaded beside the conversation, never in its way."""

import atexit
import logging
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .articles import built_in_articles
from .embedding import EmbeddingFailed, Source

if TYPE_CHECKING:
    from .index import Index

AGAIN_AFTER = 600.0  # seconds until what failed is tried again: a server may have been started since
LAST_WAIT = 5.0  # seconds at the end of the program for the batch that is being read
_LOG = logging.getLogger(__name__)


@dataclass
class _Load:
    done: threading.Event = field(default_factory=threading.Event)
    index: "Index | None" = None
    ended: float = 0.0  # time.monotonic()


_lock = threading.Lock()
_building = threading.Lock()
_loads: dict[tuple[Source, Path | None], _Load] = {}
_ending = threading.Event()


def built_in() -> "Index":
    """The index with the built-in embedding, made at the first call."""
    with _building:
        return _built_in()


@cache
def warm_up() -> None:
    """Begin to make that index beside the conversation, so that nobody waits two seconds for the first search."""
    thread = threading.Thread(target=built_in, name="articles", daemon=True)
    atexit.register(_end, thread)
    thread.start()


@cache
def _built_in() -> "Index":
    from .index import Index  # Chroma takes a second to import: only the first search pays for it

    return Index(built_in_articles())


def ready(source: Source, folder: Path | None) -> "Index | None":
    """The index with this embedding; None while it is loading, and when it failed. The first call starts loading."""
    return _load(source, folder).index


def wait(source: Source, folder: Path | None) -> "Index | None":
    """The same, after it has loaded or failed."""
    load = _load(source, folder)
    load.done.wait()
    return load.index


def _load(source: Source, folder: Path | None) -> _Load:
    with _lock:
        known = _loads.get((source, folder))
        failed = known is not None and known.done.is_set() and known.index is None
        if known is None or (failed and time.monotonic() - known.ended > AGAIN_AFTER):
            known = _loads[source, folder] = _Load()
            thread = threading.Thread(target=_run, args=(source, folder, known), name="knowledge", daemon=True)
            atexit.register(_end, thread)
            thread.start()
        return known


def _run(source: Source, folder: Path | None, load: _Load) -> None:
    try:
        from .index import Index

        load.index = Index(built_in_articles(), folder, source.open(), _ending.is_set)
    except EmbeddingFailed as failed:
        if not _ending.is_set():  # who leaves need not hear of it
            _LOG.warning("Articles are looked up with the built-in embedding: %s", failed)
    finally:
        load.ended = time.monotonic()
        load.done.set()


def _end(thread: threading.Thread) -> None:
    """Let the thread come to the end of its batch: torch does not like to lose the ground under its feet."""
    _ending.set()
    thread.join(LAST_WAIT)
