"""The learned reader at work: numpy only."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ..reading import Facts
from .features import features
from .intents import intent as intent_of

WEIGHTS = Path(__file__).with_name("reader.safetensors")
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Guess:
    """Intents and frames with their probabilities, likeliest first."""

    intents: tuple[tuple[str, float], ...]
    frames: tuple[tuple[str, float], ...]

    @property
    def intent(self) -> str:
        """The likeliest intent."""
        return self.intents[0][0]

    @property
    def sure(self) -> float:
        """Its probability, 0..1."""
        return self.intents[0][1]

    def frame_of(self, intent: str) -> str | None:
        """The likeliest frame with the tools of an intent, where one of the likely frames has them."""
        return next((frame for frame, _ in self.frames if _tools(frame) == intent), None)

    def probability(self, intent: str) -> float:
        """Of one intent, 0..1."""
        return dict(self.intents).get(intent, 0.0)


@dataclass(frozen=True)
class Reader:
    """One hidden layer over the mean of the features' vectors, and two softmax layers on it.

    `vectors` (buckets, hidden), `weights` (hidden, intents + frames), `offsets` (intents + frames,).
    """

    vectors: Array
    weights: Array
    offsets: Array
    intents: tuple[str, ...]
    frames: tuple[str, ...]

    def guess(self, said: str, facts: Facts, uploads: list[str], stated: str) -> Guess:
        """How likely each intent and each frame is; `stated` is the intent that the rules read."""
        hidden = np.tanh(self.vectors[features(said, facts, uploads, stated)].sum(axis=0, dtype=np.float32))
        scores = hidden @ self.weights + self.offsets
        split = len(self.intents)
        return Guess(_ranked(self.intents, scores[:split]), _ranked(self.frames, scores[split:]))


def _tools(frame: str) -> str:
    return intent_of([(name, shape) for name, shape in json.loads(frame)])


def _ranked(names: tuple[str, ...], scores: Array) -> tuple[tuple[str, float], ...]:
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")[:20]
    return tuple((names[at], float(shares[at])) for at in order)


def load(path: Path) -> Reader:
    """The reader of a file that `train` wrote."""
    with safe_open(path, framework="numpy") as file:
        described: dict[str, Any] = json.loads(file.metadata()["labels"])
        vectors, scale, weights, offsets = (
            file.get_tensor(name).astype(np.float32) for name in ("vectors", "scale", "weights", "offsets")
        )
    return Reader(vectors * scale, weights, offsets, tuple(described["intents"]), tuple(described["frames"]))


@lru_cache(maxsize=1)
def shipped() -> Reader:
    """The reader that comes with the product."""
    return load(WEIGHTS)
