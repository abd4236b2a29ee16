"""What every embedder is asked for: what it is, what it holds for, where its line comes from, and vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Vectors = NDArray[np.float32]


class EmbedderMissing(Exception):
    """The embedder's files are not on this machine or cannot be used; the message says so and how to get them."""


@dataclass(frozen=True)
class About:
    """An embedder in words. `line` is the cosine from which two pictures show the same subject, None when no such line
    is known; `line_source` says where it comes from, or what to compare the figure with instead."""

    name: str
    version: str
    licence: str
    valid_for: str
    line: float | None
    line_source: str

    @property
    def words(self) -> str:
        """For a person: whose figure it is and what it holds for."""
        return (
            f"By {self.name}, version {self.version}; holds for {self.valid_for}. {self.line_source}".rstrip(".") + "."
        )


@dataclass(frozen=True)
class Embedded:
    """Unit vectors (kept, d) of the pictures that could be judged, and which those are (n,)."""

    vectors: Vectors
    kept: NDArray[np.bool_]
    too_small: int = 0  # pictures that were left out because the subject in them is too small


class Embedder(Protocol):
    """Turns pictures into unit vectors; the cosine of two is their dot product."""

    @property
    def about(self) -> About: ...

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """Pictures are uint8 RGB (h, w, 3) of any size."""
        ...


class SeesWords(Embedder, Protocol):
    """An embedder that puts words into the same space as pictures."""

    def embed_words(self, words: str) -> Vectors:
        """Unit vector (1, d)."""
        ...


def likeness(asked: Vectors, known: Vectors) -> float | None:
    """Mean cosine, -1..1, over all pairs of a clip's vectors (n, d) and the training set's (m, d); None without any."""
    if not len(asked) or not len(known):
        return None
    return float((asked @ known.T).mean())


def face_likeness(asked: Vectors, known: Vectors) -> float | None:
    """ConsisID's FaceSim with several references, 0..1: mean over frames of the mean of max(0, cosine)."""
    if not len(asked) or not len(known):
        return None
    return float(np.maximum(0, asked @ known.T).mean())


def evenly(frames: Picture, count: int = 16) -> Picture:
    """Up to `count` evenly spaced frames of a clip (n, h, w, 3), the first and the last among them."""
    if len(frames) <= count:
        return frames
    return frames[np.linspace(0, len(frames) - 1, count).round().astype(int)]


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Vectors (n, d) at length one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-8), dtype=np.float32)
