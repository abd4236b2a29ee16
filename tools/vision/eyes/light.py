"""How a face is lit: from which side, how brightly, how warmly. Up and down cannot be told reliably."""

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from ..quality import Picture
from .mesh import MESH_CHEEKS, Mesh

_RADIUS = 0.07  # of the face's width
SMALLEST_FACE = 24  # pixels across


class Light(BaseModel):
    """In CIE Lab units of the face. `left_right` > 0: the left side of the picture is brighter; `warmth` is the mean b
    (higher is yellower), `level` the mean L. Skin differs between people: compare within one person's set."""

    model_config = ConfigDict(frozen=True)

    left_right: float
    level: float
    warmth: float


def measure_light(picture: Picture, mesh: Mesh) -> Light | None:
    """The light on both cheeks; None when the face is too small or a cheek is out of the picture."""
    width = float(np.ptp(mesh.points[:, 0]))
    if width < SMALLEST_FACE:
        return None
    sides = []
    for group in MESH_CHEEKS:
        patches = [_patch(picture, mesh.points[index, :2], width * _RADIUS) for index in group]
        values = [patch for patch in patches if patch is not None]
        if not values:
            return None
        sides.append(np.mean(values, axis=0))
    sides.sort(key=lambda side: side[3])
    left, right = sides
    return Light(
        left_right=round(float(left[0] - right[0]), 2),
        level=round(float((left[0] + right[0]) / 2), 2),
        warmth=round(float((left[2] + right[2]) / 2), 2),
    )


def _patch(picture: Picture, centre: np.ndarray, radius: float) -> np.ndarray | None:
    """(L, a, b, x) of a small square, or None when it is not in the picture."""
    reach = max(1, round(radius))
    x, y = round(float(centre[0])), round(float(centre[1]))
    if x < reach or y < reach or x + reach >= picture.shape[1] or y + reach >= picture.shape[0]:
        return None
    pixels = picture[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(np.float32) / 255
    lab = np.median(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).reshape(-1, 3), axis=0)
    return np.append(lab, x)
