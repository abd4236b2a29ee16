"""What was done to a picture before it came here: enlarged, saved as a coarse JPEG, over- or underexposed.

All measures take uint8 RGB of shape (height, width, 3) at the file's own size: shrinking hides what they look for.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .quality import Picture

WINDOW = 1024  # pixels of the middle that are looked at, a multiple of 8
SMALLEST = 128  # pixels on the short side; below it a spectrum says little
# Set on 6 drawn pictures, the same with grain, and 8 rendered photographs of people, enlarged 1.5 to 3 times with
# bilinear, bicubic and Lanczos filters and as JPEG of quality 50 to 95, 2026-11-21.
DEPTH = 0.126  # of the energy that a picture of natural sharpness has there (-9 dB)
HEAVY_BLOCKS = 2.5  # JPEG of quality 15 has 2.3 to 7, 30 has 1.6 to 3.9, 75 and better 1.0 to 1.7
LITTLE_DETAIL = 0.67  # enlarged twice or more: 0.39 to 0.67; 1.5 times: 0.52 to 0.81; as taken: 1.0
_BANDS = 64
_CLIPPED = 3  # levels from 0 or 255 that count as clipped


class Exposure(NamedTuple):
    """Shares (0 to 1) of the middle's pixels that are pure black and pure white."""

    shadows: float
    highlights: float


def detail_limit(picture: Picture) -> float | None:
    """The largest share of the pixels' resolution up to which there is detail, 0 to 1; None for tiny pictures.

    Enlarging a picture by a factor f leaves nothing above 1 / f of the highest frequency. Natural pictures lose energy
    with the square of the frequency (D. J. Field 1987), so each band's energy is taken times its frequency squared
    and compared with the lower bands'; the limit is where it falls below DEPTH of theirs. Blur looks the same.
    """
    if min(picture.shape[:2]) < SMALLEST:
        return None
    light = _middle(picture).astype(np.float32)
    return max(_limit(light), _limit(np.ascontiguousarray(light.T)))


def blockiness(picture: Picture) -> float | None:
    """How much larger steps are on the 8-pixel grid of JPEG than between its lines; 1.0 for none, None when tiny.

    The grid's place is searched for: turning and cropping move it. After Wang, Sheikh and Bovik (2002).
    """
    if min(picture.shape[:2]) < SMALLEST:
        return None
    light = _middle(picture).astype(np.float32)
    return min(_grid(light), _grid(np.ascontiguousarray(light.T)))


def exposure(picture: Picture) -> Exposure:
    """What is clipped in the middle 60 %: plain white and black surroundings are no fault."""
    height, width = picture.shape[:2]
    middle = picture[height // 5 : height - height // 5, width // 5 : width - width // 5]
    step = max(1, max(middle.shape[:2]) // 512)
    red, green, blue = cv2.split(np.ascontiguousarray(middle[::step, ::step]))
    brightest, darkest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return Exposure(
        shadows=round(float((brightest <= _CLIPPED).mean()), 4),
        highlights=round(float((darkest >= 255 - _CLIPPED).mean()), 4),
    )


def _middle(picture: Picture) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    top, left = max(0, (height - WINDOW) // 2), max(0, (width - WINDOW) // 2)
    part = np.ascontiguousarray(picture[top : top + WINDOW, left : left + WINDOW])
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _limit(light: NDArray[np.float32]) -> float:
    """Along the rows: pieces of 2 * _BANDS pixels, windowed, their mean energy by frequency."""
    length = 2 * _BANDS
    pieces = light[:, : light.shape[1] // length * length].reshape(-1, length)
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(length).astype(np.float32)
    energy = (np.abs(np.fft.rfft(pieces, axis=1)) ** 2).mean(axis=0)[1:]  # bands 1.._BANDS
    frequency = np.arange(1, _BANDS + 1) / _BANDS
    level = np.convolve(energy * frequency**2, np.full(4, 0.25), mode="valid")
    usual = float(np.median(level[3:12]))
    if usual <= 0.5:
        return 1.0  # an even picture has no detail to lose
    faint = level < DEPTH * usual
    for band in range(12, len(faint) - 2):
        if faint[band : band + 3].all():
            return round(float(frequency[band]), 3)
    return 1.0


def _grid(light: NDArray[np.float32]) -> float:
    """Along the rows: mean step at each of the eight places of the grid, the largest against the others' median."""
    steps = np.abs(np.diff(light, axis=1))
    bend = np.abs(steps[:, 1:-1] - 0.5 * (steps[:, :-2] + steps[:, 2:])).mean(axis=0)
    usable = len(bend) // 8 * 8
    places = bend[:usable].reshape(-1, 8).mean(axis=0)
    return round(float(places.max() / max(0.05, float(np.median(places)))), 3)
