"""Style and motion as statistics of pixels: how near clips come to the training set, whatever they show.

Pure functions on uint8 RGB frames (n, h, w, 3). A distance is given in units of the training set's own spread: 1 means
that a clip is as far from the set as its files are from each other. What these see was measured on drawn styles and
motions with known truth, see style_motion_calibration.json.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.fitting import fit

Frames = NDArray[np.uint8]
Values = NDArray[np.float32]

FLOW_SIDE = 128
LIGHT_BINS, COLOUR_BINS = 8, 8  # of L, and of a and b each
LEVELS = 4  # of the pyramid, an octave each
FEWEST_FILES = 4  # from which a set has a spread of its own
SPEEDS = (0.02, 0.1, 0.3)  # frame widths per second: still, slow, medium, fast
DIRECTIONS = 6  # from straight up to straight down; left and right count the same
BANDS = 3  # of the picture's height
LEAST_SPREAD = 0.1  # of a figure of texture, so that one that is the same in all files does not count for everything
LEAST_OWN = 1e-3  # of a set whose files are all the same


def colours(frames: Frames) -> Values:
    """A colour histogram (8 light + 64 chroma,), each part with sum 1 (Swain and Ballard 1991, here in CIELAB)."""
    lab = np.concatenate([cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).reshape(-1, 3) for frame in frames])
    light = np.histogram(lab[:, 0], LIGHT_BINS, (0, 256))[0]
    chroma = np.histogram2d(lab[:, 1], lab[:, 2], COLOUR_BINS, ((64, 192), (64, 192)))[0].reshape(-1)
    return np.concatenate([light / light.sum(), chroma / max(1, chroma.sum())]).astype(np.float32)


def texture(frames: Frames) -> Values:
    """Marginal and joint statistics of a Laplacian pyramid (after Portilla and Simoncelli 2000), (features,).

    For each of four octaves of lightness the logarithm of its energy, how sparse it is and how much lies in upright,
    level and slanting edges; how the octaves' strengths go together; the energy of two octaves of both chroma channels.
    """
    return np.mean([_texture(frame) for frame in frames], axis=0).astype(np.float32)


def _texture(frame: Frames) -> list[float]:
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
    found: list[float] = []
    strengths = []
    for level in _pyramid(lab[..., 0], LEVELS):
        rms = float(np.sqrt((level**2).mean())) + 0.1
        across = cv2.Sobel(level, cv2.CV_32F, 1, 0)
        down = cv2.Sobel(level, cv2.CV_32F, 0, 1)
        power = float((across**2 + down**2).mean()) + 1e-3
        found += [
            float(np.log(rms)),
            float(np.log((np.abs(level).mean() + 0.05) / rms)),
            float(((across**2).mean() - (down**2).mean()) / power),
            float((across * down).mean() / power),
        ]
        small = cv2.resize(np.abs(level), (16, 16), interpolation=cv2.INTER_AREA)
        strengths.append(np.asarray(small, dtype=np.float32).reshape(-1))
    found += [_correlation(one, two) for one, two in pairwise(strengths)]
    for channel in (1, 2):
        for level in _pyramid(lab[..., channel], 2):
            found.append(float(np.log(np.sqrt((level**2).mean()) + 0.1)))
    return found


def _pyramid(picture: Values, levels: int) -> list[Values]:
    made = []
    for _ in range(levels):
        smaller = cv2.pyrDown(picture)
        made.append(picture - cv2.pyrUp(smaller, dstsize=picture.shape[1::-1]))
        picture = np.asarray(smaller, dtype=np.float32)
    return made


def _correlation(one: Values, two: Values) -> float:
    a, b = one - one.mean(), two - two.mean()
    return float((a @ b) / max(1e-6, float(np.linalg.norm(a) * np.linalg.norm(b))))


def movement(frames: Frames, fps: float) -> Values:
    """A histogram of optical flow by direction, speed and height in the picture, with sum 1, and the share at rest.

    Histograms of oriented optical flow (Chaudhry et al. 2009): weighted by speed, left and right counted alike. Flow
    is Farneback's at 128 pixels; speeds are in frame widths per second, so that size and frame rate do not matter.
    """
    shape = (len(SPEEDS), DIRECTIONS, BANDS)
    if len(frames) < 2:
        return np.concatenate([np.zeros(np.prod(shape)), [1.0]]).astype(np.float32)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in fit(frames, FLOW_SIDE, FLOW_SIDE)]
    found = np.mean([_moves(a, b, fps) for a, b in pairwise(grey)], axis=0)
    return found.astype(np.float32)


def _moves(before: Frames, after: Frames, fps: float) -> Values:
    start = np.zeros((*before.shape, 2), dtype=np.float32)
    flow = cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 3, 15, 3, 5, 1.2, 0)
    across, down = flow[..., 0], flow[..., 1]
    speed = np.hypot(across, down) * fps / FLOW_SIDE
    moving = speed > SPEEDS[0]
    angle = np.arctan2(down, np.abs(across))  # -pi/2 straight up, pi/2 straight down
    direction = np.clip(((angle / np.pi + 0.5) * DIRECTIONS).astype(int), 0, DIRECTIONS - 1)
    row = np.broadcast_to((np.arange(FLOW_SIDE) * BANDS // FLOW_SIDE)[:, None], speed.shape)
    index = (np.digitize(speed, SPEEDS[1:]), direction, row)
    counts = np.zeros((len(SPEEDS), DIRECTIONS, BANDS))
    np.add.at(counts, tuple(part[moving] for part in index), speed[moving])
    share = moving.mean()
    return np.concatenate([counts.reshape(-1) / max(1e-9, counts.sum()) * share, [1 - share]])


def _between_histograms(values: Values, known: Values) -> float:
    """Hellinger distance, 0 to 1 for each part that sums to 1, to the mean of known histograms (files, bins)."""
    mean = known.mean(axis=0)
    return float(np.sqrt(max(0.0, (values.sum() + mean.sum()) / 2 - np.sqrt(values * mean).sum())))


def _between_figures(values: Values, known: Values) -> float:
    """Root mean square difference to the mean of the known figures (files, features), in their standard deviations."""
    spread = known.std(axis=0) + LEAST_SPREAD
    return float(np.sqrt((((values - known.mean(axis=0)) / spread) ** 2).mean()))


@dataclass(frozen=True)
class Statistic:
    """`of` turns frames and their rate into figures; `distance` compares one clip's with the known files'."""

    id: str
    title: str
    words: str
    of: Callable[[Frames, float], Values]
    distance: Callable[[Values, Values], float]


COLOURS = Statistic(
    "style_colours",
    "Colours unlike your files'",
    "Hellinger distance of CIELAB colour histograms (Swain and Ballard 1991) to your files' mean",
    lambda frames, _fps: colours(frames),
    _between_histograms,
)
TEXTURE = Statistic(
    "style_texture",
    "Texture unlike your files'",
    "distance of pyramid statistics (energy, sparseness, edges of four octaves; after Portilla and Simoncelli 2000) to "
    "your files' mean, in their standard deviations",
    lambda frames, _fps: texture(frames),
    _between_figures,
)
MOVEMENT = Statistic(
    "motion",
    "Movement unlike your clips'",
    "Hellinger distance of histograms of optical flow by direction, speed and height (Chaudhry et al. 2009) to your "
    "clips' mean",
    movement,
    _between_histograms,
)


@dataclass(frozen=True)
class Known:
    """A training set's figures (files, features) and the median distance of one of its files to the others."""

    values: Values
    own: float

    def distance(self, statistic: Statistic, values: Values) -> float:
        """In units of the set's own spread."""
        return statistic.distance(values, self.values) / self.own


def known_by(statistic: Statistic, files: Sequence[Values]) -> Known | None:
    """The training set's figures; None for fewer than four files, which have no spread of their own to speak of."""
    if len(files) < FEWEST_FILES:
        return None
    values = np.stack(files)
    others = [np.delete(values, index, axis=0) for index in range(len(values))]
    own = float(np.median([statistic.distance(value, rest) for value, rest in zip(values, others, strict=True)]))
    return Known(values, max(own, LEAST_OWN))
