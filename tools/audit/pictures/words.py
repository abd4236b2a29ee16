"""Short words of the audit's pictures and report: names of views, findings and files."""

from math import ceil

from trainer_core.dataset.records import one_line

from ..model import Audit, AuditItem, Confidence, Finding, Level, Verdict, View

SHORT = {
    "bars": "bars",
    "blurry": "blurred",
    "clip_too_long": "long",
    "clip_too_short": "short",
    "clipped_highlights": "burnt out",
    "clipped_shadows": "black parts",
    "coarse_jpeg": "blocky",
    "cut_in_clip": "cut",
    "enlarged": "enlarged",
    "eyes_disagree": "eyes disagree",
    "exact_duplicates": "copy",
    "face_cut_by_frame": "cut by frame",
    "flash_in_clip": "flash",
    "hdr_clip": "HDR",
    "lost_copies": "gone",
    "near_duplicates": "repeat",
    "one_background": "same place",
    "one_expression": "same expression",
    "one_shot_size": "same shot size",
    "repeated_frames": "doubled frames",
    "small_resolution": "small",
    "several_people": "several people",
    "small_subject": "small subject",
    "static_clip": "still",
    "stills_for_motion": "a still",
    "transition_in_clip": "blend",
    "unknown_views": "view unknown",
    "unreadable": "unreadable",
}
VIEWS = {"front": "front", "three_quarter": "three-quarter", "profile": "profile", "back": "back", "unknown": "unknown"}
VERDICTS: dict[Verdict, str] = {
    "ready": "Ready to train",
    "warn": "Can be trained, with reservations",
    "blocked": "Cannot be trained as it is",
}
CONFIDENCE: dict[Confidence, str] = {"measured": "measured", "likely": "likely"}


def short(finding_id: str) -> str:
    """A finding in a word or two."""
    return SHORT.get(finding_id) or one_line(finding_id.replace("_", " "), 24)


def view_words(view: View, *, degrees: bool = False) -> str:
    """'profile left', with `degrees` 'profile left, -88° ± 5°'; left and right are the picture's."""
    words = VIEWS[view.class_]
    if view.side and view.class_ != "back":
        words += f" {view.side}"
    if degrees and view.yaw_deg is not None:
        words += f", {round(view.yaw_deg):+d}°".replace("+0°", "0°")
        if view.uncertainty_deg is not None:
            words += f" ± {ceil(view.uncertainty_deg)}°"
    return words


def name_of(item: AuditItem, limit: int = 80) -> str:
    """The file's name on one line, without control characters."""
    return one_line(item.file, limit) or "a file without a name"


def levels_of(audit: Audit) -> dict[str, Level]:
    """The level of each finding, by its id."""
    return {finding.id: finding.level for finding in audit.findings}


def gravest_first(item: AuditItem, levels: dict[str, Level]) -> list[tuple[str, Level]]:
    """The item's findings with their levels; a finding that is not listed for the set is a note."""
    order = {"blocked": 0, "warn": 1, "note": 2}
    found = [(finding, levels.get(finding, "note")) for finding in item.findings]
    return sorted(found, key=lambda each: order[each[1]])


def files_of(finding: Finding, audit: Audit) -> list[str]:
    """The names of a finding's files; refused files are already given by name."""
    names = {item.id: name_of(item) for item in audit.items if item.id}
    return [names.get(file) or one_line(file, 80) for file in finding.files]


def plural(count: int, one: str, many: str) -> str:
    """'1 file' or '3 files'."""
    return f"{count} {one if count == 1 else many}"
