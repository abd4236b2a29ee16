"""Clips in and out: mp4 and mov become upright RGB frames with their times; frames become H.264 mp4."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from .decoding import Frame, damaged, decoded, opened, upright
from .drafts import draft_in
from .fitting import fit
from .info import MAX_CLIP_SECONDS, SMALLEST_EDGE, MediaInfo, UnusableMedia, hdr_note
from .sound import Sound, write_sound
from .timed import H264_OPTIONS

FULLY_CHECKED_SECONDS = 60.0  # longer clips are decoded at their start and end only
UNEVEN_INTERVAL = 0.25  # a frame interval this share off the median is uneven
UNEVEN_SHARE = 0.02  # more uneven intervals than this make a clip's frame rate variable
GAPS_SHARE = 0.1  # or gaps that make up more than this of its length: then its mean rate is no frame's
SHORTEST_INTERVAL = 1e-3  # seconds between frames; no camera is faster, so it is damage


def probe_clip(path: Path) -> MediaInfo:
    """Read all packets, decode every frame of clips up to a minute, and describe the clip. Raises UnusableMedia."""
    with opened(path) as (container, stream):
        times = _packet_times(container, stream)
        declared = _declared_seconds(container, stream)
        has_audio = bool(container.streams.audio)
        transfer = getattr(stream.codec_context, "color_trc", None)
    if not times:
        raise damaged()
    interval = _interval(times)
    seconds = times[-1] - times[0] + interval
    if interval < SHORTEST_INTERVAL / 2:
        raise UnusableMedia("Its frames have no times that make sense. Export it again.")
    if seconds > MAX_CLIP_SECONDS:
        raise UnusableMedia(
            f"The recording has {seconds / 60:.0f} minutes; up to {MAX_CLIP_SECONDS / 60:.0f} can be read. Save the "
            "part that matters, or several parts, and add these."
        )
    if declared and seconds < 0.9 * declared - 0.25:
        raise UnusableMedia(
            f"The clip breaks off: {seconds:.1f} of {declared:.1f} seconds are there. Copy or export it again."
        )
    width, height = _decode_check(path, seconds, len(times))
    uneven = np.abs(np.diff(times) - interval) > UNEVEN_INTERVAL * interval
    gaps = abs(1 - len(times) * interval / seconds)
    return MediaInfo(
        kind="clip",
        width=width,
        height=height,
        frames=len(times),
        fps=round(len(times) / seconds, 3),
        seconds=round(seconds, 3),
        has_audio=has_audio,
        variable_frame_rate=bool(uneven.size and (uneven.mean() > UNEVEN_SHARE or gaps > GAPS_SHARE)),
        notes=hdr_note(transfer),
    )


def iterate_frames(path: Path, *, start: float = 0.0) -> Iterator[tuple[float, Frame]]:
    """Yield (seconds from the clip's start, uint8 RGB (height, width, 3), upright) in the order of display.

    With `start`, frames may begin up to one keyframe before it. Raises UnusableMedia.
    """
    with opened(path) as (container, stream):
        if start > 1.0:
            origin = float((stream.start_time or 0) * cast(Fraction, stream.time_base))
            container.seek(int((start + origin) * 1_000_000), backward=True)
        for seconds, frame in decoded(container, stream):
            yield seconds, upright(frame, stream.sample_aspect_ratio)


def read_frames(
    path: Path, *, fps: float, frames: int, start: float = 0.0, width: int | None = None, height: int | None = None
) -> Frame:
    """`frames` frames at `fps`, uint8 RGB of shape (frames, height, width, 3).

    Frame i is what is on screen `start + i / fps` seconds into the clip, whatever the clip's own, even or uneven, rate.
    With `width` and `height` each frame is fitted while reading, so that large clips need little memory.
    Raises UnusableMedia when the clip ends before the last of these moments.
    """
    moments = [start + index / fps for index in range(frames)]
    chosen: list[Frame] = []
    shown: list[float] = []
    last: Frame | None = None
    for seconds, picture in iterate_frames(path, start=start):
        while last is not None and len(chosen) < frames and moments[len(chosen)] < seconds - 1e-4:
            chosen.append(last)
        if len(chosen) == frames:
            break
        last = fit(picture, width, height) if width and height else picture
        shown.append(seconds)
    if last is not None and len(chosen) < frames:
        end = shown[-1] + max(_interval(shown), _own_interval(path))  # as long as `probe_clip` says that the clip is
        chosen += [last] * sum(moment < end + 1e-4 for moment in moments[len(chosen) :])
    if len(chosen) < frames:
        needed = start + (frames - 1) / fps
        raise UnusableMedia(f"The clip is too short: {frames} frames at {fps:g} a second need {needed:.2f} s of it.")
    return np.stack(chosen)


def read_own_frames(
    path: Path, *, first: int, frames: int, width: int | None = None, height: int | None = None
) -> Frame:
    """`frames` of the clip's own frames, one by one from number `first` (0 is the first in the order of display).

    uint8 RGB of shape (frames, height, width, 3); with `width` and `height` each frame is fitted while reading.
    Raises UnusableMedia when the clip has fewer frames.
    """
    with opened(path) as (container, stream):
        origin = float((stream.start_time or 0) * cast(Fraction, stream.time_base))
        times = [seconds - origin for seconds in _packet_times(container, stream)]
    chosen: list[Frame] = []
    if first + frames <= len(times):
        for seconds, picture in iterate_frames(path, start=times[first]):
            if seconds >= times[first] - 1e-4:
                chosen.append(fit(picture, width, height) if width and height else picture)
            if len(chosen) == frames:
                return np.stack(chosen)
    raise UnusableMedia(f"The clip is too short: frames {first + 1} to {first + frames} are not all there.")


def write_clip(
    path: Path, frames: Frame, fps: float, metadata: dict[str, str] | None = None, sound: Sound | None = None
) -> None:
    """Write uint8 RGB frames of shape (n, height, width, 3) as H.264 mp4 (yuv420p, plays in browsers), atomically.

    Odd widths and heights are filled up by repeating the last column or row: yuv420p needs even ones. Sound is AAC.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(f"Frames must be uint8 of shape (n, height, width, 3), not {frames.dtype} {frames.shape}")
    odd_rows, odd_columns = frames.shape[1] % 2, frames.shape[2] % 2
    frames = np.pad(frames, ((0, 0), (0, odd_rows), (0, odd_columns), (0, 0)), mode="edge")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = draft_in(path.parent)
    options = {"movflags": "+faststart+use_metadata_tags"}
    try:
        with av.open(str(unfinished), "w", format="mp4", options=options) as container:
            container.metadata.update(metadata or {})
            stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = "yuv420p"
            stream.options = H264_OPTIONS
            track = container.add_stream("aac", rate=sound.rate, layout="stereo") if sound else None
            for picture in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
            container.mux(stream.encode(None))
            if sound and track:
                write_sound(container, track, [sound.samples])
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _interval(times: list[float]) -> float:
    """How long a frame is shown, in seconds: the median of what lies between them."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1 / 24


def _own_interval(path: Path) -> float:
    with opened(path) as (container, stream):
        return _interval(_packet_times(container, stream))


def _packet_times(container: InputContainer, stream: VideoStream) -> list[float]:
    times = []
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and not packet.is_discard:
                times.append(float(packet.pts * packet.time_base))
    except (av.FFmpegError, ValueError) as error:
        raise damaged() from error
    return sorted(times)


def _declared_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    known = [container.duration / 1_000_000] if container.duration else []
    if stream.duration:
        known.append(float(stream.duration * cast(Fraction, stream.time_base)))
    return min(known) if known else None


def _decode_check(path: Path, seconds: float, expected: int) -> tuple[int, int]:
    """Decode frames until the end (of long clips: the first and the last seconds) and give the upright size."""
    count = 0
    whole = seconds <= FULLY_CHECKED_SECONDS
    last: av.VideoFrame | None = None
    with opened(path) as (container, stream):
        aspect = stream.sample_aspect_ratio
        for moment, frame in decoded(container, stream):
            count += 1
            last = frame
            if not whole and moment > 5.0:
                break
    if last is None or (whole and count < 0.9 * expected):
        raise UnusableMedia(f"The clip is damaged: only {count} of {expected} frames can be decoded.")
    height, width = upright(last, aspect).shape[:2]
    if not whole and not any(True for _ in iterate_frames(path, start=seconds - 2.0)):
        raise damaged()
    if min(width, height) < SMALLEST_EDGE:
        raise UnusableMedia(f"It has only {width}x{height} pixels; each side needs at least {SMALLEST_EDGE}.")
    return width, height
