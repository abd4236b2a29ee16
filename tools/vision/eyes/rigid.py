"""How a set of points is turned in space against a reference: rigid Procrustes (Kabsch 1976, Umeyama 1991)."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def rotation(reference: NDArray, observed: NDArray) -> Points:
    """The proper 3x3 rotation that turns `reference` (n, 3) best onto `observed` (n, 3), whatever their place and size.

    Axes: x right, y down, z away from the camera.
    """
    start = np.asarray(reference, dtype=np.float64) - np.mean(reference, axis=0)
    end = np.asarray(observed, dtype=np.float64) - np.mean(observed, axis=0)
    left, _, right = np.linalg.svd(start.T @ end)
    sign = np.sign(np.linalg.det(left @ right))
    return np.asarray(right.T @ np.diag([1.0, 1.0, sign]) @ left.T)


def yaw_pitch(turn: NDArray) -> tuple[float, float]:
    """Degrees (yaw, pitch) of a rotation of something that faced the camera.

    Yaw is positive towards the right of the picture (the subject's own left), pitch is positive upwards.
    """
    forward = np.asarray(turn) @ np.array([0.0, 0.0, -1.0])
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    return float(yaw), float(np.degrees(np.arcsin(np.clip(-forward[1], -1, 1))))


def frontalised(reference: NDArray, observed: NDArray) -> Points:
    """`observed` turned back to the reference's direction, its middle in the origin, scaled to the reference's size."""
    turn = rotation(reference, observed)
    middle = np.asarray(observed, dtype=np.float64) - np.mean(observed, axis=0)
    size = float(np.sqrt((middle**2).sum())) or 1.0
    wanted = np.asarray(reference) - np.mean(reference, axis=0)
    return np.asarray(middle @ turn) * float(np.sqrt((wanted**2).sum())) / size
