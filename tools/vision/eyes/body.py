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
_POINTS = 39  # 33 of the body, the rest for tracking


@dataclass(frozen=True)
class Body:
    """`points` (33, 2) in pixels of the picture; `seen` (33,) 0..1; `world` (33, 3) in metres around the hips' middle,
    x right, y down, z away from the camera; `score` 0..1."""

    points: Floats
    seen: Floats
    world: Floats
    score: float

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


def find_body(picture: Picture) -> Body | None:
    """The most prominent body, or None."""
    region = _detect(picture)
    if region is None:
        return None
    centre, side, angle = region
    values, matrix = crop(picture, centre, side, angle, SIZE)
    by_size = {output.size: output for output in run("body", values[None])}
    points = by_size[_POINTS * 5].reshape(_POINTS, 5)[:33]
    world = by_size[_POINTS * 3].reshape(_POINTS, 3)[:33].copy()
    cos, sin = np.cos(angle), np.sin(angle)
    world[:, :2] = world[:, :2] @ np.array([[cos, sin], [-sin, cos]], dtype=np.float32)
    return Body(
        points=points[:, :2] @ matrix[:, :2].T + matrix[:, 2],
        seen=_sigmoid(points[:, 3]),
        world=world,
        score=float(by_size[1].item()),
    )


def _detect(picture: Picture) -> tuple[tuple[float, float], float, float] | None:
    """(centre, side, angle) of the square around the body with the highest score."""
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
        return None
    near = certain > 0.9 * certain[best]
    near &= np.abs(boxes[0, :, 4:8] + np.tile(_anchors() * DETECTION_SIZE, 2) - _placed(boxes, best)).max(axis=1) < 20
    marks = np.average(
        boxes[0, near, 4:8] + np.tile(_anchors()[near] * DETECTION_SIZE, 2), axis=0, weights=certain[near]
    )
    marks = (marks.reshape(2, 2) - (left, top)) * (width / size[0], height / size[1])
    hips, around = marks
    reach = around - hips
    side = 2.5 * float(np.hypot(*reach))
    return (float(hips[0]), float(hips[1])), max(side, 8.0), float(np.arctan2(reach[0], -reach[1]))


def _placed(boxes: Floats, index: int) -> Floats:
    return np.asarray(boxes[0, index, 4:8] + np.tile(_anchors()[index] * DETECTION_SIZE, 2))


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
