"""Fits the turn model (turn.py) to faces with known yaw. Used by the benchmark, not when pictures are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .face import Face
from .mesh import Mesh
from .rigid import Points, frontalised, rotation, yaw_pitch
from .turn import MESH_SCORE, RIDGE, TRUSTED, TurnModel, expand, facing, features

_FRONTAL = 1.0  # degrees of true yaw that count as straight


@dataclass(frozen=True)
class Known:
    """A face whose yaw is known, in degrees."""

    face: Face
    mesh: Mesh
    yaw_deg: float


def fit(faces: Sequence[Known], fitted_on: str, error_deg: float = 0.0) -> TurnModel:
    """The reference from the straight faces, the regression from those that the mesh cannot measure alone.

    Raises ValueError when there is no straight face or there are fewer than 30 turned ones.
    """
    straight = [known.mesh.points for known in faces if abs(known.yaw_deg) <= _FRONTAL]
    if not straight:
        raise ValueError("There is no face that looks straight into the camera.")
    reference = symmetric_mean(straight)
    rows, wanted = [], []
    for known in faces:
        yaw, _ = yaw_pitch(rotation(reference, known.mesh.points))
        if known.mesh.score < MESH_SCORE or abs(yaw) > TRUSTED:
            rows.append(features(known.face, known.mesh, yaw))
            wanted.append(known.yaw_deg * facing(known.face))
    if len(rows) < 30:
        raise ValueError("At least 30 turned faces are needed.")
    table = np.array(rows)
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    terms = expand((table - mean) / spread)
    ridge = RIDGE * np.eye(terms.shape[1])
    ridge[0, 0] = 0
    weights = np.linalg.solve(terms.T @ terms + ridge, terms.T @ np.array(wanted))
    return TurnModel(
        reference=tuple((round(x, 4), round(y, 4), round(z, 4)) for x, y, z in reference.tolist()),
        mean=tuple(round(value, 6) for value in mean.tolist()),
        spread=tuple(round(value, 6) for value in spread.tolist()),
        weights=tuple(round(value, 5) for value in weights.tolist()),
        error_deg=error_deg,
        fitted_on=fitted_on,
    )


def symmetric_mean(meshes: Sequence[np.ndarray]) -> Points:
    """The mean shape of meshes, made symmetric and turned to look straight: (468, 3), root mean square distance 1."""
    shapes = [each - each.mean(axis=0) for each in np.asarray(meshes, dtype=np.float64)]
    shapes = [each / np.sqrt((each**2).sum(axis=1).mean()) for each in shapes]
    mean = shapes[0]
    for _ in range(5):
        mean = np.mean([frontalised(mean, each) for each in shapes], axis=0)
    mirrored = mean * (-1, 1, 1)
    cost = ((mirrored[:, None] - mean[None]) ** 2).sum(axis=-1)
    partner = linear_sum_assignment(cost)[1]
    mirrored = mirrored[np.argsort(partner)]
    shape = (mean + frontalised(mean, mirrored)) / 2
    across = ((shape - shape[partner]) * np.sign(mean[:, :1])).mean(axis=0)
    across /= np.linalg.norm(across)
    yaw, roll = np.arctan2(across[2], across[0]), np.arcsin(np.clip(across[1], -1, 1))
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(shape @ about_y.T @ about_z.T)
