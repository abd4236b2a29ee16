"""Safetensors files, written to the same bytes every time and opened with care.

A file is 8 bytes (length of the header, little-endian), a JSON header and the tensors' bytes. The safetensors library
writes the header's metadata in a random order, so equal LoRAs would differ in their bytes: the writer here sorts it.
Reading stays with the library; its limits are tightened for files that come from strangers.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

MAX_HEADER_BYTES = 8 * 1024 * 1024  # a rank-32 LoRA on all attentions of LTX-2.3 has about 0.3 MB
MAX_FILE_BYTES = 16 * 1024**3
PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")
_CHUNK = 8 * 1024 * 1024


class UnreadableFileError(ValueError):
    """The file is not a safetensors file that can be read; the message is for a person."""


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write bfloat16 `tensors` and `metadata` with equal bytes for equal content. Flushed to the disk, not atomic."""
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    offset = 0
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype is not torch.bfloat16:
            raise TypeError(f"{name} is {tensor.dtype}, not bfloat16")
        end = offset + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for data in _data(tensors):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


def hash_tensors(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over the tensors' bytes as `write` lays them out: ModelSpec's `hash_sha256` without its 0x."""
    digest = hashlib.sha256()
    for data in _data(tensors):
        digest.update(data)
    return digest.hexdigest()


def _data(tensors: dict[str, Tensor]) -> Iterator[bytes]:
    for _, tensor in sorted(tensors.items()):
        yield tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()


def check_start(path: Path) -> int:
    """Where the tensors' bytes begin, from the file's size and first bytes. Raises UnreadableFileError or OSError.

    A pickle (.ckpt, .pt, .pth, .bin) can run a stranger's program when it is opened: it is refused and never opened.
    """
    if not path.is_file():
        raise UnreadableFileError("There is no such file.")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFileError("The file is empty. Fetch it again.")
    if size > MAX_FILE_BYTES:
        raise UnreadableFileError(
            f"The file has {size / 1024**3:.0f} GB: that is too large for a LoRA. It was not opened."
        )
    with path.open("rb") as file:
        start = file.read(16)
    length = int.from_bytes(start[:8], "little")
    looks_right = start[8:9] == b"{"
    zipped, pickled = start[:4] == b"PK\x03\x04", start[0] == 0x80
    if zipped and not looks_right and path.suffix.lower() not in PICKLE_SUFFIXES:
        raise UnreadableFileError(
            "This is a zip archive with another name: files packed together, or a PyTorch file, which can run programs "
            "when it is opened. It was not opened. If you packed it, unpack it and hand over the .safetensors file "
            "inside; else ask its maker for one."
        )
    if path.suffix.lower() in PICKLE_SUFFIXES or (pickled and not looks_right):
        raise UnreadableFileError(
            "This is a pickle file (.ckpt, .pt), which can run programs when it is opened. It was not opened. "
            "Ask its maker for a .safetensors file."
        )
    if not looks_right:
        raise UnreadableFileError(
            "This is not a safetensors file. Look whether it is the right file, or fetch it again."
        )
    if length > MAX_HEADER_BYTES:
        raise UnreadableFileError(
            f"The header claims {length / 1024**2:,.0f} MB, more than any LoRA needs. It was not read."
        )
    if 8 + length > size:
        raise UnreadableFileError(
            "The file is cut off in its header: the download or copy did not finish. Fetch it again."
        )
    return 8 + length


def hashes(path: Path, data_start: int) -> tuple[str, str]:
    """SHA-256 of the whole file and of the tensors' bytes alone, in one reading."""
    whole, tensors = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        whole.update(file.read(data_start))
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
            tensors.update(chunk)
    return whole.hexdigest(), tensors.hexdigest()
