"""The house's look for drawn sheets: paper, ink, plain type, and the few helpers that every sheet needs."""

import io
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from trainer_core.dataset.records import write_atomically

Colour = tuple[int, int, int]

PAPER, INK, QUIET, LINE = (250, 249, 246), (32, 33, 36), (112, 112, 118), (222, 219, 212)
GOOD, FAIR, POOR = (28, 122, 78), (161, 98, 7), (186, 62, 46)
JPEG_QUALITY = 88


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The type that comes with Pillow, `size` in pixels."""
    return ImageFont.load_default(size)


def width_of(text: str, size: int) -> int:
    """How many pixels wide the text is in this size."""
    return round(font(size).getlength(text))


def cut(text: str, width: int, size: int) -> str:
    """The text, shortened with three dots where it is wider than `width` pixels."""
    if width_of(text, size) <= width:
        return text
    text = text[: max(4, width)]  # no letter is narrower than a pixel
    while text and width_of(text + "...", size) > width:
        text = text[:-1].rstrip(" ,")
    return text + "..."


def cut_middle(text: str, width: int, size: int) -> str:
    """The text, shortened in the middle where it is too wide: of a file's name the end tells the most."""
    if width_of(text, size) <= width:
        return text
    kept = min(len(text), max(4, width))
    while kept > 2 and width_of(text[: kept // 3] + "..." + text[-(kept - kept // 3) :], size) > width:
        kept -= 1
    return text[: kept // 3] + "..." + text[-(kept - kept // 3) :]


def lines_of(text: str, width: int, size: int) -> list[str]:
    """The text in lines of at most `width` pixels, broken between words; a longer word is shortened."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(cut(word, width, size))
    return lines


def paragraph(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: Colour, width: int
) -> int:
    """Draw the text in lines of at most `width` pixels; gives the height below the last line."""
    y = place[1]
    for line in lines_of(text, width, size):
        draw.text((place[0], y), line, fill=colour, font=font(size))
        y += round(size * 1.35)
    return y


def tint(colour: Colour, share: float) -> Colour:
    """The colour mixed with paper; `share` 1 is the colour itself."""
    red, green, blue = (round(share * ink + (1 - share) * paper) for ink, paper in zip(colour, PAPER, strict=True))
    return red, green, blue


def encoded(image: Image.Image, form: Literal["PNG", "JPEG"], *, quality: int = JPEG_QUALITY) -> bytes:
    """The picture as the bytes of a file; `quality` is of JPEG, whose colours keep their full resolution for text."""
    buffer = io.BytesIO()
    if form == "PNG":
        image.save(buffer, "PNG", optimize=True)
    else:
        image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def save(image: Image.Image, path: Path) -> Path:
    """Write a .png or .jpg so that it is there complete or as it was; gives the path."""
    write_atomically(path, encoded(image, "PNG" if path.suffix == ".png" else "JPEG"))
    return path
