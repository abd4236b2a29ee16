"""The audit's rules about the set as a whole: sides of the subject, backgrounds, shots, expressions, who is in it."""

from collections.abc import Callable

from trainer_core.dataset.manifest import Item

from ..vision.eyes.look import Look
from .coverage import (
    ENOUGH_TO_TELL,
    MOSTLY_UNKNOWN,
    ONE_PLACE,
    ONE_SHOT,
    VIEW_WORDS,
    coverage,
    expressions,
    good_items,
    light_spreads,
    looks,
    missing_views,
    shot_counts,
    unknown_views,
)
from .evidence import Evidence
from .findings import MEASURED, PRACTICE, files, finding, named
from .model import Finding, Level
from .views import most_frequent

MOSTLY_OTHERS = 0.2  # share of files with several people from which the subject is no longer clear
SMALL_SUBJECT = 0.03  # share of the picture
NAMED_ANGLES = "the guide names the angles; how many of each is our practice, not measured"


def _missing_views(evidence: Evidence) -> list[Finding]:
    missing = missing_views(evidence)
    found = []
    for each in coverage(evidence):
        if each.name not in missing:
            continue
        words = VIEW_WORDS[each.name]  # "seen from the front"
        if each.have == 0:
            level: Level = "warn"
            start = f"The subject is never {words}."
        else:
            level = "note"
            sides = f" ({each.left} facing left, {each.right} facing right)" if each.name in _SIDED else ""
            start = f"The subject is {words} in only {each.have} {'file' if each.have == 1 else 'files'}{sides}."
        entry = missing[each.name]
        hedge = "" if entry.confidence == "measured" else " Files whose view could not be told may already show it."
        text = f"{start} Add {entry.how_many} {entry.what}. A side that was never shown gets made up.{hedge}"
        measure = f"files {words}"
        source = f"{evidence.recipe.source}: {NAMED_ANGLES}"
        found.append(finding(f"missing_view_{each.name}", level, text, (), measure, each.have, each.want, source))
    return found


_SIDED = ("three_quarter", "profile")


def _unknown_views(evidence: Evidence) -> list[Finding]:
    good = good_items(evidence)
    unknown = unknown_views(evidence)
    if not evidence.recipe.needs_views or not looks(evidence) or not unknown:
        return []
    share = round(unknown / len(good), 2)
    reasons = [evidence.views[item.id].reason for item in good if evidence.views[item.id].class_ == "unknown"]
    usual = most_frequent(reasons)
    text = f"From which side the subject is seen could not be told in {unknown} of {len(good)} files. {usual}"
    if share > MOSTLY_UNKNOWN:
        text += (
            " So nothing is said about missing sides: look at the pictures yourself, or let a vision model look "
            "(SIDEKICK_VISION_MODEL in the settings)."
        )
    items = [item for item in good if evidence.views[item.id].class_ == "unknown"]
    return [finding("unknown_views", "note", text, items, "share of files", share, MOSTLY_UNKNOWN, PRACTICE)]


def _one_background(evidence: Evidence) -> list[Finding]:
    if len(evidence.places) < ENOUGH_TO_TELL or not evidence.recipe.needs_views or evidence.backgrounds is None:
        return []
    share = evidence.backgrounds.largest_share
    if share <= ONE_PLACE:
        return []
    alike = [item for item in evidence.items if evidence.places.get(item.id) == 0]
    text = (
        f"{share:.0%} of the files have the same background; at most {ONE_PLACE:.0%} is wanted. "
        "It would be learned with the subject: add files from other places."
    )
    return [finding("one_background", "warn", text, alike, "share of like backgrounds", share, ONE_PLACE, PRACTICE)]


