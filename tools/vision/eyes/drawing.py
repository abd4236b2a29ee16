"""Is a picture drawn or computer-made, with the even, colourful surfaces that no camera gives?

Where it is, a face in full view can be missed, so that a missing face says nothing about backs. Grain and JPEG's
ripples are taken out with a median first. The weights in drawing.json are fitted by benchmarks/audit_views_evidence.py
on drawn characters, clean, grainy, enlarged and as JPEG, against renders with camera-like grain and photographs;
benchmarks/audit_views.py measures what follows from it.
"""

from pathlib import Path

import cv2
import numpy as np

from ..quality import Picture
from .quadratic import Values, read

FILE = Path(__file__).with_name("drawing.json")
SIDE = 256  # pixels: the picture is looked at in a square of this side
MEDIAN = 5  # pixels of that square
FEATURES = (
    "share of pixels whose Laplacian is within 1 of 255",
    "share of pixels whose Laplacian is within 2 of 255",
    "share of the three most frequent colours, in Lab cells of 6",
    "90th percentile of chroma in Lab",
    "50th percentile of chroma in Lab",
    "share of surroundings whose lightness spreads by less than 1",
    "logarithm of 1 + the 75th percentile of the lightness's slopes",
    "logarithm of 1 + the 90th percentile of the lightness's slopes",
    "logarithm of 1 + the mean of the lightness's slopes",
)
_CELL, _MOST_FREQUENT = 6, 3  # of Lab
_AROUND = (9, 9)  # pixels


def looks_drawn(picture: Picture) -> bool:
    """True for even and colourful pictures. A smoothed studio photograph can be among them."""
    return read(FILE).says_yes(drawing_features(picture))


def drawing_features(picture: Picture) -> Values:
    """FEATURES (9,) of a uint8 RGB picture."""
    small = cv2.medianBlur(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), MEDIAN)
    bend = np.abs(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
    lab = cv2.cvtColor(small.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    light, every = np.ascontiguousarray(lab[..., 0]), lab[::2, ::2]
    most, half = np.percentile(np.hypot(every[..., 1], every[..., 2]), (90, 50))
    mean = cv2.blur(light, _AROUND)
    spread = np.asarray(cv2.blur(light * light, _AROUND) - mean * mean)  # squared
    slope = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
    steep, steepest = np.percentile(slope[::2, ::2], (75, 90))
    cells = np.floor(every / _CELL).astype(np.int64) @ (10_000, 100, 1)
    counts = np.sort(np.unique(cells, return_counts=True)[1])[::-1]
    shares = (bend <= 1).mean(), (bend <= 2).mean(), counts[:_MOST_FREQUENT].sum() / cells.size
    slopes = np.log1p([steep, steepest, slope.mean()])
    return np.array([*shares, most, half, (spread < 1).mean(), *slopes])
