"""An audit of any folder, in place: files are only read, and what was measured is remembered for the next time."""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainer_core.dataset.intake import display_name, find_files, item_of, size_limit, with_starts
from trainer_core.dataset.manifest import Item, Manifest, Rejected
from trainer_core.dataset.media import UnusableMedia, probe
from trainer_core.dataset.records import Reference
from trainer_core.dataset.references import pair_up
from trainer_core.recipes import Recipe

from ..measurements import Stop
from ..measuring import FILE_NAME, Known, Progress, Work, look_at, state_of
from ..second_eye.look_again import look_again
from ..second_eye.model import VisionModel, VisionModelFailed
from ..second_eye.opinions import load_opinions
from ..text import plural
from .run import Audit, judge

NAMED = 6  # pairs that are named one by one


@dataclass(frozen=True)
class FolderAudit:
    """The audit, where each item's file is, how many files were looked at now and how many were remembered.

    `notes` say in words what else a person should know: which files are pairs, that nothing could be remembered, that
    the vision model did not answer.
    """

    audit: Audit
    paths: dict[str, Path]
    looked_at: int
    remembered: int
    notes: tuple[str, ...] = ()


def memory_of(folder: Path, home: Path) -> Path:
    """Where in the workspace `home` is kept what was measured in a folder."""
    return home / "audits" / hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def audit_folder(
    folder: Path,
    recipe: Recipe,
    *,
    memory: Path,
    trigger: str | None = None,
    text: bool = False,
    second_eye: VisionModel | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda _words: None,
    stop: Stop = lambda: False,
) -> FolderAudit:
    """Audit a folder (searched through) or one file; `memory` is the folder for what was measured.

    With a `second_eye` the pictures are shown to that vision model, and `say` tells of it.

    Contents that are remembered are not looked at again, also under another name. Raises Stopped; what was measured
    until then is remembered.
    """
    files, problems = find_files([folder])
    pairs = pair_up(files)
    found, refused = _hashed(pairs.items)
    known = Known.read(memory / FILE_NAME)
    notes: dict[str, None] = {}  # in order, each once

    def save() -> None:
        try:
            known.write(memory / FILE_NAME)
        except OSError as error:  # a full disk or a folder that cannot be written: the audit itself goes on
            notes[f"What was measured could not be kept in {memory} ({error.strerror or error})."] = None

    looked_at = look_at(found, known, save, text=text, progress=progress, stop=stop)
    items, doubles = _items(found, known)
    ends = {f"itm_{work.sha256[:12]}": pairs.starts[work.path] for work in found if work.path in pairs.starts}
    ends = {item.id: ends[item.id] for item in items if item.id in ends}
    shown, told = with_starts({item.id: item for item in items}, ends, pairs.lone_starts, _start)
    items = list(shown.values())
    if paired := [item.name for item in items if item.reference]:
        notes[_pairs_words(paired)] = None
    manifest = Manifest(items=tuple(items), rejected=(*problems, *refused, *doubles, *told))
    measured = {item.id: known.files[item.sha256] for item in items}
    paths = {item.id: Path(item.file) for item in items}
    try:
        if second_eye:
            look_again(memory, second_eye, [(item, paths[item.id]) for item in items], say=say, stop=stop)
    except (VisionModelFailed, OSError) as error:
        notes[f"There is no second opinion: {error}"] = None
    audit = judge(manifest, recipe, measured, trigger=trigger, opinions=load_opinions(memory))
    remembered = len({work.sha256 for work in found}) - looked_at
    return FolderAudit(audit, paths, looked_at, remembered, tuple(notes))


def _start(path: Path, item: Item) -> Reference:
    """The start of a pair where it lies: probed, not judged, because it is only shown beside the item."""
    size_limit(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    info = probe(path)
    if sha256 == item.sha256:
        raise UnusableMedia(f"It is an exact copy of {item.name}, so there is nothing to learn from the two.")
    return Reference(showing="start", name=display_name(path), file=str(path), sha256=sha256, info=info)


def _pairs_words(ends: Sequence[str]) -> str:
    more = f" and {len(ends) - NAMED} more" if len(ends) > NAMED else ""
    return (
        f"{plural(len(ends), 'pair')} by the files' names ({', '.join(ends[:NAMED])}{more}): the _end is what is "
        "learned, so it is judged; the _start is shown beside it."
    )


def _hashed(files: Sequence[Path]) -> tuple[list[Work], list[Rejected]]:
    """Every file that may be read, with its SHA-256; of those that may not, why."""
    found: list[Work] = []
    refused: list[Rejected] = []
    for path in files:
        try:
            size_limit(path)
            with path.open("rb") as file:
                state = state_of(os.fstat(file.fileno()))
                found.append(Work(hashlib.file_digest(file, "sha256").hexdigest(), path, state=state))
        except UnusableMedia as error:
            refused.append(Rejected(name=display_name(path), reason=str(error)))
        except OSError as error:
            reason = f"It cannot be read ({error.strerror or error})."
            refused.append(Rejected(name=display_name(path), reason=reason))
    return found, refused


def _items(found: Sequence[Work], known: Known) -> tuple[list[Item], list[Rejected]]:
    """An item for each content that can be used; exact copies and damaged files are refused."""
    items: dict[str, Item] = {}
    refused: list[Rejected] = []
    for work in found:
        sha256, name = work.sha256, display_name(work.path)
        if sha256 in items:
            first = items[sha256]
            refused.append(Rejected(name=name, reason=f"It is an exact copy of {first.name}.", duplicate_of=first.id))
            continue
        item = None
        if sha256 in known.files and sha256 in known.infos:
            with suppress(UnusableMedia, OSError):  # it vanished after it was looked at
                item = item_of(work.path, name, sha256, known.infos[sha256], file=str(work.path))
        if item is not None:
            items[sha256] = item
        else:
            reason = known.refused.get(sha256, "It changed or vanished while it was looked at.")
            refused.append(Rejected(name=name, reason=reason))
    return list(items.values()), refused
