"""Badges that say what is found in a file: a shape and a word, so that colour is not needed to read them."""

from functools import cache

from PIL import Image, ImageDraw

from ...drawing import FAIR, INK, PAPER, POOR, QUIET, Colour, cut, font, width_of
from ..model import Level

MARK, HEIGHT, TYPE = 14, 20, 14  # pixels
COLOURS: dict[Level, Colour] = {"blocked": POOR, "warn": FAIR, "note": QUIET}
WORDS: dict[Level, str] = {"blocked": "stops training", "warn": "better change it", "note": "good to know"}
_FINE = 8  # drawn so many times larger, then shrunk: smooth edges


@cache
def mark(level: Level) -> Image.Image:
    """The level's sign, RGBA: a square with a cross, a triangle with an exclamation mark, a disc with an i."""
    image = Image.new("RGBA", (MARK * _FINE, MARK * _FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    side, colour = MARK * _FINE, COLOURS[level]
    if level == "blocked":
        draw.rounded_rectangle((0, 0, side - 1, side - 1), 2 * _FINE, fill=colour)
        for start, end in (((0.28, 0.28), (0.72, 0.72)), ((0.28, 0.72), (0.72, 0.28))):
            draw.line([(x * side, y * side) for x, y in (start, end)], fill="white", width=2 * _FINE)
    elif level == "warn":
        draw.polygon([(side / 2, 0), (side, side * 0.94), (0, side * 0.94)], fill=colour)
        draw.line((side / 2, side * 0.36, side / 2, side * 0.64), fill="white", width=round(1.8 * _FINE))
        draw.ellipse((side * 0.43, side * 0.7, side * 0.57, side * 0.84), fill="white")
    else:
        draw.ellipse((0, 0, side - 1, side - 1), fill=colour)
        draw.line((side / 2, side * 0.44, side / 2, side * 0.8), fill="white", width=2 * _FINE)
        draw.ellipse((side * 0.42, side * 0.18, side * 0.58, side * 0.34), fill="white")
    return image.resize((MARK, MARK), Image.Resampling.LANCZOS)


def badge(sheet: Image.Image, place: tuple[int, int], level: Level, words: str, width: int) -> int:
    """Draw sign and words at this place, at most `width` pixels wide; gives the width that was used."""
    draw = ImageDraw.Draw(sheet)
    words = cut(words, width - MARK - 14, TYPE)
    used = MARK + 14 + width_of(words, TYPE)
    x, y = place
    draw.rounded_rectangle((x, y, x + used, y + HEIGHT), 4, fill=PAPER, outline=COLOURS[level])
    sheet.paste(mark(level), (x + 4, y + 3), mark(level))
    draw.text((x + MARK + 9, y + HEIGHT // 2), words, fill=INK, font=font(TYPE), anchor="lm")
    return used


def play(sheet: Image.Image, place: tuple[int, int]) -> None:
    """A play sign: this is a clip."""
    x, y = place
    draw = ImageDraw.Draw(sheet)
    draw.rounded_rectangle((x, y, x + 22, y + 20), 4, fill=INK)
    draw.polygon([(x + 7, y + 4), (x + 17, y + 10), (x + 7, y + 16)], fill=PAPER)
