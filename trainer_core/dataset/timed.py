"""Frames with times of their own into an mp4: for what is cut from clips and drawn from them."""

import platform
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer

from .decoding import Frame

_TICKS = 90_000  # a second
# The same frames give the same bytes: with one thread, and without x264's AVX-512 code, which reads
# memory that nobody wrote (of 64 pixels' width, 25 clips in 600 came out a byte or two longer; none without it).
H264_OPTIONS: dict[str, object] = {"crf": "14", "preset": "fast", "threads": "1"}
if platform.machine() in ("x86_64", "AMD64"):
    H264_OPTIONS["x264-params"] = "asm=SSE4.2"


def write_frames(container: OutputContainer, frames: Iterable[tuple[float, Frame]]) -> float | None:
    """Encode (seconds, uint8 RGB frame) as H.264; the first frame's time becomes 0. Returns it; None without frames.

    An odd last row or column is cut off: yuv420p has none. Of frames with the same time the first is written, because
    no player shows the others and mp4 does not take them. One frame is in memory at a time.
    """
    video, first, last = None, 0.0, -1
    for seconds, picture in frames:
        if video is None:
            video = container.add_stream("libx264", rate=24)
            video.height, video.width = (side // 2 * 2 for side in picture.shape[:2])
            video.pix_fmt = "yuv420p"
            video.options = H264_OPTIONS
            video.codec_context.time_base = Fraction(1, _TICKS)
            first = seconds
        moment = round((seconds - first) * _TICKS)
        if moment <= last:
            continue
        even = np.ascontiguousarray(picture[: video.height, : video.width])
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        frame.pts, frame.time_base = moment, Fraction(1, _TICKS)
        last = moment
        container.mux(video.encode(frame))
    if video is None:
        return None
    container.mux(video.encode(None))
    return first
