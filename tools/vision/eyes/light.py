"""How a face is lit: from which side, how brightly, how warmly. Up and down cannot be told reliably."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from ..quality import Picture
from .mesh import Mesh
from .turn import shipped

SMALLEST_FACE = 24  # pixels across
SAME_DIRECTION = 5.2  # Lab units: spreads of one person's set up to which its light has one direction; see LightSpread
SAME_LEVEL = 6.0
SAME_WARMTH = 3.0
_BY_TURN = 14.0  # Lab units by which the left side is brighter per sine of the yaw; measured on renders
_BLUR = 0.015  # of the face's width
_NOT_MIDDLE, _BROW, _JAW = 0.25, -0.4, 0.9  # of the reference face: what counts as its sides
_LEAST = 30  # points on either side that must be in the picture


class Light(BaseModel):
    """In CIE Lab units of the face. `left_right` > 0: the left side of the picture is brighter, as if the face looked
    straight into the camera; `warmth` is the mean b (higher is yellower), `level` the mean L. Skin differs between
    people: compare within one person's set."""

    model_config = ConfigDict(frozen=True)

    left_right: float
    level: float
    warmth: float


class LightSpread(BaseModel):
    """Standard deviations over a set of pictures of one person, in Lab units.

    On renders (benchmarks/audit_views.py) `direction` was 0.5 to 5.6, 3.9 in the middle, where the light's azimuth
    stayed within 12 degrees, and 5.6 to 10 where it went over 100 degrees: SAME_DIRECTION. The level of nearly constant
    lamps spread by 4 to 5 and the warmth of one colour of light by less than 1; SAME_LEVEL and SAME_WARMTH are above
    that, the latter with room for a camera's white balance, and neither was tested on light that does vary.
    """

    model_config = ConfigDict(frozen=True)

    direction: float
    level: float
    warmth: float
    pictures: int


def measure_light(picture: Picture, mesh: Mesh, yaw_deg: float = 0.0) -> Light | None:
    """The light on both sides of a face; None when it is too small or mostly out of the picture."""
    width = float(np.ptp(mesh.points[:, 0]))
    if width < SMALLEST_FACE:
        return None
    sides = [_median(picture, mesh.points[side, :2], width * _BLUR) for side in _sides()]
    left, right = sides
    if left is None or right is None:
        return None
    turned = _BY_TURN * float(np.sin(np.radians(yaw_deg)))
    return Light(
        left_right=round(float(left[0] - right[0]) - turned, 2),
        level=round(float((left[0] + right[0]) / 2), 2),
        warmth=round(float((left[2] + right[2]) / 2), 2),
    )


def spread(lights: Sequence[Light]) -> LightSpread | None:
    """How much the light on one person differs over a set; None below three pictures."""
    if len(lights) < 3:
        return None
    table = np.array([(each.left_right, each.level, each.warmth) for each in lights])
    direction, level, warmth = (round(float(value), 2) for value in table.std(axis=0, ddof=1))
    return LightSpread(direction=direction, level=level, warmth=warmth, pictures=len(lights))


@lru_cache(maxsize=1)
def _sides() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the mesh's points on the face's left and right side in a frontal picture."""
    across, down = shipped().face[:, 0], shipped().face[:, 1]
    kept = (down > _BROW) & (down < _JAW)
    return np.flatnonzero(kept & (across < -_NOT_MIDDLE)), np.flatnonzero(kept & (across > _NOT_MIDDLE))


def _median(picture: Picture, points: NDArray, blur: float) -> NDArray[np.float32] | None:
    """Median Lab at these points of the slightly blurred picture; None when too few are in it."""
    height, width = picture.shape[:2]
    places = points.round().astype(int)
    inside = (places >= 0).all(axis=1) & (places[:, 0] < width) & (places[:, 1] < height)
    if inside.sum() < min(_LEAST, len(places)):
        return None
    places = places[inside]
    low = np.maximum(places.min(axis=0) - 8, 0)
    high = places.max(axis=0) + 9
    region = cv2.GaussianBlur(picture[low[1] : high[1], low[0] : high[0]], (0, 0), max(0.6, blur))
    pixels = region[places[:, 1] - low[1], places[:, 0] - low[0]][None].astype(np.float32) / 255
    return np.asarray(np.median(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0], axis=0), dtype=np.float32)
