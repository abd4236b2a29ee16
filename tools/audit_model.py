"""The audit as data. Others read its JSON: fields are added, never renamed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.recipes import Recipe

from .splitting import Piece
from .vision.transitions import Transition

Level = Literal["note", "warn", "blocked"]
Verdict = Literal["ready", "warn", "blocked"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class View(_Record):
    """From which side the subject is seen; "unknown" where nothing can tell."""

    class_: Literal["front", "three_quarter", "profile", "back", "unknown"] = "unknown"
    side: Literal["left", "right"] | None = None
    yaw_deg: float | None = None
    uncertainty_deg: float | None = None

    model_config = ConfigDict(
        frozen=True, alias_generator=lambda name: name.rstrip("_"), populate_by_name=True, serialize_by_alias=True
    )


class AuditItem(_Record):
    """One file. `usable` is False for files that cannot be trained on or are better left out; `reasons` says why."""

    file: str  # its name as the person knows it
    id: str | None  # None for a file that was refused
    kind: Literal["image", "clip"]
    usable: bool
    excluded: bool = False  # a person has set it aside
    reasons: tuple[str, ...] = ()
    view: View = View()
    shot: Literal["close", "portrait", "medium", "full"] | None = None
    sharpness: float | None = None
    brightness: float | None = None
    motion: float | None = None
    duplicate_of: str | None = None
    cuts: tuple[float, ...] = ()  # seconds
    findings: tuple[str, ...] = ()
    seconds: float | None = None  # clips only, as are all that follow
    fps: float | None = None
    has_sound: bool | None = None
    transitions: tuple[Transition, ...] = ()  # cuts, dissolves and fades
    flashes: tuple[float, ...] = ()
    frozen: tuple[tuple[float, float], ...] = ()
    repeated_share: float | None = None  # 0.5: each frame is shown twice
    camera_motion: float | None = None  # frame widths per second; None where it cannot be told
    subject_motion: float | None = None  # Lab units per frame
    pieces: tuple[Piece, ...] = ()  # into which it is better split


class Backgrounds(_Record):
    """How varied the backgrounds are, told from the pictures' edges."""

    effective: float  # exp(entropy): 1 when all are alike
    largest_share: float
    plain_share: float


class Missing(_Record):
    """What to add, and how many."""

    what: str
    how_many: int


class SetFigures(_Record):
    """Figures of the whole set; only files that are in it count."""

    images: int
    clips: int
    views: dict[str, int]
    backgrounds: Backgrounds | None
    missing: tuple[Missing, ...] = ()


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
    """The whole audit. `dataset` is the checksum of the files that it is about."""

    items: tuple[AuditItem, ...]
    set: SetFigures
    verdict: Verdict
    findings: tuple[Finding, ...]
    skipped_checks: tuple[SkippedCheck, ...]
    recipe: Recipe
    dataset: str
