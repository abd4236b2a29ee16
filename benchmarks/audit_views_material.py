"""Pictures that the benchmark of the eyes makes itself: covered faces, warped expressions, pictures with nobody."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.vision.eyes.mesh import Mesh
from trainer_core.dataset.media import read_image

Picture = NDArray[np.uint8]
Point = tuple[int, int]
Change = Callable[[Picture, np.random.Generator], Picture]

COVERS = ("sunglasses", "medical mask", "sunglasses and mask", "hands", "camera", "book", "balaclava")
EXPRESSIONS = ("open mouth", "smile", "closed eyes", "raised brows", "neutral")
_EYES = ((33, 133), (362, 263))
_MASK = (195, 117, 234, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 454, 346)
_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
         150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
_PULLS: dict[str, tuple[tuple[int, float, float], ...]] = {  # point, shift right and down, in distances between eyes
    "open mouth": ((17, 0, 0.22), (14, 0, 0.18), (0, 0, -0.02)),
    "smile": ((61, -0.12, -0.1), (291, 0.12, -0.1)),
    "closed eyes": ((159, 0, 0.07), (386, 0, 0.07), (145, 0, -0.04), (374, 0, -0.04)),
    "raised brows": ((105, 0, -0.14), (334, 0, -0.14), (55, 0, -0.1), (285, 0, -0.1)),
    "neutral": (),
}


def jpeg(picture: Picture, quality: int) -> Picture:
    """The picture after JPEG compression."""
    _, packed = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def grained(picture: Picture, reach: int, rng: np.random.Generator) -> Picture:
    """The picture with even noise of -reach to reach."""
    noise = rng.integers(-reach, reach + 1, picture.shape, dtype=np.int16)
    return np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def noisy(picture: Picture, spread: float, rng: np.random.Generator) -> Picture:
    """The picture with Gaussian noise of this standard deviation."""
    return np.clip(picture + rng.normal(0, spread, picture.shape), 0, 255).astype(np.uint8)


def enlarged(picture: Picture, side: int = 768) -> Picture:
    """The picture stretched to a square, smoothly."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


CHANGES: dict[str, Change] = {  # what happens to drawings on their way into a data set
    "png": lambda picture, _: picture,
    "jpeg_95": lambda picture, _: jpeg(picture, 95),
    "jpeg_80": lambda picture, _: jpeg(picture, 80),
    "jpeg_60": lambda picture, _: jpeg(picture, 60),
    "grain_3": lambda picture, rng: grained(picture, 3, rng),
    "grain_3_jpeg": lambda picture, rng: jpeg(grained(picture, 3, rng), int(rng.integers(60, 96))),
    "grain_6": lambda picture, rng: grained(picture, 6, rng),
    "grain_6_jpeg": lambda picture, rng: jpeg(grained(picture, 6, rng), int(rng.integers(60, 96))),
    "noise_5": lambda picture, rng: noisy(picture, 5, rng),
    "noise_10_jpeg": lambda picture, rng: jpeg(noisy(picture, 10, rng), int(rng.integers(60, 96))),
}
ENLARGED = ("png", "grain_3_jpeg", "grain_6_jpeg")  # the changes that are also made to drawings enlarged from 192


