"""Background strips: the files by where they could have been taken, the largest group first."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ...drawing import INK, LINE, PAPER, QUIET, font, tint, width_of
from ..model import Audit, AuditItem, Backgrounds
from .thumbnails import Thumbnails
from .words import plural

WIDTH, MARGIN, SIDE_WIDTH, PICTURE, GAP = 1240, 36, 190, 92, 8  # pixels
TOP, STRIP, FOOT = 116, PICTURE + 24, 48
ACROSS = (WIDTH - 2 * MARGIN - SIDE_WIDTH + GAP) // (PICTURE + GAP)
MAX_STRIPS = 16


@dataclass(frozen=True)
class _Strip:
    title: str
    share: float
    plain: bool
    items: tuple[AuditItem, ...]


def background_strips(
    audit: Audit, paths: Mapping[str, Path], *, thumbnails: Thumbnails | None = None
) -> Image.Image | None:
    """One strip per group of like backgrounds; files with a background of their own share the last strip. None when
    backgrounds were not compared."""
    figures = audit.set.backgrounds
    if figures is None or not figures.groups:
        return None
    strips = _strips(audit, figures)
    shown = strips[:MAX_STRIPS]
    sheet = Image.new("RGB", (WIDTH, TOP + len(shown) * STRIP + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 28), f"Backgrounds: {effective_words(figures)}", fill=INK, font=font(28))
    draw.text((MARGIN, 74), _summary(figures), fill=QUIET, font=font(17))
    thumbnails = thumbnails or Thumbnails(paths)
    for number, strip in enumerate(shown):
        _draw(sheet, draw, TOP + number * STRIP, strip, thumbnails)
    note = "Grouped by the colours and structure around the subject. The bar is the group's share of the files."
    if len(strips) > len(shown):
        note += f" {plural(len(strips) - len(shown), 'smaller group is', 'smaller groups are')} not shown."
    draw.text((MARGIN, sheet.height - 36), note, fill=QUIET, font=font(15))
    return sheet


def effective_words(figures: Backgrounds) -> str:
    """The effective number in words: 'about 3 different ones'."""
    count = round(figures.effective)
    return "all alike" if count <= 1 else f"about {count} different ones"


def _summary(figures: Backgrounds) -> str:
    words = f"The most frequent one is behind {figures.largest_share:.0%} of the files; "
    plain = "none is plain." if not figures.plain_share else f"{figures.plain_share:.0%} are plain."
    return words + plain


def _strips(audit: Audit, figures: Backgrounds) -> list[_Strip]:
    by_id = {item.id: item for item in audit.items if item.id}
    total = sum(len(group.files) for group in figures.groups) or 1
    strips: list[_Strip] = []
    single: list[AuditItem] = []
    for group in figures.groups:
        items = tuple(by_id[file] for file in group.files if file in by_id)
        if len(group.files) > 1:
            strips.append(_Strip(f"{len(group.files)} files", len(group.files) / total, group.plain, items))
        else:
            single += items
    if single:
        title = plural(len(single), "file, on its own", "files, each on its own")
        last = _Strip(title, len(single) / total, False, tuple(single))
        strips.insert(min(len(strips), MAX_STRIPS - 1), last)
    return strips


def _draw(sheet: Image.Image, draw: ImageDraw.ImageDraw, y: int, strip: _Strip, thumbnails: Thumbnails) -> None:
    draw.line((MARGIN, y - 10, WIDTH - MARGIN, y - 10), fill=LINE)
    draw.text((MARGIN, y + 2), f"{strip.share:.0%}", fill=INK, font=font(26))
    draw.text((MARGIN, y + 36), strip.title, fill=QUIET, font=font(15))
    bar = SIDE_WIDTH - 30
    draw.rounded_rectangle((MARGIN, y + 62, MARGIN + bar, y + 70), 4, fill=LINE)
    draw.rounded_rectangle((MARGIN, y + 62, MARGIN + max(8, round(bar * strip.share)), y + 70), 4, fill=QUIET)
    if strip.plain:
        x = MARGIN + width_of(f"{strip.share:.0%}", 26) + 12
        width = width_of("plain", 15)
        draw.rounded_rectangle((x, y + 6, x + width + 16, y + 28), 5, fill=tint(LINE, 0.5), outline=QUIET)
        draw.text((x + 8, y + 17), "plain", fill=INK, font=font(15), anchor="lm")
    room = ACROSS if len(strip.items) <= ACROSS else ACROSS - 1
    for column, item in enumerate(strip.items[:room]):
        picture = thumbnails.of(item).resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
        sheet.paste(picture, (MARGIN + SIDE_WIDTH + column * (PICTURE + GAP), y))
    if len(strip.items) > room:
        x = MARGIN + SIDE_WIDTH + room * (PICTURE + GAP) + PICTURE // 2
        draw.text((x, y + PICTURE // 2), f"+{len(strip.items) - room}", fill=QUIET, font=font(24), anchor="mm")
