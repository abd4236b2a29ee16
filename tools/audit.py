"""The dataset audit: files measured, the set judged against the recipe, told in words with figures and thresholds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from trainer_core.dataset.manifest import Item, Manifest, Rejected, load, set_excluded
from trainer_core.dataset.records import write_atomically
from trainer_core.recipes import Recipe

from .audit_evidence import Evidence, gather, leave_out_reasons
from .audit_model import Audit, AuditItem, Backgrounds, Finding, Missing, SetFigures, SkippedCheck, Verdict, View
from .audit_rules import find_all, largest_place
from .measurements import Measurement, measure_dataset, stored_measurements
from .splitting import proposals
from .vision.colours import PLAIN, effective_number

__all__ = ["Audit", "AuditItem", "Finding", "View", "audit_dataset", "audit_text", "judge", "leave_out", "load_audit"]

FILE_NAME = "audit.json"

_NO_MODELS = "needs face models, which are not set up"
_NO_OUTLINE = "needs the subject's outline, which is not measured yet"
SKIPPED = (
    SkippedCheck(check="views (front, three-quarter, profile, back)", reason=_NO_MODELS),
    SkippedCheck(check="expressions", reason=_NO_MODELS),
    SkippedCheck(check="shot sizes", reason=_NO_OUTLINE),
    SkippedCheck(check="light direction", reason=_NO_OUTLINE),
    SkippedCheck(check="text and watermarks", reason="needs a text detector, which is not set up"),
)


def audit_dataset(folder: Path, recipe: Recipe, *, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Measure what was not measured before, judge the set, and keep the audit beside it. `progress`: (done, all)."""
    measured = measure_dataset(folder, progress=progress)
    audit = judge(load(folder), recipe, measured)
    write_atomically(folder / FILE_NAME, audit.model_dump_json(indent=1).encode())
    return audit