def pieces(photograph: Picture, count: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Parts of a photograph, some mirrored, some as JPEG; small ones are enlarged."""
    height, width = photograph.shape[:2]
    for _ in range(count):
        side, shape = rng.uniform(0.35, 1) * min(height, width), np.exp(rng.uniform(-0.4, 0.4))
        tall, wide = min(height, round(side * shape)), min(width, round(side / shape))
        top, left = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
        piece = photograph[top : top + tall, left : left + wide][:, :: rng.choice((-1, 1))]
        scale = max(1.0, 400 / max(tall, wide))
        piece = cv2.resize(np.ascontiguousarray(piece), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        yield jpeg(piece, int(rng.integers(60, 96))) if rng.random() < 0.4 else np.asarray(piece, dtype=np.uint8)


def covered_face(picture: Picture, mesh: Mesh, cover: str) -> Picture:
    """The picture with something painted over the face; `cover` is one of COVERS."""
    canvas, points = picture.copy(), mesh.points[:, :2]
    size, middle = np.ptp(points, axis=0), points.mean(axis=0)
    if "mask" in cover:
        cv2.fillPoly(canvas, [points[list(_MASK)].astype(np.int32)], (150, 190, 215), cv2.LINE_AA)
    if "sunglasses" in cover:
        for outer, inner in _EYES:
            wide = float(np.linalg.norm(points[outer] - points[inner]))
            axes = max(1, round(0.85 * wide)), max(1, round(0.65 * wide))
            cv2.ellipse(canvas, _at((points[outer] + points[inner]) / 2), axes, 0, 0, 360, (15, 15, 20), -1)
        cv2.line(canvas, _at(points[133]), _at(points[362]), (15, 15, 20), max(1, round(0.04 * size[0])))
    if cover == "hands":
        _hands(canvas, points)
    if cover == "camera":
        cv2.rectangle(canvas, _at(middle - size * (0.65, 0.33)), _at(middle + size * (0.65, 0.3)), (30, 30, 32), -1)
        cv2.circle(canvas, _at(middle), round(0.26 * size[0]), (75, 75, 80), -1)
        cv2.circle(canvas, _at(middle), round(0.18 * size[0]), (8, 8, 12), -1)
    if cover == "book":
        cv2.rectangle(canvas, _at(middle - size * (0.8, 0.6)), _at(middle + size * (0.8, 0.62)), (150, 60, 40), -1)
        cv2.rectangle(canvas, _at(middle - size * (0.6, 0.4)), _at(middle + size * (0.6, -0.2)), (230, 220, 190), -1)
    if cover == "balaclava":
        outline = (points[list(_OVAL)] - middle) * 1.12 + middle
        cv2.fillPoly(canvas, [outline.astype(np.int32)], (40, 40, 45), cv2.LINE_AA)
    return canvas


def with_expression(picture: Picture, mesh: Mesh, expression: str) -> Picture:
    """The picture with the face's parts pulled by a smooth warp; `expression` is one of EXPRESSIONS."""
    points = mesh.points[:, :2].astype(np.float64)
    apart = float(np.linalg.norm(points[list(_EYES[0])].mean(axis=0) - points[list(_EYES[1])].mean(axis=0)))
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    right, down = np.zeros_like(columns), np.zeros_like(rows)
    for index, across, below in _PULLS[expression]:
        distance = (columns - points[index, 0]) ** 2 + (rows - points[index, 1]) ** 2
        weight = np.exp(-distance / (2 * (0.16 * apart) ** 2)).astype(np.float32)
        right += weight * across * apart
        down += weight * below * apart
    return np.asarray(cv2.remap(picture, columns - right, rows - down, cv2.INTER_LINEAR), dtype=np.uint8)


def empty_pictures(seed: int = 5) -> Iterator[tuple[str, Picture]]:
    """(name, picture of 512 pixels) without anybody: plain, noise, landscapes, text, things."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:512, 0:512].astype(np.float32) / 512
    for index in range(6):
        top, bottom = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
        yield f"gradient {index}", _grained(top * (1 - y[..., None]) + bottom * y[..., None], rng)
        coarse = np.asarray(rng.integers(0, 256, (2 + 3 * index, 2 + 3 * index, 3)), dtype=np.uint8)
        yield f"cloudy noise {index}", np.asarray(cv2.resize(coarse, (512, 512), interpolation=cv2.INTER_CUBIC))
        ridge = 0.55 + 0.08 * np.sin(2 * np.pi * (x * (1 + index / 2) + rng.uniform())) + 0.02 * np.sin(31 * x)
        hills = np.where((y > ridge)[..., None], rng.integers(20, 130, 3), rng.integers(140, 255, 3))
        yield f"landscape {index}", _grained(hills.astype(np.float32), rng)
        page = np.full((512, 512, 3), 250, dtype=np.uint8)
        for line in range(12):
            text = "".join(rng.choice(list("aeiou nrstlmdk"), 34))
            cv2.putText(page, text, (12, 40 + 38 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 30), 2, cv2.LINE_AA)
        yield f"text {index}", page
        yield f"things {index}", _things(rng)
        trunk = np.full((512, 512, 3), rng.integers(120, 240, 3), dtype=np.float32)
        cv2.rectangle(trunk, (240, 230), (272, 500), (90, 60, 40), -1)
        cv2.circle(trunk, (256, 170), 90 + 10 * index, (50.0, 110.0, 50.0), -1)
        yield f"tree {index}", _grained(trunk, rng)


def package_pictures() -> list[tuple[str, Picture]]:
    """Sample photographs without people that come with Gradio, where it is installed."""
    folders = [Path(entry) / "gradio" / "media_assets" / "images" for entry in sys.path]
    names = ("cheetah.jpg", "cheetah1.jpg", "lion.jpg", "tower.jpg")
    paths = {name: folder / name for folder in folders for name in names if (folder / name).is_file()}
    return [(name, read_image(path)) for name, path in sorted(paths.items())]


def _things(rng: np.random.Generator) -> Picture:
    canvas = np.full((512, 512, 3), rng.integers(60, 230, 3), dtype=np.float32)
    cv2.rectangle(canvas, (0, 380), (512, 512), tuple(map(float, rng.integers(40, 160, 3))), -1)
    for _ in range(5):
        colour = tuple(map(float, rng.integers(0, 256, 3)))
        corner, size = rng.integers(20, 360, 2), rng.integers(40, 160, 2)
        if rng.random() < 0.5:
            cv2.rectangle(canvas, _at(corner), _at(corner + size), colour, -1, cv2.LINE_AA)
        else:
            cv2.ellipse(canvas, _at(corner + size / 2), _at(size / 2), 0, 0, 360, colour, -1, cv2.LINE_AA)
    return _grained(np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.2)), rng)


def _grained(picture: NDArray, rng: np.random.Generator) -> Picture:
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def _hands(canvas: Picture, points: NDArray) -> None:
    """Two hands with four fingers each, in the colour of the face."""
    size, middle = np.ptp(points, axis=0), points.mean(axis=0)
    places = np.clip(points.astype(int), 0, np.array(canvas.shape[1::-1]) - 1)
    skin = np.median(canvas[places[:, 1], places[:, 0]], axis=0)
    for side in (-1, 1):
        for finger in range(4):
            foot = middle + size * (side * (0.06 + 0.12 * finger), 0.45)
            tip = middle + size * (side * (0.01 + 0.12 * finger), -0.35 + 0.03 * abs(finger - 1))
            shade = tuple(float(value) for value in skin * (0.98 - 0.06 * (finger % 2)))
            cv2.line(canvas, _at(foot), _at(tip), shade, max(1, round(0.115 * size[0])), cv2.LINE_AA)
        palm = tuple(float(value) for value in skin * 0.96)
        axes = _at(size * (0.27, 0.3))
        cv2.ellipse(canvas, _at(middle + size * (side * 0.25, 0.35)), axes, 0, 0, 360, palm, -1, cv2.LINE_AA)


def _at(place: NDArray) -> Point:
    return max(0, round(float(place[0]))), max(0, round(float(place[1])))
