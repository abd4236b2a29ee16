"""Frames that repeat the one before: parts that stand still, and clips that show each frame twice or more."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHORTEST_FREEZE = 0.5  # seconds; shorter holds are part of any movement
LARGEST_NOISE = 0.8  # what a video encoder adds to some frames of a standing picture, in Lab units
LONGEST_REPEAT = 4  # frames in a row; a longer standstill is a pause, not a pattern
REGULAR = 0.7  # share of the moving part's frames that must follow one pattern
LEAST_MOVEMENT = 3.0  # how many times livelier a new frame is than a repeated one
SHORTEST_PART = 12  # frames of movement needed to tell a pattern


def frozen_spans(times: Sequence[float], lively: NDArray, still: float) -> tuple[tuple[float, float], ...]:
    """(start, end) in seconds of the parts of half a second or more in which nothing moves.

    `lively[i]` is how much frame i + 1 differs from frame i where it differs most. A clip that stands still from
    end to end has one such part.
    """
    spans = []
    padded = np.pad(lively, 2, mode="edge")
    calm = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1) < still
    for first, last in _runs(calm & (lively < LARGEST_NOISE)):
        if times[last] - times[first] >= SHORTEST_FREEZE:
            spans.append((round(times[first], 3), round(times[last], 3)))
    return tuple(spans)


def repeated_share(lively: NDArray, still: float) -> float:
    """Share of frames that repeat the one before in a regular pattern, 0 when there is none.

    0.5 for 12 pictures a second in a file of 24, 0.667 for 8, 0.2 for 24 in 30. Only moving parts count.
    """
    repeats = _repeats(lively, still)
    moving = np.ones(len(lively), dtype=bool)
    for first, last in _runs(repeats):
        if last - first > LONGEST_REPEAT:
            moving[first:last] = False
    kept = repeats[moving]
    if len(kept) < SHORTEST_PART or not kept.any():
        return 0.0
    for period in (2, 3, 4, 5):
        for phase in range(period):
            places = np.arange(len(kept)) % period == phase
            fresh = [not repeated for repeated in kept[places]]
            if period <= 4 and np.mean(fresh) >= REGULAR and np.mean(kept[~places]) >= REGULAR:
                return round(1 - 1 / period, 3)
            if period >= 4 and 1 - np.mean(fresh) >= REGULAR and np.mean(~kept[~places]) >= REGULAR:
                return round(1 / period, 3)
    return 0.0


def _repeats(lively: NDArray, still: float) -> NDArray[np.bool_]:
    """True where a frame repeats the one before: far less lively than the liveliest of the frames around it.

    No fixed limit: a video encoder makes repeated frames differ by up to 0.8.
    """
    padded = np.pad(lively, LONGEST_REPEAT, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * LONGEST_REPEAT + 1)
    usual = np.percentile(around, 75, axis=1)
    return np.asarray(lively * LEAST_MOVEMENT < np.maximum(usual, still))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
