"""The measured phrases of a caption: motion, place, view, shot size, mouth and light, each only where it is sure.

The words are those of mini's world and of the test prompts, so that what a caption teaches can be asked for again.
Left and right are those of the picture.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from trainer_core.base_models.mini.world.captions import LIGHT_WORDS, SHOT_WORDS, VIEW_WORDS

from ..measurements import Measurement
from ..second_eye.opinions import Opinion
from ..vision.colours import background_words
from ..vision.drawn import place_and_light
from ..vision.eyes.look import TOO_SMALL, Look
from ..vision.eyes.shot_size import CLOSE, MEDIUM, PORTRAIT
from ..vision.eyes.view import Seen, View, view_class, view_of

Aspect = Literal["motion", "place", "view", "shot", "mouth", "light"]

DIM, BRIGHT = 0.16, 0.75  # mean luma of a picture called dark or bright
STANDING_STILL = 0.9  # share of frame pairs without movement
CAMERA_STANDS = 0.02  # frame widths per second
SHOT_BORDER = 0.10  # a face whose height is nearer than this to a border between shot sizes, as a share of the border
OPEN_MOUTH = 0.30  # opening over width of the lips; at most 0.11 on 75 renders of closed mouths
LIGHT_YAW = 25.0  # degrees; further turned cheeks differ by their own angle to the light
LIGHT_BY_YAW = 0.33  # Lab units of left-right difference for each degree of yaw, on renders of four people
ONE_SIDED = 5.0  # Lab units that are left; on renders 14 of 14 faces beyond it were lit from the side that is said
LIGHT_SOURCE = "measured on renders of four people with known light, 2026"

FACE_HIDDEN = "face not visible"
_PERHAPS_DRAWN = (view_of(Seen(drawn=True)).reason, TOO_SMALL)  # what the eyes say of pictures that can be drawings
_FROM = {"front": "the front", "three_quarter": "a three-quarter angle", "profile": "the side", "back": "behind"}
_TO = {**_FROM, "back": "the back"}
_SHOTS = {**SHOT_WORDS, "portrait": "head and shoulders"}


def facts(measured: Measurement, aspects: Sequence[Aspect] | None = None) -> list[str]:
    """The phrases about a file, in the order of `aspects` (all of them by default). Empty where nothing is sure."""
    phrases = [_PHRASES[aspect](measured) for aspect in aspects or tuple(_PHRASES)]
    return [phrase for phrase in phrases if phrase]


def opinion_words(opinion: Opinion | None, measured: Measurement) -> str | None:
    """The view by a vision model, for a picture in which the built-in eyes can tell none; None where it cannot either.

    Nothing is said where the eyes know the view or are at a border: then they are believed.
    """
    if opinion is None or opinion.view == "unknown" or measured.shots is not None:
        return None
    if any(each.look.view.name != "unknown" for each in measured.looks):
        return None
    return _view_words(opinion.view, opinion.side)


def view_name(view: View) -> str | None:
    """The view's class, if it is the same from one end of its uncertainty to the other; None where it is not sure."""
    if view.name == "unknown" or view.yaw_deg is None or view.uncertainty_deg is None:
        return None
    ends = {view_class(view.yaw_deg + sign * view.uncertainty_deg) for sign in (-1, 0, 1)}
    return view.name if ends == {view.name} else None


def shot_name(look: Look) -> str | None:
    """The shot size by the face, if it is not near a border; None without a face: by the body it is often wrong."""
    if look.face is None or look.shot is None:
        return None
    height = look.face[3] - look.face[1]
    near = any(abs(height / border - 1) < SHOT_BORDER for border in (CLOSE, PORTRAIT, MEDIUM))
    return None if near else look.shot


def lit_from(look: Look) -> Literal["left", "right"] | None:
    """The side of the picture from which a face is clearly lit; None when it is even or cannot be told."""
    left_right = one_sidedness(look)
    if left_right is None or abs(left_right) < ONE_SIDED:
        return None
    return "left" if left_right > 0 else "right"


