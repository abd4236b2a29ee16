"""Drawn training material for mini: clips of random characters with true captions, kept as shards on disk."""

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .world.captions import varied_caption
from .world.character import random_character
from .world.render import render_clip
from .world.scene import random_scene

SIZE = 64
FRAMES = 9
FPS = 8.0
SHARD = 500  # clips a file


def draw_shard(folder: Path, index: int, *, clips: int = SHARD) -> Path:
    """Draw one shard (uint8, (clips, 9, 64, 64, 3)) and its captions; a shard that exists is kept."""
    name = f"seen-{index:04d}"
    clips_path, captions_path = folder / f"{name}.npy", folder / f"{name}.json"
    if captions_path.exists():
        return clips_path
    rng = np.random.default_rng([index, 0])
    drawn, captions = [], []
    for _ in range(clips):
        character = random_character(rng, held_out=False)
        scene = random_scene(rng)
        drawn.append(render_clip(character, scene, size=SIZE, frames=FRAMES, fps=FPS))
        captions.append([varied_caption(character, scene, rng) for _ in range(4)])
    np.save(clips_path, np.stack(drawn))
    captions_path.write_text(json.dumps(captions))  # written last: its presence says that the shard is whole
    return clips_path


def draw_shards(folder: Path, count: int, *, clips: int = SHARD, workers: int = 1) -> list[Path]:
    """Draw `count` shards of characters that are not held out, in parallel. Returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(draw_shard, folder, index, clips=clips) for index in range(count)]
        return [job.result() for job in jobs]


def read_captions(shards: list[Path]) -> list[list[str]]:
    """Four captions for each clip, in the order of the shards."""
    return [captions for shard in shards for captions in json.loads(shard.with_suffix(".json").read_text())]


def open_clips(shards: list[Path]) -> list[NDArray[np.uint8]]:
    """The shards, memory mapped."""
    return [np.load(shard, mmap_mode="r") for shard in shards]
