"""What a safetensors file says about itself in its first bytes: names, types and sizes of tensors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

MAX_HEADER_BYTES = 64 * 1024 * 1024  # LTX-2.3's single file, with all its parts, needs about 1 MB
TYPE_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
TYPE_BYTES |= {"F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "U32": 4, "U64": 8}


class UnreadableWeights(ValueError):
    """The file is no whole safetensors file; the message tells a person what is wrong and what to do."""


@dataclass(frozen=True)
class Stored:
    """A tensor in a file: where it is (`begin` in bytes from the start of the file) and what it is."""

    path: Path
    key: str
    shape: tuple[int, ...]
    dtype: str  # as safetensors spells it: BF16, F32
    begin: int
    bytes: int


@dataclass(frozen=True)
class Header:
    """The header of one file; `raw` are its bytes, which change with every name, type or size."""

    path: Path
    tensors: Mapping[str, Stored]
    metadata: Mapping[str, str]
    size: int  # bytes of the file
    raw: bytes


def read_header(path: Path) -> Header:
    """The header of the file at `path`. Raises UnreadableWeights when it is not a whole safetensors file."""
    try:
        stat = path.stat()
    except OSError as error:
        raise UnreadableWeights(f"{path.name} is missing. Fetch it again.") from error
    return _read_header(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _read_header(path: Path, size: int, _changed: int) -> Header:
    try:
        with path.open("rb") as file:
            start = file.read(9)
            length = int.from_bytes(start[:8], "little")
            if len(start) < 9 or start[8:9] != b"{":
                raise UnreadableWeights(f"{path.name} is not a safetensors file. Fetch it again.")
            if length > MAX_HEADER_BYTES:
                raise UnreadableWeights(f"{path.name} has a header larger than any model needs; it was not read.")
            if 8 + length > size:
                raise UnreadableWeights(_cut_off(path, size, 8 + length))
            raw = start[8:9] + file.read(length - 1)
    except OSError as error:
        raise UnreadableWeights(f"{path.name} cannot be read ({error.strerror or error}).") from error
    tensors, metadata = _parse(path, raw, 8 + length)
    needed = max((stored.begin + stored.bytes for stored in tensors.values()), default=8 + length)
    if needed > size:
        raise UnreadableWeights(_cut_off(path, size, needed))
    _check_places(path, tensors, 8 + length)
    return Header(path, tensors, metadata, size, raw)


def _parse(path: Path, raw: bytes, data_start: int) -> tuple[dict[str, Stored], dict[str, str]]:
    try:
        content = json.loads(raw)
        metadata = content.pop("__metadata__", {})
        tensors = {name: _stored(path, name, entry, data_start) for name, entry in content.items()}
        return tensors, {str(name): str(value) for name, value in metadata.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UnreadableWeights(f"{path.name} has a damaged header. Fetch it again.") from error


def _stored(path: Path, name: str, entry: Mapping[str, Any], data_start: int) -> Stored:
    begin, end = (int(offset) for offset in entry["data_offsets"])
    shape = tuple(int(length) for length in entry["shape"])
    width = TYPE_BYTES.get(entry["dtype"])
    if not 0 <= begin <= end or any(length < 0 for length in shape):
        raise ValueError(name)
    if width is not None and prod(shape) * width != end - begin:
        raise ValueError(name)
    return Stored(path, name, shape, str(entry["dtype"]), data_start + begin, end - begin)


def _check_places(path: Path, tensors: Mapping[str, Stored], data_start: int) -> None:
    """The format wants tensors to lie one after another: where they overlap or leave gaps, no library reads them."""
    end = data_start
    for stored in sorted(tensors.values(), key=lambda stored: (stored.begin, stored.bytes)):
        if stored.begin != end:
            raise UnreadableWeights(
                f"{path.name} has a damaged header: its tensors overlap or leave gaps. Fetch it again."
            )
        end += stored.bytes


def _cut_off(path: Path, size: int, needed: int) -> str:
    return (
        f"{path.name} is cut off: it has {size:,} bytes and its header tells of {needed:,}. The download or copy did "
        "not finish. Fetch it again."
    )
