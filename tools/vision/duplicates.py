"""Which pictures are nearly the same: resized, saved again, slightly cropped, brightened or mirrored copies."""

from collections.abc import Sequence

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from .quality import Picture

LARGEST_DISTANCE = 10  # of 64 bits, perceptual hash
SMALLEST_CORRELATION = 0.97  # of the small pictures; drawn scenes in one place have like hashes but differ here
_SIDE = 40
_CROPS = (0, 1, 2)  # pixels of the small picture cut from each side: 0, 2.5 and 5 %


class Fingerprint(BaseModel):
    """What is kept of a picture to find it again: two 64-bit hashes in hexadecimal and a 40x40 picture."""

    model_config = ConfigDict(frozen=True)

    hash: str
    mirrored: str
    small: str  # hexadecimal bytes of the 40x40x3 picture


def fingerprint(picture: Picture) -> Fingerprint:
    """The picture's fingerprint."""
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return Fingerprint(
        hash=str(imagehash.phash(Image.fromarray(picture))),
        mirrored=str(imagehash.phash(Image.fromarray(np.ascontiguousarray(picture[:, ::-1])))),
        small=small.tobytes().hex(),
    )


def near_duplicates(prints: Sequence[Fingerprint]) -> dict[int, int]:
    """Index -> index of the first picture that it repeats. Compares all pairs by hash and only close ones by pixels."""
    hashes = np.array([int(each.hash, 16) for each in prints], dtype=np.uint64)
    mirrored = np.array([int(each.mirrored, 16) for each in prints], dtype=np.uint64)
    copies: dict[int, int] = {}
    for index in range(1, len(prints)):
        straight = np.bitwise_count(hashes[:index] ^ hashes[index])
        flipped = np.bitwise_count(mirrored[:index] ^ hashes[index])
        for other in np.flatnonzero(np.minimum(straight, flipped) <= LARGEST_DISTANCE):
            if int(other) not in copies and correlation(prints[index], prints[int(other)]) >= SMALLEST_CORRELATION:
                copies[index] = int(other)
                break
    return copies


def distance(one: Fingerprint, two: Fingerprint) -> int:
    """Bits (of 64) in which the hashes differ, the nearer of straight and mirrored."""
    second = int(two.hash, 16)
    return min((int(one.hash, 16) ^ second).bit_count(), (int(one.mirrored, 16) ^ second).bit_count())


def correlation(one: Fingerprint, two: Fingerprint) -> float:
    """Correlation of the two small pictures, -1 to 1: the best over slight crops and the mirror image.

    The lower one of the whole picture's and its middle's counts, so that one background does not make two poses alike.
    """
    first, second = _small(one), _small(two)
    return max(
        _agreement(_cut(first, a), _cut(other, b))
        for other in (second, second[:, ::-1])
        for a in _CROPS
        for b in _CROPS
        if a == 0 or b == 0
    )


def _small(each: Fingerprint) -> NDArray[np.float32]:
    return np.frombuffer(bytes.fromhex(each.small), dtype=np.uint8).reshape(_SIDE, _SIDE, 3).astype(np.float32)


def _cut(small: NDArray[np.float32], pixels: int) -> NDArray[np.float32]:
    kept = small[pixels : _SIDE - pixels, pixels : _SIDE - pixels]
    shrunk = cv2.resize(kept, (32, 32), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(shrunk, (0, 0), 0.8), dtype=np.float32)


def _agreement(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    return min(_correlation(one, two), _correlation(one[6:26, 6:26], two[6:26, 6:26]))


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    one = one - one.mean(axis=(0, 1))
    two = two - two.mean(axis=(0, 1))
    scale = float(np.sqrt((one * one).sum() * (two * two).sum()))
    return float((one * two).sum()) / scale if scale > 1e-3 else 1.0
