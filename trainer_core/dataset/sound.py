"""The sound of a clip: a window of it as samples at the rate that a model hears, aligned with the pictures."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from numpy.typing import NDArray

from .decoding import opened
from .info import UnusableMedia

Timed = Iterator[tuple[float | None, av.AudioFrame]]
Samples = NDArray[np.float32]  # (channels, samples), full scale is 1.0

SILENCE = 1e-4  # a window that never gets louder than this (-80 dB of full scale) holds no sound
GAP = 0.02  # seconds by which a packet's time may be off before it is believed that sound is missing there
MAX_RATE, MAX_CHANNELS = 384_000, 16


@dataclass(frozen=True)
class Sound:
    """Samples of two channels and how many of them there are in a second."""

    samples: Samples
    rate: int


def read_sound(path: Path, *, start: float, seconds: float, rate: int) -> Samples | None:
    """What is heard from `start` for `seconds` of the clip, float32 of shape (2, round(seconds * rate)).

    Times count from the clip's first picture. Where the track has nothing there is silence; one channel is heard on
    both sides, more than two are mixed down with weights that sum to 1. None for a clip without a sound track.
    Raises UnusableMedia when the track cannot be decoded.
    """
    with opened(path) as (container, pictures):
        tracks = [track for track in container.streams.audio if track.codec_context is not None]
        if not tracks:
            return None
        origin = float((pictures.start_time or 0) * cast(Fraction, pictures.time_base))
        first = math.floor(start) - 1  # a whole second, so that it is a whole sample at every rate
        try:
            if first > 0:
                container.seek(int((first + origin) * 1_000_000), backward=True)
            heard = _Piece(first, start - first + seconds + 0.5)
            for moment, frame in _frames(container, tracks[0], origin):
                if not heard.put(moment, frame):
                    break
            samples = heard.resampled(rate)
            if not np.isfinite(samples).all():  # a track of floats may hold anything
                raise ValueError("numbers that are not finite")
        except (av.FFmpegError, ValueError, MemoryError) as error:
            raise UnusableMedia("Its sound is damaged or coded in a way that cannot be read here.") from error
    begin, count = round((start - first) * rate), round(seconds * rate)
    window = samples[:, begin : begin + count]
    return cast(Samples, np.pad(window, ((0, 0), (0, count - window.shape[1]))))


def write_sound(container: OutputContainer, track: AudioStream, parts: Iterable[Samples]) -> None:
    """Encode parts of two channels one after another into a track of their rate, from the clip's first moment on."""
    into_packets = av.AudioResampler(format="fltp", layout="stereo", rate=track.rate, frame_size=track.frame_size)
    written = 0
    for part in parts:
        samples = np.ascontiguousarray(np.clip(part, -1, 1), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = track.rate, written, Fraction(1, track.rate)
        written += samples.shape[1]
        for packet in into_packets.resample(frame):
            container.mux(track.encode(packet))
    if written:
        for packet in into_packets.resample(None):
            container.mux(track.encode(packet))
    container.mux(track.encode(None))


def is_silent(samples: Samples) -> bool:
    """Whether nothing can be heard: no sample is louder than -80 dB of full scale."""
    return not samples.size or float(np.abs(samples).max()) < SILENCE


def _frames(container: InputContainer, track: AudioStream, origin: float) -> Timed:
    """(seconds from the clip's first picture, decoded sound as planar float) in the track's own rate and layout."""
    planar = av.AudioResampler(format="fltp")
    for decoded in container.decode(track):
        if not 0 < decoded.sample_rate <= MAX_RATE or not 0 < decoded.layout.nb_channels <= MAX_CHANNELS:
            raise ValueError(f"{decoded.sample_rate} Hz, {decoded.layout.nb_channels} channels")
        for frame in planar.resample(decoded):
            moment = None if frame.pts is None else float(frame.pts * cast(Fraction, frame.time_base)) - origin
            yield moment, frame


class _Piece:
    """A stretch of a track, filled frame by frame at the places that their times name."""

    def __init__(self, first: int, seconds: float) -> None:
        self._first = first
        self._seconds = seconds
        self._samples: Samples = np.zeros((0, 0), np.float32)
        self._rate = 0
        self._layout = ""
        self._next: int | None = None  # where sound goes on if nothing is missing

    def put(self, moment: float | None, frame: av.AudioFrame) -> bool:
        """Take a frame's sound; False when it begins after the end."""
        data = frame.to_ndarray()
        if not self._rate:
            self._rate, self._layout = frame.sample_rate, frame.layout.name
            self._samples = np.zeros((data.shape[0], math.ceil(self._seconds * self._rate)), np.float32)
        place = self._place(moment)
        self._next = place + data.shape[1]
        begin, end = max(0, place), min(self._samples.shape[1], self._next)
        if begin < end:
            self._samples[:, begin:end] = data[:, begin - place : end - place]
        return place < self._samples.shape[1]

    def _place(self, moment: float | None) -> int:
        """The sample at which a frame begins: where the last one ended, unless its time says that sound is missing."""
        if moment is None:
            return self._next or 0
        place = round((moment - self._first) * self._rate)
        rounded = self._next is not None and abs(place - self._next) < GAP * self._rate  # as times often are
        return cast(int, self._next) if rounded else place

    def resampled(self, rate: int) -> Samples:
        """All of it with two channels at `rate`, from the same first moment."""
        if not self._rate:
            return np.zeros((2, 0), np.float32)
        channels = self._samples.shape[0]
        # into whole numbers swresample mixes with weights that sum to 1; into floats it does not, and voices overdrive
        target, layout = ("fltp", self._layout) if channels <= 2 else ("s16p", "stereo")
        resampler = av.AudioResampler(format=target, layout=layout, rate=rate)
        frame = av.AudioFrame.from_ndarray(self._samples, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts = self._rate, 0
        made = [part.to_ndarray() for part in (*resampler.resample(frame), *resampler.resample(None))]
        sound = np.concatenate(made, axis=1)
        if target == "s16p":
            sound = sound.astype(np.float32) / 32768
        return cast(Samples, np.repeat(sound, 2, axis=0) if channels == 1 else sound)
