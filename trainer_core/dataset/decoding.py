"""Inside a clip: its container opened with care, its frames decoded one by one and turned upright."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from .fitting import fit
from .info import MAX_CLIP_BYTES, MAX_PIXELS, UnusableMedia, content_of

Frame = NDArray[np.uint8]


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The clip's container and its moving pictures. Raises UnusableMedia."""
    if content_of(path) != "movie":
        raise UnusableMedia("It is a picture, not a video.")
    if path.stat().st_size > MAX_CLIP_BYTES:
        raise UnusableMedia(f"The file is larger than {MAX_CLIP_BYTES // 2**30} GB. Cut out the part that matters.")
    try:
        # The demuxer is named so that a disguised playlist cannot make it read other files or addresses.
        container = av.open(str(path.resolve()), format="mov", metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise damaged() from error
    with container:
        streams = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not streams:
            raise UnusableMedia("There are no moving pictures in it, only sound or data.")
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            raise UnusableMedia("It is coded in a way that cannot be read here. Export it as H.264 MP4.")
        if context.width * context.height > MAX_PIXELS // 2:
            raise UnusableMedia("Its frames are too large. Export it with at most 4096 pixels on the long side.")
        stream.thread_type = "AUTO"
        yield container, stream


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[tuple[float, av.VideoFrame]]:
    """(seconds from the clip's start, decoded frame) from where the container stands. Raises UnusableMedia."""
    origin = float((stream.start_time or 0) * cast(Fraction, stream.time_base))
    try:
        for frame in container.decode(stream):
            if frame.pts is not None:
                yield float(frame.pts * cast(Fraction, frame.time_base)) - origin, frame
    except (av.FFmpegError, ValueError, MemoryError) as error:
        raise damaged() from error


def upright(frame: av.VideoFrame, aspect: Fraction | None) -> Frame:
    """RGB with square pixels, as a person sees it; `aspect` is that of one pixel."""
    picture = cast(Frame, frame.to_ndarray(format="rgb24"))
    if aspect and aspect != 1 and 0.25 <= aspect <= 4:
        height, width = picture.shape[:2]
        picture = fit(picture, max(1, round(width * float(aspect))), height, crop=False)
    return turned(picture, frame)


def turned(picture: Frame, frame: av.VideoFrame) -> Frame:
    """The picture turned as the frame asks for."""
    turns = round(frame.rotation / 90) % 4  # counter-clockwise quarter turns
    return cast(Frame, np.ascontiguousarray(np.rot90(picture, turns))) if turns else picture


def damaged() -> UnusableMedia:
    """The error for clips that break while they are read."""
    return UnusableMedia("The clip is damaged or not copied completely and cannot be decoded. Copy or export it again.")
