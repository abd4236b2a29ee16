"""Figures from pixels and vectors. Pure functions; frames are uint8 RGB (n, h, w, 3), vectors are unit (n, 64)."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.fitting import fit

Frames = NDArray[np.uint8]
Vectors = NDArray[np.float32]

THUMBNAIL = 16  # pixels; small enough to forgive a shift, large enough to know a composition
FLOW_SIDE = 256  # pixels at which motion is measured, the short side that VBench's threshold is stated for
FLOW_RATE = 8  # frames per second, about, between which VBench measures it


def identity(vectors: Vectors, prototype: Vectors) -> float:
    """Mean cosine, -1..1, of a clip's frames to the mean vector (64,) of the training set."""
    return float((vectors @ prototype).mean())


def consistency(vectors: Vectors) -> float:
    """VBench's subject consistency (Huang et al. 2023), 0..1: mean over frames 2..n of
    (max(0, cos with the frame before) + max(0, cos with the first frame)) / 2, here on the built-in embedder.

    A single frame is consistent with itself: 1.
    """
    if len(vectors) < 2:
        return 1.0
    before = np.maximum(0, (vectors[1:] * vectors[:-1]).sum(axis=1))
    first = np.maximum(0, vectors[1:] @ vectors[0])
    return float(((before + first) / 2).mean())


def thumbnails(pictures: Sequence[Frames]) -> Vectors:
    """Each picture (h, w, 3) as a unit vector (n, 768) of its 16 x 16 colours, less their mean: its composition."""
    small = np.stack([fit(picture, THUMBNAIL, THUMBNAIL) for picture in pictures]).astype(np.float32)
    flat = small.reshape(len(small), -1) - small.mean(axis=(1, 2, 3))[:, None]
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def nearest(asked: Vectors, known: Vectors) -> float:
    """Largest correlation, -1..1, of any of the asked thumbnails with any known one: 1 is a copy at this size."""
    return float((asked @ known.T).max())


def nearest_among(groups: Sequence[Vectors]) -> NDArray[np.float32]:
    """For each group of thumbnails (one picture or clip), the largest correlation with any other group."""
    return np.asarray(
        [
            max(float((group @ other.T).max()) for j, other in enumerate(groups) if j != i)
            for i, group in enumerate(groups)
        ],
        dtype=np.float32,
    )


def sameness(thumbs: Vectors) -> float:
    """Mean correlation of all pairs of pictures (n, 768), -1..1: high when every clip has the same composition."""
    if len(thumbs) < 2:
        return 0.0
    return float((thumbs @ thumbs.T)[np.triu_indices(len(thumbs), 1)].mean())


def moving_share(frames: Frames, fps: float) -> float:
    """Share of frame pairs, 0..1, that move after VBench's dynamic degree: the mean of the largest 5 % of optical flow
    exceeds 6 * short side / 256 pixels. Flow is Farneback's at 256 pixels, where VBench takes RAFT.

    Pairs are of every round(fps / 8)-th frame, as VBench takes them: at 24 frames per second the flow from one frame to
    the next is a third of what the line is stated for. A clip without a pair does not move: 0.
    """
    taken = frames[:: max(1, round(fps / FLOW_RATE))]
    if len(taken) < 2:
        return 0.0
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in fit(taken, FLOW_SIDE, FLOW_SIDE)]
    return float(np.mean([_flow(a, b) > 6.0 for a, b in pairwise(grey)]))


def _flow(before: Frames, after: Frames) -> float:
    start = np.zeros((*before.shape, 2), dtype=np.float32)
    flow = cv2.calcOpticalFlowFarneback(before, after, start, 0.5, 4, 25, 3, 7, 1.5, 0)
    length = np.linalg.norm(flow, axis=2).reshape(-1)
    largest = max(1, len(length) // 20)
    return float(np.partition(length, -largest)[-largest:].mean())


def change(frames: Frames) -> float:
    """Mean absolute difference of neighbouring frames in grey levels, 0..255: 0 is a still picture."""
    if len(frames) < 2:
        return 0.0
    return float(np.abs(np.diff(frames.astype(np.int16), axis=0)).mean())


def steadiness(frames: Frames) -> float:
    """VBench's temporal flickering, 0..1: (255 - mean absolute difference of neighbouring frames) / 255; 1 is still.

    It says something about clips in which nothing moves; a movement lowers it as flicker does.
    """
    return steadiness_of(change(frames))


def steadiness_of(changed: float) -> float:
    """The same from a clip's `change` (0..255)."""
    return (255 - changed) / 255


def empty_share(frames: Frames) -> float:
    """Share of frames, 0..1, that are one flat colour (spread under 2 levels): black frames, what NaN becomes."""
    return float(np.mean(frames.reshape(len(frames), -1, 3).astype(np.float32).std(axis=1).max(axis=1) < 2.0))


def burned_share(frames: Frames) -> float:
    """Share of colour values, 0..1, at the very end of their range (0-2 or 253-255): high in burned, garish clips."""
    return float(((frames <= 2) | (frames >= 253)).mean())
