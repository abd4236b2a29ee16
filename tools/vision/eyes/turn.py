"""How far a face is turned. Up to about 33 degrees the mesh says it alone; beyond, the detector's landmarks join in.

The mesh exaggerates small turns and saturates when half of the face is hidden. An odd cubic mends the first; for the
second, kernel ridge regression (Saunders et al. 1998) of the detector's five points (in the box), the box's shape, its
score and the mesh's own figures takes over, averaged over several looks. The reference mesh and all that is fitted are
in turn.json, made by benchmarks/audit_views.py --fit; `fitted_on` says on whom.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .face import Face
from .mesh import Mesh
from .rigid import rotation, yaw_pitch

FILE = Path(__file__).with_name("turn.json")
TRUSTED = 36.0  # degrees, as the mesh itself says them, up to which it alone is right to one or two on renders
MESH_SCORE = 0.5
HARDLY_TURNED, MESH_SURE = 20.0, 0.98  # beyond that many degrees the mesh must be this sure, or it may have saturated
LARGEST = 140.0  # no face is seen beyond this
RIDGE, REACH = 0.05, 3.5  # of the kernel regression; REACH in standard deviations of the features
FAMILIAR = 0.4  # similarity (0 to 1) to the most similar fitted face below which the landmarks are not to be trusted

Values = NDArray[np.float64]


class TurnModel(BaseModel):
    """What was fitted. `reference` (468, 3): a neutral face towards the camera; `bend`: the cubic's two terms;
    `level_deg`: what the mesh says of the elevation of level faces; `rows` and `weights` belong to the regression.

    The errors are mean absolute ones on people who were not in the fit: the mesh's, and for faces told by landmarks
    (up to this many degrees of yaw, error), in order.
    """

    model_config = ConfigDict(frozen=True)

    reference: tuple[tuple[float, float, float], ...]
    bend: tuple[float, float]
    level_deg: float
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    middle_deg: float
    mesh_error_deg: float
    face_errors_deg: tuple[tuple[float, float], ...]
    fitted_on: str

    @cached_property
    def face(self) -> Values:
        """The reference as an array."""
        return np.array(self.reference)

    @cached_property
    def table(self) -> Values:
        """The rows as an array."""
        return np.array(self.rows)

    def face_error(self, yaw_deg: float) -> float:
        """The error to be expected of a face whose landmarks say `yaw_deg`."""
        return next((error for end, error in self.face_errors_deg if abs(yaw_deg) <= end), self.face_errors_deg[-1][1])


@lru_cache(maxsize=1)
def shipped() -> TurnModel:
    """The model in turn.json."""
    return TurnModel.model_validate_json(FILE.read_bytes())


def mesh_turn(mesh: Mesh, model: TurnModel | None = None) -> tuple[float, float] | None:
    """(yaw, elevation) in degrees by the mesh alone; None where the mesh is unsure or saturates.

    Elevation is positive when the camera looks down on the face, relative to how the face itself is held.
    """
    model = model or shipped()
    yaw, pitch = _raw(mesh, model)
    if abs(yaw) > TRUSTED or mesh.score < (MESH_SURE if abs(yaw) > HARDLY_TURNED else MESH_SCORE):
        return None
    return unbent(yaw, model.bend), -pitch - model.level_deg


def landmark_yaw(looks: Sequence[Face], mesh: Mesh, model: TurnModel | None = None) -> tuple[float, float]:
    """(yaw in degrees by the landmarks of one or more looks at a face, how familiar they are from 0 to 1)."""
    model = model or shipped()
    side, table = features(looks, mesh, _raw(mesh, model)[0])
    standardised = (table.mean(axis=0)[None] - np.array(model.mean)) / np.array(model.spread)
    alike = kernel(standardised, model.table)[0]
    found = model.middle_deg + float(alike @ np.array(model.weights))
    return side * min(max(found, 0.0), LARGEST), float(alike.max())


def features(looks: Sequence[Face], mesh: Mesh, mesh_yaw: float) -> tuple[int, Values]:
    """The side that the nose points to (1 right, -1 left) and what the regression looks at, (looks, 14), mirrored so
    that it points to the right."""
    side = 1 if sum(_facing(face) * face.score for face in looks) >= 0 else -1
    return side, np.stack([_features(face, side, mesh, mesh_yaw) for face in looks])


def kernel(one: Values, two: Values) -> Values:
    """Gaussian similarity of standardised features: (n, k), (m, k) -> (n, m), 0 to 1."""
    distance = ((one[:, None] - two[None]) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-distance / (2 * REACH**2)))


def unbent(yaw_deg: float, bend: tuple[float, float]) -> float:
    """The mesh's yaw without its exaggeration."""
    return bend[0] * yaw_deg + bend[1] * yaw_deg**3 / 1000


def _raw(mesh: Mesh, model: TurnModel) -> tuple[float, float]:
    return yaw_pitch(rotation(model.face, mesh.points))


def _facing(face: Face) -> int:
    return 1 if face.points[2, 0] >= (face.points[0, 0] + face.points[1, 0]) / 2 else -1


def _features(face: Face, side: int, mesh: Mesh, mesh_yaw: float) -> Values:
    points = face.points if side > 0 else face.points[[1, 0, 2, 4, 3]]
    middle = face.centre
    across = side * (points[:, 0] - middle[0]) / face.width
    down = (points[:, 1] - middle[1]) / face.height
    rest = [face.width / face.height, face.score, side * mesh_yaw / 50, mesh.score]
    return np.concatenate([across, down, rest]).astype(np.float64)
