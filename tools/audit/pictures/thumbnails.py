"""Small square pictures of a dataset's files, read once and kept while sheets are drawn."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from trainer_core.dataset.media import UnusableMedia, iterate_frames, read_image

from ...drawing import LINE, QUIET, tint
from ..model import AuditItem

SIDE = 160  # pixels
KEPT = 1200  # thumbnails, 90 MB
_FAR = 10.0  # seconds: a moment further ahead is reached by seeking, not by decoding all frames up to it
_HIGH = 0.2  # of what is cut off a tall picture goes at the top: heads are high up

_Key = tuple[str, float]  # item id and seconds


class Thumbnails:
    """Thumbnails by item and moment. A file that is gone or cannot be read gives a quiet placeholder."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self._kept: OrderedDict[_Key, Image.Image] = OrderedDict()

    def of(self, item: AuditItem, seconds: float | None = None) -> Image.Image:
        """The item's picture, RGB, SIDE x SIDE; of a clip the frame at `seconds`, by default in its middle."""
        if item.kind == "clip":
            return self.strip(item, [(item.seconds or 0.0) / 2 if seconds is None else seconds])[0]
        key = (item.id or "", 0.0)
        if key not in self._kept:
            self._keep(key, _still(self._path(item)))
        return self._kept[key]

    def strip(self, item: AuditItem, moments: Sequence[float]) -> list[Image.Image]:
        """A clip's frames at these moments (seconds), RGB, SIDE x SIDE each, read in one pass."""
        found = {moment: self._kept.get((item.id or "", moment)) for moment in sorted(set(moments))}
        missing = [moment for moment, image in found.items() if image is None]
        fresh = dict(zip(missing, _frames(self._path(item), missing), strict=True))
        for moment, image in fresh.items():
            self._keep((item.id or "", moment), image)
        return [found[moment] or fresh[moment] for moment in moments]

    def _path(self, item: AuditItem) -> Path | None:
        return self._paths.get(item.id) if item.id else None

    def _keep(self, key: _Key, image: Image.Image) -> None:
        self._kept[key] = image
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def faded(image: Image.Image) -> Image.Image:
    """The picture in pale greys: it is not in the set, or better not."""
    return Image.blend(image.convert("L").convert("RGB"), Image.new("RGB", image.size, tint(LINE, 0.6)), 0.55)


@cache
def placeholder() -> Image.Image:
    """What stands for a picture that cannot be shown."""
    image = Image.new("RGB", (SIDE, SIDE), tint(LINE, 0.6))
    draw = ImageDraw.Draw(image)
    draw.rectangle((52, 60, 108, 102), outline=QUIET, width=3)
    draw.line((44, 112, 116, 50), fill=QUIET, width=3)
    return image


def _still(path: Path | None) -> Image.Image:
    if path is None:
        return placeholder()
    try:
        return _square(Image.fromarray(read_image(path, longest_side=2 * SIDE)))
    except (UnusableMedia, OSError):
        return placeholder()


def _frames(path: Path | None, moments: Sequence[float]) -> list[Image.Image]:
    """The frames on screen at these moments, in order of time; placeholders from where the clip cannot be read."""
    found: list[Image.Image] = []
    if path is not None and moments:
        with suppress(UnusableMedia, OSError):  # what was read before is shown
            found.extend(_decoded(path, moments))
    return found + [placeholder()] * (len(moments) - len(found))


def _decoded(path: Path, moments: Sequence[float]) -> Iterator[Image.Image]:
    waiting = list(moments)
    while waiting:
        last, sought = None, waiting[0]
        for seconds, picture in iterate_frames(path, start=sought):
            while last is not None and waiting and waiting[0] < seconds - 1e-4:
                yield _square(Image.fromarray(last))
                waiting.pop(0)
            # where the nearest keyframe lies far before what was sought, seeking again would lead there again
            if not waiting or (waiting[0] > seconds + _FAR and waiting[0] != sought):
                break
            last = picture
        else:  # the clip is over: its last frame stays on screen
            image = placeholder() if last is None else _square(Image.fromarray(last))
            yield from (image for _ in waiting)
            return


def _square(image: Image.Image) -> Image.Image:
    edge = min(image.size)
    left, top = (image.width - edge) // 2, round((image.height - edge) * _HIGH)
    box = (left, top, left + edge, top + edge)
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
