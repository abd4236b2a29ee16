"""How well the statistics tell drawn styles and motions apart, as drawn and through mini's autoencoder.

`python -m tools.evaluation.style_motion_calibration` measures and stores the figures: about two minutes on one core.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import MOTIONS, random_scene

from .calibration import auc, equal_error
from .style_motion import COLOURS, MOVEMENT, TEXTURE, Frames, Statistic, known_by

FILE = Path(__file__).with_name("style_motion_calibration.json")
SIDE, FRAMES, FPS = 64, 9, 8.0
KNOWN, ASKED, SPLITS = 12, 20, 3  # files of a training set, files asked about, training sets drawn from each pool
Rng = np.random.Generator


class Told(BaseModel):
    """How well one statistic tells its kinds apart: a distance to the own kind is smaller than one to another kind with
    probability `auc`; `worst` is the pair of kinds with the lowest, and `threshold` is where both errors are equal."""

    model_config = ConfigDict(frozen=True)

    auc: float
    worst_auc: float
    worst: str
    threshold: float
    equal_error: float
    same_median: float
    different_median: float


class StyleMotionCalibration(BaseModel):
    """By statistic, then by material: "drawn" or "reconstructed" (through mini's autoencoder)."""

    model_config = ConfigDict(frozen=True)

    date: str
    kinds: dict[str, tuple[str, ...]]
    told: dict[str, dict[str, Told]]


def _ink(picture: Frames, _rng: Rng) -> Frames:
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    lines = 255 - np.clip(4 * np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=3)), 0, 255)
    return np.repeat(lines[..., None], 3, axis=2).astype(np.uint8)


def _watercolour(picture: Frames, _rng: Rng) -> Frames:
    soft = cv2.GaussianBlur(cv2.bilateralFilter(picture, 7, 60, 5), (5, 5), 0)
    return (0.55 * soft + 0.45 * np.array([250, 245, 232])).astype(np.uint8)


def _poster(picture: Frames, _rng: Rng) -> Frames:
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] = np.clip(1.6 * hsv[..., 1], 0, 255)
    hsv[..., 2] = np.round(hsv[..., 2] / 85) * 85
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.uint8)


def _grain(picture: Frames, rng: Rng) -> Frames:
    noise = rng.normal(0, 22, picture.shape[:2])[..., None]
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _sepia(picture: Frames, _rng: Rng) -> Frames:
    grey = picture.astype(np.float32).mean(axis=2, keepdims=True)
    return np.clip(grey * np.array([1.05, 0.85, 0.62]), 0, 255).astype(np.uint8)


