"""Quick looks through a clip: every frame in small, whole frames only where they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from .decoding import Frame, decoded, opened, turned, upright

GLANCED_SECONDS = 120.0  # of longer clips only some frames a second are looked at
GLANCES = 15.0  # a second, at most, of such long clips
GLANCE_SIDE = 192  # pixels: frames are shrunk to this while they are converted


@dataclass(frozen=True)
class Glance:
    """A frame of a clip: `seconds` from the start, `small` uint8 RGB of at most 192x192 pixels, stretched to fit.

    `picture` gives the whole frame; it is only converted when asked for.
    """

    seconds: float
    small: Frame
    picture: Callable[[], Frame]


def glance_frames(path: Path, seconds: float) -> Iterator[Glance]:
    """The frames of a clip, which lasts `seconds`, in the order of display. Raises UnusableMedia.

    Clips up to two minutes give every frame, longer ones those that no other frame is predicted from are left out, and
    at most 15 a second are given: an hour is looked at in a bounded time.
    """
    sparse = seconds > GLANCED_SECONDS
    with opened(path) as (container, stream):
        if sparse:
            stream.codec_context.skip_frame = "NONREF"
        last, reformatter = -np.inf, VideoReformatter()
        for moment, frame in decoded(container, stream):
            if sparse and moment - last < 1 / GLANCES - 1e-3:
                continue
            last = moment
            yield Glance(moment, _small(frame, reformatter), partial(upright, frame, stream.sample_aspect_ratio))


def _small(frame: av.VideoFrame, reformatter: VideoReformatter) -> Frame:
    """At most 192 pixels wide and high; pixels need not be square."""
    width, height = (min(side, GLANCE_SIDE) for side in (frame.width, frame.height))
    if frame.format.name in ("yuv420p", "yuvj420p") and min(frame.width, frame.height) > GLANCE_SIDE:
        frame_of = _shrunk_planes(frame)
    else:
        frame_of = frame
    shrunk = reformatter.reformat(frame_of, width=width, height=height, format="rgb24", interpolation="AREA")
    return turned(cast(Frame, shrunk.to_ndarray()), frame)


def _shrunk_planes(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame in 192x192: lightness and colour are shrunk before they are converted, which is much less work."""
    half, parts = GLANCE_SIDE // 2, []
    for plane, side in zip(frame.planes, (GLANCE_SIDE, half, half), strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        parts.append(cv2.resize(rows, (side, side), interpolation=cv2.INTER_AREA).reshape(-1, GLANCE_SIDE))
    planes = np.concatenate(parts).astype(np.uint8, copy=False)
    shrunk = av.VideoFrame.from_ndarray(planes, format=frame.format.name)
    shrunk.colorspace, shrunk.color_range = frame.colorspace, frame.color_range
    return shrunk
