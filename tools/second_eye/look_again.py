"""Second opinions on the files of a set: only those that the model never saw are sent, and each answer is kept."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trainer_core.dataset.manifest import Item
from trainer_core.dataset.media import UnusableMedia, iterate_frames, read_image

from ..vision.quality import LONGEST_SIDE, Picture
from .model import Stop, VisionModel
from .opinions import Opinion, load_opinions, save_opinions, second_opinions

SAVE_EVERY = 10  # answers; they can have cost money


def look_again(
    memory: Path,
    model: VisionModel,
    files: Iterable[tuple[Item, Path]],
    *,
    say: Callable[[str], None],
    stop: Stop = lambda: False,
) -> dict[str, Opinion]:
    """The model's opinions by the content's SHA-256, old and new; they are kept in the folder `memory`.

    A clip is shown by the frame in its middle. A file that cannot be read has none. Raises VisionModelFailed when new
    files were shown and none was answered, and OSError when the answers cannot be kept.
    """
    known = load_opinions(memory, model.name)
    new = {item.sha256: (item, path) for item, path in files if item.sha256 not in known}
    if not new:
        return known
    unsaved: dict[str, Opinion] = {}

    def save() -> None:
        if unsaved:
            memory.mkdir(parents=True, exist_ok=True)
            save_opinions(memory, unsaved)
            unsaved.clear()

    def keep(sha256: str, opinion: Opinion) -> None:
        unsaved[sha256] = opinion
        if len(unsaved) >= SAVE_EVERY:
            save()

    try:
        found = second_opinions(model, _pictures(new), say=say, stop=stop, total=len(new), keep=keep)
    finally:
        save()
    return known | found


def _pictures(files: dict[str, tuple[Item, Path]]) -> Iterator[tuple[str, Picture]]:
    """Read one after the other, as they are asked for: a large set does not fit into memory."""
    for sha256, (item, path) in files.items():
        try:
            yield (
                sha256,
                read_image(path, longest_side=LONGEST_SIDE)
                if item.info.kind == "image"
                else _middle(path, item.info.seconds / 2),
            )
        except (UnusableMedia, OSError):  # it changed or vanished since it was taken in; the audit says so
            continue


def _middle(path: Path, moment: float) -> Picture:
    """The frame on screen at `moment`, in seconds."""
    shown: Picture | None = None
    for seconds, frame in iterate_frames(path, start=moment):
        if shown is not None and seconds > moment:
            break
        shown = frame
    if shown is None:
        raise UnusableMedia("The clip has no frames.")
    return shown