def load_audit(folder: Path) -> Audit | None:
    """The last audit, if it is about the files that are there now; None when files were added since, or none was made.

    Setting files aside needs no new look at them: the set is then judged again from the figures that are kept.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        audit = Audit.model_validate_json(path.read_bytes())
    except ValidationError:  # damaged or of another shape: as good as none
        return None
    manifest = load(folder)
    if audit.dataset == manifest.files_checksum:
        return audit
    measured = stored_measurements(folder, manifest)
    judged_before = {(item.id, item.file) for item in audit.items}
    unseen = any(entry.name not in {name for _, name in judged_before} for entry in manifest.rejected)
    if unseen or {item.id for item in manifest.items} != {item_id for item_id, _ in judged_before if item_id}:
        return None
    return judge(manifest, audit.recipe, measured)


def judge(manifest: Manifest, recipe: Recipe, measured: dict[str, Measurement]) -> Audit:
    """The audit from measurements alone; reads no file."""
    evidence = gather(manifest, recipe, measured)
    findings = find_all(evidence)
    pieces = proposals(evidence.items, measured)
    reasons = leave_out_reasons(evidence)
    items = [
        _item(item, evidence, reasons.get(item.id, []), findings).model_copy(
            update=_clip_figures(item, measured.get(item.id)) | {"pieces": pieces.get(item.id, ())}
        )
        for item in manifest.items
    ]
    levels = {finding.level for finding in findings}
    verdict: Verdict = "blocked" if "blocked" in levels else "warn" if "warn" in levels else "ready"
    return Audit(
        items=(*items, *(_refused(entry) for entry in manifest.rejected)),
        set=_set_figures(evidence, findings),
        verdict=verdict,
        findings=tuple(findings),
        skipped_checks=SKIPPED,
        recipe=recipe,
        dataset=manifest.files_checksum,
    )


def leave_out(folder: Path, audit: Audit) -> Manifest:
    """Set aside every file that the audit advises to leave out. Nothing is deleted; set_excluded takes files back."""
    for item in audit.items:
        if item.id is not None and not item.usable and not item.excluded:
            set_excluded(folder, item.id, True)
    return load(folder)


def audit_text(audit: Audit) -> str:
    """The audit in short plain English: counts, verdict, each finding with its figure and threshold."""
    good = sum(item.usable and not item.excluded for item in audit.items)
    aside = sum(item.excluded for item in audit.items)
    head = {
        "ready": "The set is ready",
        "warn": "The set can be trained, with reservations",
        "blocked": "The set cannot be trained as it is",
    }[audit.verdict]
    few, many = audit.recipe.images or audit.recipe.clips
    lines = [
        f"{head}: {good} of {audit.set.images + audit.set.clips} files are good ({_counted(audit.set)}); the "
        f"{audit.recipe.name} recipe asks for {few} to {many}."
    ]
    if aside:
        lines.append(f"{aside} {'file is' if aside == 1 else 'files are'} set aside.")
    lines += [f"- {finding.text}" for finding in audit.findings] or ["- No flaws were found."]
    if audit.set.backgrounds:
        lines.append(f"Backgrounds: about {audit.set.backgrounds.effective:.0f} different ones.")
    advised = [item.file for item in audit.items if item.id and not item.usable and not item.excluded]
    if advised:
        more = f" and {len(advised) - 8} more" if len(advised) > 8 else ""
        lines.append(f"Better left out: {', '.join(advised[:8])}{more}.")
    lines += [f"Missing: {entry.how_many} x {entry.what}." for entry in audit.set.missing]
    lines.append("Not checked: " + ", ".join(entry.check for entry in audit.skipped_checks) + ".")
    return "\n".join(lines)


def _counted(figures: SetFigures) -> str:
    pictures = f"{figures.images} {'picture' if figures.images == 1 else 'pictures'}"
    return f"{pictures} and {figures.clips} {'clip' if figures.clips == 1 else 'clips'}"


def _item(item: Item, evidence: Evidence, reasons: list[str], findings: list[Finding]) -> AuditItem:
    figures = evidence.measured.get(item.id)
    copy_of = evidence.copies.get(item.id)
    if figures is None:
        reasons = ["its copy can no longer be read"]
    return AuditItem(
        file=item.name,
        id=item.id,
        kind=item.info.kind,
        usable=not reasons and not item.excluded,
        excluded=item.excluded,
        reasons=tuple(reasons or (["set aside"] if item.excluded else [])),
        sharpness=figures.sharpness if figures else None,
        brightness=figures.brightness if figures else None,
        motion=round(figures.shots.motion, 2) if figures and figures.shots else None,
        duplicate_of=evidence.named(copy_of) if copy_of else None,
        cuts=figures.shots.cuts if figures and figures.shots else (),
        findings=tuple(finding.id for finding in findings if item.id in finding.files),
    )


def _clip_figures(item: Item, figures: Measurement | None) -> dict[str, object]:
    if item.info.kind != "clip":
        return {}
    known: dict[str, object] = {"seconds": item.info.seconds, "fps": item.info.fps, "has_sound": item.info.has_audio}
    if figures is None or figures.shots is None:
        return known
    fields = ("transitions", "flashes", "frozen", "repeated_share", "camera_motion", "subject_motion")
    return known | {field: getattr(figures.shots, field) for field in fields}


def _refused(entry: Rejected) -> AuditItem:
    is_clip = entry.name.lower().endswith((".mp4", ".mov"))
    return AuditItem(
        file=entry.name,
        id=None,
        kind="clip" if is_clip else "image",
        usable=False,
        reasons=(entry.reason,),
        duplicate_of=entry.duplicate_of,
        findings=("exact_duplicates" if entry.duplicate_of else "unreadable",),
    )


def _set_figures(evidence: Evidence, findings: list[Finding]) -> SetFigures:
    backgrounds = None
    if evidence.places:
        plain = [evidence.measured[item.id].edges.spread < PLAIN for item in evidence.items]
        backgrounds = Backgrounds(
            effective=round(effective_number(list(evidence.places.values())), 2),
            largest_share=round(largest_place(evidence)[1] / len(evidence.places), 3),
            plain_share=round(float(np.mean(plain)), 3),
        )
    missing = []
    for finding in findings:
        if finding.id == "too_few" and finding.value is not None:
            few = (evidence.recipe.images or evidence.recipe.clips)[0]
            missing.append(Missing(what="good files", how_many=max(1, few - int(finding.value))))
        if finding.id == "one_background":
            missing.append(Missing(what="files with other backgrounds", how_many=max(1, len(finding.files) // 2)))
    return SetFigures(
        images=sum(item.info.kind == "image" for item in evidence.manifest.usable),
        clips=sum(item.info.kind == "clip" for item in evidence.manifest.usable),
        views={"unknown": len(evidence.items)},
        backgrounds=backgrounds,
        missing=tuple(missing),
    )
