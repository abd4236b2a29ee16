"""A LoRA file as it can be given away: its header without entries that may name folders, files or captions.

What Sidekick writes has none. A file from another trainer may hold the folders of whoever trained it.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from safetensors import SafetensorError, safe_open

from .container import UnreadableFileError, check_start

# Of kohya's header (sd-scripts): folders, captions with counts, names of files, and free words of the trainer.
PRIVATE = frozenset(
    f"ss_{name}"
    for name in (
        *("dataset_dirs", "reg_dataset_dirs", "datasets", "tag_frequency", "bucket_info", "training_comment"),
        *("sd_model_name", "vae_name", "output_name", "session_id"),
    )
)
# A folder in a text: /home/x, ~/x, C:\x, \\server\x, file://. The address of a page (https://a.b/c/d) is none.
_FOLDER = re.compile(r"(?<![\w:/.])/[\w.~ -]+/[\w.~ -]|(?<!\w)~/|(?<!\w)[A-Za-z]:[\\/]|\\\\\w|\bfile:/", re.IGNORECASE)
_CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True)
class Copied:
    """The copy's checksum and size in bytes, and the names of the header's entries that it does not have."""

    sha256: str
    bytes: int
    left_out: tuple[str, ...]


def private_entries(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The names of entries that may tell of folders, files or captions."""
    return tuple(sorted(key for key, value in metadata.items() if key in PRIVATE or names_folder(f"{key} {value}")))


def names_folder(text: str) -> bool:
    """Is there anything in the text that looks like a folder of some machine?"""
    return _FOLDER.search(text) is not None or str(Path.home()) in text


def read_header(path: Path) -> dict[str, str]:
    """A file's metadata as it stands. Raises UnreadableFileError in words."""
    try:
        check_start(path)
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise UnreadableFileError("The LoRA file is damaged or cannot be read. Fetch it again.") from error


def copy_shareable(source: Path, target: Path) -> Copied:
    """Copy a verified file without its private entries; the tensors' bytes stay, as do all bytes where there are none.

    The copy appears whole or not at all. Raises UnreadableFileError in words, OSError when the disk is full.
    """
    left_out = private_entries(read_header(source))
    start = check_start(source)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    digest, size = hashlib.sha256(), 0
    try:
        with source.open("rb") as old, partial.open("wb") as new:
            head = old.read(start)
            for part in _parts(_without(head, left_out), old):
                digest.update(part)
                size += new.write(part)
            new.flush()
            os.fsync(new.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Copied(digest.hexdigest(), size, left_out)


def _parts(head: bytes, rest: BinaryIO) -> Iterator[bytes]:
    yield head
    while chunk := rest.read(_CHUNK):
        yield chunk


def _without(head: bytes, left_out: tuple[str, ...]) -> bytes:
    """The length and the header; where tensors lie is counted from the header's end, so that nothing else changes."""
    if not left_out:
        return head
    header = json.loads(head[8:])
    header["__metadata__"] = {key: value for key, value in header["__metadata__"].items() if key not in left_out}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
