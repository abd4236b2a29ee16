"""What the face does, as geometry: mouth, eyes and brows of the face turned to the front. No names of emotions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .mesh import Mesh
from .rigid import frontalised
from .turn import shipped

_EYES = ((33, 133), (362, 263))  # outer and inner corners
_MEASURES = (  # pairs of points whose distance is taken, over the distance between the eyes
    (61, 291),  # mouth width
    (13, 14),  # mouth opening
    (0, 17),  # height of the lips
    (159, 145),  # eye openings
    (386, 374),
    (105, 159),  # brows over eyes
    (334, 386),
    (55, 285),  # between the brows
)
_CORNERS, _LIPS, _NOSE = (61, 291), (13, 14), 1
ONE_EXPRESSION = 0.019  # largest variety of four people with one expression, yaw up to 36 degrees; measured on renders


def expression_vector(mesh: Mesh) -> tuple[float, ...]:
    """Ten lengths over the distance between the eyes: openings, widths, and how far the mouth's corners are raised."""
    points = frontalised(shipped().face, mesh.points)
    scale = float(np.linalg.norm(points[list(_EYES[0])].mean(axis=0) - points[list(_EYES[1])].mean(axis=0)))
    lengths = [float(np.linalg.norm(points[one] - points[two])) for one, two in _MEASURES]
    corners = float(points[list(_LIPS), 1].mean() - points[list(_CORNERS), 1].mean())
    jaw = float(points[152, 1] - points[_NOSE, 1])
    return tuple(round(value / scale, 4) for value in [*lengths, corners, jaw])


def variety(vectors: Sequence[Sequence[float]]) -> float | None:
    """How much the expressions of one person differ: the robust spread of the ten lengths, averaged; None below three.

    Each is the median distance from the person's own median (times 1.48, so that it is a standard deviation).
    """
    if len(vectors) < 3:
        return None
    table: NDArray[np.float64] = np.asarray(vectors, dtype=np.float64)
    spread = 1.4826 * np.median(np.abs(table - np.median(table, axis=0)), axis=0)
    return float(spread.mean())
