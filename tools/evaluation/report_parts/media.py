"""Clips for the page: inside it while the whole stays small, else as links; a still of each, whatever happens."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from trainer_core.dataset.fitting import fit
from trainer_core.dataset.media import UnusableMedia, iterate_frames

from ...drawing import encoded
from ..scorecard import ClipScore

LARGEST_PAGE = 40 * 2**20  # bytes; above it a browser is slow to open the page and mail refuses it
LONGEST_EDGE = 320  # pixels of a still
FEW_PIXELS = 128  # smaller pictures are kept exactly, and are shown enlarged without smoothing

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Shown:
    """A clip as the page shows it. `source` is empty where the file is gone or cannot be read."""

    source: str | Markup
    linked: bool
    stills: tuple[Markup, ...]  # first, middle and last frame
    width: int
    height: int

    @property
    def small(self) -> bool:
        """Whether a browser has to enlarge it, which it must do without smoothing."""
        return max(self.width, self.height) <= FEW_PIXELS

    @property
    def still(self) -> Markup | None:
        """The middle frame."""
        return self.stills[1] if self.stills else None


class Clips:
    """The clips of one run folder."""

    def __init__(self, folder: Path, clips: Sequence[ClipScore], limit: int = LARGEST_PAGE) -> None:
        self._folder = folder.resolve()
        sizes = [path.stat().st_size for name in {clip.file for clip in clips} if (path := self._path(name))]
        self.bytes = sum(sizes)
        self.linked = self.bytes * 4 / 3 > limit  # base64 makes four letters of three bytes
        self._known: dict[str, Shown] = {}

    def shown(self, clip: ClipScore) -> Shown:
        """The clip with its stills. Reads each file once."""
        if clip.file not in self._known:
            self._known[clip.file] = self._read(clip.file)
        return self._known[clip.file]

    def _read(self, name: str) -> Shown:
        path = self._path(name)
        if path is None:
            return Shown("", self.linked, (), 0, 0)
        try:
            frames = _first_middle_last(path)
            content = b"" if self.linked else path.read_bytes()
        except (UnusableMedia, OSError):
            return Shown("", self.linked, (), 0, 0)
        height, width = frames[0].shape[:2]
        source = quote(name) if self.linked else Markup("data:video/mp4;base64,") + base64.b64encode(content).decode()
        return Shown(source, self.linked, tuple(embedded(frame) for frame in frames), width, height)

    def _path(self, name: str) -> Path | None:
        """The file inside the run folder; None where it is gone or the name leads out of the folder."""
        path = (self._folder / name).resolve()
        return path if path.is_relative_to(self._folder) and path.is_file() else None


def embedded(picture: Picture) -> Markup:
    """A picture (h, w, 3) as a data: address, at most LONGEST_EDGE pixels long."""
    height, width = picture.shape[:2]
    share = LONGEST_EDGE / max(height, width)
    if share < 1:
        picture = fit(picture, max(1, round(width * share)), max(1, round(height * share)))
    form, kind = ("PNG", "png") if max(picture.shape[:2]) <= FEW_PIXELS else ("JPEG", "jpeg")
    content = encoded(Image.fromarray(picture), "PNG" if form == "PNG" else "JPEG", quality=82)
    return Markup(f"data:image/{kind};base64,") + base64.b64encode(content).decode()


def _first_middle_last(path: Path) -> tuple[Picture, Picture, Picture]:
    """Three frames in one pass; a clip of 257 frames is never in memory as a whole."""
    small: list[Picture] = []
    size = (0, 0)
    for _, frame in iterate_frames(path):
        size = frame.shape[1], frame.shape[0]
        share = min(1.0, LONGEST_EDGE / max(size))
        small.append(fit(frame, max(1, round(size[0] * share)), max(1, round(size[1] * share))))
    if not small:
        raise UnusableMedia("It has no frames.")
    return small[0], small[len(small) // 2], small[-1]
