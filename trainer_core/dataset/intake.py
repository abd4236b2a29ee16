"""Files into a dataset: copies of what can be used, reasons for what cannot. The originals are only read."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .info import MAX_CLIP_BYTES, MAX_IMAGE_BYTES
from .media import SUPPORTED, MediaInfo, UnusableMedia, content_of, probe
from .records import MAX_CAPTION, MAX_NAME, Item, Manifest, Rejected, load, one_line, save

MAX_FILES = 5000  # looked at in one call
KEPT_REASONS = 500  # refused files that the manifest remembers
_COPIES = "files"
_ENDINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "movie": ".mp4"}
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


def add_files(folder: Path, sources: Iterable[Path], *, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Copy files and folders (searched through) into the dataset and save its manifest.

    Hidden files are skipped, links that lead out of a given folder are refused, an exact copy of a known file is
    refused with the first one's name, and the text of `picture.txt` becomes the caption of `picture.png`. A file that
    cannot be used is listed in `rejected` with the reason; the rest goes on. `progress` is told (done, all).
    """
    manifest = load(folder)
    known = {item.sha256: item for item in manifest.items}
    before = set(known)
    refused = dict.fromkeys(manifest.rejected)
    found, problems = find_files(sources)
    refused.update(dict.fromkeys(problems))
    for index, path in enumerate(found):
        name = display_name(path)
        try:
            item = _take(folder, path, name)
        except (UnusableMedia, OSError) as error:
            reason = (
                str(error) if isinstance(error, UnusableMedia) else f"It cannot be read ({error.strerror or error})."
            )
            refused[Rejected(name=name, reason=reason)] = None
            item = None
        if item is not None and item.sha256 in known:
            first = known[item.sha256]
            if first.name != name or item.sha256 not in before:
                reason = f"It is an exact copy of {first.name}."
                refused[Rejected(name=name, reason=reason, duplicate_of=first.id)] = None
        elif item is not None:
            known[item.sha256] = item
        if progress:
            progress(index + 1, len(found))
    manifest = Manifest(items=tuple(known.values()), rejected=tuple(refused)[-KEPT_REASONS:])
    save(folder, manifest)
    return manifest


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


def _walk(folder: Path, problems: list[Rejected]) -> Iterator[Path]:
    """The files of a folder and the folders in it; of folders that cannot be opened, why, in `problems`."""

    def closed(error: OSError) -> None:
        reason = f"This folder cannot be opened ({error.strerror or error})."
        problems.append(Rejected(name=display_name(Path(error.filename)), reason=reason))

    for parent, folders, files in os.walk(folder, onerror=closed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
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


def size_limit(path: Path) -> int:
    """The most bytes that a file with this content may have. Raises UnusableMedia when it has more."""
    limit = MAX_CLIP_BYTES if content_of(path) == "movie" else MAX_IMAGE_BYTES
    if path.stat().st_size > limit:
        raise UnusableMedia(f"The file is larger than {limit // 2**20} MB. Save a smaller copy.")
    return limit


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
    content = content_of(path)
    limit = size_limit(path)
    copies = folder / _COPIES
    copies.mkdir(parents=True, exist_ok=True)
    unfinished = copies / f".{os.getpid()}.part"
    try:
        digest = _copy(path, unfinished, limit)
        target = copies / f"itm_{digest[:12]}{_ENDINGS[content]}"
        info = probe(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return item_of(path, name, digest, info, file=f"{_COPIES}/{target.name}")


def _copy(source: Path, target: Path, limit: int) -> str:
    digest, copied = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(1 << 20):
            copied += len(block)
            if copied > limit:
                raise UnusableMedia(f"The file is larger than {limit // 2**20} MB. Save a smaller copy.")
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


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
