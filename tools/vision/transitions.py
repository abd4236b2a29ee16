"""Where one shot becomes another: cuts, dissolves, fades through black or white; flashes are told apart from them."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Span = tuple[float, float]  # seconds
Small = NDArray[np.float32]  # Lab, (side, side, 3)
Kind = Literal["cut", "dissolve", "fade"]

# Set on clips of drawn characters (seeds 0 and 1000 of benchmarks/audit_clips.py), 2026-11-21; judged on others.
SPIKE = 5.0  # a cut's difference is more than this many times the usual one around it
LONELY = 2.0  # and this many times any other one close by: fast pans rise and fall
SMALLEST_CUT = 2.0  # and at least this large, in Lab units averaged over the frame
CLOSE = 6  # frames: "close by"; of two cuts within a quarter of a second neither is told
REACH = 4  # frames before and after a cut that must all differ; a shorter interruption is a flash
LAGS = (5, 9, 12)  # frames: a dissolve's frame is a blend of those so far before and after it
LEAST_BLEND = 2.0  # Lab units between the two ends
PLAIN_BLEND, LONG_ENOUGH = 5.0, 8  # ends that differ less must be blended for so many frames: movement can look like it
LARGEST_MISFIT = 0.33  # of the blend, as a share of the distance between the ends
MOVED = 0.5  # share of the distance that a shift or zoom of the camera leaves when it is what happened
ALIKE, RELIT = 0.7, 0.45  # correlation of the ends' lightness, and what a change of light leaves of the distance
_ZOOMS = (0.82, 0.88, 0.94, 0.97, 1.03, 1.06, 1.12, 1.18)
BLENDED = (0.2, 0.8)  # share of the later end in a frame that counts as blended
SHORTEST_DISSOLVE = 4  # blended frames; fewer are a cut with a frame between
EVEN = 3.0  # spread of lightness below which a frame shows nothing
DARK, LIGHT = 8.0, 92.0  # mean lightness (0-100) of even frames that are black or white
LEAST_PICTURE = 6.0  # spread of lightness from which a fade comes
SHORTEST_FADE = 4  # frames
LONGEST_FADE = 96
_AROUND = 8


class Transition(BaseModel):
    """One change of shot; a cut's start and end are the moment at which the new shot begins."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    start: float
    end: float


class Blend(NamedTuple):
    """How a frame lies between two others: the distance of the ends, the later end's share, the misfit."""

    distance: float
    share: float
    misfit: float


@dataclass
class Trace:
    """Figures of each frame. `apart[i][k]` is the mean Lab difference of frame i from frame i - 1 - k."""

    times: list[float] = field(default_factory=list)
    level: list[float] = field(default_factory=list)  # mean lightness
    spread: list[float] = field(default_factory=list)  # its standard deviation
    colour: list[float] = field(default_factory=list)  # mean |a|, |b|
    lively: list[float] = field(default_factory=list)
    apart: list[list[float]] = field(default_factory=list)
    blends: list[tuple[int, int, Blend]] = field(default_factory=list)  # frame, lag, blend


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
    if misfit > LARGEST_MISFIT or _relit(before, after, length) or _moved(before, frame, after, distance):
        return None
    return Blend(distance, share, misfit)


def find_transitions(trace: Trace) -> tuple[tuple[Transition, ...], tuple[float, ...]]:
    """(cuts, dissolves and fades in order of time; moments of flashes)."""
    even = _even_runs(trace, dark=True) + _even_runs(trace, dark=False)
    fades = _fades(trace, sorted(even))
    cuts, flashes = _cuts(trace)
    dissolves = []
    for first, last in _blended_runs(trace):
        if any(first <= end and start <= last for start, end in fades):
            continue
        if any(first - REACH <= cut <= last + REACH for cut in cuts):
            continue  # the cut's own neighbourhood
        if last - first + 1 < SHORTEST_DISSOLVE:
            if _sudden(trace, first, last):
                cuts.append((first + last + 1) // 2)
        else:
            dissolves.append((first, last))
    cuts = [cut for cut in cuts if not any(start < cut <= end for start, end in fades)]
    times = trace.times
    found = [Transition(kind="cut", start=round(times[cut], 3), end=round(times[cut], 3)) for cut in cuts]
    for kind, spans in (("dissolve", dissolves), ("fade", fades)):
        for first, last in spans:
            start, end = round(times[first], 3), round(times[last], 3)
            found.append(Transition(kind=kind, start=start, end=end))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda each: each.start)), tuple(round(times[index], 3) for index in flashes)