def _one_shot_size(evidence: Evidence) -> list[Finding]:
    counts = {name: count for name, count in shot_counts(evidence).items() if name != "unknown"}
    known = sum(counts.values())
    if known < ENOUGH_TO_TELL or not evidence.recipe.needs_views:
        return []
    name, count = max(counts.items(), key=lambda each: each[1])
    share = round(count / known, 2)
    if share <= ONE_SHOT:
        return []
    words = {"close": "close-ups", "portrait": "head-and-shoulder shots", "medium": "half-length shots"}
    other = "some that show the whole figure" if name in ("close", "portrait") else "some closer ones"
    text = (
        f"{share:.0%} of the files are {words.get(name, 'full-length shots')}. Add {other}, so that both are learned."
    )
    return [finding("one_shot_size", "note", text, (), "share of one shot size", share, ONE_SHOT, PRACTICE)]


def _one_expression(evidence: Evidence) -> list[Finding]:
    spread = expressions(evidence)
    if spread is None or spread.files < ENOUGH_TO_TELL or not evidence.recipe.needs_views or spread.varied:
        return []
    text = (
        f"The {spread.files} faces that look towards the camera all have about the same expression. Add some that "
        "smile, talk or look surprised."
    )
    return [finding("one_expression", "note", text, (), "spread of face shape", spread.value, spread.limit, MEASURED)]


def _one_light(evidence: Evidence) -> list[Finding]:
    spreads = light_spreads(evidence)
    if not evidence.recipe.needs_views or not spreads or any(spread.varied for spread in spreads.values()):
        return []
    spread = spreads["direction"]
    if spread.files < ENOUGH_TO_TELL:
        return []
    text = (
        f"The light on the {spread.files} faces that look towards the camera is always about the same. It would be "
        "learned with the face: add some with light from another side, warmer or dimmer."
    )
    measure = "difference between the cheeks, spread"
    return [finding("one_light", "note", text, (), measure, spread.value, spread.limit, MEASURED)]


def _several_people(evidence: Evidence) -> list[Finding]:
    if not evidence.recipe.needs_views:
        return []
    seen = looks(evidence)
    crowded = _where(evidence, lambda look: (look.people or 0) > 1)
    if not crowded:
        return []
    share = round(len(crowded) / len(seen), 2)
    most = max(seen[item.id].people or 0 for item in crowded)
    text = (
        f"{files(crowded, 'shows', 'show')} several people (up to {most}). Which one is meant cannot be learned from "
        "them: cut the others off or leave these files out."
    )
    level: Level = "warn" if share > MOSTLY_OTHERS else "note"
    return [finding("several_people", level, text, crowded, "people in a picture", most, 1, PRACTICE)]


def _cut_faces(evidence: Evidence) -> list[Finding]:
    cut = _where(evidence, lambda look: bool(look.cut)) if evidence.recipe.needs_views else []
    if not cut:
        return []
    text = f"In {named([item.name for item in cut])} the frame cuts the face."
    return [finding("face_cut_by_frame", "note", text, cut, "files", len(cut), 0, PRACTICE)]


def _small_subject(evidence: Evidence) -> list[Finding]:
    seen = looks(evidence)
    small = _where(evidence, lambda look: look.subject_share < SMALL_SUBJECT and look.view.name != "unknown")
    if not small or not evidence.recipe.needs_views:
        return []
    least = min(seen[item.id].subject_share for item in small)
    text = (
        f"In {named([item.name for item in small])} the subject fills less than {SMALL_SUBJECT:.0%} of the picture; "
        "little of it is left at training size. Cut closer."
    )
    return [finding("small_subject", "note", text, small, "share of the picture", least, SMALL_SUBJECT, PRACTICE)]


def _where(evidence: Evidence, holds: Callable[[Look], bool]) -> list[Item]:
    seen = looks(evidence)
    return [item for item in evidence.items if item.id in seen and holds(seen[item.id])]


SET_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (
    _missing_views,
    _unknown_views,
    _one_background,
    _one_shot_size,
    _one_expression,
    _one_light,
    _several_people,
    _cut_faces,
    _small_subject,
)
