"""The audit's rules: from measured figures to findings. Pure functions; thresholds carry their sources."""

from collections.abc import Callable

import numpy as np

from ..measurements import SHARP
from ..vision.duplicates import LARGEST_DISTANCE, distance
from .caption_rules import CAPTION_RULES
from .clip_rules import CLIP_RULES
from .evidence import Evidence, leave_out_reasons
from .findings import MEASURED, PRACTICE, files, finding, named, plural
from .model import Finding
from .picture_rules import PICTURE_RULES
from .second_eye_rules import SECOND_EYE_RULES
from .set_rules import SET_RULES
from .text_rules import TEXT_RULES

MUCH_SOFTER = 0.25  # of the set's usual sharpness; sharp renders of one set went down to 0.3
FEWEST_COMPARED = 8  # files from which "usual" means something
WIDE_BARS = 0.04  # of a side


def find_all(evidence: Evidence) -> list[Finding]:
    """All findings, the gravest first."""
    found = [finding for rule in _RULES for finding in rule(evidence)]
    order = {"blocked": 0, "warn": 1, "note": 2}
    return sorted(found, key=lambda finding: order[finding.level])


def _count(evidence: Evidence) -> list[Finding]:
    recipe = evidence.recipe
    left_out = leave_out_reasons(evidence)
    count = sum(item.id not in left_out for item in evidence.items)
    few, many = recipe.images or recipe.clips
    if evidence.items and recipe.images and all(item.info.kind == "clip" for item in evidence.items):
        few, many = recipe.clips
    if count < recipe.minimum:
        start = f"{plural(count, 'good file is', 'good files are')} too few to train on"
        if not evidence.items:
            start = "There are no pictures or clips that can be used"
        text = f"{start}: at least {recipe.minimum} are needed and {few} to {many} are recommended. "
        text += f"Add {few - count} more."
        return [finding("too_few", "blocked", text, (), "good files", count, recipe.minimum, recipe.source)]
    if count < few:
        good = plural(count, "good file", "good files")
        text = f"{good} will work, but {few} to {many} are recommended. {few - count} more would help."
        return [finding("too_few", "warn", text, (), "good files", count, few, recipe.source)]
    if count > many:
        text = f"{count} good files are more than the {few} to {many} that are needed; training takes longer for it."
        return [finding("too_many", "note", text, (), "good files", count, many, recipe.source)]
    return []


def _small(evidence: Evidence) -> list[Finding]:
    limit, source = evidence.recipe.short_edge, evidence.recipe.source
    small = [item for item in evidence.items if min(item.info.width, item.info.height) < limit]
    if not small:
        return []
    worst = min(min(item.info.width, item.info.height) for item in small)
    text = f"{files(small, 'is', 'are')} smaller than {limit} pixels on the short side (the smallest has {worst})."
    return [finding("small_resolution", "warn", text, small, "short edge in pixels", worst, limit, source)]


def _blurry(evidence: Evidence) -> list[Finding]:
    clear = {item: evidence.measured[item.id].clear for item in evidence.items if item.info.kind == "image"}
    if not clear:
        return []
    usual = float(np.median(list(clear.values())))
    found = []
    blurred = [item for item, value in clear.items() if value < SHARP]
    if blurred:
        worst = min(clear[item] for item in blurred)
        text = (
            f"{files(blurred, 'is', 'are')} blurred: sharpness {worst:.0f}, where {SHARP:.0f} is the limit "
            f"and {usual:.0f} is usual in this set."
        )
        found.append(finding("blurry", "warn", text, blurred, "variance of the Laplacian", worst, SHARP, MEASURED))
    soft = [item for item, value in clear.items() if SHARP <= value < MUCH_SOFTER * usual]
    if soft and len(clear) >= FEWEST_COMPARED:
        share = round(min(clear[item] for item in soft) / usual, 2)
        text = (
            f"{files(soft, 'is', 'are')} much softer than the rest of the set ({share:.0%} of its usual sharpness "
            f"of {usual:.0f}). Look whether the subject is in focus."
        )
        found.append(
            finding("softer_than_the_rest", "note", text, soft, "share of the usual", share, MUCH_SOFTER, PRACTICE)
        )
    return found


