"""What happens in a clip: hard cuts, stillness, and how much moves. Works on 96-pixel Lab frames."""

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .quality import Picture

SIDE = 96
SPIKE = 5.0  # a cut's frame difference is more than this many times the usual one around it
LONELY = 2.0  # and this many times the one just before and just after: fast pans rise and fall
SMALLEST_CUT = 6.0  # and at least this large, in Lab units averaged over the frame
FLASH_FRAMES = 3  # a picture that is back after no more than this many frames was a flash, not a cut
STILL_BLOCK = 0.25  # frame pairs whose liveliest blocks (98th percentile) change less than this stand still
_AROUND = 8


class Shots(BaseModel):
    """A clip's measurements. `motion` is the median frame difference in Lab units per frame."""

    model_config = ConfigDict(frozen=True)

    cuts: tuple[float, ...]  # seconds at which a new shot begins
    still_share: float  # share of frame pairs in which nothing moves, 0 to 1
    motion: float


def measure_shots(frames: Iterable[tuple[float, Picture]]) -> Shots:
    """Measure a clip given as (seconds, uint8 RGB frame) in order."""
    times: list[float] = []
    small: list[NDArray[np.float32]] = []
    for seconds, frame in frames:
        times.append(seconds)
        small.append(_small(frame))
    if len(small) < 2:
        return Shots(cuts=(), still_share=1.0, motion=0.0)
    changes = [np.abs(after - before).mean(axis=2) for before, after in pairwise(small)]
    amounts = np.array([change.mean() for change in changes])
    lively = np.array([np.percentile(_blocks(change), 98) for change in changes])
    cuts = [index + 1 for index in range(len(amounts)) if _is_cut(small, amounts, index)]
    return Shots(
        cuts=tuple(round(times[index], 3) for index in cuts),
        still_share=float((lively < STILL_BLOCK).mean()),
        motion=float(np.median(amounts)),
    )


def _small(frame: Picture) -> NDArray[np.float32]:
    shrunk = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_RGB2LAB), dtype=np.float32)


def _blocks(change: NDArray[np.float32]) -> NDArray[np.float32]:
    return change.reshape(SIDE // 8, 8, SIDE // 8, 8).mean(axis=(1, 3))


def _is_cut(small: list[NDArray[np.float32]], amounts: NDArray, index: int) -> bool:
    around = np.concatenate([amounts[max(0, index - _AROUND) : index], amounts[index + 1 : index + 1 + _AROUND]])
    usual = float(np.median(around)) if around.size else 0.0
    if amounts[index] < max(SMALLEST_CUT, SPIKE * usual):
        return False
    beside = [amounts[other] for other in (index - 1, index + 1) if 0 <= other < len(amounts)]
    if beside and amounts[index] < LONELY * max(beside):
        return False
    before, after = index, index + 1  # frames
    for distance in range(1, FLASH_FRAMES + 1):
        ends = (
            after + distance < len(small) and _difference(small[before], small[after + distance]) < amounts[index] / 2
        )
        ended = before - distance >= 0 and _difference(small[before - distance], small[after]) < amounts[index] / 2
        if ends or ended:
            return False
    return True


def _difference(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    return float(np.abs(one - two).mean())
