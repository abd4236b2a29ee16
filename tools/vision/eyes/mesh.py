"""The face mesh: 468 points in three dimensions from MediaPipe's face_landmark model (Kartynnik et al. 2019)."""

from dataclasses import dataclass

import numpy as np

from ..quality import Picture
from .face import Face
from .runtime import Floats, crop, run

SIZE = 192
POINTS = 468
_MARGIN = 1.5  # the square's side over the face's longer side, as the model was trained


@dataclass(frozen=True)
class Mesh:
    """`points` (468, 3) in pixels of the picture: x right, y down, z away from the camera, all in one scale.

    `score` 0..1 says how sure the model is that there is a face in front of it.
    """

    points: Floats
    score: float


def find_mesh(picture: Picture, face: Face) -> Mesh:
    """The mesh of a face. It is laid a second time where the first one says the face is."""
    eyes = face.points[1] - face.points[0]
    apart = float(np.hypot(*eyes))
    angle = float(np.arctan2(eyes[1], eyes[0])) if eyes[0] > 0.15 * face.width and apart > 0 else 0.0
    first = _mesh(picture, face.centre, _MARGIN * max(face.width, face.height), angle)
    low, high = first.points[:, :2].min(axis=0), first.points[:, :2].max(axis=0)
    side = _MARGIN * float((high - low).max())
    if first.score < 0.2 or not 0.5 < side / (_MARGIN * max(face.width, face.height)) < 2:
        return first
    centre = (low + high) / 2
    line = first.points[263, :2] - first.points[33, :2]  # outer corners of the eyes
    turned = float(np.arctan2(line[1], line[0])) if line[0] > 0.15 * (high - low)[0] else angle
    second = _mesh(picture, (float(centre[0]), float(centre[1])), side, turned)
    return second if second.score >= first.score else first


def _mesh(picture: Picture, centre: tuple[float, float], side: float, angle: float) -> Mesh:
    values, matrix = crop(picture, centre, side, angle, SIZE)
    points, score = run("mesh", values[None])
    points = points.reshape(POINTS, 3)
    placed = np.empty_like(points)
    placed[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    placed[:, 2] = points[:, 2] * (side / SIZE)
    return Mesh(points=placed, score=float(1 / (1 + np.exp(-np.clip(score.item(), -30, 30)))))
