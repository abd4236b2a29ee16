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
_NOISE = (0.030, 0.010, 0.021, 0.012, 0.013, 0.027, 0.023, 0.013, 0.010, 0.045)  # see `variety`
UNIT = "times the spread of one expression"  # of `variety`
ONE_EXPRESSION = 1.18  # variety up to which a set has one expression; source in `variety`


def expression_vector(mesh: Mesh) -> tuple[float, ...]:
    """Ten lengths over the distance between the eyes: openings, widths, and how far the mouth's corners are raised."""
    points = frontalised(shipped().face, mesh.points)
    scale = float(np.linalg.norm(points[list(_EYES[0])].mean(axis=0) - points[list(_EYES[1])].mean(axis=0)))
    lengths = [float(np.linalg.norm(points[one] - points[two])) for one, two in _MEASURES]
    corners = float(points[list(_LIPS), 1].mean() - points[list(_CORNERS), 1].mean())
    jaw = float(points[152, 1] - points[_NOSE, 1])
    return tuple(round(value / scale, 4) for value in [*lengths, corners, jaw])


def variety(vectors: Sequence[Sequence[float]]) -> float | None:
    """How much the expressions of one person differ; None below three. Compare with ONE_EXPRESSION.

    The unit is the standard deviation that each of the ten lengths has when one expression is seen from within 30
    degrees of the front, averaged over the lengths: 1 is no variety. On renders of four people with one expression it
    was .95 to 1.12, with mouth, eyes and brows warped 1.24 to 1.75 (benchmarks/audit_views.py); those are warps, not
    people, and none had extreme expressions.
    """
    if len(vectors) < 3:
        return None
    table: NDArray[np.float64] = np.asarray(vectors, dtype=np.float64)
    return float((table.std(axis=0, ddof=1) / np.array(_NOISE)).mean())
