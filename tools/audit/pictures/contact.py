"""The contact sheet: every file as a thumbnail with what was found in it, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from trainer_core.dataset.records import one_line

from ...drawing import INK, LINE, PAPER, QUIET, cut, cut_middle, font, lines_of, width_of
from ..model import Audit, AuditItem, Level
from .badges import HEIGHT, MARK, WORDS, badge, mark, play
from .thumbnails import Thumbnails, faded
from .words import gravest_first, levels_of, name_of, plural, short, view_words

WIDTH, MARGIN, COLUMNS, PICTURE, GAP = 1240, 36, 8, 132, 16  # pixels
TOP, HEADING, ROW, LINE_HEIGHT, FOOT = 104, 50, PICTURE + 72, 26, 50
PAGE = 2400  # pixels of height at most
MAX_PAGES = 14  # about 1,200 files; the files to look at come first
_BADGES = 3


@dataclass(frozen=True)
class _Block:
    """A heading, a row of files, or a line about a refused file."""

    height: int
    heading: str = ""
    hint: str = ""
    items: tuple[AuditItem, ...] = ()
    refused: AuditItem | None = None


def contact_sheet(audit: Audit, paths: Mapping[str, Path]) -> list[Image.Image]:
    """All pages (9 MB each in memory, at most MAX_PAGES); empty for an empty set."""
    return list(contact_pages(audit, Thumbnails(paths)))


def contact_pages(audit: Audit, thumbnails: Thumbnails) -> Iterator[Image.Image]:
    """The pages one by one: files to look at first, then the fine ones, those set aside, those refused.

    What does not fit on MAX_PAGES is counted on the last page.
    """
    pages = _paged(_blocks(audit))
    shown = pages[:MAX_PAGES]
    left = sum(len(block.items) + (block.refused is not None) for page in pages[MAX_PAGES:] for block in page)
    for number, blocks in enumerate(shown, start=1):
        title = "What was looked at" if len(shown) == 1 else f"What was looked at, page {number} of {len(shown)}"
        more = f" {plural(left, 'more file is', 'more files are')} not shown." if left and number == len(shown) else ""
        yield _page(audit, blocks, title, more, thumbnails)


def _blocks(audit: Audit) -> list[_Block]:
    taken = [item for item in audit.items if item.id is not None]
    inside = [item for item in taken if not item.excluded]
    groups = (
        ("Better left out", "faded; the reasons are below", [item for item in inside if not item.usable]),
        ("Worth a look", "in the set, with remarks", [item for item in inside if item.usable and item.findings]),
        ("Fine", "nothing was found", [item for item in inside if item.usable and not item.findings]),
        ("Set aside", "by you; not in the set", [item for item in taken if item.excluded]),
    )
    blocks = []
    for heading, hint, items in groups:
        if items:
            blocks.append(_Block(HEADING, heading=f"{heading}: {plural(len(items), 'file', 'files')}", hint=hint))
        blocks += [_Block(ROW, items=tuple(items[start : start + COLUMNS])) for start in range(0, len(items), COLUMNS)]
    refused = [item for item in audit.items if item.id is None]
    if refused:
        blocks.append(_Block(HEADING, heading=f"Not taken: {plural(len(refused), 'file', 'files')}"))
    return blocks + [_Block(LINE_HEIGHT, refused=item) for item in refused]


def _paged(blocks: Sequence[_Block]) -> list[list[_Block]]:
    """Blocks by page; a heading stays with the row below it."""
    pages: list[list[_Block]] = []
    room = 0
    for index, block in enumerate(blocks):
        needed = block.height
        if block.heading and index + 1 < len(blocks):
            needed += blocks[index + 1].height
        if not pages or needed > room:
            pages.append([])
            room = PAGE - TOP - FOOT
        pages[-1].append(block)
        room -= block.height
    return pages


def _page(audit: Audit, blocks: Sequence[_Block], title: str, more: str, thumbnails: Thumbnails) -> Image.Image:
    sheet = Image.new("RGB", (WIDTH, TOP + sum(block.height for block in blocks) + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 28), title, fill=INK, font=font(28))
    _legend(sheet, draw)
    levels = levels_of(audit)
    y = TOP
    for block in blocks:
        if block.heading:
            _heading(draw, y, block)
        for column, item in enumerate(block.items):
            _cell(sheet, draw, (MARGIN + column * (PICTURE + GAP), y), item, levels, thumbnails)
        if block.refused is not None:
            _refused(draw, y, block.refused)
        y += block.height
    foot = f"Below each: its name, the view and the shot. Left and right are the picture's.{more}"
    draw.text((MARGIN, y + 14), foot, fill=QUIET, font=font(15))
    return sheet


def _legend(sheet: Image.Image, draw: ImageDraw.ImageDraw) -> None:
    x = MARGIN
    for level in ("blocked", "warn", "note"):
        sheet.paste(mark(level), (x, 71), mark(level))
        draw.text((x + MARK + 8, 78), WORDS[level], fill=QUIET, font=font(15), anchor="lm")
        x += MARK + 8 + width_of(WORDS[level], 15) + 28
    play(sheet, (x, 68))
    draw.text((x + 30, 78), "clip", fill=QUIET, font=font(15), anchor="lm")


def _heading(draw: ImageDraw.ImageDraw, y: int, block: _Block) -> None:
    draw.line((MARGIN, y + 4, WIDTH - MARGIN, y + 4), fill=LINE)
    draw.text((MARGIN, y + 14), block.heading, fill=INK, font=font(19))
    draw.text((MARGIN + width_of(block.heading, 19) + 14, y + 18), block.hint, fill=QUIET, font=font(15))


def _cell(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    item: AuditItem,
    levels: dict[str, Level],
    thumbnails: Thumbnails,
) -> None:
    x, y = place
    picture = thumbnails.of(item).resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
    sheet.paste(picture if item.usable and not item.excluded else faded(picture), (x, y))
    if item.kind == "clip":
        play(sheet, (x + PICTURE - 26, y + 4))
    for number, (level, words) in enumerate(reversed(_badges(item, levels))):
        badge(sheet, (x + 4, y + PICTURE - 4 - HEIGHT - number * (HEIGHT + 3)), level, words, PICTURE - 8)
    draw.text((x, y + PICTURE + 5), cut_middle(name_of(item), PICTURE, 14), fill=INK, font=font(14))
    for number, line in enumerate(lines_of(_below(item), PICTURE, 14)[:2]):
        draw.text((x, y + PICTURE + 23 + 17 * number), line, fill=QUIET, font=font(14))


def _badges(item: AuditItem, levels: dict[str, Level]) -> list[tuple[Level, str]]:
    found = [(level, short(finding)) for finding, level in gravest_first(item, levels)]
    if len(found) <= _BADGES:
        return found
    rest = found[_BADGES - 1 :]
    return [*found[: _BADGES - 1], (rest[0][0], f"{len(rest)} more")]


def _below(item: AuditItem) -> str:
    """The view and the shot, as far as they are known; of a file to leave out, why."""
    if not item.usable and item.reasons and not item.excluded:
        return one_line(item.reasons[0], 60)
    known = [view_words(item.view)] if item.view.class_ != "unknown" else []
    known += [item.shot] if item.shot else []
    known += ["made by a model"] if item.synthetic else []
    return ", ".join(known) or "view unknown"


def _refused(draw: ImageDraw.ImageDraw, y: int, item: AuditItem) -> None:
    name = cut_middle(name_of(item), 300, 15)
    draw.text((MARGIN, y), name, fill=INK, font=font(15))
    reason = one_line(" ".join(item.reasons), 300)
    draw.text((MARGIN + 320, y), cut(reason, WIDTH - 2 * MARGIN - 320, 15), fill=QUIET, font=font(15))
