"""What the audit records about one file."""

from pathlib import PurePath

from trainer_core.dataset.manifest import Item, Rejected

from ..measurements import Measurement
from .evidence import Evidence
from .model import AuditItem, Finding, View
from .views import moments_of, shot_of_file

_SEEN_IN_CLIPS = ("transitions", "flashes", "frozen", "repeated_share", "camera_motion", "subject_motion")


def item_record(item: Item, evidence: Evidence, reasons: list[str], findings: list[Finding]) -> AuditItem:
    """A file of the dataset. `reasons`: why it is better left out."""
    figures = evidence.measured.get(item.id)
    if figures is None:
        reasons = ["its copy can no longer be read"]
    record = AuditItem(
        file=item.name,
        id=item.id,
        kind=item.info.kind,
        usable=not reasons and not item.excluded,
        excluded=item.excluded,
        synthetic=item.synthetic,
        reasons=tuple(reasons or (["set aside"] if item.excluded else [])),
        view=evidence.views.get(item.id, View()),
        second_opinion=evidence.seconds.get(item.id),
        background=evidence.places.get(item.id),
        duplicate_of=evidence.named(evidence.copies[item.id]) if item.id in evidence.copies else None,
        findings=tuple(finding.id for finding in findings if item.id in finding.files),
        pieces=evidence.pieces.get(item.id, ()),
    )
    return record.model_copy(update=_measured(figures) | _of_clip(item, figures))


def refused_record(entry: Rejected) -> AuditItem:
    """A file that was not taken in."""
    return AuditItem(
        file=entry.name,
        id=None,
        kind="clip" if PurePath(entry.name.lower()).suffix in (".mp4", ".mov") else "image",
        usable=False,
        reasons=(entry.reason,),
        duplicate_of=entry.duplicate_of,
        findings=("exact_duplicates" if entry.duplicate_of else "unreadable",),
    )


def _measured(figures: Measurement | None) -> dict[str, object]:
    if figures is None:
        return {}
    known: dict[str, object] = {
        "sharpness": figures.clear,
        "brightness": figures.brightness,
        "text": figures.text,
        "shot": shot_of_file(figures),
    }
    look = figures.middle
    if look is None:
        return known
    fields = {
        "people": look.people,
        "subject_share": look.subject_share,
        "cut_by_frame": look.cut,
        "light": look.light,
    }
    return known | fields


def _of_clip(item: Item, figures: Measurement | None) -> dict[str, object]:
    if item.info.kind != "clip":
        return {}
    known: dict[str, object] = {"seconds": item.info.seconds, "fps": item.info.fps, "has_sound": item.info.has_audio}
    if figures is None or figures.shots is None:
        return known
    shots = {field: getattr(figures.shots, field) for field in _SEEN_IN_CLIPS}
    more = {"motion": round(figures.shots.motion, 2), "cuts": figures.shots.cuts, "moments": moments_of(figures)}
    return known | shots | more
