"""The built-in embedding: hashed words and character n-grams. No download, no training, the same on every machine."""

import math
import zlib
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from chromadb import Documents, EmbeddingFunction, Embeddings
from chromadb.utils.embedding_functions import register_embedding_function
from numpy.typing import NDArray

from .words import words_of

DIMENSIONS = 2048
GRAM_LENGTHS = (3, 4)
GRAM_WEIGHT = 1.0  # shared by all n-grams of a word: they catch misspellings and compounds
PAIR_WEIGHT = 0.4
UNKNOWN = 3.0  # the rarity of a word that the articles do not have


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


@register_embedding_function
class HashedWords(EmbeddingFunction[Documents]):
    """The built-in embedding in the shape that Chroma wants. `rarity` maps a stem to its inverse document frequency."""

    def __init__(self, rarity: Mapping[str, float], dimensions: int = DIMENSIONS) -> None:
        self.rarity = dict(rarity)
        self.dimensions = dimensions

    def __call__(self, input: Documents) -> Embeddings:
        return [embed(text, self.rarity, self.dimensions) for text in input]

    @staticmethod
    def name() -> str:
        """The name under which a stored collection finds this function again."""
        return "sidekick_hashed_words"

    def default_space(self) -> Any:
        """Unit vectors: compare by cosine."""
        return "cosine"

    def get_config(self) -> dict[str, Any]:
        """What a stored collection keeps of this function."""
        return {"rarity": self.rarity, "dimensions": self.dimensions}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> "HashedWords":
        """The function of a stored collection."""
        return HashedWords(config["rarity"], int(config["dimensions"]))
