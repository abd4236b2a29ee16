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
# Of the small pictures; drawn scenes in one place have like hashes but differ here. Crops of up to 10 %, mirrored and
# compressed copies of 40 drawn and 39 rendered photographs reach 0.991, other pictures of theirs 0.979; 2026-11-21.
SMALLEST_CORRELATION = 0.985
_SIDE = 40
_TRIED_FIRST = (34, 37, 40)  # pixels that a crop leaves
_WORTH_ALL = 0.93  # agreement there from which the widths between are tried too
_SLACK = 0.01
_LEAST_KEPT = 34  # pixels of the small picture that a crop leaves on each side: up to 15 % may be gone
_HASHED = 128  # pixels on each side from which hashes are taken
_MIDDLE = (0.19, 0.81)  # the part whose agreement counts by itself


class Fingerprint(BaseModel):
    """What is kept of a picture to find it again: 64-bit hashes in hexadecimal and a 40x40 picture."""

    model_config = ConfigDict(frozen=True)

    hash: str
    mirrored: str
    small: str  # hexadecimal bytes of the 40x40x3 picture
    crops: tuple[str, ...] = ()  # of the picture with 5 and 10 % of each side gone, at the middle and at the corners


def fingerprint(picture: Picture, *, crops: bool = True) -> Fingerprint:
    """The picture's fingerprint; without its `crops` it is faster and smaller, and cut copies are not found."""
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    light = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (_HASHED, _HASHED), interpolation=cv2.INTER_AREA)
    return Fingerprint(
        hash=_hash(light),
        mirrored=_hash(light[:, ::-1]),
        small=small.tobytes().hex(),
        crops=tuple(_hash(part) for part in _parts(light)) if crops else (),
    )


def near_duplicates(prints: Sequence[Fingerprint]) -> dict[int, int]:
    """Index -> index of the first picture that it repeats. Compares all pairs by hash and only close ones by pixels."""
    if not prints:
        return {}
    whole = _numbers([[each.hash] for each in prints])
    mirrored = _numbers([[each.mirrored] for each in prints])
    crops = _numbers([each.crops or (each.hash,) for each in prints])
    copies: dict[int, int] = {}
    for index in range(1, len(prints)):
        bits = np.minimum(  # the new one is the crop, or the earlier one is
            np.minimum(_least(whole[:index], whole[index]), _least(whole[:index], mirrored[index])),
            np.minimum(_least(crops[:index], whole[index]), _least(crops[:index], mirrored[index])),
        )
        bits = np.minimum(bits, np.minimum(_least(whole[:index], crops[index]), _least(mirrored[:index], crops[index])))
        for other in np.flatnonzero(bits <= LARGEST_DISTANCE):
            if int(other) not in copies and correlation(prints[index], prints[int(other)]) >= SMALLEST_CORRELATION:
                copies[index] = int(other)
                break
    return copies


def distance(one: Fingerprint, two: Fingerprint) -> int:
    """Bits (of 64) in which the hashes differ, the nearest of straight, mirrored and cropped."""
    first, second = ([int(each.hash, 16), *(int(crop, 16) for crop in each.crops)] for each in (one, two))
    flipped = int(two.mirrored, 16)
    return min(
        *((hashed ^ second[0]).bit_count() for hashed in first),
        *((hashed ^ flipped).bit_count() for hashed in first),
        *((first[0] ^ hashed).bit_count() for hashed in second),
        *((int(one.mirrored, 16) ^ hashed).bit_count() for hashed in second),
    )


def correlation(one: Fingerprint, two: Fingerprint) -> float:
    """Correlation of the two small pictures, -1 to 1: the best over crops of up to 15 % of a side and the mirror image.

    The lower one of the whole picture's and its middle's counts, so that one background does not make two poses alike.
    """
    first, second = _small(one), _small(two)
    return max(
        _best_crop(_softened(whole), part)
        for flipped in (second, np.ascontiguousarray(second[:, ::-1]))
        for whole, part in ((first, flipped), (flipped, first))
    )


def _best_crop(whole: NDArray[np.float32], part: NDArray[np.float32]) -> float:
    """The best agreement of `part` with any crop of `whole`; the steps between are only tried where it is near."""
    best = max(_aligned(whole, part, kept) for kept in _TRIED_FIRST)
    if best < _WORTH_ALL:
        return best
    return max(best, *(_aligned(whole, part, kept) for kept in range(_LEAST_KEPT, _SIDE) if kept not in _TRIED_FIRST))


def _hash(light: NDArray) -> str:
    return str(imagehash.phash(Image.fromarray(np.ascontiguousarray(light))))


def _parts(light: NDArray) -> list[NDArray]:
    parts = []
    for share in (0.05, 0.1):
        gone = round(_HASHED * share)
        kept = _HASHED - gone
        places = [(gone // 2, gone // 2), (0, 0), (0, gone), (gone, 0), (gone, gone)]
        parts += [light[top : top + kept, left : left + kept] for top, left in places]
    return parts


def _numbers(hashes: Sequence[Sequence[str]]) -> NDArray[np.uint64]:
    return np.array([[int(each, 16) for each in row] for row in hashes], dtype=np.uint64)


def _least(many: NDArray[np.uint64], one: NDArray[np.uint64]) -> NDArray:
    """Fewest differing bits between any hash of each row of `many` and any of `one`."""
    return np.bitwise_count(many[:, :, None] ^ one[None, None, :]).min(axis=(1, 2))


def _small(each: Fingerprint) -> NDArray[np.float32]:
    return np.frombuffer(bytes.fromhex(each.small), dtype=np.uint8).reshape(_SIDE, _SIDE, 3).astype(np.float32)


def _aligned(whole: NDArray[np.float32], part: NDArray[np.float32], kept: int) -> float:
    """Agreement of `part` with the place of the softened `whole`, `kept` pixels wide, that it fits best."""
    shrunk = _softened(cv2.resize(part, (kept, kept), interpolation=cv2.INTER_AREA))
    _, fit, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(whole, shrunk, cv2.TM_CCOEFF_NORMED))
    if fit < SMALLEST_CORRELATION - _SLACK:  # the middle can only be worse
        return float(fit)
    found = whole[top : top + kept, left : left + kept]
    inner = slice(round(kept * _MIDDLE[0]), round(kept * _MIDDLE[1]))
    return min(_correlation(found, shrunk), _correlation(found[inner, inner], shrunk[inner, inner]))


def _softened(picture: NDArray) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), dtype=np.float32)


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    one = one - one.mean(axis=(0, 1))
    two = two - two.mean(axis=(0, 1))
    scale = float(np.sqrt((one * one).sum() * (two * two).sum()))
    return float((one * two).sum()) / scale if scale > 1e-3 else 1.0
