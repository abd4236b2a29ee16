"""What a clip of mini's drawn world shows, told from its colours by a pixel probe; no other base has such a world."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.fitting import fit

SIDE = 64  # pixels at which the probe looks
LIGHTS = ("soft", "dim", "warm")  # lights that change a background's colours
OUT_OF_SIGHT = (9.0, 0.0)  # body units: the subject stands outside the frame

Frames = NDArray[np.uint8]


def place_in(prompt: str) -> str | None:
    """The name of the one drawn place that the words ask for; None where they name none, or several."""
    asked = [name for name, place in PLACES.items() if place.phrase in prompt.lower()]
    return asked[0] if len(asked) == 1 else None


def place_of(frames: Frames) -> str:
    """The drawn place whose colours a clip's (n, h, w, 3) edges have: walls left and right, floor in the corners.

    Each region's median colour of the frames' median picture is compared in CIELAB with drawings of every place in
    three lights; the nearest one counts. The subject may cover an edge, but not half of it.
    """
    seen = _edges(np.median([fit(frame, SIDE, SIDE) for frame in frames], axis=0).astype(np.uint8))
    names, drawn = _drawings()
    return names[int(np.argmin(np.linalg.norm(drawn - seen, axis=1)))]


@lru_cache(maxsize=1)
def _drawings() -> tuple[list[str], NDArray[np.float32]]:
    """(names, edge colours (n, 6)) of every place in every light, without a subject."""
    character = random_character(np.random.default_rng(0))
    names, colours = [], []
    for name in PLACES:
        for light in LIGHTS:
            scene = random_scene(
                np.random.default_rng(0), place=name, light=light, shot="medium", offset=OUT_OF_SIGHT, place_seed=0
            )
            names.append(name)
            colours.append(_edges(render_image(character, scene, size=SIDE)))
    return names, np.stack(colours)


def _edges(picture: Frames) -> NDArray[np.float32]:
    """Median CIELAB colours (6,) of a picture's (64, 64, 3) walls and floor."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    walls = np.concatenate([lab[4:40, :8], lab[4:40, -8:]]).reshape(-1, 3)
    floor = np.concatenate([lab[-12:, :10], lab[-12:, -10:]]).reshape(-1, 3)
    return np.concatenate([np.median(walls, axis=0), np.median(floor, axis=0)]).astype(np.float32)
