"""Files into a dataset: copies of what can be used, reasons for what cannot. The originals are only read."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from trainer_core.jobs.full_disk import is_full_disk

from .copies import copy_in
from .copies import size_limit as size_limit
from .media import SUPPORTED, MediaInfo, UnusableMedia, content_of
from .records import MAX_CAPTION, MAX_NAME, Item, Manifest, Reference, Rejected, change, load, one_line
from .references import copy_reference, end_of, pair_up, with_reference

MAX_FILES = 5000  # looked at in one call
KEPT_REASONS = 500  # refused files that the manifest remembers
_COPIES = "files"
LONE_START = (
    "It is named like the start of a pair, but its end is not there. Hand both over together, or rename it to train "
    "on it by itself."
)
_LINKED_FOLDER = "It is a link to another folder, which is not followed; add that folder itself."
_PHOTOGRAPH, _VIDEO, _PICTURE = (
    ("A HEIC or AVIF photograph", "JPEG or PNG"),
    ("This kind of video", "MP4 (H.264)"),
    ("This kind of picture", "PNG or JPEG"),
)
_EXPORTED = (
    dict.fromkeys((".heic", ".heif", ".avif"), _PHOTOGRAPH)
    | dict.fromkeys((".webm", ".mkv", ".avi", ".gif", ".m4v", ".wmv"), _VIDEO)
    | dict.fromkeys((".tif", ".tiff", ".bmp", ".psd", ".jxl", ".raw", ".dng", ".cr2", ".nef", ".arw"), _PICTURE)
)
_BESIDE = {".txt", ".json", ".md", ".csv", ".ini", ".db"}  # notes beside the media: no media, no complaint


class DiskFull(OSError):
    """The disk was full while files were copied in. `left`: so many were not; those before are in the table."""

    def __init__(self, left: int) -> None:
        super().__init__(errno.ENOSPC, "The disk is full")
        self.left = left


def add_files(folder: Path, sources: Iterable[Path], *, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Copy files and folders (searched through) into the dataset and save its manifest.

    Hidden files are skipped, links that lead out of a given folder are refused, an exact copy of a known file is
    refused with the first one's name, and the text of `picture.txt` becomes the caption of `picture.png`. Of a pair
    `x_start`, `x_end` the start becomes the end's reference. A file that cannot be used is listed in `rejected` with
    the reason; the rest goes on. `progress` is told (done, all). Copying takes long: what is changed elsewhere
    meanwhile stays. Raises DiskFull when not all could be copied; what was copied is in the dataset then.
    """
    given = list(sources)
    found, problems = find_files(given)
    pairs, roots = pair_up(found), _roots(given)
    taken: list[Item | Rejected] = []
    ends: dict[str, Path] = {}  # item id -> its start
    references: dict[str, Reference] = {}  # item id -> the copy of its start
    told: list[Rejected] = []

    def copied(path: Path, item: Item) -> Reference:
        references[item.id] = copy_reference(folder, _still_inside(path, roots), "start", item)
        return references[item.id]

    full: OSError | None = None
    try:
        for index, path in enumerate(pairs.items):
            each = _taken(folder, path, roots)
            taken.append(each)
            if isinstance(each, Item) and path in pairs.starts:
                ends[each.id] = pairs.starts[path]
            if progress:
                progress(index + 1, len(pairs.items))
        so_far = {item.id: item for item in _with_taken(load(folder), taken).items}
        _, told = with_starts(so_far, ends, pairs.lone_starts, copied)
    except OSError as error:
        if not is_full_disk(error):
            raise
        full = error

    def added(manifest: Manifest) -> Manifest:
        manifest = _with_taken(manifest, [*problems, *taken])
        items = {item.id: item for item in manifest.items}
        for item_id, reference in references.items():
            items = with_reference(items, item_id, reference)
        shown = {item.reference.name for item in items.values() if item.reference}
        kept = [entry for entry in (*manifest.rejected, *told) if entry.reason != LONE_START or entry.name not in shown]
        return Manifest(items=tuple(items.values()), rejected=tuple(dict.fromkeys(kept))[-KEPT_REASONS:])

    manifest = change(folder, added)
    if full is not None:
        raise DiskFull(len(pairs.items) - len(taken)) from full
    return manifest


def _taken(folder: Path, path: Path, roots: Iterable[Path]) -> Item | Rejected:
    """The item of a file that was copied in, or why it was not. Raises OSError when the disk is full."""
    name = display_name(path)
    try:
        return _take(folder, _still_inside(path, roots), name)
    except (UnusableMedia, OSError) as error:
        if is_full_disk(error):
            raise
        return Rejected(name=name, reason=_why(error))


def _with_taken(manifest: Manifest, taken: Iterable[Item | Rejected]) -> Manifest:
    """The table with what was taken; a file whose content is there already is an exact copy, or the same file again."""
    known = {item.sha256: item for item in manifest.items}
    before = set(known)
    refused = dict.fromkeys(manifest.rejected)
    for each in taken:
        if isinstance(each, Rejected):
            refused[each] = None
            continue
        first = known.setdefault(each.sha256, each)
        if first is not each and (first.name != each.name or each.sha256 not in before):
            reason = f"It is an exact copy of {first.name}."
            refused[Rejected(name=each.name, reason=reason, duplicate_of=first.id)] = None
    return Manifest(items=tuple(known.values()), rejected=tuple(refused))


