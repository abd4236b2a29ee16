"""Files that a model made: they come in marked and set aside, with how they came about kept beside the dataset."""

import tempfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from .drafts import held
from .intake import KEPT_REASONS, add_files
from .records import Item, Manifest, Rejected, change, load, save, write_atomically

FILE_NAME = "synthetic.json"


class Origin(BaseModel):
    """How a picture was made. `view` is the one that was wanted, which need not be the one that came out."""

    model_config = ConfigDict(frozen=True)

    view: str
    description: str
    prompt: str
    seed: int
    base: str


@dataclass(frozen=True)
class Made:
    """A picture fresh from a model: uint8 RGB of shape (height, width, 3); `name` ends in .png."""

    name: str
    picture: NDArray[np.uint8]
    origin: Origin


@dataclass(frozen=True)
class Added:
    """What came in, and what did not, with the reasons."""

    items: tuple[Item, ...]
    rejected: tuple[Rejected, ...]


_ORIGINS = TypeAdapter(dict[str, Origin])


def add_synthetic(folder: Path, sources: Iterable[Path]) -> Added:
    """Copy files or folders in as synthetic and set aside, checked like any other; all in one write or none.

    An exact copy of a known file is refused and that file stays as it is. Raises ValueError for a damaged manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".synthetic-", dir=folder) as staging:
        return _bring_in(folder, Path(staging), list(sources), {})


def add_made(folder: Path, made: Sequence[Made]) -> Added:
    """Add pictures that a model has just made, like `add_synthetic`, and remember their origins."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".synthetic-", dir=folder) as staging:
        written = Path(staging, "written")
        written.mkdir()
        for each in made:
            Image.fromarray(each.picture).save(written / each.name)
        paths = [written / each.name for each in made]
        return _bring_in(folder, Path(staging), paths, {each.name: each.origin for each in made})


def origins_of(folder: Path) -> dict[str, Origin]:
    """Origins by item id, of the files that Sidekick made. Raises ValueError in words when the table is damaged."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    try:
        return _ORIGINS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(
            f"The table of generated files {FILE_NAME} is damaged. The files are untouched and still marked; move the "
            "table away to go on without it."
        ) from error


def mark(folder: Path, item_ids: Collection[str], synthetic: bool) -> Manifest:
    """Say of items whether a model made them. Marked ones are set aside; the mark's end alone takes nothing in.

    Pieces of a clip are marked with it, and with a piece the clip that it is a part of. Raises LookupError for an
    unknown id.
    """
    if not synthetic:
        return change(folder, lambda manifest: manifest.with_changes({key: {"synthetic": False} for key in item_ids}))

    def marked(manifest: Manifest) -> Manifest:
        family = set(item_ids)
        for item in manifest.items:  # pieces come after what they are pieces of
            if item.piece_of in family:
                family.add(item.id)
        for item in reversed(manifest.items):
            if item.id in family and item.piece_of:
                family.add(item.piece_of)
        return manifest.with_changes({key: {"synthetic": True, "excluded": True} for key in family})

    return change(folder, marked)


def take_in(folder: Path, item_ids: Collection[str]) -> Manifest:
    """Let synthetic items be trained on. Only for callers that have a person's yes to exactly these.

    Raises LookupError for an unknown id.
    """
    return change(folder, lambda manifest: manifest.with_changes({key: {"excluded": False} for key in item_ids}))


def _bring_in(folder: Path, staging: Path, sources: list[Path], origins: dict[str, Origin]) -> Added:
    """Check the files in a folder of their own first, so that none is in the dataset unmarked at any moment."""
    staged = add_files(staging, sources)
    with held(folder):
        return _moved_in(folder, staging, staged, origins)


def _moved_in(folder: Path, staging: Path, staged: Manifest, origins: dict[str, Origin]) -> Added:
    manifest = load(folder)
    known = {item.sha256: item for item in manifest.items}
    fresh = [item for item in staged.items if item.sha256 not in known]
    refused = list(staged.rejected)
    for item in staged.items:
        if (first := known.get(item.sha256)) is not None:
            reason = f"It is an exact copy of {first.name}."
            refused.append(Rejected(name=item.name, reason=reason, duplicate_of=first.id))
    marked = tuple(item.model_copy(update={"synthetic": True, "excluded": True}) for item in fresh)
    fresh_origins = {item.id: origins[item.name] for item in marked if item.name in origins}
    if fresh_origins:
        write_atomically(folder / FILE_NAME, _ORIGINS.dump_json(origins_of(folder) | fresh_origins, indent=1))
    for item in marked:
        (folder / item.file).parent.mkdir(exist_ok=True)
        (staging / item.file).replace(folder / item.file)
    rejected = tuple(dict.fromkeys((*manifest.rejected, *refused)))[-KEPT_REASONS:]
    save(folder, Manifest(items=(*manifest.items, *marked), rejected=rejected))
    return Added(marked, tuple(refused))
