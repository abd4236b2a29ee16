"""Pictures to a size: cut to the proportions around the middle, then resized."""

import cv2
import numpy as np
from numpy.typing import NDArray


def fit(frames: NDArray[np.uint8], width: int, height: int, *, crop: bool = True) -> NDArray[np.uint8]:
    """Frames (n, h, w, 3) or one picture (h, w, 3), cut around the middle and resized to `width` x `height`.

    Shrinks by area averages and enlarges by cubic interpolation. With `crop` False the proportions change instead.
    """
    if frames.ndim == 4:
        return np.stack([fit(frame, width, height, crop=crop) for frame in frames])
    if crop:
        left, top, right, bottom = middle_box(frames.shape[1], frames.shape[0], width, height)
        frames = frames[top:bottom, left:right]
    if frames.shape[:2] == (height, width):
        return frames.copy()
    shrinks = frames.shape[0] >= height and frames.shape[1] >= width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(frames), (width, height), interpolation=how), dtype=np.uint8)


def size_within(width: int, height: int, longest_side: int) -> tuple[int, int]:
    """(width, height) of a whole picture shrunk, never enlarged, to `longest_side` pixels; at least 1 each."""
    scale = min(1.0, longest_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def middle_box(width: int, height: int, target_width: int, target_height: int) -> tuple[int, int, int, int]:
    """The largest centred box (left, top, right, bottom) in a picture that has the target's proportions."""
    if width * target_height > height * target_width:
        kept = max(1, round(height * target_width / target_height))
        left = (width - kept) // 2
        return left, 0, left + kept, height
    kept = max(1, round(width * target_height / target_width))
    top = (height - kept) // 2
    return 0, top, width, top + kept
