"""A short text that changes whenever the files of a base do: part of the key of every cached encoding."""

import hashlib
from functools import lru_cache
from pathlib import Path

from .source import Source

SAMPLES = 64
SAMPLE_BYTES = 4096


def fingerprint(source: Source) -> str:
    """SHA-256 over names, sizes and samples of all files: their first bytes and 64 blocks of 4 KB spread over each.

    It reads 256 KB of each file at most and does not depend on dates or on where the files are. Weights that were
    trained or converted differ everywhere, so the samples see it; a change of single bytes may go unseen.
    """
    digest = hashlib.sha256()
    for path in source.files():
        stat = path.stat()
        digest.update(f"{path.parent.name if path != source.path else ''}/{path.name}".encode())
        digest.update(_sampled(path, stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _sampled(path: Path, size: int, _changed: int) -> bytes:
    digest = hashlib.sha256(size.to_bytes(8, "little"))
    step = max(SAMPLE_BYTES, size // SAMPLES)
    with path.open("rb") as file:
        for start in range(0, size, step):
            file.seek(start)
            digest.update(file.read(SAMPLE_BYTES))
    return digest.digest()
