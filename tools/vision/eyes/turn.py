"""How far a face is turned. Up to about 36 degrees the mesh says it alone; beyond, the detector's landmarks join in.

The mesh saturates when half of the face is hidden. There a quadratic ridge regression of the detector's five points
(in the box), the box's shape, its score and the mesh's own figures takes over. The reference mesh and the regression
in turn.json were fitted by benchmarks/audit_views.py --fit; `fitted_on` says on whom.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from .face import Face
from .mesh import Mesh
from .rigid import rotation, yaw_pitch

FILE = Path(__file__).with_name("turn.json")
TRUSTED = 36.0  # degrees up to which the mesh alone is right to about a degree on renders
MESH_SCORE = 0.5
LARGEST = 140.0  # no face is seen beyond this
RIDGE = 30.0

Values = NDArray[np.float64]


class TurnModel(BaseModel):
    """What was fitted. `reference` (468, 3): a neutral face towards the camera; the rest belongs to the regression."""

    model_config = ConfigDict(frozen=True)

    reference: tuple[tuple[float, float, float], ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    error_deg: float  # mean absolute error on people who were not in the fit
    fitted_on: str

    @property
    def face(self) -> Values:
        """The reference as an array."""
        return np.array(self.reference)


@lru_cache(maxsize=1)
def shipped() -> TurnModel:
    """The model in turn.json."""
    return TurnModel.model_validate_json(FILE.read_bytes())


def face_yaw(face: Face, mesh: Mesh, model: TurnModel | None = None) -> tuple[float, float, bool]:
    """(yaw in degrees, uncertainty in degrees, whether the mesh alone said it)."""
    model = model or shipped()
    alone = mesh_yaw(mesh, model)
    if alone is not None:
        return alone, 3.0, True
    yaw, _ = yaw_pitch(rotation(model.face, mesh.points))
    found = float(predict(model, features(face, mesh, yaw)[None])[0])
    return facing(face) * min(max(found, 0.8 * TRUSTED), LARGEST), model.error_deg, False


def mesh_yaw(mesh: Mesh, model: TurnModel | None = None) -> float | None:
    """Yaw in degrees by the mesh alone; None where the mesh is unsure or saturates."""
    yaw, _ = yaw_pitch(rotation((model or shipped()).face, mesh.points))
    return yaw if mesh.score >= MESH_SCORE and abs(yaw) <= TRUSTED else None


def facing(face: Face) -> int:
    """1 when the nose points to the right of the picture, -1 to the left."""
    return 1 if face.points[2, 0] >= (face.points[0, 0] + face.points[1, 0]) / 2 else -1


def features(face: Face, mesh: Mesh, mesh_yaw: float) -> Values:
    """What the regression looks at, (14,), mirrored so that the face points to the right."""
    side = facing(face)
    points = face.points if side > 0 else face.points[[1, 0, 2, 4, 3]]
    middle = face.centre
    across = side * (points[:, 0] - middle[0]) / face.width
    down = (points[:, 1] - middle[1]) / face.height
    rest = [face.width / face.height, face.score, side * mesh_yaw / 50, mesh.score]
    return np.concatenate([across, down, rest]).astype(np.float64)


def predict(model: TurnModel, rows: Values) -> Values:
    """Yaw towards the side of the nose in degrees, for features (n, 14)."""
    return expand((rows - np.array(model.mean)) / np.array(model.spread)) @ np.array(model.weights)


def expand(rows: Values) -> Values:
    """A constant, the features and all their products of two: (n, k) -> (n, 1 + k + k (k + 1) / 2)."""
    first, second = np.triu_indices(rows.shape[1])
    return np.concatenate([np.ones((len(rows), 1)), rows, rows[:, first] * rows[:, second]], axis=1)
