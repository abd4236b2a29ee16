"""Draws a character in a scene by casting rays at ellipsoids: any size, any view, true shading and occlusion."""

import numpy as np
from numpy.typing import NDArray

from .body import Array, Ellipsoid, posed
from .character import Character
from .palette import PLACES, Place, as_array
from .scene import Scene

HEIGHTS = {"full": 2.35, "medium": 1.62, "close": 1.12}  # body units that the frame's height shows
CENTRES = {"full": 0.05, "medium": 0.30, "close": 0.46}  # body height at the frame's middle
CYCLES_PER_SECOND = {"standing": 0.0, "walking": 0.9, "waving": 0.6, "turning": 0.15, "jumping": 0.8}
LIGHT_DIRECTIONS = {
    "soft": (0.15, 0.5, 0.85),
    "left": (-0.85, 0.35, 0.45),
    "right": (0.85, 0.35, 0.45),
    "dim": (0.1, 0.6, 0.8),
    "warm": (0.3, 0.4, 0.85),
}
LIGHT_TINTS = {"dim": (0.62, 0.62, 0.68), "warm": (1.05, 0.96, 0.82)}


def render_clip(
    character: Character, scene: Scene, *, size: int, frames: int, fps: float = 8.0, oversample: int = 2
) -> NDArray[np.uint8]:
    """Frames as uint8 RGB of shape (frames, size, size, 3). Every value of `size` shows the same picture."""
    grid = size * oversample
    backdrop = _backdrop(PLACES[scene.place], grid, scene.place_seed)
    return np.stack([_shrink(_frame(character, scene, index / fps, backdrop), oversample) for index in range(frames)])


def render_image(character: Character, scene: Scene, *, size: int, oversample: int = 2) -> NDArray[np.uint8]:
    """One still, uint8 RGB of shape (size, size, 3)."""
    return render_clip(character, scene, size=size, frames=1, oversample=oversample)[0]


def yaw_at(scene: Scene, seconds: float) -> float:
    """The subject's yaw in degrees after `seconds`."""
    turn = 360 * CYCLES_PER_SECOND["turning"] * seconds if scene.motion == "turning" else 0.0
    return scene.yaw + turn


def _frame(character: Character, scene: Scene, seconds: float, backdrop: Array) -> Array:
    moment = scene.phase + seconds * CYCLES_PER_SECOND[scene.motion]
    hop = 0.22 * abs(np.sin(np.pi * moment)) if scene.motion == "jumping" else 0.0
    parts = posed(character, scene.expression, scene.motion, moment)
    image = backdrop.copy()
    grid = image.shape[0]
    scale = grid / HEIGHTS[scene.shot]
    origin = np.array([grid / 2 + scene.offset[0] * scale, grid / 2 + (CENTRES[scene.shot] - scene.offset[1]) * scale])
    _ground_shadow(image, origin, scale)
    origin[1] -= hop * scale
    turn = _about_y(np.deg2rad(yaw_at(scene, seconds)))
    light = np.asarray(LIGHT_DIRECTIONS[scene.light], dtype=np.float32)
    light /= np.linalg.norm(light)
    depth = np.full(image.shape[:2], -np.inf, dtype=np.float32)
    for part in parts:
        _cast(part, turn, image, depth, origin, scale, light)
    return np.clip(image * np.asarray(LIGHT_TINTS.get(scene.light, (1, 1, 1)), dtype=np.float32), 0, 1)


def _cast(
    part: Ellipsoid, turn: Array, image: Array, depth: Array, origin: NDArray[np.float64], scale: float, light: Array
) -> None:
    """Intersect parallel rays with one ellipsoid and paint what is nearest. `scale` is pixels per body unit."""
    centre = turn @ np.asarray(part.centre, dtype=np.float32)
    local = turn @ _about_x(part.tilt) @ _about_z(part.roll)  # view <- local
    radii = np.asarray(part.radii, dtype=np.float32)
    extent = np.sqrt(((local * radii) ** 2).sum(axis=1))[:2]
    left, right = origin[0] + (centre[0] + extent[0] * np.array([-1, 1])) * scale
    top, bottom = origin[1] - (centre[1] + extent[1] * np.array([1, -1])) * scale
    rows = slice(max(0, int(top)), min(image.shape[0], int(bottom) + 2))
    columns = slice(max(0, int(left)), min(image.shape[1], int(right) + 2))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    u = ((np.arange(columns.start, columns.stop) + 0.5 - origin[0]) / scale - centre[0]).astype(np.float32)
    v = (-(np.arange(rows.start, rows.stop) + 0.5 - origin[1]) / scale - centre[1]).astype(np.float32)
    plane = np.stack([*np.meshgrid(u, v), np.zeros((len(v), len(u)), dtype=np.float32)], axis=-1)
    start = (plane @ local) / radii  # the ray's foot in the unit sphere's space; local is orthonormal
    along = local[2] / radii
    a = along @ along
    b = start @ along
    disc = b * b - a * ((start * start).sum(axis=-1) - 1)
    hit = disc > 0
    w = (-b + np.sqrt(np.where(hit, disc, 0))) / a
    nearer = hit & (w + centre[2] > depth[rows, columns])
    if not nearer.any():
        return
    points = start[nearer] + w[nearer][:, None] * along
    normals = (points / radii) @ local.T
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    shade = 0.66 + 0.42 * np.clip(normals @ light, 0, 1)
    image[rows, columns][nearer] = part.paint(points) * shade[:, None]
    depth[rows, columns][nearer] = w[nearer] + centre[2]