def _exact_duplicates(evidence: Evidence) -> list[Finding]:
    names = [entry.name for entry in evidence.manifest.rejected if entry.duplicate_of]
    if not names:
        return []
    copies = f"{named(names)} {'is an exact copy' if len(names) == 1 else 'are exact copies'}"
    rest = "a file in the set and was not taken in" if len(names) == 1 else "files in the set and were not taken in"
    text = f"{copies} of {rest}."
    return [finding("exact_duplicates", "note", text, (), "equal bytes", len(names), 0, "SHA-256", names)]


def _near_duplicates(evidence: Evidence) -> list[Finding]:
    near = [item for item in evidence.items if item.id in evidence.copies]
    if not near:
        return []
    pairs = ", ".join(f"{item.name} like {evidence.named(evidence.copies[item.id])}" for item in near[:3])
    bits = min(
        distance(evidence.measured[item.id].fingerprint, evidence.measured[evidence.copies[item.id]].fingerprint)
        for item in near
    )
    text = (
        f"{plural(len(near), 'file repeats', 'files repeat')} another one ({pairs}): {bits} of 64 bits of the "
        f"picture hash differ; up to {LARGEST_DISTANCE} is the same picture. "
        "Repeats teach the picture, not the subject."
    )
    return [finding("near_duplicates", "warn", text, near, "hash distance in bits", bits, LARGEST_DISTANCE, MEASURED)]


def _shared_footage(evidence: Evidence) -> list[Finding]:
    sharing = [item for item in evidence.items if item.id in evidence.shared]
    if not sharing:
        return []
    pairs = ", ".join(f"{item.name} and {evidence.named(evidence.shared[item.id])}" for item in sharing[:3])
    text = (
        f"{plural(len(sharing), 'file shows', 'files show')} a moment that is in another one too ({pairs}). It counts "
        "twice in training; one of the two is enough."
    )
    return [finding("shared_footage", "note", text, sharing, "files with a like frame", len(sharing), 0, MEASURED)]


def _stills_for_motion(evidence: Evidence) -> list[Finding]:
    images = [item for item in evidence.items if item.info.kind == "image"]
    if evidence.recipe.images is not None or not images:
        return []
    text = f"{files(images, 'is a still', 'are stills')}, which cannot teach {evidence.recipe.teaches}."
    return [finding("stills_for_motion", "warn", text, images, "stills", len(images), 0, evidence.recipe.source)]


def _unreadable(evidence: Evidence) -> list[Finding]:
    refused = [entry for entry in evidence.manifest.rejected if not entry.duplicate_of]
    if not refused:
        return []
    told = " ".join(f"{entry.name}: {entry.reason}" for entry in refused[:3])
    more = f" And {len(refused) - 3} more." if len(refused) > 3 else ""
    text = f"{plural(len(refused), 'file', 'files')} cannot be used. {told}{more}"
    names = [entry.name for entry in refused]
    return [finding("unreadable", "note", text, (), "files refused", len(refused), 0, "a full decode", names)]


def _lost(evidence: Evidence) -> list[Finding]:
    lost = [item for item in evidence.manifest.usable if item.id not in evidence.measured]
    if not lost:
        return []
    copies, them, again = ("copy", "it", "file") if len(lost) == 1 else ("copies", "them", "files")
    names = named([item.name for item in lost])
    text = f"The {copies} of {names} can no longer be read. Set {them} aside or add the {again} again."
    return [finding("lost_copies", "blocked", text, lost, "copies", len(lost), 0, "a full decode")]


def _bars(evidence: Evidence) -> list[Finding]:
    barred = [item for item in evidence.items if evidence.measured[item.id].bars >= WIDE_BARS]
    if not barred:
        return []
    widest = max(evidence.measured[item.id].bars for item in barred)
    text = (
        f"{files(barred, 'has', 'have')} even black or white bars at the edge, up to {widest:.0%} of a side. "
        "Cut them off if they are no part of it."
    )
    return [finding("bars", "note", text, barred, "share of a side", widest, WIDE_BARS, PRACTICE)]


_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (
    _count,
    _stills_for_motion,
    _small,
    _blurry,
    _near_duplicates,
    _shared_footage,
    *PICTURE_RULES,
    *CLIP_RULES,
    *SET_RULES,
    *SECOND_EYE_RULES,
    *TEXT_RULES,
    *CAPTION_RULES,
    _bars,
    _exact_duplicates,
    _unreadable,
    _lost,
)
