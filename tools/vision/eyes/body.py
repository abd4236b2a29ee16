"""Bodies: where one is and how its shoulders stand, from MediaPipe's pose models (BlazePose, Bazarevsky et al. 2020).

Without the heat-map refinement the points are some pixels off, which is enough for orientation.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..quality import Picture
from .runtime import Floats, crop, run

DETECTION_SIZE = 224
SIZE = 256
DETECTED = 0.5
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 11, 12, 23, 24
NOSE, LEFT_EAR, RIGHT_EAR = 0, 7, 8
_SPACE = 0.65  # of the height, added below for the second try
_SAME_BODY = 20  # pixels of the detector's picture
_EDGE = 0.01  # of the picture
_POINTS = 39  # 33 of the body, the rest for tracking


_Region = tuple[tuple[float, float], float, float]  # centre, side in pixels, angle in radians of an upright square


@dataclass(frozen=True)
class Body:
    """`points` (33, 2) in pixels of the picture; `seen` (33,) 0..1; `world` (33, 3) in metres around the hips' middle,
    x right, y down, z away from the camera; `score` 0..1."""

    points: Floats
    seen: Floats
    world: Floats
    score: float
    whole: bool = True  # both shoulders are in the picture; else the points are guesses

    @property
    def shoulders(self) -> Floats:
        """From the right to the left shoulder, in metres."""
        return np.asarray(self.world[LEFT_SHOULDER] - self.world[RIGHT_SHOULDER])

    @property
    def yaw_deg(self) -> float:
        """Turn of the shoulders: 0 faces the camera, positive towards the right of the picture, -180..180."""
        across = self.shoulders
        return float(np.degrees(np.arctan2(across[2], across[0])))

    @property
    def torso(self) -> float:
        """Pixels between the middles of shoulders and hips."""
        upper = (self.points[LEFT_SHOULDER] + self.points[RIGHT_SHOULDER]) / 2
        lower = (self.points[LEFT_HIP] + self.points[RIGHT_HIP]) / 2
        return float(np.hypot(*(upper - lower)))


def find_body(picture: Picture) -> tuple[float, Body | None]:
    """How sure the detector is that there is a body, 0..1, and the most prominent body (None when it is not sure).

    Where nothing is found the picture is tried again with empty space below, as if less of it were cut off: close-ups
    of heads are else missed.
    """
    certain, region = _detect(picture)
    if region is None:
        padding = cv2.copyMakeBorder(
            picture, 0, round(picture.shape[0] * _SPACE), 0, 0, cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        again, region = _detect(np.asarray(padding, dtype=np.uint8))
        certain = max(certain, again)
    return certain, None if region is None else _measure(picture, *region)


def _measure(picture: Picture, centre: tuple[float, float], side: float, angle: float) -> Body:
    values, matrix = crop(picture, centre, side, angle, SIZE)
    by_size = {output.size: output for output in run("body", values[None])}
    points = by_size[_POINTS * 5].reshape(_POINTS, 5)[:33]
    world = by_size[_POINTS * 3].reshape(_POINTS, 3)[:33].copy()
    cos, sin = np.cos(angle), np.sin(angle)
    world[:, :2] = world[:, :2] @ np.array([[cos, sin], [-sin, cos]], dtype=np.float32)
    placed = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    inside = placed[[LEFT_SHOULDER, RIGHT_SHOULDER]] / picture.shape[1::-1]
    return Body(
        points=placed,
        seen=_sigmoid(points[:, 3]),
        world=world,
        score=float(by_size[1].item()),
        whole=bool(inside.min() > _EDGE and inside.max() < 1 - _EDGE),
    )


def _detect(picture: Picture) -> tuple[float, _Region | None]:
    """The highest score, and the square around that body where the score suffices."""
    height, width = picture.shape[:2]
    scale = DETECTION_SIZE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (DETECTION_SIZE - size[0]) // 2, (DETECTION_SIZE - size[1]) // 2
    canvas = np.zeros((DETECTION_SIZE, DETECTION_SIZE, 3), dtype=np.float32)
    shown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas[top : top + size[1], left : left + size[0]] = shown / 127.5 - 1
    boxes, scores = run("body_detection", canvas[None])
    certain = _sigmoid(scores[0, :, 0])
    best = int(certain.argmax())
    if certain[best] < DETECTED:
        return float(certain[best]), None
    places = boxes[0, :, 4:8] + np.tile(_anchors() * DETECTION_SIZE, 2)
    near = (certain > 0.9 * certain[best]) & (np.abs(places - places[best]).max(axis=1) < _SAME_BODY)
    marks = np.average(places[near], axis=0, weights=certain[near])
    hips, around = (marks.reshape(2, 2) - (left, top)) * (width / size[0], height / size[1])
    reach = around - hips
    side = max(2.5 * float(np.hypot(*reach)), 8.0)
    return float(certain[best]), ((float(hips[0]), float(hips[1])), side, float(np.arctan2(reach[0], -reach[1])))


@lru_cache(maxsize=1)
def _anchors() -> Floats:
    """Middles (2254, 2), 0..1, of the detector's cells: strides 8, 16 with two each and 32 with six."""
    found = []
    for stride, each in ((8, 2), (16, 2), (32, 6)):
        cells = DETECTION_SIZE // stride
        middles = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(middles, middles)
        found.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), each, axis=0))
    return np.concatenate(found)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -50, 50))), dtype=np.float32)
