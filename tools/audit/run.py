"""The dataset audit: files measured, the set judged against the recipe, and the result kept beside the dataset."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from trainer_core.dataset.manifest import Item, Manifest, load, path_of, set_excluded
from trainer_core.dataset.records import write_atomically
from trainer_core.recipes import Recipe

from ..measurements import Measurement, Stop
from ..measuring import Progress, measure_dataset, stored_measurements
from ..second_eye.opinions import Opinion, load_opinions
from .coverage import (
    ONE_PLACE,
    coverage,
    drop_first,
    expressions,
    light_spreads,
    missing_views,
    shot_counts,
    view_counts,
)
from .evidence import Evidence, gather, leave_out_reasons
from .items import item_record, refused_record
from .model import Audit, AuditItem, Finding, Missing, SetFigures, Verdict, View
from .rules import find_all
from .skipped import skipped_checks
from .words import audit_text

__all__ = [
    "Audit",
    "AuditItem",
    "Finding",
    "View",
    "audit_dataset",
    "audit_text",
    "judge",
    "leave_out",
    "load_audit",
    "paths_of",
]

FILE_NAME = "audit.json"
VARIED_SHARE = 0.2  # of the set that should differ where all is alike; our practice, not measured
MORE_VARIETY = {  # findings that all is alike, and what would be different
    "one_expression": "files with another expression",
    "one_light": "files with light from another side or of another colour",
    "one_shot_size": "files with another shot size",
}


def audit_dataset(
    folder: Path,
    recipe: Recipe,
    *,
    trigger: str | None = None,
    text: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
) -> Audit:
    """Measure what was not measured before, judge the set, and keep the audit beside it.

    `text` also looks for words in the pictures. Raises Stopped; what was measured until then is kept.
    """
    measured = measure_dataset(folder, text=text, progress=progress, stop=stop)
    return _kept(folder, judge(load(folder), recipe, measured, trigger=trigger, opinions=load_opinions(folder)))


def load_audit(folder: Path) -> Audit | None:
    """The last audit, if it is about the files that are there now; None when files were added since, or none was made.

    Setting files aside or changing captions needs no new look at them: the set is then judged again from the figures
    that are kept.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        audit = Audit.model_validate_json(path.read_bytes())
    except ValidationError:  # damaged or of another shape: as good as none
        return None
    manifest = load(folder)
    if (audit.dataset, audit.captions) == (manifest.files_checksum, manifest.checksum):
        return audit
    judged_before = {(item.id, item.file) for item in audit.items}
    unseen = any(entry.name not in {name for _, name in judged_before} for entry in manifest.rejected)
    if unseen or {item.id for item in manifest.items} != {item_id for item_id, _ in judged_before if item_id}:
        return None
    measured = stored_measurements(folder, manifest)
    return _kept(folder, judge(manifest, audit.recipe, measured, trigger=audit.trigger, opinions=load_opinions(folder)))


def judge(
    manifest: Manifest,
    recipe: Recipe,
    measured: dict[str, Measurement],
    *,
    trigger: str | None = None,
    opinions: Mapping[str, Opinion] | None = None,
) -> Audit:
    """The audit from measurements alone; reads no file. `opinions`: a vision model's, by the content's SHA-256."""
    by_id = {item.id: opinions[item.sha256] for item in manifest.items if item.sha256 in opinions} if opinions else {}
    evidence = gather(manifest, recipe, measured, opinions=by_id, trigger=trigger)
    findings = find_all(evidence)
    reasons = leave_out_reasons(evidence)
    levels = {finding.level for finding in findings}
    verdict: Verdict = "blocked" if "blocked" in levels else "warn" if "warn" in levels else "ready"
    return Audit(
        items=(
            *(item_record(item, evidence, reasons.get(item.id, []), findings) for item in manifest.items),
            *(refused_record(entry) for entry in manifest.rejected),
        ),
        set=_set_figures(evidence, findings),
        verdict=verdict,
        findings=tuple(findings),
        skipped_checks=skipped_checks(evidence),
        recipe=recipe,
        dataset=manifest.files_checksum,
        captions=manifest.checksum,
        trigger=trigger,
    )


