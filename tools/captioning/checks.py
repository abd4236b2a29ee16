"""Which captions a person should read first, the least certain ones at the top, each with the reason."""

from dataclasses import dataclass
from pathlib import Path

from trainer_core.dataset.manifest import Item, load
from trainer_core.recipes import Recipe

from ..measurements import Measurement
from ..measuring import stored_measurements
from .claims import contradictions, says_view
from .facts import FACE_HIDDEN, facts
from .likeness import alike
from .notes import Note, load_notes
from .templates import TEMPLATES
from .words import has_word

MANY = 3  # files with nearly the same caption


@dataclass(frozen=True)
class SpotCheck:
    """A caption that a person should read first, and why."""

    item_id: str
    name: str
    caption: str
    why: str


def spot_check(folder: Path, trigger: str, count: int = 5, *, recipe: Recipe | None = None) -> list[SpotCheck]:
    """Up to `count` captions to read first, the most doubtful at the top; reads no media.

    What a person wrote is listed only if the trigger is missing in it.
    """
    manifest = load(folder)
    items = [item for item in manifest.usable if item.caption]
    measured, notes = stored_measurements(folder, manifest), load_notes(folder)
    same = {
        items[index].id: len(group)
        for group in alike([item.caption for item in items], [trigger])
        for index in group
        if len(group) >= MANY
    }
    doubts: list[tuple[int, SpotCheck]] = []
    for item in items:
        found = _doubt(item, trigger, recipe, measured.get(item.id), notes.get(item.id), same.get(item.id, 0))
        if found:
            rank, why = found
            doubts.append((rank, SpotCheck(item.id, item.name, item.caption, why)))
    return [check for _, check in sorted(doubts, key=lambda doubt: doubt[0])[:count]]


def _doubt(
    item: Item, trigger: str, recipe: Recipe | None, measured: Measurement | None, note: Note | None, same: int
) -> tuple[int, str] | None:
    """(rank, why) of the gravest doubt, the lowest rank being the gravest; None without any."""
    if not has_word(item.caption, trigger):
        return 0, "the trigger word is missing"
    if item.caption_source == "person":
        return None
    wrong = contradictions(item.caption, measured) if measured else []
    if wrong:
        return 1, f"it says '{wrong[0].claim}', but {wrong[0].seen}"
    if note is not None and note.doubt and note.caption in ("", item.caption):
        return 2, note.doubt
    if item.caption_source == "measured":
        if measured is None or not facts(measured):
            return 3, "little could be measured: say what is seen"
        unmeasured = TEMPLATES[recipe.name].unmeasured if recipe else None
        if unmeasured:
            return 4, unmeasured
    if measured is not None and (why := _unsaid_view(item, measured)):
        return 5, why
    if same:
        return 6, f"{same} files have nearly this caption: say what differs"
    if item.caption_source == "file":
        return 7, "it came with the file: it should not describe what is to be learned"
    return None


def _unsaid_view(item: Item, measured: Measurement) -> str | None:
    """Why the view is not in a caption that was written for the file; None where it is, or nothing was looked at."""
    if item.caption_source not in ("measured", "model") or not measured.looks or says_view(item.caption):
        return None
    if FACE_HIDDEN in item.caption:
        return "no face is seen: say whether it is from behind or the face is covered"
    view = measured.looks[len(measured.looks) // 2].look.view
    if view.yaw_deg is None or view.uncertainty_deg is None:
        return "the view could not be told: say from where it is seen"
    return f"the view is on a border ({abs(view.yaw_deg):.0f} degrees, give or take {view.uncertainty_deg:.0f}): say it"
