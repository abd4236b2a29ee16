"""A body drawn as coloured lines on black: the pose alone, without whoever holds it."""

import colorsys

import cv2
import numpy as np

from .eyes.body import Body, find_body
from .quality import Picture

SEEN = 0.5  # points that are less surely in the picture are not drawn
# Pairs of BlazePose's 33 points: 0 nose, 7/8 ears, 11/12 shoulders, 13/14 elbows, 15/16 wrists, 19/20 fingers,
# 23/24 hips, 25/26 knees, 27/28 ankles, 31/32 toes; odd ones are the body's left.
_BONES = (
    (7, 0),
    (0, 8),
    (11, 12),
    (11, 13),
    (13, 15),
    (15, 19),
    (12, 14),
    (14, 16),
    (16, 20),
    (11, 23),
    (12, 24),
    (23, 24),
    (23, 25),
    (25, 27),
    (27, 31),
    (24, 26),
    (26, 28),
    (28, 32),
)


class PoseDrawer:
    """Draws frame after frame, and counts in how many a body was found."""

    def __init__(self) -> None:
        self.frames = 0
        self.found = 0

    @property
    def share(self) -> float:
        """Of the frames so far, those in which there was a body."""
        return self.found / self.frames if self.frames else 0.0

    def __call__(self, picture: Picture) -> Picture:
        """The skeleton in the picture, uint8 RGB of its shape; black without a body. Raises ModelsUnavailable."""
        _certain, body = find_body(picture)
        self.frames += 1
        self.found += body is not None
        return draw_skeleton(body, picture.shape[0], picture.shape[1])


def draw_skeleton(body: Body | None, height: int, width: int) -> Picture:
    """Bones in colours of their own, so that left and right, front and back can be told apart."""
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    if body is None:
        return canvas
    thick = max(2, round(min(height, width) / 100))
    for place, (start, end) in enumerate(_BONES):
        if min(body.seen[start], body.seen[end]) < SEEN:
            continue
        red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(place / len(_BONES), 1, 1))
        ends = [tuple(round(float(value)) for value in body.points[point]) for point in (start, end)]
        cv2.line(canvas, ends[0], ends[1], (red, green, blue), thick, cv2.LINE_AA)
    return canvas
