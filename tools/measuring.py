"""Looking at many files: on all processors, each content only once, with progress, and stopped at a person's word."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import cv2
from pydantic import BaseModel, ValidationError

from trainer_core.dataset.manifest import Manifest, load, path_of
from trainer_core.dataset.media import MediaInfo, UnusableMedia, probe
from trainer_core.dataset.records import write_atomically

from .measurements import Measurement, Stop, Stopped, measure
from .vision.eyes.look import available

__all__ = ["Known", "Pace", "Progress", "Stopped", "Work", "look_at", "measure_dataset", "stored_measurements"]

FILE_NAME = "measurements.json"
VERSION = 5  # raise it when a measure changes: older figures are then taken again
SAVED_EVERY = 15.0  # seconds between writes while looking, so that a crash loses little
ASKED_EVERY = 0.2  # seconds between two questions whether to stop
MOST_WORKERS = 4  # more pictures at a time would only need more memory
LARGEST_KEPT = 512 * 2**20  # bytes of what is remembered; 5,000 clips need a fifth of it


@dataclass(frozen=True)
class Pace:
    """How far a look at `total` new files is, and how many seconds are left (None until that can be told)."""

    done: int
    total: int
    seconds_left: float | None = None

    def words(self) -> str:
        """'120 of 1,000 files, about 40 s left'."""
        counted = f"{self.done:,} of {self.total:,} {'file' if self.total == 1 else 'files'}"
        if self.seconds_left is None or self.done == self.total:
            return counted
        left = self.seconds_left
        return f"{counted}, about {f'{left / 60:.0f} min' if left >= 90 else f'{max(1, left):.0f} s'} left"


Progress = Callable[[Pace], None]
_Found = tuple[MediaInfo, Measurement]


class Known(BaseModel):
    """What is kept of contents, by their SHA-256: figures, descriptions of files looked at in place, and refusals."""

    version: int = VERSION
    files: dict[str, Measurement] = {}
    infos: dict[str, MediaInfo] = {}
    refused: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path) -> "Known":
        """The file's content; nothing known where it is missing, damaged, unreadable or of an older version."""
        try:
            if path.stat().st_size > LARGEST_KEPT:
                return cls()
            known = cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):  # it only saves time: writing tells what is wrong with the place
            return cls()
        return known if known.version == VERSION else cls()

    def write(self, path: Path) -> None:
        """Save, atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, self.model_dump_json().encode())

    def lacks(self, work: "Work", *, text: bool, eyes: bool) -> bool:
        """Whether a content must be looked at (again): never seen, or without what is now wanted and possible."""
        if work.sha256 in self.refused:
            return False
        found = self.files.get(work.sha256)
        if found is None or (work.info is None and work.sha256 not in self.infos):
            return True
        return (text and found.text is None) or (eyes and not found.looks)


@dataclass(frozen=True)
class Work:
    """One content to look at. `info` is None when the file was not probed yet; `state` (`state_of`) is the file's when
    its SHA-256 was taken: what is measured in a file that changed since is not about this content."""

    sha256: str
    path: Path
    info: MediaInfo | None = None
    state: tuple[int, ...] | None = None


class _Changed(Exception):
    """The file is another one, or gone, since its SHA-256 was taken."""


def state_of(status: os.stat_result) -> tuple[int, ...]:
    """What differs when a file was written to or replaced."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def measure_dataset(
    folder: Path, *, text: bool = False, progress: Progress | None = None, stop: Stop = lambda: False
) -> dict[str, Measurement]:
    """Measurements of all items by id; only contents that were never measured are read.

    An item whose copy is gone or can no longer be decoded is missing from the answer. Raises Stopped; what was
    measured is kept.
    """
    manifest = load(folder)
    known = Known.read(folder / FILE_NAME)
    work = [Work(item.sha256, path_of(folder, item), item.info) for item in manifest.items]
    look_at(work, known, lambda: known.write(folder / FILE_NAME), text=text, progress=progress, stop=stop)
    return _by_id(folder, manifest, known)


