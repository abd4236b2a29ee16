"""The demo's files: pictures and clips of one drawn character that mini has never seen, with real flaws among them."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer_core.dataset.media import fit, write_clip

from .world.character import Character
from .world.palette import PLACES
from .world.render import render_clip, render_image
from .world.scene import EXPRESSIONS, LIGHTS, Scene, random_scene

DEMO_CHARACTER = Character(
    kind="cat",
    mane="purple",
    hair_style="long",
    skin="light",
    garment="dress",
    clothes="yellow",
    pattern="plain",
    boots="black",
    hat="beanie",
    hat_colour="orange",
    build="regular",
)
PICTURES = 20
CLIP_SECONDS, CLIP_FPS, SIZE = 3.5, 24.0, 512
FLAWS: dict[str, str] = {  # file -> what is wrong with it; everything else in the folder is sound
    "pip-24.png": "an exact copy of pip-04.png",
    "pip-25.jpg": "a near copy of pip-09.png, saved again as JPEG",
    "pip-21.png": "blurred",
    "pip-22.jpg": "only 200 pixels wide, where the others have 512",
    "pip-23.jpg": "cut off in the middle of the file",
    "pip-clip-5.mp4": "only 0.8 seconds long",
    "pip-clip-6.mp4": "has a hard cut in the middle",
}
_YAWS = (
    0,
    40,
    -40,
    10,
    45,
    -50,
    -8,
    30,
    -30,
    90,
    0,
    50,
    -45,
    15,
    -85,
    35,
    -12,
    55,
    -35,
    5,
)  # degrees; none from behind
_SHOTS = ("full", "medium", "full", "close", "medium")
_MARK = "demo_set.json"


def draw_demo_set(folder: Path, seed: int = 7, *, size: int = SIZE) -> Path:
    """Draw the demo's files into the folder and return it: 20 sound pictures, 4 sound clips and the files of FLAWS.

    The same seed and size (edge in pixels) give the same files. A folder that already holds this set is left as it is.
    Raises FileExistsError when the folder holds anything else.
    """
    mark = json.dumps({"made_by": "Sidekick", "version": 1, "seed": seed, "size": size})
    marker = folder / _MARK
    if marker.exists() and marker.read_text(encoding="utf-8") == mark:
        return folder
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise FileExistsError(f"{folder} already holds other files; choose a new folder for the demo's files.")
    folder.mkdir(parents=True, exist_ok=True)
    marker.unlink(missing_ok=True)
    scenes = picture_scenes(seed)
    with ThreadPoolExecutor(max_workers=2) as pool:
        pictures = list(pool.map(lambda scene: _picture(scene, size), scenes))
        for index, picture in enumerate(pictures[:PICTURES], start=1):
            _save(folder / f"pip-{index:02}.png", picture)
        for finished in [pool.submit(task) for task in _clip_tasks(folder, seed, size)]:
            finished.result()
    _add_flawed_pictures(folder, pictures)
    marker.write_text(mark, encoding="utf-8")
    return folder


def picture_scenes(seed: int) -> list[Scene]:
    """PICTURES scenes that vary in everything, and three more for the flawed files."""
    rng = np.random.default_rng(seed)
    places, count = list(PLACES), PICTURES + 3
    return [
        random_scene(
            rng,
            place=places[index % len(places)],
            yaw=float(_YAWS[index % len(_YAWS)] + rng.uniform(-6, 6)),
            expression=EXPRESSIONS[(index * 3 + index // 4) % 4],
            light=LIGHTS[(index + index // 5) % 5],
            shot=_SHOTS[index % 5 if index % 2 else (index // 2) % 5],
            motion=("standing", "waving", "standing", "walking", "jumping")[index % 5],
        )
        for index in range(count)
    ]


def _picture(scene: Scene, size: int) -> NDArray[np.uint8]:
    return fit(render_image(DEMO_CHARACTER, scene, size=size * 3 // 2, oversample=1), size, size)


def _save(path: Path, picture: NDArray[np.uint8], quality: int = 90) -> None:
    Image.fromarray(picture).save(path, quality=quality)


def _add_flawed_pictures(folder: Path, pictures: list[NDArray[np.uint8]]) -> None:
    size = len(pictures[0])
    (folder / "pip-24.png").write_bytes((folder / "pip-04.png").read_bytes())
    _save(folder / "pip-25.jpg", fit(pictures[8], size - size // 16, size - size // 16), quality=70)
    blurred, small, cut = pictures[PICTURES:]
    _save(folder / "pip-21.png", np.asarray(cv2.GaussianBlur(blurred, (0, 0), size / 85), dtype=np.uint8))
    _save(folder / "pip-22.jpg", fit(small, size * 25 // 64, size * 25 // 64))
    whole = io.BytesIO()
    Image.fromarray(cut).save(whole, "JPEG", quality=90)
    (folder / "pip-23.jpg").write_bytes(whole.getvalue()[: whole.tell() * 2 // 5])


def _clip_tasks(folder: Path, seed: int, size: int) -> list[Callable[[], None]]:
    rng = np.random.default_rng(seed + 1)
    takes = (
        ("waving", "meadow", 12.0, "medium", "soft"),
        ("walking", "beach", 35.0, "full", "warm"),
        ("jumping", "snow", -15.0, "full", "soft"),
        ("walking", "stage", -42.0, "medium", "left"),
        ("waving", "room", 5.0, "full", "soft"),
        ("jumping", "forest", 20.0, "full", "right"),
    )
    scenes = [
        random_scene(rng, motion=motion, place=place, yaw=yaw, shot=shot, light=light)
        for motion, place, yaw, shot, light in takes
    ]
    other = replace(
        scenes[5], place="bricks", shot="medium", yaw=-30.0, light="warm", motion="waving", offset=(0.1, 0.0)
    )
    tasks = [
        _clip_task(folder / f"pip-clip-{index + 1}.mp4", [scenes[index]], CLIP_SECONDS, size) for index in range(4)
    ]
    tasks.append(_clip_task(folder / "pip-clip-5.mp4", [scenes[4]], 0.8, size))
    tasks.append(_clip_task(folder / "pip-clip-6.mp4", [scenes[5], other], CLIP_SECONDS, size))
    return tasks


def _clip_task(path: Path, scenes: list[Scene], seconds: float, size: int) -> Callable[[], None]:
    """A job that draws the scenes one after another, joined by hard cuts, `seconds` in all."""

    def draw() -> None:
        frames = round(seconds * CLIP_FPS / len(scenes))
        parts = [
            render_clip(DEMO_CHARACTER, scene, size=size, frames=frames, fps=CLIP_FPS, oversample=1) for scene in scenes
        ]
        write_clip(path, np.concatenate(parts), CLIP_FPS)

    return draw
