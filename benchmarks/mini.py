"""Measures mini, the embedded base model, on characters that it never saw. Run: python -m benchmarks.mini

Figures: PSNR of the autoencoder; share of clips in which the prompted hair or fur, clothes and place have the right
colours, by a pixel probe against drawings of every colour (chance: 1 in 11, 1 in 11; places, by the scorecard's own
probe: 1 in 10); seconds for a clip.
Writes benchmarks/results/mini.json.
"""

import argparse
import json
import platform
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.evaluation.attributes import place_of
from trainer_core.base_models.mini.autoencoder import psnr
from trainer_core.base_models.mini.world.captions import caption
from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.palette import COLOURS
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import Scene, random_scene
from trainer_core.base_models.registry import load_pipeline
from trainer_core.generation.generate import GenerateRequest, generate, generate_batch
from trainer_core.plan import BaseModelName

RESULTS = Path(__file__).parent / "results"
SIZE = 64
OFFSETS = ((0.0, 0.0), (-0.12, 0.0), (0.12, 0.0), (0.0, 0.04), (0.0, -0.04))


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--sheet", type=Path, help="also write a PNG with drawings above generated clips")
    arguments = parser.parse_args()
    pipeline = load_pipeline(BaseModelName.MINI)
    rng = np.random.default_rng(2026)
    drawn = [
        render_clip(random_character(rng, held_out=True), random_scene(rng), size=SIZE, frames=9) for _ in range(50)
    ]
    figures = {"psnr_db": psnr(pipeline.vae, np.stack(drawn))}
    cases = [_case(rng) for _ in range(arguments.clips)]
    clips = _generate(pipeline, cases)
    for what, right in _probe(cases, clips).items():
        figures[f"{what}_right"] = float(np.mean(right))
    began = time.monotonic()
    generate(pipeline, GenerateRequest(caption(*cases[0])))
    figures["seconds_per_clip"] = time.monotonic() - began
    record = {
        "what": "mini on characters never seen in training",
        "clips": arguments.clips,
        "method": "9 frames of 64x64, 12 steps, guidance 3; probe on frame 5; soft light, medium shot, front or back",
        "machine": f"{torch.get_num_threads()} threads, {platform.machine()}",
        "date": date.today().isoformat(),
        "figures": {name: round(value, 3) for name, value in figures.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "mini.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))
    if arguments.sheet:
        _sheet(cases, clips, arguments.sheet)


def _case(rng: np.random.Generator) -> tuple[Character, Scene]:
    character = replace(random_character(rng, held_out=True), hat="none", hat_colour="none", pattern="plain")
    yaw = float(rng.choice((0.0, 180.0)))
    scene = random_scene(
        rng, yaw=yaw, shot="medium", light="soft", motion="standing", offset=(0.0, 0.0), expression="neutral"
    )
    return character, scene


def _generate(pipeline: object, cases: list[tuple[Character, Scene]]) -> list[NDArray[np.uint8]]:
    clips: list[NDArray[np.uint8]] = []
    for start in range(0, len(cases), 4):
        batch = cases[start : start + 4]
        clips += generate_batch(
            pipeline,  # type: ignore[arg-type]
            [GenerateRequest(caption(*case), seed=start + place) for place, case in enumerate(batch)],
        )
    return clips


def _probe(cases: list[tuple[Character, Scene]], clips: list[NDArray[np.uint8]]) -> dict[str, list[bool]]:
    """For each clip: do hair, clothes and place have the prompted colours?"""
    right: dict[str, list[bool]] = {"hair": [], "clothes": [], "place": []}
    for (character, scene), clip in zip(cases, clips, strict=True):
        frame = clip[4]
        for what, field in (("hair", "mane"), ("clothes", "clothes")):
            region = _region(character, scene, field)
            expected = {
                name: _colour(render_image(replace(character, **{field: name}), scene, size=SIZE), region)
                for name in COLOURS
            }
            right[what].append(_nearest(_colour(frame, region), expected) == getattr(character, field))
        right["place"].append(place_of(clip) == scene.place)
    return right


def _region(character: Character, scene: Scene, field: str) -> NDArray[np.bool_]:
    """Pixels that show the trait wherever the character stands: those that change when the trait's colour does."""
    masks = []
    for offset in OFFSETS:
        moved = replace(scene, offset=offset)
        one, other = (
            render_image(replace(character, **{field: name}), moved, size=SIZE).astype(int)
            for name in ("green", "pink")
        )
        masks.append(np.abs(one - other).sum(axis=2) > 60)
    return np.mean(masks, axis=0) > 0.75


def _colour(image: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.median(lab[region], axis=0).astype(np.float32)


def _nearest(colour: NDArray[np.float32], among: dict[str, NDArray[np.float32]]) -> str:
    return min(among, key=lambda name: float(np.linalg.norm(among[name] - colour)))


def _sheet(cases: list[tuple[Character, Scene]], clips: list[NDArray[np.uint8]], path: Path) -> None:
    columns = [
        np.vstack([render_image(*case, size=SIZE), clip[0], clip[4], clip[8]])
        for case, clip in list(zip(cases, clips, strict=True))[:12]
    ]
    sheet = Image.fromarray(np.hstack(columns))
    sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST).save(path)


if __name__ == "__main__":
    main()
