"""The built-in embedding: hashed words and character n-grams. No download, no training, the same on every machine."""

import math
import zlib
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from chromadb import Documents, EmbeddingFunction, Embeddings
from chromadb.utils.embedding_functions import register_embedding_function
from numpy.typing import NDArray

from .words import words_of

DIMENSIONS = 2048
GRAMS = (3, 4)
GRAM_WEIGHT = 0.35  # n-grams catch misspellings and compounds; whole words should still decide


def embed(text: str, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    """A unit vector of shape (dimensions,) for a text; the zero vector's place is taken by the first axis.

    Feature hashing with signs (Weinberger et al., 2009) over word stems, pairs of neighbours and character n-grams,
    each weighted by 1 + ln(count).
    """
    words = words_of(text)
    features: Counter[str] = Counter(words)
    features.update(f"{first} {second}" for first, second in pairwise(words))
    grams: Counter[str] = Counter()
    for word in words:
        padded = f"<{word}>"
        for length in GRAMS:
            grams.update(padded[start : start + length] for start in range(len(padded) - length + 1))
    vector = np.zeros(dimensions, dtype=np.float32)
    for counts, weight in ((features, 1.0), (grams, GRAM_WEIGHT)):
        for feature, count in counts.items():
            place = zlib.crc32(feature.encode())
            sign = 1 if place & 0x8000_0000 else -1
            vector[place % dimensions] += np.float32(sign * weight * (1 + math.log(count)))
    length = np.linalg.norm(vector)
    if not length:
        vector[0] = 1.0
        return vector
    return (vector / length).astype(np.float32)


@register_embedding_function
class HashedWords(EmbeddingFunction[Documents]):
    """The built-in embedding in the shape that Chroma wants."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.dimensions = dimensions

    def __call__(self, input: Documents) -> Embeddings:
        return [embed(text, self.dimensions) for text in input]

    @staticmethod
    def name() -> str:
        """The name under which a stored collection finds this function again."""
        return "sidekick_hashed_words"

    def default_space(self) -> Any:
        """Unit vectors: compare by cosine."""
        return "cosine"

    def get_config(self) -> dict[str, Any]:
        """What a stored collection keeps of this function."""
        return {"dimensions": self.dimensions}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> "HashedWords":
        """The function of a stored collection."""
        return HashedWords(int(config["dimensions"]))
