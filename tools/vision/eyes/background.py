"""What is behind the subject: a description that can be compared, and how many places a set was taken in."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.cluster.hierarchy import fcluster, linkage

from ..colours import effective_number
from ..quality import Picture

# Average-linkage distance below which two backgrounds are one place. Set on 13 photographs and 5 plain walls behind
# rendered people, shifted, zoomed and with +-15 % exposure: 98 % of other places are farther apart, 95 % of like ones
# nearer; 13 photographs give 9 to 10 places.
SAME_PLACE = 0.30
SIDE = 128  # pixels: the picture is looked at in a square of this side
SMALLEST_SHARE = 0.04  # of the picture that must be background to say anything about it
PLAIN_GRADIENT = 3.0  # mean absolute difference of lightness between neighbours, Lab units
_CHROMA_BINS, _LIGHT_BINS, _TURNS = 10, 6, 4
_CHROMA_REACH = 50.0
_LEVEL = 0.5  # mean of a background after its exposure was taken out
_DARKEST = 0.05  # a darker background is not brightened further: it would be noise
_SCALES = (0.0, 2.0, 4.0)  # pixels of blur at which the texture is looked at
_WEIGHTS = {"colour": 0.4, "light": 0.15, "mean": 1 / 70, "texture": 0.35, "edges": 0.2}


class Background(BaseModel):
    """`descriptor` for `clusters`; `plain` when hardly anything is on it; `share` of the picture, 0 to 1."""

    model_config = ConfigDict(frozen=True)

    descriptor: tuple[float, ...]
    plain: bool
    share: float


class Places(BaseModel):
    """Of a set: a place's number for each picture, the effective number of places exp(entropy), shares 0 to 1."""

    model_config = ConfigDict(frozen=True)

    groups: tuple[int, ...]
    effective: float
    largest_share: float
    plain_share: float


def measure_background(picture: Picture, outline: NDArray[np.float32] | None) -> Background | None:
    """Describe what is outside the outline (mask 0..1 of any size; None: all of it). None when the subject fills it."""
    square = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    behind: NDArray = np.ones((SIDE, SIDE), dtype=np.uint8)
    if outline is not None:
        subject = cv2.resize(outline, (SIDE, SIDE), interpolation=cv2.INTER_AREA) > 0.2
        behind = 1 - cv2.dilate(subject.astype(np.uint8), np.ones((5, 5), np.uint8))
    kept = behind.astype(bool)
    share = float(kept.mean())
    if share < SMALLEST_SHARE:
        return None
    level = float(cv2.cvtColor(square, cv2.COLOR_RGB2LAB)[..., 0][kept].mean())
    even = np.clip(square * (_LEVEL / max(float(square[kept].mean()), _DARKEST)), 0, 1)
    lab = cv2.cvtColor(even.astype(np.float32), cv2.COLOR_RGB2LAB)  # exposure is not place
    inner = cv2.erode(behind, np.ones((3, 3), np.uint8)).astype(bool)
    inner = inner if inner.any() else kept
    strength, direction = _slopes(square, inner)
    even_strength, _ = _slopes(even, inner)
    texture = _texture(np.asarray(lab[..., 0], dtype=np.float32), inner)
    descriptor = np.concatenate([_colours(lab[kept], level), texture, _edges(even_strength, direction)])
    return Background(
        descriptor=tuple(round(float(value), 4) for value in descriptor),
        plain=bool(strength.mean() < PLAIN_GRADIENT and np.percentile(strength, 95) < 4 * PLAIN_GRADIENT),
        share=round(share, 3),
    )


def clusters(backgrounds: Sequence[Background]) -> Places:
    """Which pictures could have been taken in one place, and how many places that makes."""
    if not backgrounds:
        return Places(groups=(), effective=0.0, largest_share=0.0, plain_share=0.0)
    groups = [0] * len(backgrounds)
    if len(backgrounds) > 1:
        tree = linkage(np.array([each.descriptor for each in backgrounds]), method="average")
        groups = [int(group) - 1 for group in fcluster(tree, SAME_PLACE, criterion="distance")]
    return Places(
        groups=tuple(groups),
        effective=round(effective_number(groups), 2),
        largest_share=round(float(np.bincount(groups).max() / len(groups)), 3),
        plain_share=round(sum(each.plain for each in backgrounds) / len(backgrounds), 3),
    )


def _colours(pixels: NDArray[np.float32], level: float) -> NDArray[np.float64]:
    """Square roots of smoothed histograms (so that Euclidean is Hellinger distance), mean colour and lightness."""
    reach = [[-_CHROMA_REACH, _CHROMA_REACH]] * 2
    chroma = np.clip(pixels[:, 1:], -_CHROMA_REACH + 0.1, _CHROMA_REACH - 0.1)
    colours: NDArray = np.histogram2d(chroma[:, 0], chroma[:, 1], bins=_CHROMA_BINS, range=reach)[0].astype(np.float32)
    lights: NDArray = np.histogram(pixels[:, 0], bins=_LIGHT_BINS, range=(0, 100.01))[0].astype(np.float32)
    colour = np.asarray(cv2.GaussianBlur(colours, (0, 0), 1.2)) / len(pixels)
    light = np.asarray(cv2.GaussianBlur(lights[None], (0, 0), 1.0))[0] / len(pixels)
    mean = np.array([0.5 * level, *pixels[:, 1:].mean(axis=0)])  # half the lightness: a wall can be lit differently
    return np.concatenate(
        [_WEIGHTS["colour"] * np.sqrt(colour).ravel(), _WEIGHTS["light"] * np.sqrt(light), _WEIGHTS["mean"] * mean]
    )


def _texture(light: NDArray[np.float32], inner: NDArray) -> NDArray[np.float64]:
    """Mean slopes across and down at three scales, as logarithms."""
    found = []
    for blur in _SCALES:
        smooth = cv2.GaussianBlur(light, (0, 0), blur) if blur else light
        found += [np.abs(np.gradient(smooth, axis=axis))[inner].mean() for axis in (1, 0)]
    return np.asarray(_WEIGHTS["texture"] * np.log1p(found))


def _slopes(picture: NDArray, inner: NDArray) -> tuple[NDArray, NDArray]:
    """How steep lightness is at each inner pixel (Lab units a pixel), and in which direction."""
    light = cv2.cvtColor(np.asarray(picture, dtype=np.float32), cv2.COLOR_RGB2LAB)[..., 0]
    across, down = np.gradient(light, axis=1), np.gradient(light, axis=0)
    return np.hypot(across, down)[inner], np.arctan2(down, across)[inner]


def _edges(strength: NDArray, direction: NDArray) -> NDArray[np.float64]:
    """How much of the background has edges in each direction, as square roots of shares."""
    bins = np.floor((direction % np.pi) / np.pi * _TURNS).astype(int) % _TURNS
    busy = np.clip(strength / 10, 0, 1)
    shares = np.array([busy[bins == turn].sum() for turn in range(_TURNS)]) / len(strength)
    return np.asarray(_WEIGHTS["edges"] * np.sqrt(shares))
