"""The audit as data. Others read its JSON: fields are added, never renamed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.recipes import Recipe

from ..splitting import Piece
from ..vision.eyes.light import Light
from ..vision.eyes.shot_size import Shot
from ..vision.eyes.view import Side, ViewClass
from ..vision.transitions import Transition

Level = Literal["note", "warn", "blocked"]
Verdict = Literal["ready", "warn", "blocked"]
Confidence = Literal["measured", "likely"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class View(_Record):
    """From which side the subject is seen; "unknown" where nothing can tell, and `reason` says why.

    Yaw: 0 faces the camera, positive turns to the right of the picture, 180 is the back. Elevation is positive when
    the camera looks down on the subject. `eye` is what decided: the face mesh, the face detector, the shoulders, a
    person without a face, a vision model, or nothing.
    """

    class_: ViewClass = "unknown"
    side: Side | None = None
    yaw_deg: float | None = None
    uncertainty_deg: float | None = None
    elevation_deg: float | None = None
    eye: Literal["mesh", "face", "body", "no_face", "vision_model", "none"] = "none"
    reason: str = ""

    model_config = ConfigDict(
        frozen=True, alias_generator=lambda name: name.rstrip("_"), populate_by_name=True, serialize_by_alias=True
    )


class SecondOpinion(_Record):
    """What the vision model on an endpoint said of the view, and whether it agrees with the built-in eyes (None: they
    could not tell)."""

    class_: ViewClass
    side: Side | None
    agrees: bool | None
    model: str

    model_config = ConfigDict(
        frozen=True, alias_generator=lambda name: name.rstrip("_"), populate_by_name=True, serialize_by_alias=True
    )


class Moment(_Record):
    """What is seen at one moment of a clip."""

    seconds: float
    view: View
    shot: Shot | None = None


class AuditItem(_Record):
    """One file. `usable` is False for files that cannot be trained on or are better left out; `reasons` says why."""

    file: str  # its name as the person knows it
    id: str | None  # None for a file that was refused
    kind: Literal["image", "clip"]
    usable: bool
    excluded: bool = False  # a person has set it aside
    synthetic: bool = False  # made by a model, not by the person
    reasons: tuple[str, ...] = ()
    view: View = View()
    second_opinion: SecondOpinion | None = None
    shot: Shot | None = None
    people: int | None = None  # faces of comparable size; None where no face was found
    subject_share: float | None = None  # of the picture, 0 to 1
    cut_by_frame: bool | None = None  # the face touches the frame's edge
    light: Light | None = None
    background: int | None = None  # number of its group in set.backgrounds.groups
    text: tuple[str, ...] | None = None  # words in the picture; None when they were not looked for
    sharpness: float | None = None
    brightness: float | None = None
    motion: float | None = None
    duplicate_of: str | None = None
    cuts: tuple[float, ...] = ()  # seconds
    findings: tuple[str, ...] = ()
    seconds: float | None = None  # clips only, as are all that follow
    fps: float | None = None
    has_sound: bool | None = None
    moments: tuple[Moment, ...] = ()  # in order
    transitions: tuple[Transition, ...] = ()  # cuts, dissolves and fades
    flashes: tuple[float, ...] = ()
    frozen: tuple[tuple[float, float], ...] = ()
    repeated_share: float | None = None  # 0.5: each frame is shown twice
    camera_motion: float | None = None  # frame widths per second; None where it cannot be told
    subject_motion: float | None = None  # Lab units per frame
    pieces: tuple[Piece, ...] = ()  # into which it is better split


class BackgroundGroup(_Record):
    """Files (ids) that could have been taken in one place."""

    files: tuple[str, ...]
    plain: bool


class Backgrounds(_Record):
    """How varied the backgrounds are, outside of the subject's outline, or by the pictures' edges without the eyes."""

    effective: float  # exp(entropy): 1 when all are alike
    largest_share: float
    plain_share: float
    groups: tuple[BackgroundGroup, ...] = ()  # the largest first


class Coverage(_Record):
    """How often something that the recipe needs is in the set; `unknown` files could be of any kind."""

    aspect: Literal["view"] = "view"
    name: ViewClass
    have: int
    want: int
    left: int = 0  # of `have`: subject turned to the left of the picture
    right: int = 0


class Spread(_Record):
    """How much something varies over the set: its figure, the limit up to which all is alike, from how many files."""

    value: float
    limit: float
    files: int
    unit: str

    @property
    def varied(self) -> bool:
        """Above the limit."""
        return self.value > self.limit


class Missing(_Record):
    """What to add, how many, and how sure that is: files whose view is unknown could already be what is missing.

    For a missing `view`, `left` and `right` of the `how_many` should face that side of the picture, the rest either.
    """

    what: str
    how_many: int
    confidence: Confidence = "measured"
    view: ViewClass | None = None
    left: int = 0
    right: int = 0


class Drop(_Record):
    """A file that the set can do without, the first to go first, and why."""

    file: str
    id: str
    why: str


class SetFigures(_Record):
    """Figures of the whole set; only files that are in it count."""

    images: int
    clips: int
    views: dict[str, int]
    backgrounds: Backgrounds | None
    missing: tuple[Missing, ...] = ()
    shots: dict[str, int] = {}
    coverage: tuple[Coverage, ...] = ()
    expressions: Spread | None = None
    light_direction: Spread | None = None
    light_warmth: Spread | None = None
    light_level: Spread | None = None
    drop_first: tuple[Drop, ...] = ()


class Finding(_Record):
    """One thing to know: the files (ids, or names of refused files), the measure, its value, threshold and source."""

    id: str
    level: Level
    text: str
    files: tuple[str, ...] = ()
    measure: str
    value: float | None
    threshold: float | None
    source: str


class SkippedCheck(_Record):
    """A check that was not made, and why."""

    check: str
    reason: str


class Audit(_Record):
    """The whole audit. `dataset` is the checksum of the files that it is about, `captions` of their captions."""

    items: tuple[AuditItem, ...]
    set: SetFigures
    verdict: Verdict
    findings: tuple[Finding, ...]
    skipped_checks: tuple[SkippedCheck, ...]
    recipe: Recipe
    dataset: str
    captions: str = ""
    trigger: str | None = None  # that the captions were checked for
