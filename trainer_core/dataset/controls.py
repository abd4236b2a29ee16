"""Control clips: references made from the item itself, so that a LoRA learns to follow them (edges, pose, depth).

A control clip has the item's frames at the item's times, without sound, and is written beside the dataset.
"""

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from .decoding import Frame
from .drafts import draft_in
from .fitting import fit
from .info import UnusableMedia
from .media import iterate_frames, read_image
from .records import MAX_NAME, Item, Reference, Showing, one_line, path_of
from .references import copy_reference
from .timed import write_frames

SHORT_EDGE = 512  # pixels: lines made on larger frames would be too thin once shrunk to the size of training
LONGEST_SECONDS = 60.0  # of a clip
SPREAD = 1 / 3  # the two thresholds of Canny lie this share below and above the median
LOWEST_THRESHOLDS = 20.0, 60.0  # of a dark picture, whose median says little

Draw = Callable[[Frame], Frame]  # a frame to another of the same shape, uint8 RGB


def edges(picture: Frame) -> Frame:
    """White edges on black, uint8 RGB of the picture's shape, by Canny's method on the slightly smoothed grey picture.

    The thresholds lie a third below and above the median brightness, a usual rule of thumb (A. Rosebrock, "Zero-
    parameter, automatic Canny edge detection", 2015), so that dark and bright pictures give about as many edges.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    median = float(np.median(grey))
    low = max(LOWEST_THRESHOLDS[0], (1 - SPREAD) * median)
    high = max(LOWEST_THRESHOLDS[1], min(255.0, (1 + SPREAD) * median))
    return np.asarray(cv2.cvtColor(cv2.Canny(grey, low, high), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def make_control(
    folder: Path, item: Item, showing: Showing, draw: Draw, *, check: Callable[[], None] = lambda: None
) -> Reference:
    """Draw a control clip (or picture) of an item into the dataset folder. Nothing is saved in the manifest yet.

    draw gets the frames with a short edge of at most 512 pixels, in their order; check is called after the last and may
    raise. Raises what these raise, UnusableMedia in words, and OSError.
    """
    if item.info.seconds > LONGEST_SECONDS:
        raise UnusableMedia(
            f"It has {item.info.seconds:.0f} s; control clips are made of up to {LONGEST_SECONDS:.0f} s. Split it "
            "first."
        )
    still = item.info.kind == "image"
    made = draft_in(folder, ".png" if still else ".mp4")
    try:
        if still:
            Image.fromarray(draw(_smaller(read_image(path_of(folder, item))))).save(made, format="PNG")
        else:
            _draw_clip(path_of(folder, item), made, draw)
        check()
        stem = one_line(Path(item.name).stem, MAX_NAME - 16)
        return copy_reference(folder, made, showing, item, name=f"{stem} {showing}{made.suffix}")
    finally:
        made.unlink(missing_ok=True)


def _draw_clip(source: Path, target: Path, draw: Draw) -> None:
    """Frame for frame at the same times, as H.264 mp4; one frame is in memory at a time."""
    with av.open(str(target), "w", format="mp4") as container:
        frames = ((seconds, draw(_smaller(picture))) for seconds, picture in iterate_frames(source))
        if write_frames(container, frames) is None:
            raise UnusableMedia("There are no frames in it.")


def _smaller(picture: Frame) -> Frame:
    """The picture with a short edge of at most 512 pixels; both edges even, which clips need."""
    height, width = picture.shape[:2]
    scale = min(1.0, SHORT_EDGE / min(height, width))
    return fit(picture, max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2), crop=False)
