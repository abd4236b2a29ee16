"""Where one shot becomes another: cuts, dissolves, fades through black or white; flashes are told apart from them."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .blends import LAGS, Blend

Span = tuple[float, float]  # seconds
Kind = Literal["cut", "dissolve", "fade"]

# Set on clips of drawn characters (seeds 0 and 1000 of benchmarks/audit_clips.py), 2026-11-21; judged on others.
SPIKE = 5.0  # a cut's difference is more than this many times the usual one around it
LONELY = 2.0  # and this many times any other one close by: fast pans rise and fall
SMALLEST_CUT = 2.0  # and at least this large, in Lab units averaged over the frame
CLOSE = 6  # frames: "close by"
MOST_CLOSE, ROUND_ABOUT = 2, 12  # so many other sudden changes within so many frames may be cuts; more are a jerky pan
REACH = 4  # frames before and after a cut that must all differ; a shorter interruption is a flash
LONG_ENOUGH = 8  # blended frames; fewer must be clear ones, since movement and changing light can look like some
PLAIN_BLEND, CLEAR_BLEND = 5.0, 0.2  # distance of the ends and misfit of a clear blend
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


def find_transitions(trace: Trace) -> tuple[tuple[Transition, ...], tuple[float, ...]]:
    """(cuts, dissolves and fades in order of time; moments of flashes)."""
    even = _even_runs(trace, dark=True) + _even_runs(trace, dark=False)
    fades = _fades(trace, sorted(even))
    cuts, flashes = _cuts(trace)
    dissolves = []
    for first, last in _blended_runs(trace):
        if any(first - max(LAGS) <= end and start <= last + max(LAGS) for start, end in fades):
            continue  # the fade's own beginning or end
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
    sudden = [index for index in range(1, len(amounts)) if _is_sudden(amounts, index)]
    steps = [index for index in sudden if strengths[index] >= 0.5 * amounts[index] and _is_step(strengths, index)]
    cuts: list[int] = []
    flashes: list[int] = []
    for index in sudden:
        if strengths[index] < 0.5 * amounts[index]:  # soon the picture is back, or was there before
            if not flashes or index - flashes[-1] > 2 * REACH:
                flashes.append(index)
            continue
        near = [step for step in steps if 0 < abs(step - index) <= ROUND_ABOUT]
        others = {step for step in near if _calm_between(amounts, step, index)}
        apart = others if len(others) <= MOST_CLOSE else set()  # quick cuts do not speak against each other
        around = range(max(1, index - CLOSE), min(len(strengths), index + 1 + CLOSE))
        beside = max((strengths[each] for each in around if each != index and each not in apart), default=0.0)
        if strengths[index] >= LONELY * beside:
            cuts.append(index)
    return cuts, flashes


def _is_sudden(amounts: NDArray, index: int) -> bool:
    """Does this frame differ from the one before it far more than is usual around?"""
    around = np.concatenate([amounts[max(1, index - _AROUND) : index], amounts[index + 1 : index + 1 + _AROUND]])
    usual = float(np.median(around)) if around.size else 0.0
    return bool(amounts[index] >= max(SMALLEST_CUT, SPIKE * usual))


def _calm_between(amounts: NDArray, one: int, two: int) -> bool:
    """Is what lies between two sudden changes a shot of its own, or a pan that begins and ends?"""
    between = amounts[min(one, two) + 1 : max(one, two)]
    return not between.size or bool(SPIKE * between.max() < min(amounts[one], amounts[two]))


def _is_step(strengths: NDArray, index: int) -> bool:
    """Is nearly nothing of the change left in the frames right before and after?"""
    beside = np.concatenate([strengths[max(1, index - 1) : index], strengths[index + 1 : index + 2]])
    return bool(not beside.size or strengths[index] >= LONELY * beside.max())


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
    return [run for run in runs if run[1] - run[0] + 1 >= LONG_ENOUGH or _clear(trace, *run)]


def _clear(trace: Trace, first: int, last: int) -> bool:
    """Are the ends of these blends different pictures, and is one of them hardly anything but a blend?"""
    blends = [blend for index, _, blend in trace.blends if first <= index <= last]
    return max(each.distance for each in blends) >= PLAIN_BLEND and min(each.misfit for each in blends) <= CLEAR_BLEND


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
