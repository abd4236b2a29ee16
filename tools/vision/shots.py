"""What happens in a clip: its transitions, stillness, frame rate and movement, in one pass with bounded memory."""

from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .blends import LAGS, blend_at
from .frame_rate import frozen_spans, repeated_share
from .motion import Motion, MotionWatch
from .quality import Picture
from .transitions import REACH, Span, Trace, Transition, even_spans, find_transitions

SIDE = 96
STILL_BLOCK = 0.25  # frame pairs whose liveliest blocks (98th percentile) change less than this stand still
_BLEND_SIDE = 48
_BLOCK = 8


class Shots(BaseModel):
    """A clip's measurements. `motion` is the median frame difference in Lab units per frame; times are in seconds."""

    model_config = ConfigDict(frozen=True)

    cuts: tuple[float, ...]  # at which a new shot begins without any transition
    still_share: float  # share of frame pairs in which nothing moves, 0 to 1
    motion: float
    transitions: tuple[Transition, ...] = ()  # cuts, dissolves and fades in order
    flashes: tuple[float, ...] = ()  # moments at which the picture is gone for some frames and comes back
    frozen: tuple[Span, ...] = ()  # nothing moves, between parts that do
    black: tuple[Span, ...] = ()  # evenly black
    white: tuple[Span, ...] = ()  # evenly white
    repeated_share: float = 0.0  # of the frames of a regular pattern: 0.5 when each frame is shown twice
    camera_motion: float | None = None  # frame widths per second; None where the edges show too little to tell
    subject_motion: float = 0.0  # Lab units per frame in the middle, the camera's shift taken out


def measure_shots(frames: Iterable[tuple[float, Picture]]) -> Shots:
    """Measure a clip given as (seconds, uint8 RGB frame) in order; holds only the last second in small."""
    watch = _Watch()
    for seconds, frame in frames:
        watch.see(seconds, frame)
    return watch.result()


class _Watch:
    """Takes frames one by one; keeps a few small frames and some figures for each."""

    def __init__(self) -> None:
        self._last: deque[NDArray[np.float32]] = deque(maxlen=REACH * 2)
        self._smaller: deque[NDArray[np.float32]] = deque(maxlen=2 * max(LAGS) + 1)
        self._trace = Trace()
        self._motion = MotionWatch()

    def see(self, seconds: float, frame: Picture) -> None:
        small = small_lab(frame)
        trace = self._trace
        trace.times.append(seconds)
        means, spreads = cv2.meanStdDev(small)
        trace.level.append(float(means[0, 0]))
        trace.spread.append(float(spreads[0, 0]))
        trace.colour.append(float(np.abs(means[1:]).max() + spreads[1:].max()))
        trace.lively.append(_liveliest(np.abs(small - self._last[-1])) if self._last else 0.0)
        trace.apart.append([cv2.norm(small, before, cv2.NORM_L1) / small.size for before in reversed(self._last)])
        self._motion.see(seconds, small)
        self._last.append(small)
        smaller = cv2.resize(small, (_BLEND_SIDE, _BLEND_SIDE), interpolation=cv2.INTER_AREA)
        self._smaller.append(np.asarray(smaller, dtype=np.float32))
        for lag in LAGS:
            if len(self._smaller) > 2 * lag:
                blend = blend_at(self._smaller, lag)
                if blend is not None:
                    trace.blends.append((len(trace.times) - 1 - lag, lag, blend))

    def result(self) -> Shots:
        trace = self._trace
        if len(trace.times) < 2:
            return Shots(cuts=(), still_share=1.0, motion=0.0)
        lively = np.array(trace.lively[1:])
        transitions, flashes = find_transitions(trace)
        motion: Motion = self._motion.result()
        return Shots(
            cuts=tuple(each.start for each in transitions if each.kind == "cut"),
            still_share=float((lively < STILL_BLOCK).mean()),
            motion=float(np.median([apart[0] for apart in trace.apart[1:]])),
            transitions=transitions,
            flashes=flashes,
            frozen=frozen_spans(trace.times, lively, STILL_BLOCK),
            black=even_spans(trace, dark=True),
            white=even_spans(trace, dark=False),
            repeated_share=repeated_share(lively, STILL_BLOCK),
            camera_motion=motion.camera,
            subject_motion=motion.subject,
        )


def small_lab(frame: Picture) -> NDArray[np.float32]:
    """The frame as CIE Lab, float32 of shape (96, 96, 3)."""
    shrunk = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_RGB2LAB), dtype=np.float32)


def _liveliest(change: NDArray[np.float32]) -> float:
    """98th percentile of the mean change in blocks of 8x8 pixels."""
    blocks = cv2.resize(change, (SIDE // _BLOCK, SIDE // _BLOCK), interpolation=cv2.INTER_AREA).mean(axis=2).ravel()
    return float(np.partition(blocks, -3)[-3])