def even_spans(trace: Trace, *, dark: bool) -> tuple[Span, ...]:
    """(start, end) in seconds of the parts that are evenly black, or evenly white."""
    return tuple((round(trace.times[a], 3), round(trace.times[b], 3)) for a, b in _even_runs(trace, dark=dark))


def _cuts(trace: Trace) -> tuple[list[int], list[int]]:
    """(frames at which a new shot begins, frames at which a flash begins)."""
    amounts = np.array([0.0] + [apart[0] for apart in trace.apart[1:]])
    strengths = np.array([0.0] + [_strength(trace, index) for index in range(1, len(amounts))])
    cuts: list[int] = []
    flashes: list[int] = []
    for index in range(1, len(amounts)):
        around = np.concatenate([amounts[max(1, index - _AROUND) : index], amounts[index + 1 : index + 1 + _AROUND]])
        usual = float(np.median(around)) if around.size else 0.0
        if amounts[index] < max(SMALLEST_CUT, SPIKE * usual):
            continue
        if strengths[index] < 0.5 * amounts[index]:  # soon the picture is back, or was there before
            if not flashes or index - flashes[-1] > 2 * REACH:
                flashes.append(index)
            continue
        beside = np.concatenate([strengths[max(1, index - CLOSE) : index], strengths[index + 1 : index + 1 + CLOSE]])
        if beside.size and strengths[index] < LONELY * beside.max():
            continue
        cuts.append(index)
    return cuts, flashes


def _strength(trace: Trace, index: int) -> float:
    """The smallest difference between any of the REACH frames before `index` and any of those from it on."""
    last = len(trace.times) - 1
    return min(
        trace.apart[after][after - before - 1]
        for after in range(index, min(last, index + REACH - 1) + 1)
        for before in range(max(0, index - REACH), index)
        if after - before - 1 < len(trace.apart[after])
    )


def _sudden(trace: Trace, first: int, last: int) -> bool:
    """Is the change within these frames far quicker than what goes on around them?"""
    amounts = [0.0] + [apart[0] for apart in trace.apart[1:]]  # of each frame from the one before
    within = max(amounts[first : last + 2])
    around = amounts[max(1, first - _AROUND) : first] + amounts[last + 2 : last + 2 + _AROUND]
    beside = amounts[max(1, first - REACH) : first] + amounts[last + 2 : last + 2 + REACH]
    return not around or within > max(SMALLEST_CUT, SPIKE * float(np.median(around)), LONELY * max(beside, default=0.0))


def _blended_runs(trace: Trace) -> list[tuple[int, int]]:
    """(first, last) frame of each run of blended frames; gaps of a few frames are closed."""
    runs: list[tuple[int, int]] = []
    for index in sorted({index for index, _, _ in trace.blends}):
        if runs and index - runs[-1][1] <= max(LAGS):
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return [run for run in runs if run[1] - run[0] + 1 >= LONG_ENOUGH or _plain(trace, *run)]


def _plain(trace: Trace, first: int, last: int) -> bool:
    """Are the ends of these blends clearly different pictures?"""
    return max(blend.distance for index, _, blend in trace.blends if first <= index <= last) >= PLAIN_BLEND


def _even_runs(trace: Trace, *, dark: bool) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, (level, spread) in enumerate(zip(trace.level, trace.spread, strict=True)):
        if spread > EVEN or trace.colour[index] > EVEN or not (level <= DARK if dark else level >= LIGHT):
            continue
        if runs and index - runs[-1][1] == 1:
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return runs


