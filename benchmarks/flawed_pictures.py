"""Blur and near-duplicates on drawn pictures whose flaws are known, for benchmarks/audit_clips.py."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy.stats import rankdata

from benchmarks.clip_material import Frames
from tools.vision.duplicates import fingerprint, near_duplicates
from tools.vision.quality import sharpness
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene


def pictures(seed: int, count: int, size: int) -> list[Frames]:
    """Drawn pictures: groups of four of one character, every second group in one place."""
    rng, drawn = np.random.default_rng(seed), []
    while len(drawn) < count:
        who, first = random_character(rng), random_scene(rng)
        fixed = {"place": first.place, "place_seed": first.place_seed} if len(drawn) % 8 else {}
        drawn += [render_image(who, random_scene(rng, **fixed), size=size, oversample=1) for _ in range(4)]
    return drawn[:count]


def auc(positive: list[float], negative: list[float]) -> float:
    """Chance that a positive one is larger."""
    ranks = rankdata(positive + negative)
    first = len(positive)
    return round((ranks[:first].sum() - first * (first + 1) / 2) / (first * len(negative)), 4)


def judge_pictures(seed: int) -> dict[str, object]:
    """Blur AUC; recall of near-duplicates of each kind and how many different pairs are taken for one."""
    large = pictures(seed, 32, 768)
    blurred = [np.asarray(cv2.GaussianBlur(each, (0, 0), 1.5), dtype=np.uint8) for each in large]
    noisy = [grain(each, seed + index) for index, each in enumerate(large)]
    noisy_blurred = [grain(cv2.GaussianBlur(each, (0, 0), 1.5), seed + index) for index, each in enumerate(large)]
    drawn = pictures(seed + 1, 120, 256)
    prints = [fingerprint(each) for each in drawn]
    rng = np.random.default_rng(seed)
    recall = {}
    for name, change in changes(rng).items():
        copies = [fingerprint(np.ascontiguousarray(change(each))) for each in drawn]
        found = [near_duplicates([a, b]) == {1: 0} for a, b in zip(prints, copies, strict=True)]
        recall[name] = round(float(np.mean(found)), 4)
    false = len(near_duplicates(prints))
    return {
        "blur_auc_sigma_1_5": auc([-sharpness(b) for b in blurred], [-sharpness(s) for s in large]),
        "blur_auc_sigma_1_5_grainy": auc([-sharpness(b) for b in noisy_blurred], [-sharpness(s) for s in noisy]),
        "near_duplicate_recall": recall,
        "near_duplicate_false_share": round(false / len(prints), 4),
        "pictures": f"{len(drawn)} drawn at 256 pixels, {len(large)} at 768 for blur",
    }


def changes(rng: np.random.Generator) -> dict[str, Callable[[Frames], Frames]]:
    """What is done to a picture to make a near-duplicate of it."""

    def crop(picture: Frames, share: float, *, corner: bool = False) -> Frames:
        """Take `share` of each side's length off, evenly or from one corner."""
        height, width = picture.shape[:2]
        rows, columns = round(height * share), round(width * share)
        top = int(rng.choice((0, rows))) if corner else rows // 2
        left = int(rng.choice((0, columns))) if corner else columns // 2
        return picture[top : top + height - rows, left : left + width - columns]

    return {
        "crop 5 %": partial(crop, share=0.05),
        "crop 5 % at a corner": partial(crop, share=0.05, corner=True),
        "crop 10 %": partial(crop, share=0.1),
        "crop 10 % at a corner": partial(crop, share=0.1, corner=True),
        "mirror": lambda picture: picture[:, ::-1],
        "mirror and crop 5 %": lambda picture: crop(picture[:, ::-1], 0.05),
        "half size": lambda picture: cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        "JPEG 40": jpeg,
    }


def jpeg(picture: Frames, quality: int = 40) -> Frames:
    """Saved as JPEG and read again."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def grain(picture: Frames, seed: int) -> Frames:
    """With a camera's noise, sigma 2."""
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)
