"""Calibration on what mini itself makes of never-seen characters: the material that the scorecard judges.

Two materials. "reconstructed": true clips through mini's autoencoder and back - the right character for certain, as
blurred as a perfect LoRA's clips would be. "described": clips that mini makes from a full description - what its best
words reach.
"""

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

from .calibration import FRAMES, Faces, Material, material_of, prototypes
from .embedder import SIDE, embed
from .measures import consistency

CLIPS = 3  # of each character
ACTIONS = ("standing, in a white room, soft light", "walking, on a beach, soft light", "waving, at night, soft light")


def calibrate_reconstructed(faces: Faces) -> tuple[str, Material]:
    """True clips through mini's autoencoder; 0.2 s a clip on one quiet core."""
    pipeline: Any = load_pipeline(BaseModelName.MINI)  # diffusers sets its parts as attributes, unknown to types
    vae = pipeline.vae
    rng = np.random.default_rng(31)
    clips = []
    for character in faces.characters:
        for _ in range(CLIPS):
            clip = render_clip(character, random_scene(rng), size=SIDE, frames=FRAMES)
            pixels = torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
            with torch.inference_mode():
                decoded = vae.decode(vae.encode(pixels).latent_dist.mode(), return_dict=False)[0]
            shown = (decoded[0].permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5
            clips.append(shown.round().byte().numpy())
    return "reconstructed", _material(
        "drawn characters that the embedder never saw, true clips through mini's autoencoder", faces, clips
    )


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