def _fades(trace: Trace, even: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(first, last) frame of each fade, out and in again taken together."""
    spread = trace.spread
    fades: list[tuple[int, int]] = []
    for first, last in even:
        out = _ramp(spread, first, -1)
        back = _ramp(spread, last, 1)
        if _is_back(trace, first - max(1, out), first, last + max(1, back)):
            continue  # a flash that comes or goes slowly
        out = out if _mixed(trace, first - out, first) else 0
        back = back if _mixed(trace, last, last + back) else 0
        if out >= SHORTEST_FADE or back >= SHORTEST_FADE:
            start = first - (out if out >= SHORTEST_FADE else 0)
            end = last + (back if back >= SHORTEST_FADE else 0)
            fades.append((max(0, start), min(len(spread) - 1, end)))
    return fades


def _mixed(trace: Trace, start: int, end: int) -> bool:
    """Are some frames between blends? A picture that slides in before a white wall gains contrast too."""
    return sum(start <= index <= end for index in {index for index, _, _ in trace.blends}) >= 2


def _is_back(trace: Trace, before: int, within: int, after: int) -> bool:
    """Is the picture soon after an interruption the one from before it?"""
    if before < 0 or after >= len(trace.times) or after - before > len(trace.apart[after]):
        return False
    return trace.apart[after][after - before - 1] < 0.5 * trace.apart[within][within - before - 1]


def _ramp(spread: list[float], edge: int, step: int) -> int:
    """How many frames, going from an even one, the picture gains contrast steadily; 0 when it jumps or never shows."""
    index, length = edge, 0
    while 0 <= index + step < len(spread) and length < LONGEST_FADE:
        gain = spread[index + step] - spread[index]
        if gain < 0.02 * max(1.0, spread[index]):
            break
        index, length = index + step, length + 1
    if spread[index] < LEAST_PICTURE:
        return 0
    steepest = max(abs(spread[edge + step * (k + 1)] - spread[edge + step * k]) for k in range(length)) if length else 0
    return 0 if steepest > 0.6 * spread[index] else length


def _moved(
    before: NDArray[np.float32], frame: NDArray[np.float32], after: NDArray[np.float32], distance: float
) -> bool:
    """Does a shift or a zoom of the camera explain the change?"""
    side = before.shape[0]
    inner = slice(side // 4, side - side // 4)
    errors = cv2.matchTemplate(before, frame[inner, inner], cv2.TM_SQDIFF)
    if errors.min() < MOVED**2 * errors[side // 4, side // 4]:
        return True  # the frame's middle is in another place of the one before
    window = cv2.createHanningWindow((side, side), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(before[..., 0].copy(), after[..., 0].copy(), window)
    ways = [(1.0, dx, dy)] if 0.25 < max(abs(dx), abs(dy)) < side / 2 else []
    ways += [(scale, (1 - scale) * side / 2, (1 - scale) * side / 2) for scale in _ZOOMS]
    return min(_left_over(before, after, *way) for way in ways) < MOVED * distance


def _left_over(before: Small, after: Small, scale: float, dx: float, dy: float) -> float:
    """Mean Lab difference where both are seen once `before` is scaled and shifted."""
    side = before.shape[0]
    matrix = np.array([[scale, 0, dx], [0, scale, dy]], dtype=np.float32)
    warped = cv2.warpAffine(before, matrix, (side, side), borderMode=cv2.BORDER_CONSTANT, borderValue=(-999, 0, 0))
    seen = warped[..., 0] > -1
    return float(np.abs(warped - after)[seen].mean()) if seen.mean() > 0.4 else np.inf


def _relit(before: Small, after: Small, length: float) -> bool:
    """Does a change of light explain it? Both ends then have one structure, with other gain and offset per channel."""
    one, two = (each.reshape(-1, 3) - each.reshape(-1, 3).mean(axis=0) for each in (before, after))
    energy, other = (one * one).sum(axis=0), (two * two).sum(axis=0)
    shared = (one * two).sum(axis=0)
    alike = shared[0] / max(1e-6, float(np.sqrt(energy[0] * other[0])))
    left = float((other - shared**2 / np.maximum(energy, 1e-6)).sum())
    return bool(alike > ALIKE and left < RELIT * length)
