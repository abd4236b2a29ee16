"""Calibration on what mini itself makes of never-seen characters: the material that the scorecard judges.

Two materials. "reconstructed": true clips through mini's autoencoder and back - the right character for certain, as
blurred as a perfect LoRA's clips would be. "described": clips that mini makes from a full description - what its best
words reach.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.captions import look_of
from trainer_core.base_models.mini.world.render import render_clip
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import load_pipeline
from trainer_core.generation.generate import GenerateRequest, generate_batch
from trainer_core.plan import BaseModelName

from .calibrated import Material
from .calibration import FRAMES, Faces, material_of, prototypes
from .embedder import SIDE, embed
from .measures import consistency

CLIPS = 3  # of each character
ACTIONS = ("standing, in a white room, soft light", "walking, on a beach, soft light", "waving, at night, soft light")


def calibrate_reconstructed(faces: Faces) -> tuple[str, Material]:
    """True clips through mini's autoencoder; 0.2 s a clip on one quiet core."""
    rng = np.random.default_rng(31)
    clips = []
    for character in faces.characters:
        drawn = [render_clip(character, random_scene(rng), size=SIDE, frames=FRAMES) for _ in range(CLIPS)]
        clips += reconstruct(drawn)
    return "reconstructed", _material(
        "drawn characters that the embedder never saw, true clips through mini's autoencoder", faces, clips
    )


def reconstruct(clips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Clips (frames, h, w, 3) of one shape through mini's autoencoder and back."""
    vae = _mini().vae
    pixels = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    with torch.inference_mode():
        decoded = vae.decode(vae.encode(pixels).latent_dist.mode(), return_dict=False)[0]
    shown = (decoded.permute(0, 2, 3, 4, 1).clamp(-1, 1) + 1) * 127.5
    return list(shown.round().byte().numpy())


@lru_cache(maxsize=1)
def _mini() -> Any:  # diffusers sets its parts as attributes, unknown to types
    return load_pipeline(BaseModelName.MINI)


def calibrate_described(faces: Faces) -> tuple[str, Material]:
    """Clips that mini makes from each character's full description; 1 s a clip on one quiet core."""
    pipeline = load_pipeline(BaseModelName.MINI)
    clips: list[NDArray[np.uint8]] = []
    for number, character in enumerate(faces.characters):
        requests = [
            GenerateRequest(prompt=f"{look_of(character)}, {action}", seed=1000 * number + index)
            for index, action in enumerate(ACTIONS)
        ]
        clips += generate_batch(pipeline, requests)
    return "described", _material(
        "drawn characters that the embedder never saw, made by mini from a full description", faces, clips
    )


def _material(words: str, faces: Faces, clips: list[NDArray[np.uint8]]) -> Material:
    vectors = [embed(clip) for clip in clips]
    means = np.stack([each.mean(axis=0) for each in vectors])  # its product with a prototype is measures.identity
    return material_of(
        words,
        means.reshape(len(faces.characters), -1, means.shape[-1]),
        prototypes(faces),
        twin_prototypes=prototypes(faces, twins=True),
        steadiness=np.asarray([consistency(each) for each in vectors], dtype=np.float32),
    )
