"""A logistic regression with squares and products of a few features, for yes-or-no questions about a picture.

The weights are data: JSON files next to this one, fitted by quadratic_fit.py; `fitted_on` says on what.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

REACH = 3.0  # standard deviations: features beyond are taken as this far, so that squares do not run away

Values = NDArray[np.float64]


class Quadratic(BaseModel):
    """Of n features: `mean` and `spread` (n,), `weights` of the n features, then of the products of features i and
    j <= i, then a constant. A score of at least `limit` means yes."""

    model_config = ConfigDict(frozen=True)

    features: tuple[str, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    limit: float
    fitted_on: str

    def score(self, values: ArrayLike) -> Values:
        """Logarithms of odds (...) of features (..., n)."""
        return np.asarray(terms(values, self.mean, self.spread) @ np.array(self.weights))

    def says_yes(self, values: ArrayLike) -> bool:
        """Whether one picture's features (n,) reach the limit."""
        return bool(self.score(values) >= self.limit)


def terms(values: ArrayLike, mean: Sequence[float] | Values, spread: Sequence[float] | Values) -> Values:
    """What the weights are for: standardised features, their squares and products, and 1."""
    standard = np.clip((np.asarray(values, dtype=np.float64) - np.array(mean)) / np.array(spread), -REACH, REACH)
    one, two = np.tril_indices(standard.shape[-1])
    ones = np.ones((*standard.shape[:-1], 1))
    return np.concatenate([standard, standard[..., one] * standard[..., two], ones], axis=-1)


@lru_cache
def read(path: Path) -> Quadratic:
    """The regression in a JSON file."""
    return Quadratic.model_validate_json(path.read_text())
