"""Is a picture sharp, bright enough and without bars? Pictures are uint8 RGB of shape (height, width, 3)."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
LONGEST_SIDE = 768  # sharpness is only comparable at one size; larger pictures are shrunk to this
SMALLEST_INSIDE = 0.01  # of the picture
LARGEST_GAIN = 2.5  # how far a dark picture is brightened before its sharpness is taken


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian at no more than 768 pixels on the long side; below 40 is blurred.

    Taken over the whole picture and over its middle, the larger one counts: a soft background behind a sharp
    subject is no blur. Dark pictures are brightened first, because the variance grows with the square of the light.
    """
    edges = _edges(picture)
    height, width = edges.shape
    middle = edges[height // 5 : height - height // 5, width // 5 : width - width // 5]
    return max(float(edges.var()), float(middle.var()))


def sharpness_inside(picture: Picture, outline: NDArray[np.float32]) -> float | None:
    """The same of the subject alone, by its outline (mask 0..1 of any size); None where it is too small to tell.

    On renders of people sharp ones have 58 to 565, the same blurred by 1.5 pixels 8 to 112 (18 in the middle).
    """
    edges = _edges(picture)
    mask = cv2.resize(outline, (edges.shape[1], edges.shape[0])) > 0.5
    inner = cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)  # not the edge to the background
    return float(edges[inner].var()) if inner.mean() > SMALLEST_INSIDE else None


def _edges(picture: Picture) -> NDArray[np.float32]:
    """The Laplacian at no more than 768 pixels on the long side, dark pictures brightened."""
    grey = cv2.cvtColor(shrunk(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    gain = min(LARGEST_GAIN, 255.0 / max(1.0, float(np.percentile(grey, 99))))
    return np.asarray(cv2.Laplacian(grey * gain, cv2.CV_32F), dtype=np.float32)


def brightness(picture: Picture) -> float:
    """Mean luma, 0 (black) to 1 (white)."""
    return float(cv2.cvtColor(shrunk(picture), cv2.COLOR_RGB2GRAY).mean() / 255)


def bars(picture: Picture) -> float:
    """The largest share of a side's length that is taken by even black or white bars (letterbox), 0 to 0.5."""
    grey = cv2.cvtColor(shrunk(picture), cv2.COLOR_RGB2GRAY)
    return max(_bar(lines) / len(lines) for lines in (grey, grey[::-1], grey.T, grey.T[::-1]))


def _bar(lines: NDArray) -> int:
    count, half = 0, len(lines) // 2
    shade = float(lines[0].mean())
    if 6 < shade < 249:
        return 0
    while count < half and np.ptp(lines[count]) <= 8 and abs(float(lines[count].mean()) - shade) <= 3:
        count += 1
    return 0 if count >= half else count  # an even picture has no bars


def shrunk(picture: Picture) -> Picture:
    """The picture at no more than LONGEST_SIDE pixels on the long side; never enlarged."""
    scale = LONGEST_SIDE / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
