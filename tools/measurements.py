"""What is measured in one picture or clip: quality, what the eyes see, a fingerprint, and what happens in a clip."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from trainer_core.dataset.media import MediaInfo, UnusableMedia, iterate_frames, read_image

from .vision.colours import Edges, measure_edges
from .vision.duplicates import Fingerprint, fingerprint
from .vision.encoding import blockiness, detail_limit, exposure
from .vision.eyes.look import Look, available, look
from .vision.quality import LONGEST_SIDE, Picture, bars, brightness, sharpness, shrunk
from .vision.shots import Shots, measure_shots

LARGEST_READ = 40_000_000  # pixels; larger pictures are shrunk while reading, which hides how they were encoded
SECONDS_A_LOOK = 2.0  # of a clip, for each moment that the eyes look at
FEWEST_LOOKS, MOST_LOOKS = 3, 8

Stop = Callable[[], bool]


class Stopped(Exception):
    """The person stopped a look at the files; the message says what was kept."""


class FrameLook(BaseModel):
    """What the eyes saw at one moment, in seconds; 0 for a picture."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    look: Look


class Measurement(BaseModel):
    """One file's figures; of a clip, the pixel measures are of the frame in its middle."""

    model_config = ConfigDict(frozen=True)

    sharpness: float
    brightness: float
    bars: float
    edges: Edges
    fingerprint: Fingerprint
    shots: Shots | None = None  # clips only
    detail: float | None = None  # share of the pixels' resolution that shows detail, 0 to 1
    blocks: float | None = None  # how much the 8-pixel grid of JPEG stands out; 1 is not at all
    shadows: float = 0.0  # share of the middle that is pure black
    highlights: float = 0.0  # and pure white
    looks: tuple[FrameLook, ...] = ()  # one of a picture, several of a clip; none without the eyes' model files
    text: tuple[str, ...] | None = None  # words in the picture; None when they were not looked for

    @property
    def middle(self) -> Look | None:
        """What was seen in the picture, or at the middle one of a clip's moments."""
        return self.looks[len(self.looks) // 2].look if self.looks else None


def measure(path: Path, info: MediaInfo, *, text: bool = False, stop: Stop = lambda: False) -> Measurement:
    """Measure one file; `text` also looks for words in it. Raises UnusableMedia, and Stopped when `stop` says so."""
    shots = None
    whole = info.width * info.height <= LARGEST_READ
    if info.kind == "image":
        picture = read_image(path, longest_side=None if whole else LONGEST_SIDE)
        moments = [(0.0, shrunk(picture))]
    else:
        picture, moments, shots = _watch(path, info.seconds, stop)
    detail, blocks = (detail_limit(picture), blockiness(picture)) if whole else (None, None)
    clipped = exposure(picture)
    words = _words(picture) if text else None  # small print needs the full size
    picture = shrunk(picture)
    seen = [] if available() else [(seconds, look(frame)) for seconds, frame in moments]
    return Measurement(
        sharpness=round(sharpness(picture), 1),
        brightness=round(brightness(picture), 3),
        bars=round(bars(picture), 3),
        edges=measure_edges(picture),
        fingerprint=fingerprint(picture),
        shots=shots,
        detail=detail,
        blocks=blocks,
        shadows=clipped.shadows,
        highlights=clipped.highlights,
        looks=tuple(FrameLook(seconds=round(seconds, 3), look=found) for seconds, found in seen if found),
        text=words,
    )


def look_moments(seconds: float) -> list[float]:
    """The moments of a clip that the eyes look at, evenly spread, in seconds."""
    count = min(MOST_LOOKS, max(FEWEST_LOOKS, round(seconds / SECONDS_A_LOOK)))
    return [(index + 0.5) * seconds / count for index in range(count)]


def _watch(path: Path, length: float, stop: Stop) -> tuple[Picture, list[tuple[float, Picture]], Shots]:
    """The frame in the middle, frames at the moments for the eyes, and the whole clip's figures, in one pass."""
    middle: list[Picture] = []
    moments: list[tuple[float, Picture]] = []
    wanted = look_moments(length)

    def frames():  # type: ignore[no-untyped-def]
        for seconds, picture in iterate_frames(path):
            if stop():
                raise Stopped
            if not middle or seconds <= length / 2:
                middle[:] = [picture]
            if wanted and seconds >= wanted[0] - 1e-6:
                moments.append((seconds, shrunk(picture)))
                del wanted[0]
            yield seconds, picture

    shots = measure_shots(frames())
    if not middle:
        raise UnusableMedia("The clip has no frames.")
    return middle[0], moments or [(0.0, shrunk(middle[0]))], shots


def _words(picture: Picture) -> tuple[str, ...] | None:
    from .vision.text_in_picture import find_text  # an optional package: only those who ask for it need it

    return find_text(picture)
