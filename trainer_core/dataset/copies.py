"""Copies of media files inside the dataset folder, named by their content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .drafts import draft_in
from .info import MAX_CLIP_BYTES, MAX_IMAGE_BYTES
from .media import MediaInfo, UnusableMedia, content_of, probe

_ENDINGS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "movie": ".mp4"}


@dataclass(frozen=True)
class Copied:
    """A copy: `file` is relative to the dataset folder."""

    file: str
    sha256: str
    info: MediaInfo


def copy_in(folder: Path, path: Path, *, where: str, prefix: str) -> Copied:
    """Copy a file to `where` in the dataset folder, checked; no copy is left of one that cannot be used.

    Raises UnusableMedia and OSError.
    """
    content = content_of(path)
    limit = size_limit(path)
    copies = folder / where
    copies.mkdir(parents=True, exist_ok=True)
    unfinished = draft_in(copies)
    try:
        digest = _copy(path, unfinished, limit)
        target = copies / f"{prefix}_{digest[:12]}{_ENDINGS[content]}"
        info = probe(unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return Copied(f"{where}/{target.name}", digest, info)


def size_limit(path: Path) -> int:
    """The most bytes that a file with this content may have. Raises UnusableMedia when it has more."""
    limit = MAX_CLIP_BYTES if content_of(path) == "movie" else MAX_IMAGE_BYTES
    if path.stat().st_size > limit:
        raise _too_large(limit)
    return limit


def _copy(source: Path, target: Path, limit: int) -> str:
    digest, copied = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(1 << 20):
            copied += len(block)
            if copied > limit:
                raise _too_large(limit)
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def _too_large(limit: int) -> UnusableMedia:
    return UnusableMedia(f"The file is larger than {limit // 2**20} MB. Save a smaller copy.")
