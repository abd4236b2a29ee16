"""Does the camera move, or what is before it? The shift of the frame's edges against the change that is left."""

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

STEP = 3  # frames between two compared ones: slow pans move too little in one
LEAST_RESPONSE = 0.08  # of the phase correlation; below it the edges show nothing to hold on to
_MIDDLE = 0.3  # how far from the side the middle begins, as a share: there the subject moves


class Motion(NamedTuple):
    """`camera` in frame widths per second (None: cannot be told), `subject` in Lab units per frame."""

    camera: float | None
    subject: float


class MotionWatch:
    """Takes small Lab frames (side, side, 3) one by one. Shifts only: zooming and turning cameras count as change."""

    def __init__(self) -> None:
        self._last: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=STEP + 1)
        self._speeds: list[float] = []
        self._changes: list[float] = []
        self._unsure = self._seen = 0

    def see(self, seconds: float, small: NDArray[np.float32]) -> None:
        """Take the next frame."""
        self._last.append((seconds, small))
        self._seen += 1
        if len(self._last) <= STEP or self._seen % STEP:
            return
        before_at, before = self._last[0]
        if seconds <= before_at:
            return
        side = small.shape[0]
        (dx, dy), response = cv2.phaseCorrelate(_edges(before), _edges(small))
        if response < LEAST_RESPONSE or max(abs(dx), abs(dy)) > side / 4:
            self._unsure += 1
            dx = dy = 0.0
        else:
            self._speeds.append(float(np.hypot(dx, dy)) / side / (seconds - before_at))
        moved = cv2.warpAffine(
            before, np.array([[1, 0, dx], [0, 1, dy]], dtype=np.float32), (side, side), borderMode=cv2.BORDER_REPLICATE
        )
        start, end = round(side * _MIDDLE), round(side * (1 - _MIDDLE))
        self._changes.append(float(np.abs(moved - small)[start:end, start:end].mean()) / STEP)

    def result(self) -> Motion:
        """Medians over the clip."""
        subject = round(float(np.median(self._changes)), 3) if self._changes else 0.0
        if len(self._speeds) <= self._unsure:
            return Motion(None, subject)
        return Motion(round(float(np.median(self._speeds)), 4), subject)


def _edges(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lightness with the middle and the outermost rim faded to the mean."""
    side = small.shape[0]
    light = small[..., 0]
    place = (np.arange(side, dtype=np.float32) + 0.5) / side
    rim = np.minimum(1, np.minimum(place, 1 - place) / 0.12)
    inner = np.clip((np.minimum(place, 1 - place) - _MIDDLE + 0.08) / 0.16, 0, 1)
    weight = np.outer(rim, rim) * (1 - np.outer(inner, inner))
    return np.asarray((light - light.mean()) * weight, dtype=np.float32)
