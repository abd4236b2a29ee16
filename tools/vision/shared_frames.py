"""Which files show the same moment: a still that was taken from a clip, and clips that share footage."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .duplicates import SMALLEST_CORRELATION, Fingerprint, correlation

FRAMES_A_SECOND = 2.0  # of a clip that are worth a fingerprint: a still lies at most a quarter of a second from one
NEAREST = 8  # of 64 bits, perceptual hash; frames of one shot that are close in time
_BLOCK = 512  # frames that are compared with all others at once
_TRIED = 3  # closest pairs of frames of two files that are compared by pixels


class Shared(NamedTuple):
    """A file that shows the same as an earlier one (its index), and how many of its frames do by their hashes."""

    first: int
    frames: int


def shared_frames(prints: Sequence[Sequence[Fingerprint]], origins: Sequence[Hashable]) -> dict[int, Shared]:
    """Index -> the earliest file that shows one of its moments; files of one origin (pieces) are not compared.

    `prints` has one fingerprint for a picture and several for a clip, such as two a second; `origins` tells what each
    file was taken from, its own id for whole files. All hashes, straight and mirrored, are compared at once, in blocks
    of 512 frames: 6,000 frames take under a second; only the closest pairs of two files are compared by pixels.
    """
    owners = np.array([index for index, frames in enumerate(prints) for _ in frames], dtype=np.int64)
    flat = [each for frames in prints for each in frames]
    straight, mirrored = (
        np.array([int(getattr(each, name), 16) for each in flat], dtype=np.uint64) for name in _HASHES
    )
    known = {origin: number for number, origin in enumerate(dict.fromkeys(origins))}
    origin = np.array([known[origins[owner]] for owner in owners], dtype=np.int64)
    found: dict[int, Shared] = {}
    pairs: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for start in range(0, len(flat), _BLOCK):
        block = slice(start, start + _BLOCK)
        bits = np.minimum(_bits(straight[block], straight), _bits(straight[block], mirrored))
        close = (bits <= NEAREST) & (owners[None, :] < owners[block, None]) & (origin[None, :] != origin[block, None])
        for late, early in zip(*np.nonzero(close), strict=True):
            key = int(owners[start + late]), int(owners[early])
            pairs.setdefault(key, []).append((int(bits[late, early]), start + int(late), int(early)))
    for (late_file, early_file), candidates in sorted(pairs.items()):
        if late_file in found:
            continue
        nearest = sorted(candidates)[:_TRIED]
        if any(correlation(flat[late], flat[early]) >= SMALLEST_CORRELATION for _, late, early in nearest):
            found[late_file] = Shared(early_file, len({late for _, late, _ in candidates}))
    return found


_HASHES = ("hash", "mirrored")


def _bits(some: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.asarray(np.bitwise_count(some[:, None] ^ others[None, :]), dtype=np.uint8)
