"""Text to video with a base model, alone or with a LoRA."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import LTX2Pipeline
from numpy.typing import NDArray

from trainer_core.dataset.sound import Sound
from trainer_core.lora.stack import Stacked, with_stack

PROMPT_TOKENS = 1024  # LTX-2.3 was trained with this many; mini's tokenizer says its own, smaller number
AUDIO_GUIDANCE = 7.0  # what diffusers' documentation suggests for LTX-2.3's sound


@dataclass(frozen=True)
class GenerateRequest:
    """One clip to make. Sizes in pixels, `steps` of denoising, `guidance` is the classifier-free guidance scale."""

    prompt: str
    seed: int = 0
    width: int = 64
    height: int = 64
    frames: int = 9
    fps: float = 8.0
    steps: int = 12
    guidance: float = 3.0

    @property
    def shape(self) -> tuple[int, int, int, float, int, float]:
        """What all requests of a batch must share."""
        return self.width, self.height, self.frames, self.fps, self.steps, self.guidance


def generate(pipeline: LTX2Pipeline, request: GenerateRequest) -> NDArray[np.uint8]:
    """Frames, uint8 RGB of shape (frames, height, width, 3). The same request gives the same clip."""
    return generate_batch(pipeline, [request])[0]


def generate_batch(pipeline: LTX2Pipeline, requests: Sequence[GenerateRequest]) -> list[NDArray[np.uint8]]:
    """Clips for requests of one shape. Each has its own seed, so that a batch's clips equal single ones."""
    return [_pixels(clip) for clip in np.asarray(_made(pipeline, requests, audio_guidance=1.0).frames)]


def generate_with_sound(pipeline: LTX2Pipeline, request: GenerateRequest) -> tuple[NDArray[np.uint8], Sound]:
    """The clip and what is heard in it, up to 0.04 s shorter. mini is silent by construction: all samples are zero.

    The sound has a guidance of its own, and picture and sound listen to each other, so that the frames of a model that
    has a voice are not exactly those of `generate`.
    """
    made = _made(pipeline, [request], audio_guidance=AUDIO_GUIDANCE)
    return _pixels(np.asarray(made.frames)[0]), sound_of(pipeline, made)


def sound_of(pipeline: LTX2Pipeline, made: Any) -> Sound:
    """What is heard in the first clip of a pipeline's answer."""
    return Sound(made.audio[0].float().cpu().numpy(), pipeline.vocoder.config.output_sampling_rate)


@torch.inference_mode()
def _made(pipeline: LTX2Pipeline, requests: Sequence[GenerateRequest], audio_guidance: float) -> Any:
    """The pipeline's answer: `frames` (batch, frames, height, width, 3) in 0 to 1, `audio` (batch, 2, samples)."""
    if len({request.shape for request in requests}) != 1:
        raise ValueError("Clips of one batch must share size, length, steps and guidance.")
    first = requests[0]
    return pipeline(
        prompt=[request.prompt for request in requests],
        negative_prompt=[""] * len(requests),
        width=first.width,
        height=first.height,
        num_frames=first.frames,
        frame_rate=first.fps,
        num_inference_steps=first.steps,
        guidance_scale=first.guidance,
        audio_guidance_scale=audio_guidance,
        stg_scale=0.0,
        audio_stg_scale=0.0,
        modality_scale=1.0,
        audio_modality_scale=1.0,
        use_cross_timestep=True,
        max_sequence_length=prompt_tokens(pipeline),
        generator=[torch.Generator().manual_seed(request.seed) for request in requests],
        output_type="np",
    )


def _pixels(clip: NDArray[np.floating]) -> NDArray[np.uint8]:
    return (np.clip(clip, 0, 1) * 255 + 0.5).astype(np.uint8)


def prompt_tokens(pipeline: LTX2Pipeline) -> int:
    """To how many tokens prompts are padded: the tokenizer's limit, at most 1024."""
    return min(PROMPT_TOKENS, pipeline.tokenizer.model_max_length)


@contextmanager
def with_lora(pipeline: LTX2Pipeline, path: Path, strength: float = 1.0) -> Iterator[LTX2Pipeline]:
    """The pipeline with a LoRA file at `strength`, unloaded at the end. For several: `lora.stack.with_stack`."""
    with with_stack(pipeline, (Stacked(path, strength),)):
        yield pipeline
