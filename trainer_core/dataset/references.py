"""What is shown beside an item while it is learned (in-context training): a person's own pairs, or files made from it.

Of `walk_start.mp4` and `walk_end.mp4` the end is the item to be learned and the start its reference.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer_core.plan import ReferenceKind, TrainingPlan

from .copies import copy_in
from .info import UnusableMedia
from .records import MAX_NAME, Item, Manifest, Reference, Showing, change, one_line

REFERENCES = "references"  # the folder of copies, inside the dataset's
NAMED = 3  # files that a note names
_PAIRED = re.compile(r"(?P<base>.+)_(?P<side>start|end)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Paired:
    """Files told apart by their names.

    starts: the start of each end that has one. lone_starts: those without an end. The order of the others is kept.
    """

    items: tuple[Path, ...]
    starts: Mapping[Path, Path]
    lone_starts: tuple[Path, ...]


def side_of(name: str) -> tuple[str, str] | None:
    """("walk", "start") for walk_start.mp4, in small letters; None for names that are not of a pair."""
    match = _PAIRED.fullmatch(Path(name).stem)
    if match is None:
        return None
    base = unicodedata.normalize("NFC", match["base"])  # some systems write an accent as a letter of its own
    return base.casefold(), match["side"].casefold()


def pair_up(paths: Sequence[Path]) -> Paired:
    """Tell pairs by their names: first in one folder, then, for files handed over one by one, wherever they lie."""
    sides = {path: named for path in paths if (named := side_of(path.name)) is not None}
    starts: dict[Path, Path] = {}
    for one_folder in (True, False):
        groups: dict[tuple[Path | None, str], dict[str, list[Path]]] = defaultdict(lambda: {"start": [], "end": []})
        used = {*starts, *starts.values()}
        for path, (base, side) in sides.items():
            if path not in used:
                groups[path.parent if one_folder else None, base][side].append(path)
        for group in groups.values():
            if len(group["start"]) == 1:
                starts |= dict.fromkeys(group["end"], group["start"][0])
    used = set(starts.values())
    lone = tuple(path for path, (_, side) in sides.items() if side == "start" and path not in used)
    return Paired(tuple(path for path in paths if path not in used and path not in lone), starts, lone)


def copy_reference(folder: Path, path: Path, showing: Showing, item: Item, *, name: str | None = None) -> Reference:
    """A checked copy of a file in the dataset, as the item's reference. Nothing is saved in the manifest yet.

    Raises UnusableMedia in words where it cannot be used or shows just what the item shows, and OSError.
    """
    copied = copy_in(folder, path, where=REFERENCES, prefix="ref")
    if copied.sha256 == item.sha256:
        raise UnusableMedia(f"It is an exact copy of {item.name}, so there is nothing to learn from the two.")
    return Reference(
        showing=showing,
        name=one_line(name or path.name, MAX_NAME) or "(a name without letters)",
        file=copied.file,
        sha256=copied.sha256,
        info=copied.info,
    )


def with_reference(items: Mapping[str, Item], item_id: str, reference: Reference) -> dict[str, Item]:
    """The items, by id, of which one has the reference. An item that is this very file is set aside: it is shown, not
    learned. An item named as an end stays: where pairs follow each other, one's end is the next one's start."""
    return {
        each.id: each.model_copy(update={"reference": reference})
        if each.id == item_id
        else each.model_copy(update={"excluded": True})
        if each.sha256 == reference.sha256 and (side_of(each.name) or ("", ""))[1] != "end"
        else each
        for each in items.values()
    }


def set_references(folder: Path, references: Mapping[str, Reference | None]) -> Manifest:
    """Give items, by id, a reference or take it away, in one write; files stay. Raises LookupError for unknown ids."""

    def referring(manifest: Manifest) -> Manifest:
        return manifest.with_changes({item_id: {"reference": each} for item_id, each in references.items()})

    return change(folder, referring)


def unpaired_ends(manifest: Manifest) -> list[Item]:
    """Usable items that are named like the end of a pair and have no reference."""
    return [
        item
        for item in manifest.usable
        if item.reference is None and (side := side_of(item.name)) is not None and side[1] == "end"
    ]


def end_of(items: Mapping[str, Item], start_name: str) -> Item | None:
    """The one item that a start file belongs to by its name; None where there is none, or several."""
    side = side_of(start_name)
    if side is None:
        return None
    found = [item for item in items.values() if side_of(item.name) == (side[0], "end")]
    return found[0] if len(found) == 1 else None


def references_missing(manifest: Manifest, plan: TrainingPlan) -> str | None:
    """Why a plan with references has none at all to show, in words; None when it has, or wants none."""
    if plan.reference is ReferenceKind.PAIR and not any(item.reference for item in manifest.usable):
        return (
            "The plan trains with reference pairs, but no file has a reference. Add files as NAME_start and NAME_end, "
            "make control clips, or say “no references”."
        )
    if plan.reference is ReferenceKind.SAME_SUBJECT and manifest.images < 2:
        return (
            "The plan shows another picture of the subject beside each one, but there are fewer than two pictures. Add "
            "pictures, or say “no references”."
        )
    return None


def listed(names: Sequence[str], most: int = NAMED) -> str:
    """The first names, and how many more there are."""
    told = ", ".join(names[:most])
    return told if len(names) <= most else f"{told} and {len(names) - most} more"


def reference_notes(manifest: Manifest, plan: TrainingPlan) -> list[str]:
    """What a person should know about the references of a plan: which files have none, and what becomes of them."""
    if plan.reference is ReferenceKind.PAIR:
        without = [item.name for item in manifest.usable if item.reference is None]
        if not without:
            return []
        told = f"{len(without)} of {len(manifest.usable)} files have no reference and are trained as plain examples: "
        return [told + listed(without)]
    if plan.reference is ReferenceKind.SAME_SUBJECT and manifest.images < 2:
        return [
            f"Another picture of the subject is to be shown, but the set has {manifest.images or 'no'} "
            f"picture{'' if manifest.images == 1 else 's'}: what has none to be shown is trained as a plain example"
        ]
    return []
