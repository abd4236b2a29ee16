"""Clips beside each other with a label above each: as frames for one MP4, and as a sheet of stills."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .. import drawing

Frames = NDArray[np.uint8]

LABEL, GAP = 30, 8  # pixels
SMALLEST, LARGEST = 256, 512  # pixels that a clip is wide on the sheet
STILLS = 5
_TYPE = 13


def beside(clips: Sequence[tuple[str, Frames]]) -> Frames:
    """Frames (n, height, width, 3) with all clips, left to right, under their labels. All clips have one shape."""
    (count, height, width, _), scale = clips[0][1].shape, _scale(clips[0][1].shape[2])
    cell = round(width * scale), round(height * scale)
    size = len(clips) * (cell[0] + GAP) + GAP, cell[1] + LABEL + GAP
    canvas = Image.new("RGB", size, drawing.PAPER)
    draw = ImageDraw.Draw(canvas)
    for place, (label, _frames) in enumerate(clips):
        _label(draw, GAP + place * (cell[0] + GAP), 0, label, cell[0])
    empty = np.asarray(canvas, dtype=np.uint8)
    made = np.repeat(empty[None], count, axis=0)
    for place, (_text, frames) in enumerate(clips):
        left = GAP + place * (cell[0] + GAP)
        for number, frame in enumerate(frames):
            made[number, LABEL : LABEL + cell[1], left : left + cell[0]] = _enlarged(frame, cell)
    return made


def strip(path: Path, clips: Sequence[tuple[str, Frames]]) -> Path:
    """Write a PNG: a row of stills for each clip, from its first frame to its last, under its label."""
    width = clips[0][1].shape[2]
    cell = min(SMALLEST, width * 2), round(min(SMALLEST, width * 2) * clips[0][1].shape[1] / width)
    columns = min(STILLS, len(clips[0][1]))
    row = cell[1] + LABEL
    canvas = Image.new("RGB", (columns * (cell[0] + GAP) + GAP, len(clips) * row + GAP), drawing.PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, (label, frames) in enumerate(clips):
        _label(draw, GAP, number * row, label, canvas.width - 2 * GAP)
        for column in range(columns):
            frame = frames[round(column * (len(frames) - 1) / max(1, columns - 1))]
            canvas.paste(
                Image.fromarray(_enlarged(frame, cell)), (GAP + column * (cell[0] + GAP), number * row + LABEL)
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    return drawing.save(canvas, path)


def _scale(width: int) -> float:
    """Small clips are enlarged, large ones made smaller: so that several fit beside each other."""
    if width < SMALLEST:
        return SMALLEST // width
    return min(1.0, LARGEST / width)


def _enlarged(frame: Frames, cell: tuple[int, int]) -> Frames:
    how = Image.Resampling.NEAREST if cell[0] >= frame.shape[1] else Image.Resampling.BOX
    return np.asarray(Image.fromarray(frame).resize(cell, how), dtype=np.uint8)


def _label(draw: ImageDraw.ImageDraw, x: int, y: int, text: str, width: int) -> None:
    draw.text((x, y + 8), drawing.cut(text, width, _TYPE), fill=drawing.INK, font=drawing.font(_TYPE))
