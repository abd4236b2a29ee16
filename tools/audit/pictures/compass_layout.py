"""Where the thumbnails of the view compass go: at their yaw, from the middle outwards, without overlap."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin

from ...vision.eyes.view import FRONT, PROFILE, THREE_QUARTER, Side, ViewClass
from ..model import Audit, AuditItem, View

INNER, OUTER = 70, 396  # pixels from the middle between which thumbnails lie
SIZES = (104, 84, 68, 54)  # pixels across; the largest with which all find room
GAP = 4
LARGEST_SHIFT = 18  # degrees by which a thumbnail is moved off its yaw to find room
_STEP = 2.0  # degrees
_RING_FOR_DEGREES = 6.0  # so far aside is as bad as one ring further out

Sector = tuple[ViewClass, Side | None]

SECTORS: dict[Sector, tuple[float, float]] = {  # degrees of yaw, from and to
    ("front", None): (-FRONT, FRONT),
    ("three_quarter", "right"): (FRONT, THREE_QUARTER),
    ("profile", "right"): (THREE_QUARTER, PROFILE),
    ("back", None): (PROFILE, 360 - PROFILE),
    ("profile", "left"): (-PROFILE, -THREE_QUARTER),
    ("three_quarter", "left"): (-THREE_QUARTER, -FRONT),
}


@dataclass(frozen=True)
class Seen:
    """A file as it is seen at one moment (None: it is a picture)."""

    item: AuditItem
    seconds: float | None
    view: View


@dataclass(frozen=True)
class Placed:
    """A thumbnail's middle, in pixels from the middle of the compass."""

    seen: Seen
    x: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Thumbnails `size` pixels across, and how many more there are in each sector."""

    size: int
    placed: tuple[Placed, ...]
    hidden: dict[Sector, int]


def seen_views(audit: Audit) -> tuple[list[Seen], list[Seen]]:
    """(files with a known view, files without one) of those that are in the set.

    A clip in which the subject turns is there once for each view, at the first moment that shows it.
    """
    known: list[Seen] = []
    unknown: list[Seen] = []
    for item in audit.items:
        if item.id is None or item.excluded:
            continue
        first: dict[Sector, Seen] = {}
        for moment in item.moments:
            if moment.view.class_ != "unknown":
                first.setdefault(sector_of(moment.view), Seen(item, moment.seconds, moment.view))
        if first:
            known += first.values()
        else:
            (unknown if item.view.class_ == "unknown" else known).append(Seen(item, None, item.view))
    return known, unknown


def sector_of(view: View) -> Sector:
    """The part of the circle; a side that is not known counts as the right."""
    if view.class_ in ("front", "back"):
        return view.class_, None
    side = view.side or ("left" if (view.yaw_deg or 0) < 0 else "right")
    return view.class_, side


def at(yaw_deg: float, radius: float) -> tuple[float, float]:
    """Pixels from the middle: seen from above, the camera below, the picture's right on the right."""
    return radius * sin(radians(yaw_deg)), radius * cos(radians(yaw_deg))


def lay_out(known: Sequence[Seen]) -> Layout:
    """Find room for all, in the largest size in which they fit; in the smallest, as many as fit."""
    for size in SIZES[:-1]:
        layout = _placed_at(size, known, all_or_none=True)
        if not layout.hidden:
            return layout
    return _placed_at(SIZES[-1], known)


def _placed_at(size: int, known: Sequence[Seen], *, all_or_none: bool = False) -> Layout:
    placed: list[Placed] = []
    hidden: Counter[Sector] = Counter()
    in_order = sorted(known, key=lambda each: (each.view.yaw_deg is None, not each.item.usable, abs(_yaw(each))))
    for seen in in_order:
        spots = (at(angle, radius) for angle, radius in _spots(seen, size))
        free = next((spot for spot in spots if _is_free(spot, size, placed)), None)
        if free is None:
            hidden[sector_of(seen.view)] += 1
            if all_or_none:
                break
        else:
            placed.append(Placed(seen, *free))
    return Layout(size, tuple(placed), dict(hidden))


def _spots(seen: Seen, size: int) -> Iterator[tuple[float, float]]:
    """(degrees, radius) to try, the best first; a thumbnail stays in its sector."""
    low, high = SECTORS[sector_of(seen.view)]
    reach = LARGEST_SHIFT if seen.view.yaw_deg is not None else (high - low) / 2
    rings = int((OUTER - INNER - size) // (size + GAP)) + 1
    shifts = [sign * step * _STEP for step in range(int(reach / _STEP) + 1) for sign in ((1, -1) if step else (1,))]
    yaw = _yaw(seen)
    inside = [shift for shift in shifts if not shift or low + 2 <= _within(yaw + shift, low) <= high - 2]
    weight = _RING_FOR_DEGREES if seen.view.yaw_deg is not None else 30.0
    spots = [(abs(shift) / weight + ring, yaw + shift, ring) for ring in range(rings) for shift in inside]
    for _, angle, ring in sorted(spots):
        yield angle, INNER + size / 2 + ring * (size + GAP)


def _yaw(seen: Seen) -> float:
    """The yaw, or the middle of the sector where only the class is known."""
    if seen.view.yaw_deg is not None:
        return seen.view.yaw_deg
    low, high = SECTORS[sector_of(seen.view)]
    return (low + high) / 2


def _within(angle: float, low: float) -> float:
    return (angle - low) % 360 + low


def _is_free(spot: tuple[float, float], size: int, placed: Sequence[Placed]) -> bool:
    return all(hypot(spot[0] - other.x, spot[1] - other.y) >= size + GAP / 2 for other in placed)