def stored_measurements(folder: Path, manifest: Manifest) -> dict[str, Measurement]:
    """The measurements that are already there, by item id; reads no media."""
    return _by_id(folder, manifest, Known.read(folder / FILE_NAME))


def look_at(
    work: Iterable[Work],
    known: Known,
    save: Callable[[], None],
    *,
    text: bool = False,
    progress: Progress | None = None,
    stop: Stop = lambda: False,
) -> int:
    """Look at what is not known yet, add it to `known`, `save` that now and then, and say how many were looked at.

    A file that cannot be used goes to `known.refused` when it was never probed before; a copy that was sound once is
    asked again next time, and so is a file that changed or vanished meanwhile. Raises Stopped within a moment of
    `stop()` turning true; what was measured is saved.
    """
    eyes = not available()
    new = {each.sha256: each for each in work if known.lacks(each, text=text, eyes=eyes)}
    if not new:
        return 0
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the pool has a thread for each processor already
    try:
        _all(list(new.values()), known, save, text, progress or (lambda _pace: None), stop)
    finally:
        cv2.setNumThreads(threads)
        save()
    return len(new)


def _all(
    work: Sequence[Work], known: Known, save: Callable[[], None], text: bool, progress: Progress, stop: Stop
) -> None:
    started = saved = time.monotonic()
    workers = min(MOST_WORKERS, os.cpu_count() or 1, len(work))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="audit")
    halted = False

    def halt() -> bool:
        return halted or stop()

    try:
        waiting: dict[Future[_Found], Work] = {}
        rest, done = iter(work), 0
        while True:
            for each in rest:  # a short queue: a stop then leaves nothing behind it
                waiting[pool.submit(_one, each, text, halt)] = each
                if len(waiting) > workers:
                    break
            if not waiting:
                return
            finished, _ = wait(waiting, timeout=ASKED_EVERY, return_when=FIRST_COMPLETED)
            for future in finished:
                _keep(future, waiting.pop(future), known)
                done += 1
                spent = time.monotonic() - started
                left = spent / done * (len(work) - done) if done >= 2 * workers else None
                progress(Pace(done, len(work), left))
            if stop():
                raise Stopped(f"Stopped after {done} of {len(work)} files; what was measured of them is kept.")
            if time.monotonic() - saved > SAVED_EVERY:
                save()
                saved = time.monotonic()
    finally:
        halted = True
        pool.shutdown(wait=False, cancel_futures=True)


def _one(work: Work, text: bool, stop: Stop) -> _Found:
    try:
        info = work.info or probe(work.path)
        found = info, measure(work.path, info, text=text, stop=stop)
    except (UnusableMedia, FileNotFoundError):
        _unchanged(work)
        raise
    _unchanged(work)
    return found


def _unchanged(work: Work) -> None:
    """Raises _Changed where the file is no longer what its SHA-256 was taken of."""
    if work.state is None:
        return
    try:
        state = state_of(work.path.stat())
    except OSError as error:
        raise _Changed from error
    if state != work.state:
        raise _Changed


def _keep(future: Future[_Found], work: Work, known: Known) -> None:
    try:
        info, known.files[work.sha256] = future.result()
    except UnusableMedia as error:
        if work.info is None:
            known.refused[work.sha256] = str(error)
    except (Stopped, _Changed):
        return
    except FileNotFoundError:
        if work.path.exists():  # not the file: something of ours is missing
            raise
    else:
        if work.info is None:
            known.infos[work.sha256] = info


def _by_id(folder: Path, manifest: Manifest, known: Known) -> dict[str, Measurement]:
    """What is known of the items whose copies are there: figures of a copy that is gone would call it good."""
    return {
        item.id: known.files[item.sha256]
        for item in manifest.items
        if item.sha256 in known.files and path_of(folder, item).is_file()
    }
