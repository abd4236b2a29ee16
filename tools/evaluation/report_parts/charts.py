"""Geometry of the report's drawings: places in an SVG's own units. The templates draw them; no figure is made here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480, 230  # of a chart
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 22, 40  # its margins
SCALE_WIDTH, SCALE_SIDE = 340, 12
SPARK_WIDTH, SPARK_HEIGHT, SPARK_SIDE = 120, 34, 3
LETTER = 6.6  # about the width of a letter at the scale's 12 units


@dataclass(frozen=True)
class Label:
    """Text at a place; `anchor` is start, middle or end."""

    x: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Scale:
    """A value on a line from `low` to `high`, the part of it that is wanted, and the spread of the cases."""

    at: float
    value: Label
    limit: Label | None
    wanted: tuple[float, float] | None  # from, to
    spread: tuple[float, float] | None
    ends: tuple[Label, ...]
    good: bool | None
    words: str  # what a person who cannot see it is told


@dataclass(frozen=True)
class Series:
    """A named line: its points, and the string that SVG wants."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """For polyline's `points`."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


@dataclass(frozen=True)
class Chart:
    """Lines over a horizontal axis, with one marked place."""

    title: str
    words: str
    series: tuple[Series, ...]
    x_ticks: tuple[Label, ...]
    y_ticks: tuple[tuple[float, str], ...]
    x_name: str
    y_name: str
    marked: tuple[float, float] | None
    mark: Label | None
    mark_y: float


@dataclass(frozen=True)
class Spark:
    """Likeness by frame as a small line; `limit` is the height of the wanted likeness."""

    path: str
    limit: float | None
    words: str


def scale(
    value: float,
    shown: str,
    *,
    limit: float | None = None,
    limit_shown: str = "",
    at_least: bool = True,
    spread: tuple[float, float] | None = None,
    bounded: bool = False,
) -> Scale:
    """A scale from 0 (or the smallest value) to 1 where the figure is `bounded` by it, else to a little above."""
    known = [0.0, value, *([limit] if limit is not None else []), *(spread or ())]
    low = min(known)
    high = max(1.0, *known) if bounded else max(known) + 0.2 * (max(known) - low or 1.0)

    def place(number: float) -> float:
        share = (number - low) / (high - low)
        return round(SCALE_SIDE + share * (SCALE_WIDTH - 2 * SCALE_SIDE), 1)

    mark = wanted = good = None
    words = shown
    if limit is not None:
        side = "at least" if at_least else "at most"
        mark = _inside(place(limit), f"wanted: {side} {limit_shown}")
        wanted = (place(limit), place(high)) if at_least else (place(low), place(limit))
        good = value >= limit if at_least else value <= limit
        words += f"; {side} {limit_shown} is wanted"
    if spread:
        words += f"; the clips lie between {spread[0]:.2f} and {spread[1]:.2f}"
    ends = [Label(place(end), f"{end:.1f}".removesuffix(".0"), side) for end, side in ((low, "start"), (high, "end"))]
    return Scale(
        at=place(value),
        value=_inside(place(value), shown),
        limit=mark,
        wanted=wanted,
        spread=(place(spread[0]), place(spread[1])) if spread and spread[0] < spread[1] else None,
        ends=tuple(end for end in ends if bounded and not (mark and _touch(end, mark))),
        good=good,
        words=words,
    )


def _inside(x: float, text: str) -> Label:
    """The text over x, moved so that it stays in the drawing."""
    half = len(text) * LETTER / 2
    return Label(round(min(max(x, half), SCALE_WIDTH - half), 1), text)


def _touch(end: Label, mark: Label) -> bool:
    half = len(mark.text) * LETTER / 2 + 10
    reach = len(end.text) * LETTER
    return mark.x - half < end.x + (reach if end.anchor == "start" else 0) and mark.x + half > end.x - (
        reach if end.anchor == "end" else 0
    )


def chart(
    title: str,
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    *,
    x_name: str,
    y_name: str,
    marked: tuple[float, float] | None = None,
    mark: str = "",
    words: str = "",
) -> Chart | None:
    """The lines (name, points) in one drawing; None where no line has two points. `marked` is one of the points."""
    drawn = [(name, sorted(points)) for name, points in lines if len(points) > 1]
    if not drawn:
        return None
    xs = [x for _, points in drawn for x, _ in points]
    ys = [y for _, points in drawn for _, y in points]
    steps = ticks(min(ys), max(ys))
    low, high = min([*steps, *ys]), max([*steps, *ys])
    first, last = min(xs), max(xs)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first or 1.0)
        up = (y - low) / (high - low or 1.0)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    spot = place(*marked) if marked else None
    return Chart(
        title=title,
        words=words,
        series=tuple(Series(name, tuple(place(x, y) for x, y in points)) for name, points in drawn),
        x_ticks=tuple(Label(place(x, low)[0], f"{x:g}") for x in _x_ticks(sorted(set(xs)))),
        y_ticks=tuple((place(first, y)[1], f"{y:.4g}") for y in steps),
        x_name=x_name,
        y_name=y_name,
        marked=spot,
        mark=_mark_label(spot, mark) if spot else None,
        mark_y=_mark_height(spot, [place(x, y) for _, points in drawn for x, y in points]) if spot else 0.0,
    )


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About `count` round numbers from at or below `low` to at or above `high`."""
    span = high - low or abs(high) or 1.0
    power = 10 ** math.floor(math.log10(span / count))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * count >= span * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(index * step, 12) + 0.0 for index in range(first, max(last, first + 1) + 1)]


def _x_ticks(xs: Sequence[float], most: int = 7) -> list[float]:
    """The places themselves where they are few, else round numbers between the first and the last."""
    if len(xs) <= most:
        return list(xs)
    return [x for x in ticks(xs[0], xs[-1], most - 1) if xs[0] <= x <= xs[-1]]


def _mark_label(spot: tuple[float, float], text: str) -> Label:
    anchor = "start" if spot[0] < LEFT + 70 else "end" if spot[0] > WIDTH - RIGHT - 70 else "middle"
    return Label(spot[0], text, anchor)


def _mark_height(spot: tuple[float, float], points: Sequence[tuple[float, float]]) -> float:
    """Above the marked place, or below it where another line would run through the words."""
    near = [y - spot[1] for x, y in points if abs(x - spot[0]) < 40]
    crowded = any(-30 < away < -1 for away in near) and not any(1 < away < 34 for away in near)
    return round(spot[1] + 24 if crowded else max(spot[1] - 12, 13), 1)


def spark(values: Sequence[float], limit: float | None = None) -> Spark | None:
    """Likeness from the first frame to the last, drawn between 0 (or lower) and 1; None for a single frame."""
    if len(values) < 2:
        return None
    low = min(0.0, *values)

    def up(value: float) -> float:
        share = (value - low) / (max(1.0, *values) - low)
        return round(SPARK_HEIGHT - SPARK_SIDE - share * (SPARK_HEIGHT - 2 * SPARK_SIDE), 1)

    across = (SPARK_WIDTH - 2 * SPARK_SIDE) / (len(values) - 1)
    path = " ".join(f"{round(SPARK_SIDE + index * across, 1):g},{up(value):g}" for index, value in enumerate(values))
    words = f"Likeness by frame: first {values[0]:.2f}, lowest {min(values):.2f}, last {values[-1]:.2f}"
    return Spark(path=path, limit=None if limit is None else up(limit), words=words)