def with_starts(
    items: dict[str, Item], ends: Mapping[str, Path], lone: Iterable[Path], make: Callable[[Path, Item], Reference]
) -> tuple[dict[str, Item], list[Rejected]]:
    """The items, by id, with the starts of pairs as references, and the starts that could not be used, and why.

    ends: item id -> its start. lone: starts whose end was not beside them. make: the reference from a start; it may
    raise UnusableMedia and OSError. Raises OSError when the disk is full.
    """
    told: list[Rejected] = []
    wanted = list(ends.items())
    for path in lone:  # its end may have come in before
        end = end_of(items, path.name)
        if end is None:
            told.append(Rejected(name=display_name(path), reason=LONE_START))
        elif end.id in dict(wanted):
            told.append(Rejected(name=display_name(path), reason=f"There is another start of {end.name} beside it."))
        else:
            wanted.append((end.id, path))
    for item_id, path in wanted:
        try:
            reference = make(path, items[item_id])
        except (UnusableMedia, OSError) as error:
            if is_full_disk(error):
                raise
            told.append(Rejected(name=display_name(path), reason=_why(error)))
        else:
            items = with_reference(items, item_id, reference)
    return items, told


def _why(error: UnusableMedia | OSError) -> str:
    return str(error) if isinstance(error, UnusableMedia) else f"It cannot be read ({error.strerror or error})."


def display_name(path: Path) -> str:
    """The file's name as one capped line of text, for display only."""
    return one_line(path.name, MAX_NAME) or "(a name without letters)"


def find_files(sources: Iterable[Path]) -> tuple[list[Path], list[Rejected]]:
    """The media files in files and folders (searched through) that may be opened, and those that may not, and why."""
    found: list[Path] = []
    problems: list[Rejected] = []
    for source in sources:
        name = display_name(source)
        try:
            real = source.expanduser().resolve(strict=True)
        except (OSError, RuntimeError):  # RuntimeError: a loop of links
            problems.append(
                Rejected(name=name, reason="There is no such file or folder, or it is a link that leads nowhere.")
            )
            continue
        paths = _walk(real, problems) if real.is_dir() else iter([real])
        root = real if real.is_dir() else real.parent
        for path in paths:
            if len(found) >= MAX_FILES:
                problems.append(Rejected(name=name, reason=f"Only the first {MAX_FILES} files were looked at."))
                return found, problems
            reason = _refused_unseen(path, root)
            if reason:
                problems.append(Rejected(name=display_name(path), reason=reason))
            elif reason is None:
                found.append(path)
    return found, problems


def _roots(sources: Iterable[Path]) -> list[Path]:
    """The folders that what was handed over lies in, with all links followed."""
    real = [source.expanduser().resolve() for source in sources]
    return [path if path.is_dir() else path.parent for path in real]


def _still_inside(path: Path, roots: Iterable[Path]) -> Path:
    """The path, looked at again right before it is read: somebody may have swapped it for a link meanwhile.

    Raises UnusableMedia and OSError.
    """
    real = path.resolve(strict=True)
    if not any(real.is_relative_to(root) for root in roots):
        raise UnusableMedia("It became a link that leads out of the folder while the files were read; add the file.")
    return path


def _walk(folder: Path, problems: list[Rejected]) -> Iterator[Path]:
    """The files of a folder and the folders in it; of folders that cannot be opened, why, in `problems`."""

    def closed(error: OSError) -> None:
        reason = f"This folder cannot be opened ({error.strerror or error})."
        problems.append(Rejected(name=display_name(Path(error.filename)), reason=reason))

    for parent, folders, files in os.walk(folder, onerror=closed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:  # never walked into: links may lead out, or in circles
            if (path := Path(parent, name)).is_symlink():
                problems.append(Rejected(name=display_name(path), reason=_LINKED_FOLDER))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(parent, name)


def _refused_unseen(path: Path, root: Path) -> str | None:
    """Why a file is not even opened: words, "" to pass over it in silence, None when it may be opened."""
    ending = path.suffix.lower()
    if ending in _BESIDE or path.name in ("Thumbs.db", "desktop.ini"):
        return ""
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            return "It is a link that leads out of the folder; add the file itself."
        status = path.stat()
    except (OSError, RuntimeError):
        return "It is a link that leads nowhere."
    if not stat.S_ISREG(status.st_mode):
        return "It is not an ordinary file."
    if ending in _EXPORTED:
        return f"{_EXPORTED[ending][0]} cannot be read here. Export it as {_EXPORTED[ending][1]} and add that."
    if ending not in SUPPORTED:
        kinds = "JPG, PNG, WebP, MP4 and MOV"
        return f"Files ending in {one_line(ending, 12) or 'nothing'} are not read; {kinds} are."
    return None


def item_of(path: Path, name: str, sha256: str, info: MediaInfo, *, file: str) -> Item:
    """The record of the media file at `path`, with the caption that lies beside it; `file` is where the item's is."""
    content, named = content_of(path), path.suffix.lower().lstrip(".").replace("jpg", "jpeg")
    if content != "movie" and named != content:
        info = info.model_copy(update={"notes": (f"named .{named} but holds {content.upper()}", *info.notes)})
    caption = _caption_beside(path)
    return Item(
        id=f"itm_{sha256[:12]}",
        name=name,
        file=file,
        sha256=sha256,
        info=info,
        caption=caption,
        caption_source="file" if caption else "none",
    )


def _take(folder: Path, path: Path, name: str) -> Item:
    """Copy one file into the dataset, checked; no copy is left of one that cannot be used."""
    copied = copy_in(folder, path, where=_COPIES, prefix="itm")
    return item_of(path, name, copied.sha256, copied.info, file=copied.file)


def _caption_beside(path: Path) -> str:
    beside = path.with_suffix(".txt")
    try:
        if beside.is_symlink() or not beside.is_file():
            return ""
        with beside.open("rb") as file:
            text = file.read(8 * MAX_CAPTION)
    except OSError:
        return ""
    return one_line(text.decode("utf-8-sig", "replace"), MAX_CAPTION)
