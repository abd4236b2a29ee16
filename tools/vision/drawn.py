"""Pictures of mini's drawn world: place and light told from the edges, in the words that mini was taught."""

import numpy as np

from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import LIGHT_TINTS

from .colours import Edges, Rgb, to_lab

LARGEST_MISFIT = 9.0  # mean Lab distance to the nearest place; photographs are hardly ever nearer
_TINTS = {"": (1.0, 1.0, 1.0), "dim light": LIGHT_TINTS["dim"], "warm light": LIGHT_TINTS["warm"]}
_UPPER_BLEND = 0.37  # how far down from top to horizon the upper strips' median lies
_FLOOR_SHADE = 0.93  # the floor's mean shading in the lower strips


def place_and_light(edges: Edges) -> tuple[str, str] | None:
    """(look of the place, light words or ""), such as ("dark blue", "dim light"); None when no drawn place fits.

    Soft, left and right light look alike at the edges: for them the light words are empty.
    """
    best = min(
        ((_misfit(edges, name, tint), PLACES[name].look, words) for name in PLACES for words, tint in _TINTS.items()),
        key=lambda fit: fit[0],
    )
    return (best[1], best[2]) if best[0] <= LARGEST_MISFIT else None


def _misfit(edges: Edges, name: str, tint: tuple[float, float, float]) -> float:
    """Mean distance of the better-fitting side above and below: the subject or an ornament may cover the other."""
    place = PLACES[name]
    above = np.array(place.top) * (1 - _UPPER_BLEND) + np.array(place.horizon) * _UPPER_BLEND
    below = np.array(place.floor) * _FLOOR_SHADE
    upper = min(_distance(side, above, tint) for side in (edges.upper_left, edges.upper_right))
    lower = min(_distance(side, below, tint) for side in (edges.lower_left, edges.lower_right))
    return 0.5 * upper + 0.5 * lower


def _distance(seen: Rgb, drawn: np.ndarray, tint: tuple[float, float, float]) -> float:
    expected = np.clip(drawn * np.array(tint), 0, 1)
    return float(np.linalg.norm(to_lab(seen) - to_lab((expected[0], expected[1], expected[2]))))
