"""Pictures in: any jpg, png or webp becomes upright 8-bit sRGB, and a damaged one is found out."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from .info import MAX_IMAGE_BYTES, MAX_PIXELS, SMALLEST_EDGE, MediaInfo, UnusableMedia, content_of

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
_ORIENTATION = 0x0112
_ROWS = 256
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def probe_image(path: Path) -> MediaInfo:
    """Decode the whole picture and describe it. Raises UnusableMedia."""
    with _opened(path) as image:
        notes = _notes(image)
        _load(image)
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
    if min(width, height) < SMALLEST_EDGE:
        raise UnusableMedia(f"It has only {width}x{height} pixels; each side needs at least {SMALLEST_EDGE}.")
    return MediaInfo(
        kind="image",
        width=width,
        height=height,
        frames=1,
        fps=None,
        seconds=0.0,
        has_audio=False,
        variable_frame_rate=False,
        notes=notes,
    )


def read_image(path: Path, *, longest_side: int | None = None) -> NDArray[np.uint8]:
    """The picture as uint8 RGB of shape (height, width, 3), upright, in sRGB.

    Transparency is put on white, 16 bits are scaled to 8, an animation gives its first frame. With `longest_side`
    the picture is shrunk (never enlarged) to that many pixels. Raises UnusableMedia.
    """
    with _opened(path) as image:
        if longest_side is not None:
            image.draft(None, (longest_side, longest_side))  # JPEG decodes straight to a smaller size
        _load(image)
        upright = _upright(image)
        if longest_side is not None:
            if upright.mode in _DEEP:
                upright = _as_rgb(upright)
            if upright.mode == "P":
                upright = upright.convert("RGBA")
            upright.thumbnail((longest_side, longest_side), Image.Resampling.BOX, reducing_gap=None)
        return np.array(_as_rgb(upright), dtype=np.uint8)


def _opened(path: Path) -> Image.Image:
    content = content_of(path)
    if content == "movie":
        raise UnusableMedia("It is a video, not a picture.")
    if path.stat().st_size > MAX_IMAGE_BYTES:
        raise UnusableMedia(f"The file is larger than {MAX_IMAGE_BYTES // 2**20} MB. Save a smaller copy.")
    formats = {"jpeg": ("JPEG", "MPO"), "png": ("PNG",), "webp": ("WEBP",)}[content]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            image = Image.open(path, formats=formats)
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _DAMAGED as error:
        raise _damaged() from error
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise _too_large()
    return image


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except _DAMAGED as error:
        raise _damaged() from error


def _damaged() -> UnusableMedia:
    return UnusableMedia("The picture is damaged or cut off and cannot be decoded. Copy or export it again.")


def _too_large() -> UnusableMedia:
    return UnusableMedia(f"The picture has more than {MAX_PIXELS // 10**6} million pixels. Save a smaller copy.")


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _DAMAGED:  # unreadable EXIF says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(image: Image.Image) -> Image.Image:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    if turn is None:
        return image
    turned = image.transpose(turn)
    turned.info = image.info
    return turned


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _DEEP:
        deep = np.asarray(image)
        shallow = np.empty(deep.shape, dtype=np.uint8)
        for row in range(0, len(deep), _ROWS):  # some rows at a time: wide numbers need eight times the memory
            shallow[row : row + _ROWS] = np.clip(deep[row : row + _ROWS].astype(np.int64) // 257, 0, 255)
        return Image.fromarray(shallow).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return _in_srgb(image)


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a broken profile: plain conversion below
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")


def _notes(image: Image.Image) -> tuple[str, ...]:
    notes = []
    if getattr(image, "is_animated", False) and image.format != "MPO":
        notes.append("animated: only its first frame is used")
    if image.mode in _DEEP:
        notes.append("16 bits per channel reduced to 8")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        notes.append("transparent parts are put on white")
    if image.mode == "CMYK":
        notes.append("print colours (CMYK) converted to screen colours")
    if _orientation(image) != 1:
        notes.append("turned upright as its camera data says")
    return tuple(notes)
