"""The view compass: from which sides the subject is seen, drawn from above, with the camera below."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import degrees
from pathlib import Path

from PIL import Image, ImageDraw

from trainer_core.dataset.records import one_line

from ...drawing import FAIR, GOOD, INK, LINE, PAPER, POOR, QUIET, Colour, cut, font, tint, width_of
from ..model import Audit
from .compass_layout import SECTORS, Layout, Placed, Sector, Seen, at, lay_out, seen_views
from .tally import State, Tally, have_words, tally_of
from .thumbnails import Thumbnails, faded
from .words import VIEWS, plural

FINE = 2  # everything is drawn twice as large and then shrunk: smooth circles
WIDTH, MARGIN, TOP, FOOT = 1240, 36, 190, 96  # pixels
MIDDLE = (WIDTH // 2, TOP + 420)
RIM = 408
BELOW = MIDDLE[1] + RIM + 108  # where the row of unknown views begins
ROW, SMALL = 132, 76
STATES: dict[State, Colour] = {"enough": GOOD, "some": FAIR, "none": POOR, "": QUIET}


def view_compass(
    audit: Audit, paths: Mapping[str, Path], *, thumbnails: Thumbnails | None = None
) -> Image.Image | None:
    """A thumbnail at each file's yaw, sectors shaded by how well they are covered, unknown views in a row below.

    Files that were set aside are not shown. None when no view is known.
    """
    known, unknown = seen_views(audit)
    if not known:
        return None
    thumbnails = thumbnails or Thumbnails(paths)
    height = BELOW + (ROW if unknown else 0) + FOOT
    sheet = Image.new("RGB", (WIDTH * FINE, height * FINE), PAPER)
    pen = _Pen(sheet)
    layout = lay_out(known)
    _title(pen, audit)
    tallies = {sector: tally_of(audit, sector, known) for sector in SECTORS}
    for sector, tally in tallies.items():
        _sector(pen, sector, tally.state)
    _rim(pen, known)
    _spokes(pen, layout)
    _head(pen)
    for placed in layout.placed:
        _thumbnail(pen, placed, layout.size, thumbnails)
    _hidden(pen, layout)
    for sector, tally in tallies.items():
        _label(pen, sector, tally)
    if unknown:
        _unknown(pen, unknown, thumbnails)
    _foot(pen, height)
    return sheet.resize((WIDTH, height), Image.Resampling.LANCZOS)


class _Pen:
    """Draws on an enlarged sheet in the final picture's pixels."""

    def __init__(self, sheet: Image.Image) -> None:
        self.sheet, self.draw = sheet, ImageDraw.Draw(sheet)

    def text(self, x: float, y: float, words: str, size: int, colour: Colour = INK, anchor: str = "la") -> None:
        self.draw.text((x * FINE, y * FINE), words, fill=colour, font=font(size * FINE), anchor=anchor)

    def disc(self, x: float, y: float, radius: float, fill: Colour, edge: Colour | None = None, width: int = 1) -> None:
        self.draw.ellipse(_box(x, y, radius), fill=fill, outline=edge, width=width * FINE)

    def arc(self, radius: float, start_yaw: float, end_yaw: float, colour: Colour, width: float) -> None:
        """An arc around the compass's middle between two yaws."""
        start, end = sorted((90 - start_yaw, 90 - end_yaw))
        self.draw.arc(_box(*MIDDLE, radius), start, end, fill=colour, width=round(width * FINE))

    def spoke(self, yaw: float, inner: float, outer: float, colour: Colour, width: float = 1) -> None:
        ends = [
            tuple((m + c) * FINE for m, c in zip(MIDDLE, at(yaw, radius), strict=True)) for radius in (inner, outer)
        ]
        self.draw.line(ends, fill=colour, width=round(width * FINE))

    def round_picture(self, x: float, y: float, size: int, picture: Image.Image) -> None:
        """The picture as a disc `size` pixels across, with its middle at (x, y)."""
        side = size * FINE
        mask = Image.new("L", (side * 2, side * 2), 0)
        ImageDraw.Draw(mask).ellipse((0, 0, side * 2 - 1, side * 2 - 1), fill=255)
        corner = (round(x * FINE - side / 2), round(y * FINE - side / 2))
        self.sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), corner, mask.resize((side, side)))


