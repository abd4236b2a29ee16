"""The shape of a character: a few ellipsoids in body coordinates, posed for a moment of a motion.

Body coordinates: x to the image's right when the subject faces the camera, y up, z towards the camera. Feet at y = -1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .character import Character
from .palette import COLOURS, SKINS, as_array

Array = NDArray[np.float32]
Painter = Callable[[Array], Array]  # points on the unit sphere (n, 3) -> colours (n, 3)


@dataclass(frozen=True)
class Ellipsoid:
    """A painted ellipsoid: centre and radii in body units, `tilt` in radians about the x axis (a swinging limb)."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    paint: Painter
    tilt: float = 0.0
    roll: float = 0.0  # radians about the z axis (a raised arm)


def plain(colour: Array) -> Painter:
    """One colour all over."""
    return lambda points: np.broadcast_to(colour, points.shape).astype(np.float32)


def posed(character: Character, expression: str, motion: str, moment: float) -> list[Ellipsoid]:
    """All parts of the character at `moment` (cycles of the motion, any float)."""
    swing = np.sin(2 * np.pi * moment)
    step = 0.55 * swing if motion == "walking" else 0.0
    wave = 2.3 + 0.35 * np.sin(4 * np.pi * moment) if motion == "waving" else 0.22
    width = {"slim": 0.82, "regular": 1.0, "round": 1.22}[character.build]
    return [
        *_legs(character, step),
        *_trunk(character, width),
        *_arms(character, width, step, wave),
        *_head(character, expression),
        *_hat(character),
    ]


def _legs(character: Character, step: float) -> list[Ellipsoid]:
    leg = COLOURS[character.clothes] if character.garment == "coat" else SKINS[character.skin]
    if character.kind != "person":
        leg = COLOURS[character.mane]
    dark = plain(as_array(leg) * 0.75)
    boot = plain(as_array(COLOURS[character.boots]))
    parts = []
    for side in (-1, 1):
        tilt = side * step
        parts.append(Ellipsoid((side * 0.15, -0.72, 0.2 * np.sin(tilt)), (0.12, 0.22, 0.13), dark, tilt))
        parts.append(Ellipsoid((side * 0.16, -0.92, 0.04 + 0.42 * np.sin(tilt)), (0.13, 0.09, 0.19), boot))
    return parts


def _cloth(character: Character) -> Painter:
    colour = as_array(COLOURS[character.clothes])
    contrast = np.float32(0.25) if colour.mean() > 0.5 else np.float32(0.85)

    def paint(points: Array) -> Array:
        painted = np.broadcast_to(colour, points.shape).astype(np.float32)
        if character.pattern == "striped":
            stripe = np.sin(points[:, 1] * 9.0) > 0.35
            painted[stripe] = 0.35 * painted[stripe] + 0.65 * contrast
        if character.garment == "coat":
            zip_line = (np.abs(points[:, 0]) < 0.09) & (points[:, 2] > 0)
            painted[zip_line] = contrast
        return painted

    return paint


def _trunk(character: Character, width: float) -> list[Ellipsoid]:
    cloth = _cloth(character)
    trunk = Ellipsoid((0.0, -0.28, 0.0), (0.34 * width, 0.42, 0.27 * width), cloth)
    if character.garment == "coat":
        return [trunk]
    return [trunk, Ellipsoid((0.0, -0.56, 0.0), (0.46 * width, 0.26, 0.38 * width), cloth)]


def _arms(character: Character, width: float, step: float, wave: float) -> list[Ellipsoid]:
    sleeve = plain(as_array(COLOURS[character.clothes]) * 0.88)
    hand = plain(as_array(SKINS[character.skin] if character.kind == "person" else COLOURS[character.mane]))
    parts = []
    for side in (-1, 1):
        roll = side * (wave if side == 1 else 0.22)
        tilt = -side * step
        shoulder = np.array([side * 0.32 * width, -0.02, 0.0])
        along = np.array([np.sin(roll), -np.cos(roll) * np.cos(tilt), np.sin(tilt)])
        middle, end = shoulder + 0.24 * along, shoulder + 0.48 * along
        parts.append(Ellipsoid(tuple(middle), (0.11, 0.27, 0.11), sleeve, tilt, roll))  # type: ignore[arg-type]
        parts.append(Ellipsoid(tuple(end), (0.10, 0.10, 0.10), hand))  # type: ignore[arg-type]
    return parts


