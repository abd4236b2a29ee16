"""From what the eyes saw to the audit's views: of a picture, of a clip's moments, and how they are counted."""

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from ..measurements import Measurement
from ..vision.eyes.shot_size import Shot
from ..vision.eyes.view import View as SeenView
from .model import Moment, View

Value = TypeVar("Value")

NOT_LOOKED = "The eyes' model files are not set up."


def as_view(seen: SeenView) -> View:
    """The audit's record of what the eyes saw."""
    return View(class_=seen.name, **seen.model_dump(exclude={"name"}))


def moments_of(figures: Measurement) -> tuple[Moment, ...]:
    """What was seen at each moment of a clip."""
    return tuple(
        Moment(seconds=each.seconds, view=as_view(each.look.view), shot=each.look.shot) for each in figures.looks
    )


def view_of_file(figures: Measurement) -> View:
    """The view of a picture; of a clip, the one that is seen most of the time, at its middle one of those moments."""
    if not figures.looks:
        return View(reason=NOT_LOOKED)
    views = [as_view(each.look.view) for each in figures.looks]
    usual = most_frequent(view.class_ for view in views if view.class_ != "unknown")
    shown = [view for view in views if view.class_ == (usual or "unknown")]
    return shown[len(shown) // 2]


def shot_of_file(figures: Measurement) -> Shot | None:
    """The shot size of a picture, or the most frequent one of a clip."""
    return most_frequent(each.look.shot for each in figures.looks if each.look.shot)


def views_shown(figures: Measurement, view: View) -> set[tuple[str, str | None]]:
    """(class, side) of everything that a file shows of the subject; a clip that turns shows several."""
    if figures.shots is None or len(figures.looks) < 2:
        return {(view.class_, view.side)}
    return {(each.look.view.name, each.look.view.side) for each in figures.looks} | {(view.class_, view.side)}


def most_frequent(values: Iterable[Value]) -> Value | None:
    """The first of the most frequent values; None when there is none."""
    ordered = Counter(values).most_common(1)
    return ordered[0][0] if ordered else None
