"""How well views of drawn characters are read: stored figures, and the confidence below which nothing is answered."""

from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("drawn_views.json")


class Share(BaseModel):
    """Of `pictures`: how often the likeliest view is right, and the worth of the answers once unsure ones are left out.

    `right` is the share of right ones among those answered; None when nothing was answered.
    """

    model_config = ConfigDict(frozen=True)

    pictures: int
    likeliest_right: float
    answered: float
    right: float | None


class Material(BaseModel):
    """Figures on one kind of pictures of held-out characters that had no part in choosing the confidence.

    `clear` leaves out pictures whose yaw lies within 10 degrees of a border between two views. `confusion` holds, for
    each true view, how often each answer was given.
    """

    model_config = ConfigDict(frozen=True)

    words: str
    every: Share
    clear: Share
    by_view: dict[str, Share]
    confusion: dict[str, dict[str, int]]


class Figures(BaseModel):
    """All materials, measured on one date with one set of weights."""

    model_config = ConfigDict(frozen=True)

    date: str
    weights_sha256: str
    mini_fingerprint: str
    validity: str
    confidence: float  # least probability of the likeliest view at which it is given as the answer
    chosen: str  # how the confidence was chosen
    materials: dict[str, Material]


@lru_cache(maxsize=2)
def load_figures(path: Path = FILE) -> Figures:
    """The stored figures."""
    return Figures.model_validate_json(path.read_bytes())
