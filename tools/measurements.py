"""What was measured in each file of a dataset, kept beside it, so that a file is only looked at once."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.dataset.manifest import Item, Manifest, load, path_of
from trainer_core.dataset.media import UnusableMedia, iterate_frames, read_image
from trainer_core.dataset.records import write_atomically

from .vision.colours import Edges, measure_edges
from .vision.duplicates import Fingerprint, fingerprint
from .vision.encoding import blockiness, detail_limit, exposure
from .vision.quality import LONGEST_SIDE, Picture, bars, brightness, sharpness, shrunk
from .vision.shots import Shots, measure_shots

FILE_NAME = "measurements.json"
VERSION = 2  # raise it when a measure changes: older figures are then taken again

LARGEST_READ = 40_000_000  # pixels; larger pictures are shrunk while reading, which hides how they were encoded

Progress = Callable[[int, int], None]


class Measurement(BaseModel):
    """One file's figures; of a clip, the pixel measures are of the frame in its middle."""

    model_config = ConfigDict(frozen=True)

    sharpness: float
    brightness: float
    bars: float
    edges: Edges
    fingerprint: Fingerprint
    shots: Shots | None = None  # clips only
    detail: float | None = None  # share of the pixels' resolution that shows detail, 0 to 1
    blocks: float | None = None  # how much the 8-pixel grid of JPEG stands out; 1 is not at all
    shadows: float = 0.0  # share of the middle that is pure black
    highlights: float = 0.0  # and pure white


class _Stored(BaseModel):
    version: int = VERSION
    files: dict[str, Measurement] = {}  # by the content's SHA-256


def measure_dataset(folder: Path, *, progress: Progress | None = None) -> dict[str, Measurement]:
    """Measurements of all items by id; only files that were never measured are read. `progress` is told (done, all).

    An item whose copy can no longer be decoded is missing from the answer.
    """
    manifest = load(folder)
    stored = _load(folder)
    new = [item for item in manifest.items if item.sha256 not in stored.files]
    known = len(manifest.items) - len(new)
    for index, item in enumerate(new):
        try:
            stored.files[item.sha256] = measure(path_of(folder, item), item)
        except (UnusableMedia, FileNotFoundError):
            continue
        finally:
            if progress:
                progress(known + index + 1, len(manifest.items))
    if new:
        write_atomically(folder / FILE_NAME, stored.model_dump_json().encode())
    return _by_id(manifest, stored)


def stored_measurements(folder: Path, manifest: Manifest) -> dict[str, Measurement]:
    """The measurements that are already there, by item id; reads no media."""
    return _by_id(manifest, _load(folder))


def measure(path: Path, item: Item) -> Measurement:
    """Measure one file. Raises UnusableMedia."""
    shots = None
    whole = item.info.width * item.info.height <= LARGEST_READ
    if item.info.kind == "image":
        picture = read_image(path, longest_side=None if whole else LONGEST_SIDE)
    else:
        picture, shots = _watch(path, item.info.seconds / 2)
    detail, blocks = (detail_limit(picture), blockiness(picture)) if whole else (None, None)
    clipped = exposure(picture)
    picture = shrunk(picture)
    return Measurement(
        sharpness=round(sharpness(picture), 1),
        brightness=round(brightness(picture), 3),
        bars=round(bars(picture), 3),
        edges=measure_edges(picture),
        fingerprint=fingerprint(picture),
        shots=shots,
        detail=detail,
        blocks=blocks,
        shadows=clipped.shadows,
        highlights=clipped.highlights,
    )


def _watch(path: Path, moment: float) -> tuple[Picture, Shots]:
    """The frame on screen at `moment` and the measurements of the whole clip, in one pass."""
    kept: list[Picture] = []

    def frames():  # type: ignore[no-untyped-def]
        for seconds, picture in iterate_frames(path):
            if not kept or seconds <= moment:
                kept[:] = [picture]
            yield seconds, picture

    shots = measure_shots(frames())
    if not kept:
        raise UnusableMedia("The clip has no frames.")
    return kept[0], shots


def _load(folder: Path) -> _Stored:
    path = folder / FILE_NAME
    if not path.exists():
        return _Stored()
    try:
        stored = _Stored.model_validate_json(path.read_bytes())
    except ValidationError:  # damaged or of another shape: everything is measured again
        return _Stored()
    return stored if stored.version == VERSION else _Stored()


def _by_id(manifest: Manifest, stored: _Stored) -> dict[str, Measurement]:
    return {item.id: stored.files[item.sha256] for item in manifest.items if item.sha256 in stored.files}