def _backdrop(place: Place, grid: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:grid, 0:grid].astype(np.float32) / grid
    horizon = rng.uniform(0.62, 0.74)
    blend = np.clip(y / horizon, 0, 1)[..., None]
    image = (1 - blend) * as_array(place.top) + blend * as_array(place.horizon)
    _details(image, place, x, y, horizon, rng)
    floor = y > horizon
    fade = np.clip((y - horizon) / (1 - horizon), 0, 1)[..., None]
    image[floor] = (as_array(place.floor) * (1.06 - 0.2 * fade))[floor]
    return image.astype(np.float32)


def _details(image: Array, place: Place, x: Array, y: Array, horizon: float, rng: np.random.Generator) -> None:
    if place.detail == "hills":
        ridge = horizon - 0.10 - 0.05 * np.sin(2 * np.pi * (x * rng.uniform(0.7, 1.3) + rng.uniform()))
        image[y > ridge] = (0.30, 0.56, 0.30)
    elif place.detail == "clouds":
        for _ in range(3):
            _disc(
                image, x, y, rng.uniform(0, 1), rng.uniform(0.08, 0.35), rng.uniform(0.10, 0.2), 0.06, (0.96, 0.98, 1.0)
            )
    elif place.detail == "moon":
        _disc(image, x, y, rng.choice([0.16, 0.84]), rng.uniform(0.12, 0.22), 0.09, 0.09, (0.95, 0.93, 0.78))
    elif place.detail == "bricks":
        row = np.floor(y * 10)
        mortar = ((y * 10) % 1 < 0.14) | (((x * 6 + 0.5 * (row % 2)) % 1) < 0.08)
        image[mortar] = 0.86 * image[mortar] + 0.14 * np.float32(0.85)
    elif place.detail == "trees":
        for position in np.arange(0.06, 1.0, 0.22) + rng.uniform(-0.04, 0.04):
            image[np.abs(x - position) < 0.035] = (0.24, 0.17, 0.10)
    elif place.detail == "sun":
        _disc(image, x, y, rng.uniform(0.1, 0.9), horizon - 0.06, 0.14, 0.14, (1.0, 0.93, 0.66))
    elif place.detail == "flakes":
        for _ in range(14):
            _disc(image, x, y, rng.uniform(), rng.uniform(0, horizon), 0.022, 0.022, (1.0, 1.0, 1.0))
    elif place.detail == "curtain":
        image *= (0.86 + 0.18 * np.sin(2 * np.pi * (x * 5 + rng.uniform())))[..., None]


def _disc(
    image: Array, x: Array, y: Array, cx: float, cy: float, rx: float, ry: float, colour: tuple[float, float, float]
) -> None:
    image[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = colour


def _ground_shadow(image: Array, origin: NDArray[np.float64], scale: float) -> None:
    centre = origin[1] + 0.99 * scale
    rows = slice(max(0, int(centre - 0.12 * scale)), min(image.shape[0], int(centre + 0.12 * scale)))
    if rows.start >= rows.stop:
        return
    y, x = np.mgrid[rows, 0 : image.shape[1]]
    inside = ((x - origin[0]) / (0.52 * scale)) ** 2 + ((y - centre) / (0.10 * scale)) ** 2 < 1
    image[rows][inside] *= 0.78


def _shrink(image: Array, factor: int) -> NDArray[np.uint8]:
    size = image.shape[0] // factor
    mean = image.reshape(size, factor, size, factor, 3).mean(axis=(1, 3))
    return (mean * 255 + 0.5).astype(np.uint8)


def _about_x(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], dtype=np.float32)


def _about_y(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=np.float32)


def _about_z(angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=np.float32)
