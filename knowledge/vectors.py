"""Vectors of texts, kept in a folder by what the texts say: an unchanged text is read by an embedding once."""

import hashlib
import io
import logging
import os
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .embedding import Embedding, EmbeddingFailed

BATCH = 64  # texts that are read at once
_LOG = logging.getLogger(__name__)

Stop = Callable[[], bool]


def vectors_of(
    texts: Sequence[str], embedding: Embedding, folder: Path | None, stop: Stop = lambda: False
) -> NDArray[np.float32]:
    """Unit vectors of the texts, (texts, dimensions), from the folder where it has them; new ones are kept there.

    Raises EmbeddingFailed, also when `stop` says so between two batches.
    """
    path = _path(folder, embedding.name) if folder else None
    known = _kept(path) if path else {}
    marks = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    missing = {mark: text for mark, text in zip(marks, texts, strict=True) if mark not in known}
    queue = sorted(missing, key=lambda mark: len(missing[mark]))  # of one length: little padding in a batch
    for start in range(0, len(queue), BATCH):
        if stop():
            raise EmbeddingFailed("It was stopped before all texts were read.")
        batch = queue[start : start + BATCH]
        known.update(zip(batch, embedding([missing[mark] for mark in batch]), strict=True))
    if len({len(known[mark]) for mark in marks}) > 1:
        raise EmbeddingFailed(f"{embedding.name} gives vectors of different lengths.")
    if path and missing:
        _keep(path, {mark: known[mark] for mark in marks})
    return np.array([known[mark] for mark in marks], dtype=np.float32)


def _path(folder: Path, name: str) -> Path:
    return folder / f"vectors-{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"


def _kept(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            marks, vectors = file["marks"], file["vectors"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        _LOG.warning("The kept vectors in %s cannot be read and are made again.", path.name)
        return {}
    if vectors.dtype != np.float32 or vectors.ndim != 2 or len(marks) != len(vectors):
        return {}
    return dict(zip((str(mark) for mark in marks), vectors, strict=True))


def _keep(path: Path, vectors: dict[str, NDArray[np.float32]]) -> None:
    """Written whole or not at all; a folder that takes no file only costs the work of the next time."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, marks=np.array(list(vectors)), vectors=np.array(list(vectors.values()), dtype=np.float32))
        os.replace(draft, path)  # noqa: PTH105 - atomic
    except OSError as error:
        _LOG.warning("The vectors of the articles could not be kept in %s: %s", path.parent, error)
        draft.unlink(missing_ok=True)