def one_sidedness(look: Look) -> float | None:
    """How much brighter the cheek on the picture's left is, in Lab units, without what the turn of the head explains.

    None without a face, or one that is turned further than LIGHT_YAW.
    """
    yaw = look.view.yaw_deg
    if look.light is None or yaw is None or abs(yaw) > LIGHT_YAW:
        return None
    return look.light.left_right - LIGHT_BY_YAW * yaw


def _motion(measured: Measurement) -> str | None:
    still = measured.shots is not None and measured.shots.still_share >= STANDING_STILL
    return "standing still" if still else None


def _place(measured: Measurement) -> str | None:
    drawn = _drawn_place(measured)
    if drawn is not None:
        return f"{drawn[0]} background"
    words = background_words(measured.edges)
    look = measured.middle
    plain = look is not None and look.background is not None and look.background.plain
    return f"{'plain ' if plain else ''}{words} background" if words else None


def _drawn_place(measured: Measurement) -> tuple[str, str] | None:
    """Look and light of a place of mini's world; None where the eyes saw a photograph.

    A wall can have such colours: of 96 renders of people 39 fit a drawn place, and of 60 grey walls 32.
    """
    photograph = any(each.look.view.reason not in _PERHAPS_DRAWN for each in measured.looks)
    return None if photograph else place_and_light(measured.edges)


def _view(measured: Measurement) -> str | None:
    """The view, or of a clip from which to which view the subject turns."""
    views = [each.look.view for each in measured.looks]
    if not views:
        return None
    names = [view_name(view) for view in views]
    if measured.shots is not None and measured.shots.cuts:
        return None  # several shots have no one view
    known = [name for name in names if name]
    if len(set(known)) > 1:
        first, last = known[0], known[-1]
        return _change_words(first, last, turns=_camera_stands(measured))
    if known and len(known) * 2 > len(views):
        sides = {view.side for view, name in zip(views, names, strict=True) if name}
        return _view_words(known[0], sides.pop() if len(sides) == 1 else None)
    return FACE_HIDDEN if all(view.eye == "no_face" for view in views) else None


def _camera_stands(measured: Measurement) -> bool:
    speed = measured.shots.camera_motion if measured.shots else None
    return speed is not None and speed < CAMERA_STANDS


def _change_words(first: str, last: str, *, turns: bool) -> str | None:
    """The subject turns before a standing camera; otherwise the camera may go round it."""
    if turns:
        return f"turning from {_FROM[first]} to {_TO[last]}" if first != last else "turning"
    return f"seen from {_FROM[first]}, then from {_FROM[last]}" if first != last else None


def _view_words(name: str, side: str | None) -> str:
    words = VIEW_WORDS[name.replace("_", "-")]
    return f"{words} facing {side}" if side and name in ("three_quarter", "profile") else words


def _shot(measured: Measurement) -> str | None:
    names = [shot_name(each.look) for each in measured.looks]
    if not names or None in names or (measured.shots is not None and measured.shots.cuts):
        return None
    first, last = str(names[0]), str(names[-1])
    if len(set(names)) == 1:
        return _SHOTS[first]
    return f"from {_SHOTS[first]} to {_SHOTS[last]}" if {first, last} == {"full", "close"} else None


def _mouth(measured: Measurement) -> str | None:
    shapes = [each.look.expression for each in measured.looks if each.look.expression]
    opened = [bool(shape[0] > 0 and shape[1] / shape[0] >= OPEN_MOUTH) for shape in shapes]
    return "mouth open" if opened and all(opened) and len(opened) == len(measured.looks) else None


def _light(measured: Measurement) -> str | None:
    drawn = _drawn_place(measured)
    if drawn is not None and drawn[1]:
        return drawn[1]
    sides = {lit_from(each.look) for each in measured.looks}
    if len(sides) == 1 and (side := sides.pop()):
        return LIGHT_WORDS[side]
    if drawn is not None:
        return None
    if measured.brightness < DIM:
        return LIGHT_WORDS["dim"]
    return "bright light" if measured.brightness > BRIGHT else None


_PHRASES: dict[Aspect, Callable[[Measurement], str | None]] = {
    "motion": _motion,
    "place": _place,
    "view": _view,
    "shot": _shot,
    "mouth": _mouth,
    "light": _light,
}
