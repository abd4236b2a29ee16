"""Is a frame a blend of one some frames before it and one some frames after it, as in a dissolve?"""

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Small = NDArray[np.float32]  # Lab, (side, side, 3)
Way = NDArray[np.float32]  # (2, 3): where the pixels of one picture are in another

# Set on clips of drawn characters (seeds 0 and 1000 of benchmarks/audit_clips.py), 2026-11-21; judged on others.
LAGS = (5, 9, 12)  # frames: a dissolve's frame is a blend of those so far before and after it
LEAST_BLEND = 2.0  # Lab units between the two ends
LARGEST_MISFIT = 0.33  # of the blend, as a share of the distance between the ends
MOVED = 0.5  # share of the distance that a shift or zoom of the camera leaves when it is what happened
ALIKE, RELIT = 0.7, 0.45  # correlation of the ends' lightness, and what a change of light leaves of the distance
SEEN = 0.4  # of the picture that must be in both
_SOFTNESS = 1.0  # sigma in pixels
_STEPS = 12  # of the alignment
_ZOOMS = (0.82, 0.88, 0.94, 0.97, 1.03, 1.06, 1.12, 1.18)
BLENDED = (0.2, 0.8)  # share of the later end in a frame that counts as blended


class Blend(NamedTuple):
    """How a frame lies between two others: the distance of the ends, the later end's share, the misfit."""

    distance: float
    share: float
    misfit: float


def blend_at(frames: deque[Small], lag: int) -> Blend | None:
    """The blend of the frame `lag` before the last, between its neighbours at `lag`; None where it is none.

    A change of light (one end is the other, brighter) and a shift (one end is the other, moved) are none.
    """
    before, frame, after = frames[-1 - 2 * lag], frames[-1 - lag], frames[-1]
    way = after - before
    distance = cv2.norm(before, after, cv2.NORM_L1) / way.size
    if distance < LEAST_BLEND:
        return None
    length = float(np.vdot(way, way))
    share = float(np.vdot(frame - before, way)) / length
    if not BLENDED[0] <= share <= BLENDED[1]:
        return None
    off = frame - before - share * way
    misfit = float(np.sqrt(np.vdot(off, off) / length))
    if misfit > LARGEST_MISFIT or _relit(before, after, length) or _moved(before, frame, after):
        return None
    return Blend(distance, share, misfit)


def _moved(before: Small, frame: Small, after: Small) -> bool:
    """Does a movement of the camera, also with a change of light, explain the change?"""
    side = before.shape[0]
    inner = slice(side // 4, side - side // 4)
    errors = cv2.matchTemplate(before, frame[inner, inner], cv2.TM_SQDIFF)
    if errors.min() < MOVED**2 * errors[side // 4, side // 4]:
        return True  # the frame's middle is in another place of the one before
    window = cv2.createHanningWindow((side, side), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(before[..., 0].copy(), after[..., 0].copy(), window)
    before, after = _softened(before), _softened(after)
    distance = cv2.norm(before, after, cv2.NORM_L1) / after.size  # what moves by parts of a pixel flickers in detail
    ways = [(1.0, dx, dy)] if 0.1 < max(abs(dx), abs(dy)) < side / 2 else []
    ways += [(scale, (1 - scale) * side / 2, (1 - scale) * side / 2) for scale in _ZOOMS]
    if any(_left_over(before, after, _placed(*way)) < MOVED * distance for way in ways):
        return True
    followed = _followed(before[..., 0], after[..., 0], (dx, dy) if max(abs(dx), abs(dy)) < side / 4 else (0.0, 0.0))
    if followed is None:
        return False
    warped, seen = _warped(before, followed)
    if seen.mean() < SEEN:
        return False
    way = after[seen] - warped[seen]
    return float(np.abs(way).mean()) < MOVED * distance or _relit(warped[seen], after[seen], float(np.vdot(way, way)))


def _placed(scale: float, dx: float, dy: float) -> Way:
    return np.array([[scale, 0, dx], [0, scale, dy]], dtype=np.float32)


def _followed(before: NDArray[np.float32], after: NDArray[np.float32], shift: tuple[float, float]) -> Way | None:
    """How a camera that drifts, turns and comes nearer brought one picture to the other, to parts of a pixel.

    ECC alignment (Evangelidis and Psarakis, IEEE TPAMI 30, 2008), from the shift on; None where it finds nothing.
    """
    start = np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], dtype=np.float32)
    everywhere = np.full(before.shape, 255, dtype=np.uint8)
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, 1e-3)
    try:
        _, way = cv2.findTransformECC(after, before, start, cv2.MOTION_AFFINE, enough, everywhere, 1)
    except cv2.error:  # the pictures have nothing in common, or are even
        return None
    return np.asarray(cv2.invertAffineTransform(way), dtype=np.float32)


def _softened(small: Small) -> Small:
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _SOFTNESS), dtype=np.float32)


def _left_over(before: Small, after: Small, way: Way) -> float:
    """Mean Lab difference where both are seen once `before` is moved along."""
    warped, seen = _warped(before, way)
    return float(np.abs(warped - after)[seen].mean()) if seen.mean() > SEEN else np.inf


def _warped(small: Small, way: Way) -> tuple[Small, NDArray[np.bool_]]:
    """The picture moved along, and where it is seen then."""
    warped = cv2.warpAffine(small, way, small.shape[1::-1], borderMode=cv2.BORDER_CONSTANT, borderValue=(-999, 0, 0))
    return np.asarray(warped, dtype=np.float32), np.asarray(warped[..., 0] > -1)


def _relit(before: Small, after: Small, length: float) -> bool:
    """Does a change of light explain it? Both ends then have one structure, with other gain and offset per channel."""
    one, two = (each.reshape(-1, 3) - each.reshape(-1, 3).mean(axis=0) for each in (before, after))
    energy, other = (one * one).sum(axis=0), (two * two).sum(axis=0)
    shared = (one * two).sum(axis=0)
    alike = shared[0] / max(1e-6, float(np.sqrt(energy[0] * other[0])))
    left = float((other - shared**2 / np.maximum(energy, 1e-6)).sum())
    return bool(alike > ALIKE and left < RELIT * length)