def _mosaic(picture: Frames, _rng: Rng) -> Frames:
    side = picture.shape[0]
    small = cv2.resize(picture, (side // 6, side // 6), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _dots(picture: Frames, _rng: Rng) -> Frames:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    screen = (np.sin(x * np.pi / 2.5) * np.sin(y * np.pi / 2.5) + 1) / 2
    light = (grey > 0.8 * screen)[..., None]
    return np.where(light, np.array([250, 248, 240]), np.array([30, 30, 90])).astype(np.uint8)


def _scanlines(picture: Frames, _rng: Rng) -> Frames:
    rows = np.arange(picture.shape[0])[:, None, None]
    return (picture * (0.7 + 0.3 * np.sign(np.sin((rows + 0.5) * np.pi / 2)))).astype(np.uint8)


STYLES: dict[str, Callable[[Frames, Rng], Frames]] = {
    "as drawn": lambda picture, _rng: picture,
    "ink": _ink,
    "watercolour": _watercolour,
    "poster": _poster,
    "grain": _grain,
    "sepia": _sepia,
    "mosaic": _mosaic,
    "dots": _dots,
    "scan lines": _scanlines,
}


def styled(style: str, count: int, rng: Rng) -> list[Frames]:
    """Stills (1, 64, 64, 3) of random characters in random scenes, in one style."""
    return [
        STYLES[style](render_image(random_character(rng), random_scene(rng), size=SIDE), rng)[None]
        for _ in range(count)
    ]


def moving(motion: str, count: int, rng: Rng) -> list[Frames]:
    """Clips (9, 64, 64, 3) of random characters in random scenes, all with one motion."""
    return [
        render_clip(random_character(rng), random_scene(rng, motion=motion), size=SIDE, frames=FRAMES, fps=FPS)
        for _ in range(count)
    ]


def tell_apart(
    statistic: Statistic, known: Mapping[str, Sequence[Frames]], asked: Mapping[str, Sequence[Frames]], rng: Rng
) -> Told:
    """Compare files of each kind with training sets of each kind."""
    figures = {kind: [statistic.of(each, FPS) for each in files] for kind, files in known.items()}
    questions = {kind: [statistic.of(each, FPS) for each in files] for kind, files in asked.items()}
    same: list[float] = []
    different: list[float] = []
    aucs: dict[tuple[str, str], list[float]] = {}
    for kind, values in figures.items():
        for _ in range(SPLITS):
            chosen = [values[index] for index in rng.choice(len(values), min(KNOWN, len(values)), replace=False)]
            taught = known_by(statistic, chosen)
            assert taught is not None
            far = {
                other: np.asarray([taught.distance(statistic, value) for value in those], dtype=np.float32)
                for other, those in questions.items()
            }
            same += far[kind].tolist()
            for other in questions.keys() - {kind}:
                different += far[other].tolist()
                aucs.setdefault((kind, other), []).append(auc(-far[kind], -far[other]))
    near, away = -np.asarray(same, dtype=np.float32), -np.asarray(different, dtype=np.float32)
    threshold, error = equal_error(near, away)
    pair, lowest = min(((pair, float(np.mean(each))) for pair, each in aucs.items()), key=lambda entry: entry[1])
    return Told(
        auc=round(float(np.mean([np.mean(each) for each in aucs.values()])), 4),
        worst_auc=round(lowest, 4),
        worst=f"taught {pair[0]}, shown {pair[1]}",
        threshold=round(-threshold, 3),
        equal_error=round(error, 4),
        same_median=round(float(np.median(same)), 3),
        different_median=round(float(np.median(different)), 3),
    )


def calibrate(path: Path = FILE) -> StyleMotionCalibration:
    """Measure everything and store it."""
    from .calibration_mini import reconstruct  # loads the models, which reading the figures must not

    rng = np.random.default_rng(2026)
    pools: dict[str, tuple[Statistic, ...]] = {"style": (COLOURS, TEXTURE), "motion": (MOVEMENT,)}
    told: dict[str, dict[str, Told]] = {}
    for name, statistics in pools.items():
        kinds, draw = (STYLES, styled) if name == "style" else (MOTIONS, moving)
        known = {kind: draw(kind, 2 * KNOWN, rng) for kind in kinds}
        asked = {kind: draw(kind, ASKED, rng) for kind in kinds}
        weakened = {kind: reconstruct(files) for kind, files in asked.items()}
        for statistic in statistics:
            told[statistic.id] = {
                "drawn": tell_apart(statistic, known, asked, np.random.default_rng(1)),
                "reconstructed": tell_apart(statistic, known, weakened, np.random.default_rng(1)),
            }
    found = StyleMotionCalibration(
        date=datetime.now(UTC).date().isoformat(), kinds={"style": tuple(STYLES), "motion": MOTIONS}, told=told
    )
    path.write_text(found.model_dump_json(indent=1) + "\n")
    load_style_motion.cache_clear()
    return found


@lru_cache(maxsize=2)
def load_style_motion(path: Path = FILE) -> StyleMotionCalibration:
    """The stored figures."""
    return StyleMotionCalibration.model_validate_json(path.read_bytes())


if __name__ == "__main__":
    print(calibrate().model_dump_json(indent=1))
