"""What an embedding is, and the built-in one: hashed words and character n-grams. No download, the same everywhere."""

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .words import words_of

DIMENSIONS = 2048
GRAM_LENGTHS = (3, 4)
GRAM_WEIGHT = 1.0  # shared by all n-grams of a word: they catch misspellings and compounds
PAIR_WEIGHT = 0.4
UNKNOWN = 3.0  # the rarity of a word that the articles do not have


class EmbeddingFailed(Exception):
    """No vectors could be had; the message says why, for a log."""


class Embedding(Protocol):
    """Turns texts into vectors."""

    name: str  # names the vectors: equal names and texts give equal vectors

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, dimensions). Raises EmbeddingFailed."""


class Source(Protocol):
    """Where an embedding can be had; making one may take seconds. Equal sources compare equal."""

    def open(self) -> Embedding:
        """The embedding, ready for use. Raises EmbeddingFailed."""


def embed(text: str, rarity: Mapping[str, float], dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """A unit vector of shape (dimensions,) for a text; one without words gets the first axis.

    Feature hashing with signs (Weinberger et al., 2009) over word stems, pairs of neighbours and character n-grams.
    A stem's weight is its rarity (inverse document frequency) times 1 + ln(count); pairs and n-grams take the mean or
    a share of the rarity of their words.
    """
    words = words_of(text)
    weights: dict[str, float] = {}
    for word, count in Counter(words).items():
        weight = rarity.get(word, UNKNOWN) * (1 + math.log(count))
        weights[word] = weight
        padded = f"<{word}>"
        grams = [padded[start : start + length] for length in GRAM_LENGTHS for start in range(len(padded) - length + 1)]
        for gram in grams:
            weights[f"#{gram}"] = weights.get(f"#{gram}", 0.0) + GRAM_WEIGHT * weight / math.sqrt(len(grams))
    for first, second in pairwise(words):
        weights[f"{first} {second}"] = PAIR_WEIGHT * (rarity.get(first, UNKNOWN) + rarity.get(second, UNKNOWN)) / 2
    vector = np.zeros(dimensions, dtype=np.float32)
    for feature, weight in weights.items():
        place = zlib.crc32(feature.encode())
        vector[place % dimensions] += np.float32(weight if place & 0x8000_0000 else -weight)
    norm = np.linalg.norm(vector)
    if not norm:
        vector[0] = 1.0
        return vector
    return (vector / norm).astype(np.float32)


class HashedWords:
    """The built-in embedding. `rarity` maps a stem to its inverse document frequency."""

    name = "built-in"

    def __init__(self, rarity: Mapping[str, float]) -> None:
        self.rarity = dict(rarity)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, DIMENSIONS)."""
        return np.array([embed(text, self.rarity) for text in texts], dtype=np.float32)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row divided by its length; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
