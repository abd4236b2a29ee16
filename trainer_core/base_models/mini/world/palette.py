"""The named colours and places of the drawn world; captions, renderer and colour probe share this one table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]  # sRGB, each 0..1

COLOURS: dict[str, Colour] = {
    "red": (0.84, 0.12, 0.14),
    "orange": (0.96, 0.50, 0.08),
    "yellow": (0.98, 0.85, 0.15),
    "green": (0.20, 0.62, 0.22),
    "teal": (0.05, 0.62, 0.62),
    "blue": (0.14, 0.30, 0.85),
    "purple": (0.52, 0.18, 0.72),
    "pink": (0.97, 0.55, 0.75),
    "brown": (0.44, 0.26, 0.13),
    "black": (0.10, 0.10, 0.12),
    "white": (0.95, 0.95, 0.95),
}

SKINS: dict[str, Colour] = {
    "light": (0.98, 0.84, 0.74),
    "tan": (0.86, 0.66, 0.50),
    "dark": (0.50, 0.33, 0.24),
}


@dataclass(frozen=True)
class Place:
    """A background: its words, its wall colours (top, horizon), its floor colour and the words for its look."""

    phrase: str
    top: Colour
    horizon: Colour
    floor: Colour
    look: str  # how a person who sees only colours would describe it
    detail: str  # which shapes the renderer adds: none, hills, clouds, moon, bricks, trees, sun, flakes


PLACES: dict[str, Place] = {
    "meadow": Place(
        "in a meadow", (0.45, 0.72, 0.96), (0.75, 0.90, 0.98), (0.36, 0.66, 0.28), "blue and green", "hills"
    ),
    "beach": Place(
        "on a beach", (0.30, 0.74, 0.86), (0.55, 0.86, 0.90), (0.93, 0.83, 0.60), "teal and yellow", "clouds"
    ),
    "night": Place("at night", (0.04, 0.05, 0.18), (0.10, 0.12, 0.32), (0.07, 0.08, 0.17), "dark blue", "moon"),
    "room": Place("in a white room", (0.96, 0.96, 0.95), (0.93, 0.93, 0.92), (0.84, 0.83, 0.81), "white", "none"),
    "bricks": Place(
        "in front of a brick wall",
        (0.62, 0.30, 0.22),
        (0.66, 0.34, 0.26),
        (0.45, 0.42, 0.40),
        "brown and red",
        "bricks",
    ),
    "forest": Place("in a forest", (0.12, 0.34, 0.18), (0.20, 0.46, 0.26), (0.26, 0.24, 0.14), "dark green", "trees"),
    "sunset": Place(
        "at sunset", (0.93, 0.42, 0.36), (0.99, 0.76, 0.42), (0.45, 0.24, 0.34), "orange and purple", "sun"
    ),
    "snow": Place(
        "in the snow", (0.70, 0.80, 0.92), (0.86, 0.91, 0.97), (0.97, 0.98, 1.00), "light blue and white", "flakes"
    ),
    "studio": Place("in a grey studio", (0.48, 0.49, 0.51), (0.56, 0.57, 0.59), (0.40, 0.41, 0.43), "grey", "none"),
    "stage": Place(
        "on a stage", (0.46, 0.05, 0.12), (0.58, 0.08, 0.16), (0.60, 0.42, 0.24), "dark red and brown", "curtain"
    ),
}


def as_array(colour: Colour) -> NDArray[np.float32]:
    """The colour as a float32 array of shape (3,)."""
    return np.asarray(colour, dtype=np.float32)
