"""Fits the turn model (turn.py) to faces with known yaw. Used by the benchmark, not when pictures are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from .face import Face
from .mesh import Mesh
from .rigid import Points, frontalised, rotation, yaw_pitch
from .turn import MESH_SCORE, MESH_SURE, RIDGE, TRUSTED, TurnModel, features, kernel

_FRONTAL = 1.0  # degrees of true yaw that count as straight
_TURNED = 12.0  # degrees, as the mesh says them, from which the landmarks are learned too
_BENT = 42.0  # degrees, as the mesh says them, up to which its exaggeration is fitted
_FACES = 30


@dataclass(frozen=True)
class Known:
    """A face whose yaw and, if level_deg is to be fitted, elevation are known, in degrees."""

    looks: tuple[Face, ...]
    mesh: Mesh
    yaw_deg: float
    elevation_deg: float | None = None


def fit(faces: Sequence[Known], fitted_on: str) -> TurnModel:
    """The reference from the straight faces, the cubic and the regression from the others. Errors are not known yet.

    Raises ValueError when there is no straight face or there are fewer than 30 turned ones.
    """
    straight = [known.mesh.points for known in faces if abs(known.yaw_deg) <= _FRONTAL]
    if not straight:
        raise ValueError("There is no face that looks straight into the camera.")
    reference = symmetric_mean(straight)
    turns = [yaw_pitch(rotation(reference, known.mesh.points)) for known in faces]
    sure = [known.mesh.score >= MESH_SCORE for known in faces]
    turned = [(k, t[0]) for k, t, ok in zip(faces, turns, sure, strict=True) if abs(t[0]) > _TURNED or not ok]
    if len(turned) < _FACES:
        raise ValueError(f"At least {_FACES} turned faces are needed.")
    held = [
        -turn[1] - known.elevation_deg
        for known, turn, ok in zip(faces, turns, sure, strict=True)
        if ok and abs(turn[0]) <= TRUSTED and known.elevation_deg is not None
    ]
    bent = [
        (t[0], k.yaw_deg) for k, t in zip(faces, turns, strict=True) if k.mesh.score >= MESH_SURE and abs(t[0]) <= _BENT
    ]
    said, true = np.array(bent).T
    terms = np.linalg.lstsq(np.stack([said, said**3 / 1000], axis=1), true, rcond=None)[0]
    mean, spread, rows, weights, middle = _regression(turned)
    return TurnModel(
        reference=tuple((round(x, 4), round(y, 4), round(z, 4)) for x, y, z in reference.tolist()),
        bend=(round(float(terms[0]), 4), round(float(terms[1]), 4)),
        level_deg=round(float(np.mean(held)), 2) if held else 0.0,
        mean=tuple(round(value, 5) for value in mean.tolist()),
        spread=tuple(round(value, 5) for value in spread.tolist()),
        rows=tuple(tuple(round(value, 2) for value in row) for row in rows.tolist()),
        weights=tuple(round(value, 2) for value in weights.tolist()),
        middle_deg=round(middle, 2),
        mesh_error_deg=0.0,
        face_errors_deg=((180.0, 0.0),),
        fitted_on=fitted_on,
    )


def _regression(turned: Sequence[tuple[Known, float]]) -> tuple[Points, Points, Points, Points, float]:
    """(mean, spread, rows, weights, middle): kernel ridge over every look and the mean of each face's looks."""
    rows, wanted, counts = [], [], []
    for known, mesh_yaw in turned:
        side, table = features(known.looks, known.mesh, mesh_yaw)
        seen = np.concatenate([table, table.mean(axis=0)[None]])
        rows.append(seen)
        wanted += [known.yaw_deg * side] * len(seen)
        counts += [len(seen)] * len(seen)
    table, target, shared = np.concatenate(rows), np.array(wanted), np.array(counts)
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-6
    table = (table - mean) / spread
    middle = float(np.average(target, weights=1 / shared))
    weights = np.linalg.solve(kernel(table, table) + RIDGE * np.diag(shared), target - middle)
    return mean, spread, table, np.asarray(weights), middle


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