def _box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius) * FINE, (y - radius) * FINE, (x + radius) * FINE, (y + radius) * FINE


def _title(pen: _Pen, audit: Audit) -> None:
    pen.text(MARGIN, 28, "From which sides the subject is seen", 28)
    wanted = audit.set.coverage
    missing = [entry for entry in audit.set.missing if entry.view]
    if missing:
        words = "To add: " + ", ".join(f"{entry.how_many} x {VIEWS[entry.view or 'unknown']}" for entry in missing)
    elif not wanted:
        words = "This recipe needs no particular sides."
    elif any(entry.have < entry.want for entry in wanted):
        words = "Too many views are unknown to say which are missing."
    else:
        words = "All sides that the recipe needs are there."
    pen.text(MARGIN, 70, words, 18, QUIET)


def _sector(pen: _Pen, sector: Sector, state: State) -> None:
    """Shaded by coverage; where nothing is there, with circles of dots so that colour is not needed."""
    low, high = SECTORS[sector]
    colour = STATES[state]
    start, end = 90 - high, 90 - low
    pen.draw.pieslice(_box(*MIDDLE, RIM), start, end, fill=tint(colour, 0.13 if state else 0.05))
    if state == "none":
        for radius in range(96, RIM - 8, 24):
            step = degrees(9 / radius)
            for index in range(1, int((high - low) / step)):
                x, y = at(low + index * step, radius)
                pen.disc(MIDDLE[0] + x, MIDDLE[1] + y, 1.2, tint(colour, 0.45))
    for yaw in (low, high):
        pen.spoke(yaw, 0, RIM, PAPER, 3)
    pen.arc(RIM + 6, low + 0.5, high - 0.5, tint(colour, 0.75) if state else LINE, 5)
    if state == "some":
        for index in range(int((high - low) // 3)):
            pen.arc(RIM + 6, low + 3 * index + 1.5, low + 3 * index + 3, PAPER, 6)


def _rim(pen: _Pen, known: Sequence[Seen]) -> None:
    """A tick at each yaw and an arc as wide as its uncertainty."""
    for seen in known:
        yaw, uncertainty = seen.view.yaw_deg, seen.view.uncertainty_deg
        if yaw is not None and uncertainty:
            pen.arc(RIM - 2, yaw - uncertainty, yaw + uncertainty, QUIET, 2)
    for seen in known:
        if seen.view.yaw_deg is not None:
            pen.spoke(seen.view.yaw_deg, RIM - 12, RIM - 1, INK, 1.5)


def _spokes(pen: _Pen, layout: Layout) -> None:
    """Thin lines from each thumbnail to its tick."""
    for placed in layout.placed:
        if placed.seen.view.yaw_deg is not None:
            ends = ((placed.x, placed.y), at(placed.seen.view.yaw_deg, RIM - 12))
            line = [tuple((m + c) * FINE for m, c in zip(MIDDLE, end, strict=True)) for end in ends]
            pen.draw.line(line, fill=tint(QUIET, 0.35), width=FINE)


def _head(pen: _Pen) -> None:
    """The subject from above: ears at the sides, the nose to the camera."""
    x, y = MIDDLE
    for side in (-1, 1):
        pen.disc(x + side * 37, y, 9, PAPER, QUIET, 2)
    pen.draw.polygon([((x + dx) * FINE, (y + dy) * FINE) for dx, dy in ((-12, 34), (12, 34), (0, 58))], fill=QUIET)
    pen.disc(x, y, 38, PAPER, QUIET, 2)
    pen.text(x, y, "subject", 14, QUIET, "mm")


def _thumbnail(pen: _Pen, placed: Placed, size: int, thumbnails: Thumbnails) -> None:
    seen = placed.seen
    x, y = MIDDLE[0] + placed.x, MIDDLE[1] + placed.y
    picture = thumbnails.of(seen.item, seen.seconds)
    pen.disc(x, y, size / 2, PAPER)
    pen.round_picture(x, y, size - 4, picture if seen.item.usable else faded(picture))
    if seen.item.kind == "clip":
        pen.disc(x, y + size / 2 - 8, 9, INK)
        corners = ((-3, -4), (5, 0), (-3, 4))
        pen.draw.polygon([((x + dx) * FINE, (y + size / 2 - 8 + dy) * FINE) for dx, dy in corners], fill=PAPER)
    if seen.view.yaw_deg is None:
        shift, radius = size * 0.38, max(7, size // 9)
        pen.disc(x + shift, y - shift, radius, QUIET)
        pen.text(x + shift, y - shift, "?", radius + 5, PAPER, "mm")


def _hidden(pen: _Pen, layout: Layout) -> None:
    for sector, count in layout.hidden.items():
        low, high = SECTORS[sector]
        x, y = at((low + high) / 2, RIM - 20)
        words = f"+{count}"
        width = width_of(words, 18) + 20
        x, y = MIDDLE[0] + x, MIDDLE[1] + y
        box = [value * FINE for value in (x - width / 2, y - 14, x + width / 2, y + 14)]
        pen.draw.rounded_rectangle(box, 14 * FINE, fill=INK)
        pen.text(x, y, words, 18, PAPER, "mm")


def _label(pen: _Pen, sector: Sector, tally: Tally) -> None:
    """The sector's name, how many are there and wanted, and of sides how many are here."""
    low, high = SECTORS[sector]
    x, y = at((low + high) / 2, RIM + 22)
    anchor = "m" if abs(x) < 50 else "l" if x > 0 else "r"
    name = VIEWS[sector[0]].capitalize() + (f" {sector[1]}" if sector[1] else "")
    lines: list[tuple[str, int, Colour]] = [(name, 20, INK)]
    if sector == ("front", None):
        lines = [("Front, facing the camera", 20, INK)]
    add = f", add {tally.add}" if tally.add else ""
    if tally.entry is not None:
        colour = GOOD if tally.entry.have >= tally.entry.want else FAIR if tally.entry.have else POOR
        lines.append((have_words(tally.entry) + ("" if sector[1] else add), 16, colour))
    if sector[1]:
        colour = STATES[tally.state] if add else QUIET
        lines.append((f"{tally.here or 'none'} here{add}", 16, colour))
    elif tally.entry is None:
        lines.append((plural(tally.here, "file", "files"), 16, QUIET))
    height = sum(size + 7 for _, size, _ in lines)
    top = y - height / 2 if abs(y) < 100 else y - 8 if y > 0 else y - height + 4
    for words, size, colour in lines:
        pen.text(MIDDLE[0] + x, MIDDLE[1] + top, words, size, colour, anchor + "a")
        top += size + 7


def _unknown(pen: _Pen, unknown: Sequence[Seen], thumbnails: Thumbnails) -> None:
    reasons = Counter(one_line(seen.view.reason, 110) for seen in unknown if seen.view.reason)
    words = f"View unknown: {plural(len(unknown), 'file', 'files')}."
    pen.text(MARGIN, BELOW, words, 18)
    told = [reason if len(reasons) == 1 else f"{count} x {reason}" for reason, count in reasons.most_common()]
    start = MARGIN + width_of(words, 18) + 10
    pen.text(start, BELOW + 2, cut(" ".join(told), WIDTH - MARGIN - start, 16), 16, QUIET)
    room = (WIDTH - 2 * MARGIN) // (SMALL + 8)
    shown = unknown if len(unknown) <= room else unknown[: room - 1]
    for index, seen in enumerate(shown):
        x, y = MARGIN + SMALL / 2 + index * (SMALL + 8), BELOW + 34 + SMALL / 2
        picture = thumbnails.of(seen.item)
        pen.round_picture(x, y, SMALL, picture if seen.item.usable else faded(picture))
    if len(unknown) > len(shown):
        x = MARGIN + SMALL / 2 + len(shown) * (SMALL + 8)
        pen.text(x, BELOW + 34 + SMALL / 2, f"+{len(unknown) - len(shown)}", 22, QUIET, "mm")


def _foot(pen: _Pen, height: int) -> None:
    notes = (
        "Seen from above. Left and right are the picture's: on the right, the subject looks to the picture's right.",
        "Tick on the rim: the measured angle, its arc the uncertainty. ? : the view is known, its angle is not. "
        "Dots: none yet. Grey: better left out.",
    )
    pen.draw.line([(MARGIN * FINE, (height - 74) * FINE), ((WIDTH - MARGIN) * FINE, (height - 74) * FINE)], fill=LINE)
    for number, note in enumerate(notes):
        pen.text(MARGIN, height - 60 + 24 * number, note, 15, QUIET)
