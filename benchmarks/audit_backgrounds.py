"""Are backgrounds told apart: white wall, two, five, and all different; part of benchmarks/audit.py.

Rendered people are cut out with the audit's own outline and put before backgrounds that are known: a white wall with
shading and grain, plain coloured walls, and photographs (FOLDER). Each set of 20 is judged as it is and with every
picture's exposure changed by up to +-15 %; the photographs' set has one picture for each.
"""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.vision.eyes.background import Places, clusters, measure_background
from tools.vision.eyes.outline import find_outline
from trainer_core.dataset.media import read_image

COUNT, SIDE = 20, 512
EXPOSURE = 0.15
WALLS = ((236, 234, 228), (52, 88, 160), (170, 60, 52), (70, 128, 74), (222, 184, 70))
Picture = NDArray[np.uint8]


def backgrounds(views: Path, photographs: Path) -> dict[str, Any]:
    """Effective number, largest and plain share of each set, and whether it was told for what it is."""
    rng = np.random.default_rng(9)
    files = sorted(views.glob("*.jpg"))
    people = [read_image(files[index]) for index in rng.permutation(len(files))[:COUNT]]
    photos = [_square(read_image(path)) for path in sorted(photographs.iterdir())]
    sets = {
        "white wall": [wall(rng, WALLS[0]) for _ in range(COUNT)],
        "two places": [wall(rng, WALLS[0]) if index % 2 else shifted(rng, photos[0]) for index in range(COUNT)],
        "five walls": [wall(rng, WALLS[index % 5]) for index in range(COUNT)],
        "all different": photos,
    }
    found: dict[str, Any] = {}
    for name, places in sets.items():
        for exposure in (0.0, EXPOSURE):
            pictures = [before(person, place) for person, place in zip(people, places, strict=False)]
            seen = [measure_background(each, find_outline(each)) for each in _exposed(rng, pictures, exposure)]
            result = clusters([each for each in seen if each])
            label = f"{name}, exposure +-{exposure:.0%}" if exposure else name
            found[label] = {
                "effective": result.effective,
                "largest_share": result.largest_share,
                "plain_share": result.plain_share,
                "told": told(name, result),
            }
    return {"photographs": len(photos), "sets": found, "all_told": all(entry["told"] for entry in found.values())}


def told(name: str, places: Places) -> bool:
    """Whether the figures say what the set is."""
    if name == "white wall":
        return places.effective <= 1.5 and places.plain_share >= 0.9
    if name == "two places":
        return 1.5 < places.effective < 2.7
    if name == "five walls":
        return 4.0 < places.effective < 6.5 and places.plain_share >= 0.9
    return places.effective >= 8 and places.plain_share < 0.5


def wall(rng: np.random.Generator, colour: tuple[int, int, int]) -> Picture:
    """A plain wall: light falls off to one side, the edges are darker, and there is grain."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + 0.08 * (np.cos(angle) * x + np.sin(angle) * y) - 0.12 * (x * x + y * y)
    grained = np.array(colour) * light[..., None] + rng.normal(0, 2, (SIDE, SIDE, 3))
    return np.asarray(np.clip(grained, 0, 255), dtype=np.uint8)


def shifted(rng: np.random.Generator, place: Picture) -> Picture:
    """The same place from a camera that moved a little."""
    return np.roll(place, tuple(int(step) for step in rng.integers(-30, 31, 2)), axis=(0, 1))


def before(person: Picture, place: Picture) -> Picture:
    """The person cut out and put before the place."""
    person = np.asarray(cv2.resize(person, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    mask = cv2.resize(find_outline(person), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    share = np.clip((mask - 0.3) / 0.5, 0, 1)[..., None]
    return np.asarray(person * share + place * (1 - share), dtype=np.uint8)


def _square(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _exposed(rng: np.random.Generator, pictures: list[Picture], most: float) -> list[Picture]:
    gains = rng.uniform(1 - most, 1 + most, len(pictures))
    return [
        np.asarray(np.clip(each * gain, 0, 255), dtype=np.uint8) for each, gain in zip(pictures, gains, strict=True)
    ]


if __name__ == "__main__":
    print(json.dumps(backgrounds(Path(sys.argv[1]), Path(sys.argv[2])), indent=1))
