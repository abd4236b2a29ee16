"""Small copies of a dataset's files for the window: made once, named by content, so that the files stay closed."""

import os
import threading
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from trainer_core.dataset.decoding import Frame
from trainer_core.dataset.footage import iterate_frames
from trainer_core.dataset.manifest import Item, path_of
from trainer_core.dataset.media import UnusableMedia, read_image

from .audit.pictures.thumbnails import placeholder

SIDE, LARGE_SIDE = 256, 896  # pixels, the longest side of a tile's picture and of the one beside the caption
QUALITY = 80
FOLDER = "small"
_at_work: set[Path] = set()
_lock = threading.Lock()


def copy_name(item: Item, *, large: bool = False) -> str:
    """The copy's file name: the same content is the same copy, whatever the file is called."""
    return f"{item.sha256[:32]}{'_large' if large else ''}.jpg"


def small_copy(dataset: Path, pictures: Path, item: Item, *, large: bool = False) -> Path:
    """The item's small copy under `pictures`, RGB JPEG; made now if it is not there. A clip gives its middle frame.

    A file that cannot be read gives a placeholder. Raises OSError when the copy cannot be written.
    """
    target = pictures / FOLDER / copy_name(item, large=large)
    if not target.exists():
        _write(_picture(dataset, item, LARGE_SIDE if large else SIDE), target)
    return target


def frames_copy(dataset: Path, pictures: Path, item: Item, moments: Sequence[float]) -> Path:
    """One frame of a clip at each moment (seconds), side by side, RGB JPEG; made now if it is not there.

    Raises OSError when it cannot be written.
    """
    marks = "_".join(f"{round(1000 * moment)}" for moment in moments)
    target = pictures / FOLDER / f"{item.sha256[:32]}_at_{marks}.jpg"
    if not target.exists():
        frames = [_shrunk(_frame(dataset, item, moment), SIDE) for moment in moments]
        high = max(frame.height for frame in frames)
        strip = Image.new("RGB", (sum(frame.width for frame in frames), high))
        left = 0
        for frame in frames:
            strip.paste(frame, (left, 0))
            left += frame.width
        _write(strip, target)
    return target


def made(pictures: Path) -> frozenset[str]:
    """The names of the copies that are there."""
    folder = pictures / FOLDER
    return frozenset(entry.name for entry in os.scandir(folder)) if folder.is_dir() else frozenset()


def make_in_background(dataset: Path, pictures: Path, items: Iterable[Item]) -> bool:
    """Begin to make what is missing, in a thread that ends with the program; one thread for each project.

    False when nothing is missing or it is being made already.
    """
    there = made(pictures)
    missing = [item for item in items if copy_name(item) not in there]
    with _lock:
        if not missing or pictures in _at_work:
            return False
        _at_work.add(pictures)
    threading.Thread(target=partial(_make, dataset, pictures, missing), name="small copies", daemon=True).start()
    return True


def _make(dataset: Path, pictures: Path, items: Sequence[Item]) -> None:
    try:
        for item in items:
            small_copy(dataset, pictures, item)
    except OSError:  # such as a full disk: the next look at the project begins again
        return
    finally:
        with _lock:
            _at_work.discard(pictures)


def _picture(dataset: Path, item: Item, side: int) -> Image.Image:
    if item.info.kind == "clip":
        return _shrunk(_frame(dataset, item, item.info.seconds / 2), side)
    try:
        return Image.fromarray(read_image(path_of(dataset, item), longest_side=side))
    except (UnusableMedia, OSError, ValueError):
        return placeholder()


def _frame(dataset: Path, item: Item, moment: float) -> Image.Image:
    """The frame on screen at `moment`, or the placeholder."""
    last: Frame | None = None
    try:
        for seconds, picture in iterate_frames(path_of(dataset, item), start=moment):
            if last is not None and seconds > moment + 1e-4:
                break
            last = picture
    except (UnusableMedia, OSError, ValueError):  # what was read before is shown
        pass
    return placeholder() if last is None else Image.fromarray(last)


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    image = image.copy()
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _write(image: Image.Image, target: Path) -> None:
    """Complete or not at all; two threads that make the same copy do not disturb each other."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        image.save(unfinished, "JPEG", quality=QUALITY)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
