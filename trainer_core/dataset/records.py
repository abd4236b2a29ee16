"""The records of a dataset: its items, the files that were refused, and how they are stored."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .drafts import draft_in, held
from .media import MediaInfo

FILE_NAME = "manifest.json"
MAX_CAPTION = 2000  # characters
MAX_NAME = 120

CaptionSource = Literal["none", "file", "measured", "model", "person"]  # who wrote it; "model": a vision model
Showing = Literal["start", "edges", "pose", "depth"]  # "start": the person's own file; else made from the item


class Reference(BaseModel):
    """What is shown beside an item while it is learned: a copy in the dataset folder; `name` is for display only."""

    model_config = ConfigDict(frozen=True)

    showing: Showing
    name: str
    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    info: MediaInfo


class Item(BaseModel):
    """One picture or clip. `file` is the copy, relative to the dataset folder; `name` is for display only."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(pattern=r"^itm_[0-9a-f]{12}$")]
    name: str
    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    info: MediaInfo
    caption: str = ""
    caption_source: CaptionSource = "none"
    excluded: bool = False
    piece_of: str | None = None  # the id of the clip that this is a part of
    synthetic: bool = False  # made by a model, not by the person
    reference: Reference | None = None  # for in-context training


class Rejected(BaseModel):
    """A file that was not taken, with the reason in words. `duplicate_of` is set for exact copies of an item."""

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str
    duplicate_of: str | None = None


class Manifest(BaseModel):
    """All items in the order in which they were added, and what was refused."""

    model_config = ConfigDict(frozen=True)

    items: tuple[Item, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @property
    def usable(self) -> tuple[Item, ...]:
        """The items that were not excluded."""
        return tuple(item for item in self.items if not item.excluded)

    @property
    def images(self) -> int:
        """How many usable images there are."""
        return sum(item.info.kind == "image" for item in self.usable)

    @property
    def clips(self) -> int:
        """How many usable clips there are."""
        return sum(item.info.kind == "clip" for item in self.usable)

    @property
    def checksum(self) -> str:
        """SHA-256 over the usable items' contents, captions and references, in the order of ids: TrainingPlan.dataset.

        An item without a reference counts as it did before there were references.
        """
        return _digest(_marks(item) for item in sorted(self.usable, key=lambda item: item.id))

    @property
    def files_checksum(self) -> str:
        """SHA-256 over all files, taken and refused, without captions: tells whether an audit is still true."""
        marks = [f"{item.sha256}{item.excluded}" for item in sorted(self.items, key=lambda item: item.id)]
        return _digest([*marks, *(f"{entry.name}\n{entry.reason}" for entry in self.rejected)])

    def item(self, item_id: str) -> Item:
        """The item with this id. Raises LookupError in words."""
        for item in self.items:
            if item.id == item_id:
                return item
        raise LookupError(f"There is no file {one_line(item_id, 40)!r} in this dataset.")

    def with_changes(self, changes: Mapping[str, Mapping[str, Any]]) -> "Manifest":
        """The table with other fields of some items, by id. Raises LookupError in words for an unknown id."""
        for item_id in changes:
            self.item(item_id)
        items = tuple(item.model_copy(update=dict(changes.get(item.id, {}))) for item in self.items)
        return self.model_copy(update={"items": items})


def load(folder: Path) -> Manifest:
    """The folder's manifest; an empty one when there is none. Raises ValueError in words when it is damaged."""
    path = folder / FILE_NAME
    if not path.exists():
        return Manifest()
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"The dataset's table {FILE_NAME} is damaged ({error.error_count()} errors). The copied files are "
            "untouched; move the table away and add your files again."
        ) from error


def change(folder: Path, made: Callable[[Manifest], Manifest]) -> Manifest:
    """Read the table, save what `made` gives for it, and give that; nobody else changes it between the two.

    `made` is quick: everybody waits for it. Raises what it raises (then nothing is saved), ValueError for a damaged
    table, and OSError.
    """
    with held(folder):
        manifest = made(load(folder))
        save(folder, manifest)
    return manifest


def save(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, atomically: a reader sees the old one or the new one. To change it see `change`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / FILE_NAME, manifest.model_dump_json(indent=1).encode())


class OutsideDataset(ValueError, LookupError):
    """A copy is not where copies are: its table was tampered with, or a link put in its place. In words."""


def path_of(folder: Path, item: Item | Reference) -> Path:
    """Where the item's or reference's copy is. Raises OutsideDataset when that leads out of the folder."""
    path = (folder / item.file).resolve()
    if not path.is_relative_to(folder.resolve()):
        about = item.id if isinstance(item, Item) else "a reference"
        raise OutsideDataset(
            f"The dataset's table, or a link in its folder, leads out of the dataset for {about}. Nothing was read; "
            "set the file aside and add it again."
        )
    return path


def one_line(text: str, limit: int) -> str:
    """The text without control characters and line breaks, capped to `limit` characters. Markup is kept as text."""
    readable = text.encode("utf-8", "replace").decode()
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in readable).split())
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def write_atomically(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file so that it is there complete or as it was, also when several threads write it at once.

    `private`: readable by the owner alone, from its first byte on.
    """
    unfinished = draft_in(path.parent)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(unfinished, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _marks(item: Item) -> str:
    reference = f"\n{item.reference.sha256}" if item.reference else ""
    return f"{item.sha256}\n{item.caption}{reference}"


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()
