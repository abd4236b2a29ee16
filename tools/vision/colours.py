"""What the edges of a picture say about its background: colours, their names, and whether pictures share one place."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.cluster.hierarchy import fcluster, linkage

from .quality import Picture

Rgb = tuple[float, float, float]  # 0..1

NAMES: tuple[tuple[str, Rgb], ...] = (
    ("white", (0.96, 0.96, 0.95)),
    ("light grey", (0.78, 0.78, 0.78)),
    ("grey", (0.52, 0.52, 0.53)),
    ("dark grey", (0.27, 0.27, 0.28)),
    ("black", (0.05, 0.05, 0.06)),
    ("red", (0.82, 0.14, 0.14)),
    ("dark red", (0.48, 0.06, 0.12)),
    ("pink", (0.96, 0.62, 0.76)),
    ("orange", (0.95, 0.52, 0.20)),
    ("brown", (0.45, 0.30, 0.18)),
    ("beige", (0.90, 0.81, 0.64)),
    ("yellow", (0.96, 0.86, 0.24)),
    ("light green", (0.60, 0.82, 0.52)),
    ("green", (0.30, 0.62, 0.28)),
    ("dark green", (0.13, 0.35, 0.19)),
    ("teal", (0.20, 0.66, 0.68)),
    ("light blue", (0.68, 0.84, 0.97)),
    ("blue", (0.22, 0.42, 0.85)),
    ("dark blue", (0.08, 0.09, 0.28)),
    ("light purple", (0.74, 0.62, 0.86)),
    ("purple", (0.48, 0.24, 0.62)),
)
SAME_PLACE = 18.0  # distance below which two backgrounds are taken for one place
PLAIN = 2.5  # spread of lightness along the edges below which a background is plain


class Edges(BaseModel):
    """Median colours of the picture's edges, RGB 0..1, and how plain they are (spread in Lab units)."""

    model_config = ConfigDict(frozen=True)

    upper_left: Rgb
    upper_right: Rgb
    lower_left: Rgb
    lower_right: Rgb
    spread: float


def measure_edges(picture: Picture) -> Edges:
    """Look at strips along the left and right edge: rows 0-50 % are 'upper', 84-100 % 'lower'."""
    height, width = picture.shape[:2]
    strip = max(1, width // 16)
    upper, lower = slice(0, max(1, height // 2)), slice(height * 84 // 100, height)
    left, right = slice(0, strip), slice(width - strip, width)
    return Edges(
        upper_left=_median(picture[upper, left]),
        upper_right=_median(picture[upper, right]),
        lower_left=_median(picture[lower, left]),
        lower_right=_median(picture[lower, right]),
        spread=_spread(picture[upper, left], picture[upper, right]),
    )


def background_words(edges: Edges) -> str | None:
    """Words such as 'blue and green' from both edges; None where the edges contradict each other."""
    upper = _agreed(edges.upper_left, edges.upper_right)
    if upper is None:
        return None
    lower = _agreed(edges.lower_left, edges.lower_right)
    names = [colour_name(upper)] + ([colour_name(lower)] if lower is not None else [])
    return " and ".join(dict.fromkeys(names))


def colour_name(colour: Rgb) -> str:
    """The nearest of the named colours, by distance in Lab."""
    target = to_lab(colour)
    return min(NAMES, key=lambda named: float(np.linalg.norm(to_lab(named[1]) - target)))[0]


def background_groups(all_edges: Sequence[Edges]) -> list[int]:
    """A group number for each picture: pictures in one group could be taken in one place (average linkage)."""
    if len(all_edges) < 2:
        return [0] * len(all_edges)
    tree = linkage(np.stack([_place(edges) for edges in all_edges]), method="average")
    return [int(group) - 1 for group in fcluster(tree, SAME_PLACE, criterion="distance")]


def effective_number(groups: Sequence[int]) -> float:
    """exp(entropy) of the groups' shares: 1.0 when all are one, n when n groups are equally large."""
    if not groups:
        return 0.0
    shares = np.bincount(groups) / len(groups)
    shares = shares[shares > 0]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def to_lab(colour: Rgb) -> NDArray[np.float32]:
    """CIE Lab of an sRGB colour."""
    return np.asarray(cv2.cvtColor(np.array([[colour]], dtype=np.float32), cv2.COLOR_RGB2LAB)[0, 0], dtype=np.float32)


def _place(edges: Edges) -> NDArray[np.float32]:
    """A point whose Euclidean distance tells places apart; lightness counts half, so that exposure matters less."""
    upper = (to_lab(edges.upper_left) + to_lab(edges.upper_right)) / 2
    lower = (to_lab(edges.lower_left) + to_lab(edges.lower_right)) / 2
    weight = np.array([0.5, 1, 1], dtype=np.float32)
    return np.concatenate([upper * weight, 0.5 * lower * weight])


def _agreed(left: Rgb, right: Rgb) -> Rgb | None:
    if np.linalg.norm(to_lab(left) - to_lab(right)) > 18:
        return None
    return tuple((np.array(left) + np.array(right)) / 2)  # type: ignore[return-value]


def _median(pixels: Picture) -> Rgb:
    values = np.median(pixels.reshape(-1, 3), axis=0) / 255
    return tuple(round(float(value), 4) for value in values)  # type: ignore[return-value]


def _spread(left: Picture, right: Picture) -> float:
    pixels = np.concatenate([left.reshape(-1, 3), right.reshape(-1, 3)]).astype(np.float32) / 255
    lab = cv2.cvtColor(pixels[None], cv2.COLOR_RGB2LAB)[0]
    return round(float(np.abs(lab - np.median(lab, axis=0)).mean()), 2)
