"""The clip timeline: what happens when in each clip, and the pieces into which it is better split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from ...drawing import FAIR, GOOD, INK, LINE, PAPER, POOR, QUIET, Colour, cut, cut_middle, font, tint, width_of
from ..model import Audit, AuditItem
from .thumbnails import Thumbnails, faded
from .words import levels_of, name_of, plural, short, view_words

WIDTH, MARGIN, TOP, FOOT = 1240, 36, 132, 48  # pixels
BAR, FRAME, CLIP, PIECES = 26, 72, 212, 40
SPAN = WIDTH - 2 * MARGIN
FRAMES = 16
MAX_CLIPS = 24
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)  # seconds between ticks
_MARKS: dict[str, tuple[str, Colour]] = {
    "cut": ("cut", POOR),
    "blend": ("dissolve or fade", FAIR),
    "flash": ("flash", POOR),
    "frozen": ("nothing moves", QUIET),
    "piece": ("proposed piece", GOOD),
}


def clip_timeline(
    audit: Audit, paths: Mapping[str, Path], *, thumbnails: Thumbnails | None = None
) -> Image.Image | None:
    """A bar for each clip, the ones with something in them first, at most MAX_CLIPS. None without clips."""
    clips = [item for item in audit.items if item.id and item.kind == "clip" and item.seconds]
    if not clips:
        return None
    shown = sorted(clips, key=lambda item: (item.excluded, not _marked(item)))[:MAX_CLIPS]
    heights = [CLIP + (PIECES if item.pieces else 0) for item in shown]
    sheet = Image.new("RGB", (WIDTH, TOP + sum(heights) + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    _title(sheet, draw, clips)
    thumbnails = thumbnails or Thumbnails(paths)
    levels = levels_of(audit)
    y = TOP
    for item, height in zip(shown, heights, strict=True):
        _clip(sheet, draw, y, item, thumbnails, [short(finding) for finding in item.findings if finding in levels])
        y += height
    note = "Each clip has its own scale of seconds."
    if len(clips) > len(shown):
        note += f" {plural(len(clips) - len(shown), 'more clip is', 'more clips are')} not shown."
    draw.text((MARGIN, y + 10), note, fill=QUIET, font=font(15))
    return sheet


def _marked(item: AuditItem) -> bool:
    return bool(item.transitions or item.cuts or item.flashes or item.frozen or item.pieces)


def _title(sheet: Image.Image, draw: ImageDraw.ImageDraw, clips: Sequence[AuditItem]) -> None:
    split = sum(bool(item.pieces) for item in clips)
    words = f"Clips over time: {plural(len(clips), 'clip', 'clips')}"
    draw.text((MARGIN, 28), words + (f", {split} better split" if split else ""), fill=INK, font=font(28))
    x = MARGIN
    for kind, (name, _) in _MARKS.items():
        _mark(draw, kind, (x, 76, x + 30, 96))
        draw.text((x + 38, 86), name, fill=QUIET, font=font(15), anchor="lm")
        x += 38 + width_of(name, 15) + 30


def _clip(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    top: int,
    item: AuditItem,
    thumbnails: Thumbnails,
    findings: Sequence[str],
) -> None:
    seconds = item.seconds or 0.0
    draw.line((MARGIN, top - 8, WIDTH - MARGIN, top - 8), fill=LINE)
    name = cut_middle(name_of(item), 420, 17)
    draw.text((MARGIN, top), name, fill=INK, font=font(17))
    about = ", ".join([*_figures(item), *findings])
    x = MARGIN + width_of(name, 17) + 14
    draw.text((x, top + 2), cut(about, WIDTH - MARGIN - x, 15), fill=QUIET, font=font(15))
    _strip(sheet, draw, top + 28, item, thumbnails)
    bar = top + 28 + FRAME + 32
    draw.rectangle((MARGIN, bar, MARGIN + SPAN, bar + BAR), fill=tint(LINE, 0.6), outline=LINE)
    for start, end in item.frozen:
        _mark(draw, "frozen", (_x(start, seconds), bar, _x(end, seconds), bar + BAR))
    for each in item.transitions:
        if each.kind != "cut":
            _mark(draw, "blend", (_x(each.start, seconds), bar, _x(each.end, seconds), bar + BAR))
    _ticks(draw, bar, seconds)
    for moment in item.flashes:
        _mark(draw, "flash", (_x(moment, seconds) - 9, bar + 3, _x(moment, seconds) + 9, bar + BAR - 3))
    for moment in item.cuts or [each.start for each in item.transitions if each.kind == "cut"]:
        _mark(draw, "cut", (_x(moment, seconds) - 15, bar - 5, _x(moment, seconds) + 15, bar + BAR + 5))
    for piece in item.pieces:
        place = (_x(piece.start, seconds) + 1, bar + BAR + 28, _x(piece.end, seconds) - 1, bar + BAR + 50)
        _mark(draw, "piece", place)
        middle = ((place[0] + place[2]) // 2, bar + BAR + 39)
        words = next((each for each in (f"{piece.seconds:.1f} s", f"{piece.seconds:.0f}") if _fits(each, place)), "")
        draw.text(middle, words, fill=INK, font=font(15), anchor="mm")


def _figures(item: AuditItem) -> list[str]:
    figures = [f"{item.seconds:.1f} s"]
    if item.fps:
        figures.append(f"{item.fps:g} frames a second")
    if item.has_sound is not None:
        figures.append("with sound" if item.has_sound else "no sound")
    return figures + (["set aside"] if item.excluded else [])


def _strip(sheet: Image.Image, draw: ImageDraw.ImageDraw, y: int, item: AuditItem, thumbnails: Thumbnails) -> None:
    """Frames along the bar, and below the frame of each sampled moment the view that was seen there."""
    seconds, width = item.seconds or 0.0, SPAN / FRAMES
    moments = [round(seconds * (index + 0.5) / FRAMES, 2) for index in range(FRAMES)]
    for index, image in enumerate(thumbnails.strip(item, moments)):
        left, right = MARGIN + round(index * width), MARGIN + round((index + 1) * width)
        frame = image.resize((right - left - 1, FRAME), Image.Resampling.LANCZOS)
        sheet.paste(faded(frame) if item.excluded else frame, (left, y))
    free = MARGIN
    for moment in item.moments:
        words = view_words(moment.view)
        half = width_of(words, 14) // 2
        x = min(max(_x(moment.seconds, seconds), MARGIN + half), WIDTH - MARGIN - half)
        draw.line((x, y + FRAME, x, y + FRAME + 4), fill=QUIET)
        if x - half >= free:
            colour = QUIET if moment.view.class_ == "unknown" else INK
            draw.text((x, y + FRAME + 13), words, fill=colour, font=font(14), anchor="mm")
            free = x + half + 10


def _ticks(draw: ImageDraw.ImageDraw, bar: int, seconds: float) -> None:
    step = next((step for step in _STEPS if seconds / step <= 24), _STEPS[-1])
    for index in range(int(seconds / step + 1e-6) + 1):
        x = _x(index * step, seconds)
        draw.line((x, bar + BAR - 6, x, bar + BAR), fill=QUIET)
        anchor = "lt" if index == 0 else "rt" if x > WIDTH - MARGIN - 14 else "mt"
        draw.text((x, bar + BAR + 6), f"{index * step:g} s", fill=QUIET, font=font(14), anchor=anchor)


def _x(moment: float, seconds: float) -> int:
    return MARGIN + round(SPAN * min(max(moment / seconds, 0.0), 1.0))


def _fits(words: str, place: tuple[int, int, int, int]) -> bool:
    return width_of(words, 15) <= place[2] - place[0] - 4


def _mark(draw: ImageDraw.ImageDraw, kind: str, place: tuple[int, int, int, int]) -> None:
    """Each kind has a form of its own, so that colour is not needed."""
    left, top, right, bottom = place[0], place[1], max(place[2], place[0] + 2), place[3]
    colour, middle = _MARKS[kind][1], (place[0] + place[2]) // 2
    if kind == "cut":
        draw.line((middle, top, middle, bottom), fill=colour, width=3)
        draw.polygon([(middle - 6, top - 3), (middle + 6, top - 3), (middle, top + 6)], fill=colour)
    elif kind == "flash":
        half = (bottom - top) // 2
        star = [(0, -1), (0.25, -0.25), (1, 0), (0.25, 0.25), (0, 1), (-0.25, 0.25), (-1, 0), (-0.25, -0.25)]
        draw.polygon([(middle + x * half, top + half + y * half) for x, y in star], fill=colour)
    elif kind == "piece":
        draw.rounded_rectangle((left, top, right, bottom), 6, fill=tint(colour, 0.16), outline=colour, width=2)
    else:
        draw.rectangle((left, top, right, bottom), fill=tint(colour, 0.3), outline=colour)
        if kind == "blend":  # one shot goes, the other comes
            draw.line((left, top, right, bottom), fill=colour, width=2)
            draw.line((left, bottom, right, top), fill=colour, width=2)
        else:
            for x in range(left + 6, right, 8):
                draw.line((x, top, x, bottom), fill=colour)
