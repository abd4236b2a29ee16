"""The contact sheet: one picture on which a person sees what the LoRA does, row by row, in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer_core.dataset.fitting import fit

from ..captioning.templates import a
from ..drawing import GOOD, INK, LINE, PAPER, POOR, QUIET, cut, font, paragraph, save, width_of
from .run_files import SHEET_NAME
from .scorecard import ClipScore, Scorecard
from .wishes import Wish, wish_of

PICTURE = 144  # pixels of one frame on the sheet
GAP, MARGIN, SIDE_WIDTH, CAPTION = 4, 36, 300, 44
COLUMNS, MOST_COLUMNS = 5, 7  # clips in a row

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """A row of the sheet: its title, what to look for, and its cells."""

    title: str
    hint: str
    cells: tuple["Cell", ...]

    @property
    def height(self) -> int:
        """Pixels, with the space below."""
        return PICTURE + 26 + (CAPTION if any(cell.caption for cell in self.cells) else 4)


@dataclass(frozen=True)
class Cell:
    """Pictures side by side, what they show, a figure and whether it is as it should be (None: no judgement)."""

    pictures: tuple[Picture, ...]
    caption: str = ""
    figure: str = ""
    good: bool | None = None


def contact_sheet(
    scorecard: Scorecard, folder: Path, clips: Mapping[str, Picture], training_pictures: Sequence[Picture]
) -> Path:
    """Draw the sheet and write it into `folder`.

    `clips` gives the frames (n, h, w, 3) of each clip under (base or lora)/(case id), `training_pictures` some of the
    person's pictures (h, w, 3). Clips are shown by their first and last frame, enlarged without smoothing.
    """
    rows = rows_of(scorecard, clips, training_pictures)
    cell_width = 2 * PICTURE + GAP
    columns = max(COLUMNS, *(len(row.cells) for row in rows))
    width = 2 * MARGIN + SIDE_WIDTH + columns * (cell_width + 20) - 20
    top = 128
    height = top + sum(row.height for row in rows) + 84
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    _heading(draw, scorecard)
    y = top
    for row in rows:
        if row.title:  # one without goes on with the row above
            draw.line((MARGIN, y - 14, width - MARGIN, y - 14), fill=LINE, width=1)
        below = paragraph(draw, (MARGIN, y), row.title, 20, INK, SIDE_WIDTH - 34)
        paragraph(draw, (MARGIN, below + 4), row.hint, 15, QUIET, SIDE_WIDTH - 34)
        for column, cell in enumerate(row.cells):
            _draw_cell(sheet, draw, MARGIN + SIDE_WIDTH + column * (cell_width + 20), y, cell)
        y += row.height
    _footer(draw, scorecard, width, height)
    return save(sheet, folder / SHEET_NAME)


def rows_of(scorecard: Scorecard, clips: Mapping[str, Picture], training_pictures: Sequence[Picture]) -> list[Row]:
    """The rows from top to bottom; a row for which there is no clip is left out, one with too many goes on below."""
    trigger, noun = scorecard.trigger, scorecard.noun
    shown = list(training_pictures)[: 2 * COLUMNS]
    pairs = [tuple(shown[index : index + 2]) for index in range(0, len(shown), 2)]
    rows = [Row("Your pictures", "What the LoRA was taught.", tuple(Cell(pair) for pair in pairs))]
    plain = ("first", "seen", "new", "held_out", "reference")
    for model, purposes, title, hint in (
        ("base", plain, "Before training", f"The same words, {trigger} included, without your LoRA."),
        ("lora", plain, f"With your LoRA and {trigger}", "This should look like your pictures."),
        ("lora", ("view",), "Seen from other sides", "Still the same one when it turns?"),
        (
            "lora",
            ("leak",),
            f"With your LoRA, without {trigger}",
            f"Just {a(noun)}: this should not look like your pictures.",
        ),
        (
            "base",
            ("leak",),
            "Before training, without it",
            "The same words and seeds, for comparison with the row above.",
        ),
    ):
        found = [clip for clip in scorecard.clips if clip.model == model and clip.case.purpose in purposes]
        cells = tuple(_cell_of(clip, clips, wish_of(scorecard, clip)) for clip in found if _key(clip) in clips)
        rows += [
            Row(*(("", "") if start else (title, hint)), cells[start : start + MOST_COLUMNS])
            for start in range(0, len(cells), MOST_COLUMNS)
        ]
    return rows


def _key(clip: ClipScore) -> str:
    return f"{clip.model}/{clip.case.id}"


def _cell_of(clip: ClipScore, clips: Mapping[str, Picture], wish: Wish) -> Cell:
    """The clip's first and last frame. With the LoRA, likeness is wanted with the trigger and unwanted without it."""
    frames = clips[_key(clip)]
    good = wish.met_by(clip) if clip.model == "lora" else None
    said = "" if good is None else ", as wanted" if good else ", too low" if clip.case.uses_trigger else ", too high"
    return Cell((frames[0], frames[-1]), clip.case.label, f"likeness {clip.identity:.2f}{said}", good)


def _heading(draw: ImageDraw.ImageDraw, scorecard: Scorecard) -> None:
    draw.text((MARGIN, 26), f"{scorecard.trigger}: what your LoRA learned", fill=INK, font=font(30))
    x = MARGIN
    for measure_id, name in (
        ("identity", "likeness with the word"),
        ("identity_base", "before training"),
        ("leak", "leak without the word"),
        ("consistency", "steadiness"),
    ):
        measure = scorecard.measure(measure_id)
        if measure is None or measure.value is None:
            continue
        text = f"{name} {measure.value:.2f}"
        if measure.threshold is not None:
            text += f" ({measure.threshold.direction} {measure.threshold.value:.2f} wanted)"
        colour = {"good": GOOD, "poor": POOR, "shown": QUIET}[measure.verdict]
        draw.text((x, 72), text, fill=colour, font=font(17))
        x += width_of(text, 17) + 34


def _footer(draw: ImageDraw.ImageDraw, scorecard: Scorecard, width: int, height: int) -> None:
    notes = [
        "Each clip is shown by its first and last frame, enlarged. Likeness: cosine to your pictures, 1 is the same. "
        "Green is as wanted, red is not.",
        *([scorecard.honesty] if scorecard.honesty else []),
    ]
    draw.line((MARGIN, height - 76, width - MARGIN, height - 76), fill=LINE, width=1)
    for number, note in enumerate(notes):
        draw.text((MARGIN, height - 62 + 24 * number), note, fill=QUIET, font=font(15))


def _draw_cell(sheet: Image.Image, draw: ImageDraw.ImageDraw, x: int, y: int, cell: Cell) -> None:
    for number, picture in enumerate(cell.pictures):
        sheet.paste(Image.fromarray(_enlarged(picture)), (x + number * (PICTURE + GAP), y))
    draw.text((x, y + PICTURE + 7), cut(cell.caption, 2 * PICTURE, 16), fill=INK, font=font(16))
    colour = QUIET if cell.good is None else GOOD if cell.good else POOR
    draw.text((x, y + PICTURE + 28), cell.figure, fill=colour, font=font(15))


def _enlarged(picture: Picture) -> Picture:
    """A small picture by repeating pixels, a large one by averages; the middle square, PICTURE pixels wide."""
    if min(picture.shape[:2]) >= PICTURE:
        return fit(picture, PICTURE, PICTURE)
    edge = min(picture.shape[:2])
    image = Image.fromarray(fit(picture, edge, edge))
    return np.asarray(image.resize((PICTURE, PICTURE), Image.Resampling.NEAREST))
