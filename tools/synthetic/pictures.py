"""Candidates made with a base model: the sharpest frame of a generated clip each, and one sheet to look at them."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from trainer_core.dataset.records import write_atomically
from trainer_core.dataset.synthetic import Made, Origin
from trainer_core.plan import BASES, BaseModelName

from ..studio import one_at_a_time, pipeline_of
from ..vision.quality import Picture, sharpness
from .views import Wanted, prompt_for

CELL, LABEL, COLUMNS = 192, 16, 6  # pixels, pixels, cells


@dataclass(frozen=True)
class Order:
    """One candidate to make; `number` counts all that were ever made in the project and chooses the place."""

    view: Wanted
    name: str
    seed: int
    number: int


def make(
    base: BaseModelName, orders: Sequence[Order], description: str, progress: Callable[[int, int], None]
) -> list[Made]:
    """Generate the orders one by one at the base model's own size. `progress` is told (done, all)."""
    from trainer_core.generation.generate import GenerateRequest, generate  # loads torch

    rules = BASES[base]
    pipeline = pipeline_of(base)
    made = []
    for done, order in enumerate(orders, start=1):
        prompt = prompt_for(base, order.view, description, order.number)
        request = GenerateRequest(
            prompt=prompt, seed=order.seed, width=rules.width, height=rules.height, frames=rules.frames, fps=rules.fps
        )
        with one_at_a_time:
            frames = generate(pipeline, request)
        origin = Origin(view=order.view, description=description, prompt=prompt, seed=order.seed, base=base)
        made.append(Made(order.name, sharpest(list(frames)), origin))
        progress(done, len(orders))
    return made


def sharpest(frames: Sequence[Picture]) -> Picture:
    """The frame with the largest variance of the Laplacian."""
    return max(frames, key=sharpness)


def draw_sheet(path: Path, pictures: Sequence[tuple[str, Picture]]) -> None:
    """Write a PNG with all pictures in rows, each enlarged without smoothing and with its name below."""
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * CELL, rows * (CELL + LABEL)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (name, picture) in enumerate(pictures):
        left, top = index % columns * CELL, index // columns * (CELL + LABEL)
        sheet.paste(_fitted(picture), (left, top))
        draw.text((left + 4, top + CELL + 2), name.encode("ascii", "replace").decode()[:30], fill="black")
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def _fitted(picture: Picture) -> Image.Image:
    scale = CELL / max(picture.shape[:2])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return Image.fromarray(np.ascontiguousarray(picture)).resize(size, Image.Resampling.NEAREST)