def _face(points: Array, painted: Array, expression: str) -> None:
    x, y, z = points.T
    front = z > 0
    ink = np.float32(0.08)
    for side in (-1, 1):
        eye = front & (((x - side * 0.36) / 0.15) ** 2 + ((y + 0.02) / 0.2) ** 2 < 1)
        painted[eye] = ink
    if expression == "surprised":
        mouth = (x / 0.15) ** 2 + ((y + 0.52) / 0.16) ** 2 < 1
    else:
        curve = {"neutral": 0.0, "smiling": 1.1, "sad": -1.1}[expression]
        line = -0.52 + curve * (x**2 - 0.05)
        mouth = (np.abs(x) < 0.34) & (np.abs(y - line) < 0.065)
    painted[front & mouth] = (0.62, 0.10, 0.14)


def _head(character: Character, expression: str) -> list[Ellipsoid]:
    mane = as_array(COLOURS[character.mane])
    skin = as_array(SKINS[character.skin])
    person = character.kind == "person"

    def paint(points: Array) -> Array:
        painted = np.broadcast_to(skin if person else mane, points.shape).astype(np.float32)
        if not person:
            muzzle = (points[:, 2] > 0) & ((points[:, 0] / 0.5) ** 2 + ((points[:, 1] + 0.45) / 0.36) ** 2 < 1)
            painted[muzzle] = 0.35 * painted[muzzle] + 0.65 * np.float32(0.95)
        _face(points, painted, expression)
        if person:
            painted[points[:, 2] < 0.15 + 1.15 * points[:, 1]] = mane
        return painted

    parts = [Ellipsoid((0.0, 0.48, 0.0), (0.40, 0.40, 0.37), paint)]
    if not person:
        return parts + _ears(character.kind, mane)
    if character.hair_style == "long":
        parts.append(Ellipsoid((0.0, 0.28, -0.14), (0.40, 0.46, 0.26), plain(mane)))
    if character.hair_style == "bun":
        parts.append(Ellipsoid((0.0, 0.80, -0.24), (0.18, 0.17, 0.18), plain(mane)))
    return parts


def _ears(kind: str, mane: Array) -> list[Ellipsoid]:
    place, radii, lean = {
        "cat": ((0.27, 0.82, 0.0), (0.11, 0.19, 0.07), 0.35),
        "bear": ((0.31, 0.78, 0.0), (0.15, 0.15, 0.08), 0.0),
        "rabbit": ((0.16, 1.02, 0.0), (0.10, 0.32, 0.07), 0.15),
    }[kind]
    return [
        Ellipsoid((side * place[0], place[1], place[2]), radii, plain(mane * 0.9), roll=-side * lean)
        for side in (-1, 1)
    ]


def _hat(character: Character) -> list[Ellipsoid]:
    if character.hat == "none":
        return []
    paint = plain(as_array(COLOURS[character.hat_colour]))
    dark = plain(as_array(COLOURS[character.hat_colour]) * 0.8)
    if character.hat == "cap":
        return [
            Ellipsoid((0.0, 0.72, -0.02), (0.38, 0.24, 0.36), paint),
            Ellipsoid((0.0, 0.68, 0.36), (0.26, 0.05, 0.24), dark),
        ]
    if character.hat == "beanie":
        return [
            Ellipsoid((0.0, 0.73, -0.02), (0.40, 0.27, 0.38), paint),
            Ellipsoid((0.0, 1.02, -0.02), (0.12, 0.12, 0.12), plain(as_array(COLOURS["white"]))),
        ]
    return [
        Ellipsoid((0.0, 0.76, -0.02), (0.52, 0.06, 0.50), dark),
        Ellipsoid((0.0, 0.95, -0.02), (0.30, 0.30, 0.30), paint),
    ]
