"""What a caption claims that can be measured, and where that is clearly not so. Left and right are the picture's."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ..measurements import Measurement
from ..vision.eyes.look import Look
from ..vision.eyes.view import FRONT, PROFILE, THREE_QUARTER, View
from .facts import (
    BRIGHT,
    DIM,
    LIGHT_SOURCE,
    ONE_SIDED,
    SHOT_BORDER,
    STANDING_STILL,
    lit_from,
    one_sidedness,
    view_name,
)
from .patterns import BRIGHT_LIGHT, DIM_LIGHT, LIGHT_SIDE, LIT, MOVES, SHOTS, SIDES, STANDS_STILL, VIEWS
from .words import stated

Claimed = Literal["view", "side", "shot", "light", "light_side", "movement"]

VIEW_SLACK = 15.0  # degrees beyond a view's range that people still call by its name, besides the uncertainty
LEAST_TURN = 30.0  # degrees: less is not called facing left or right
EYES_SOURCE = "the eyes, compared with 384 renders of four people at known yaws, 2026"
SHOT_SOURCE = "face heights measured on renders with known shots, 2026"
STILL_SOURCE = "share of frame pairs without movement, measured on clips with known movement, 2026"

_FULL_TURN = 180.0
_RANGES: dict[str, tuple[float, float]] = {  # of the yaw without its sign, degrees
    "front": (0.0, FRONT),
    "facing the camera": (0.0, THREE_QUARTER),
    "three-quarter view": (FRONT, THREE_QUARTER),
    "profile": (THREE_QUARTER, PROFILE),
    "from behind": (PROFILE, _FULL_TURN),
}


@dataclass(frozen=True)
class Contradiction:
    """A claim that is clearly not so. `value` is how far off it is, `threshold` what is let pass, both in `measure`."""

    aspect: Claimed
    claim: str
    seen: str  # what was measured, in words
    measure: str
    value: float
    threshold: float
    source: str


def contradictions(caption: str, measured: Measurement) -> list[Contradiction]:
    """Where the caption says what the figures clearly deny. Of a clip, what is so at no moment that was looked at.

    What could not be measured, or is within its uncertainty, contradicts nothing.
    """
    clauses = stated(caption)
    return [found for check in _CHECKS for found in [check(clauses, measured)] if found]


def says_view(caption: str) -> bool:
    """Whether the caption says from where the subject is seen."""
    return bool(_viewed(stated(caption)))


def says_shot(caption: str) -> bool:
    """Whether the caption says the shot size."""
    return any(pattern.search(clause) for clause in stated(caption) for _, _, pattern in SHOTS)


def _view(clauses: list[str], measured: Measurement) -> Contradiction | None:
    views = _sure_views(measured)
    if not views:
        return None
    for claim in _viewed(clauses):
        low, high = _RANGES[claim]
        gaps = [_outside(abs(float(view.yaw_deg or 0)), low, high) - _tolerated(view) for view in views]
        nearest = min(range(len(views)), key=gaps.__getitem__)
        if gaps[nearest] > 0:
            view = views[nearest]
            allowed = _tolerated(view)
            return Contradiction(
                "view", claim, _turned(view), "degrees outside of the view's range", gaps[nearest] + allowed, allowed,
                EYES_SOURCE,
            )  # fmt: skip
    return None


def _side(clauses: list[str], measured: Measurement) -> Contradiction | None:
    views = _sure_views(measured)
    claims = {match.group(1) for clause in clauses for match in SIDES.finditer(clause)}
    if len(claims) != 1 or not views:
        return None
    claim = claims.pop()
    towards = [float(view.yaw_deg or 0) * (1 if claim == "right" else -1) for view in views]
    limits = [max(LEAST_TURN, 1.5 * float(view.uncertainty_deg or 0)) for view in views]
    if any(turn > -limit or turn < -(_FULL_TURN - limit) for turn, limit in zip(towards, limits, strict=True)):
        return None
    return Contradiction(
        "side", f"facing {claim}", _turned(views[0]), "degrees turned the other way", -max(towards), max(limits),
        EYES_SOURCE,
    )  # fmt: skip


def _shot(clauses: list[str], measured: Measurement) -> Contradiction | None:
    heights = [each.look.face[3] - each.look.face[1] for each in measured.looks if each.look.face]
    if not heights or len(heights) < len(measured.looks):
        return None
    for name, (low, high), pattern in SHOTS:
        if not any(pattern.search(clause) for clause in clauses):
            continue
        low, high = low * (1 - 2 * SHOT_BORDER), high * (1 + 2 * SHOT_BORDER)
        off = [_outside(height, low, high) for height in heights]
        if min(off) <= 0:
            return None
        nearest = heights[off.index(min(off))]
        limit = low if nearest < low else high
        seen = f"the face is {nearest:.0%} of the picture's height"
        return Contradiction("shot", name, seen, "face height over picture height", nearest, limit, SHOT_SOURCE)
    return None


def _light(clauses: list[str], measured: Measurement) -> Contradiction | None:
    dim = any(DIM_LIGHT.search(clause) for clause in clauses)
    bright = any(BRIGHT_LIGHT.search(clause) for clause in clauses)
    level = measured.brightness
    if dim == bright or (level <= BRIGHT if dim else level >= DIM):
        return None
    seen = f"the picture is {'bright' if dim else 'dark'} (mean {level:.2f} of 1)"
    claim, limit = ("dim light", BRIGHT) if dim else ("bright light", DIM)
    return Contradiction("light", claim, seen, "mean brightness", level, limit, "mean luma of the picture, 2026")


def _light_side(clauses: list[str], measured: Measurement) -> Contradiction | None:
    claims = {match.group(1) for clause in clauses if LIT.search(clause) for match in LIGHT_SIDE.finditer(clause)}
    sides = {lit_from(each.look) for each in measured.looks}
    if len(claims) != 1 or len(sides) != 1 or None in sides or sides == claims:
        return None
    amount = min(abs(one_sidedness(each.look) or 0) for each in measured.looks)
    seen = f"the {'/'.join(str(side) for side in sides)} cheek in the picture is brighter"
    claim = f"light from the {claims.pop()}"
    return Contradiction("light_side", claim, seen, "Lab units between the cheeks", amount, ONE_SIDED, LIGHT_SOURCE)


def _movement(clauses: list[str], measured: Measurement) -> Contradiction | None:
    if measured.shots is None:
        return None
    still = measured.shots.still_share
    moves = next((match.group() for clause in clauses if (match := MOVES.search(clause))), None)
    stands = next((match.group() for clause in clauses if (match := STANDS_STILL.search(clause))), None)
    if moves and not stands and still >= STANDING_STILL:
        return Contradiction(
            "movement", moves, "nothing moves in the clip", "share of still frames", still, STANDING_STILL, STILL_SOURCE
        )
    return None


_CHECKS: tuple[Callable[[list[str], Measurement], Contradiction | None], ...] = (
    _view,
    _side,
    _shot,
    _light,
    _light_side,
    _movement,
)


def _viewed(clauses: Iterable[str]) -> list[str]:
    """The views that are claimed; light and wind come from somewhere without anyone being seen from there."""
    found = []
    for clause in clauses:
        for name, pattern in VIEWS:
            match = pattern.search(clause)
            if match is None or (name in ("from behind", "profile", "front") and LIT.search(clause[: match.start()])):
                continue
            found.append(name)
            clause = pattern.sub(" ", clause)
    return found


def _sure_views(measured: Measurement) -> list[View]:
    """The views at all moments; none if one of them is not known, since the claim could be so just then."""
    views = [each.look.view for each in measured.looks]
    return views if all(view.yaw_deg is not None and view.uncertainty_deg is not None for view in views) else []


def _tolerated(view: View) -> float:
    return max(VIEW_SLACK, 1.5 * float(view.uncertainty_deg or 0))


def _outside(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)


def _turned(view: View) -> str:
    yaw = float(view.yaw_deg or 0)
    side = "" if abs(yaw) < 1 else f" to the {'right' if yaw > 0 else 'left'}"
    return f"it is turned {abs(yaw):.0f} degrees{side}, give or take {float(view.uncertainty_deg or 0):.0f}"


def agrees_with_eyes(said: str, look: Look) -> bool | None:
    """Whether a view's name given by someone else is the one that was measured; None where that is not sure."""
    name = view_name(look.view)
    return None if name is None or said == "unknown" else said == name