def leave_out(folder: Path, audit: Audit) -> Manifest:
    """Set aside every file that the audit advises to leave out. Nothing is deleted; set_excluded takes files back."""
    for item in audit.items:
        if item.id is not None and not item.usable and not item.excluded:
            set_excluded(folder, item.id, True)
    return load(folder)


def flagged_aside(folder: Path, audit: Audit) -> list[Item]:
    """The files set aside that the audit advises against, judged as if they were in.

    Without those that are aside for another reason: clips whose pieces are used, starts that are shown beside another
    file, and what a model made.
    """
    manifest = load(folder)
    used_in_part = {item.piece_of for item in manifest.usable}
    shown = {item.reference.sha256 for item in manifest.items if item.reference}
    back = [
        item
        for item in manifest.items
        if item.excluded and not item.synthetic and item.id not in used_in_part and item.sha256 not in shown
    ]
    if not back:
        return []
    whole = manifest.with_changes({item.id: {"excluded": False} for item in back})
    measured = stored_measurements(folder, whole)
    judged = judge(whole, audit.recipe, measured, opinions=load_opinions(folder))
    flagged = {record.id for record in judged.items if not record.usable and record.id in measured}
    return [item for item in back if item.id in flagged]


def paths_of(folder: Path) -> dict[str, Path]:
    """Where the copies of a dataset's items are, by item id."""
    return {item.id: path_of(folder, item) for item in load(folder).items}


def _kept(folder: Path, audit: Audit) -> Audit:
    write_atomically(folder / FILE_NAME, audit.model_dump_json(indent=1).encode())
    return audit


def _set_figures(evidence: Evidence, findings: list[Finding]) -> SetFigures:
    light = light_spreads(evidence)
    return SetFigures(
        images=sum(item.info.kind == "image" for item in evidence.manifest.usable),
        clips=sum(item.info.kind == "clip" for item in evidence.manifest.usable),
        views=view_counts(evidence),
        shots=shot_counts(evidence),
        backgrounds=evidence.backgrounds,
        coverage=tuple(coverage(evidence)),
        expressions=expressions(evidence),
        light_direction=light.get("direction"),
        light_warmth=light.get("warmth"),
        light_level=light.get("level"),
        missing=tuple(_missing(evidence, findings)),
        drop_first=tuple(drop_first(evidence)),
    )


def _missing(evidence: Evidence, findings: list[Finding]) -> list[Missing]:
    missing = list(missing_views(evidence).values())
    for finding in findings:
        if finding.id in MORE_VARIETY:
            count = max(2, round(VARIED_SHARE * len(evidence.items)))
            missing.append(Missing(what=MORE_VARIETY[finding.id], how_many=count, confidence="likely"))
        if finding.id == "one_background":
            count = _to_thin_out(evidence)
            what = "file with another background" if count == 1 else "files with other backgrounds"
            missing.append(Missing(what=what, how_many=count))
    too_few = next((finding for finding in findings if finding.id == "too_few"), None)
    if too_few is not None and too_few.value is not None:
        missing += _to_fill_up(max(1, _few(evidence) - int(too_few.value)), missing)
    return missing


def _to_fill_up(count: int, missing: list[Missing]) -> list[Missing]:
    """`count` files in all, unless what is missing already is as many: each view is a file of its own."""
    if not missing:
        return [Missing(what=f"more good {'file' if count == 1 else 'files'}", how_many=count)]
    views = sum(entry.how_many for entry in missing if entry.view)
    if count <= max(views, *(entry.how_many for entry in missing)):
        return []
    return [Missing(what="good files in all, these included", how_many=count)]


def _few(evidence: Evidence) -> int:
    few, _ = evidence.recipe.images or evidence.recipe.clips
    only_clips = bool(evidence.items) and all(item.info.kind == "clip" for item in evidence.items)
    return evidence.recipe.clips[0] if only_clips else few


def _to_thin_out(evidence: Evidence) -> int:
    """How many files from other places make the largest background fall to the wanted share."""
    alike = sum(place == 0 for place in evidence.places.values())
    return max(1, -(-alike * 10 // int(10 * ONE_PLACE)) - len(evidence.places))
