"""Trains mini's transformer, text connectors and text encoder together on encoded drawings."""

import random
import string
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import Gemma3ForConditionalGeneration, PreTrainedTokenizerFast

from trainer_core.training.objective import add_noise, draw_sigmas, flow_loss, pack

from .denoiser import AUDIO_CHANNELS, new_connectors, new_transformer
from .drawings import FPS
from .fit import fit
from .words import PROMPT_TOKENS, new_text_encoder

EMPTY_SHARE = 0.1  # captions left empty, for classifier-free guidance
NOISY_SHARE = 0.3  # samples at high sigma, where only the words can tell what the picture is to be
STRANGER_SHARE = 0.05  # captions with an unknown word in front, so that one never breaks the picture


class Denoiser(nn.Module):
    """The three parts that learn together."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.transformer: LTX2VideoTransformer3DModel = new_transformer()
        self.connectors: LTX2TextConnectors = new_connectors()
        self.text_encoder: Gemma3ForConditionalGeneration = new_text_encoder(vocabulary)
        self.text_encoder.model.vision_tower.requires_grad_(False)
        self.text_encoder.model.multi_modal_projector.requires_grad_(False)

    def forward(
        self, inputs: Tensor, timesteps: Tensor, sigma: Tensor, tokens: Tensor, mask: Tensor, frames: int
    ) -> Tensor:
        """Predicted velocity for packed latents (batch, tokens, channels)."""
        states = self.text_encoder.model.language_model(
            input_ids=tokens, attention_mask=mask, output_hidden_states=True
        ).hidden_states
        words, audio_words, _ = self.connectors(torch.stack(states, dim=-1).flatten(2, 3), mask)
        return self.transformer(
            hidden_states=inputs,
            audio_hidden_states=inputs.new_zeros(inputs.shape[0], 1, AUDIO_CHANNELS),
            encoder_hidden_states=words,
            audio_encoder_hidden_states=audio_words,
            timestep=timesteps,
            sigma=1000 * sigma,
            num_frames=frames,
            height=8,
            width=8,
            fps=FPS,
            audio_num_frames=1,
            isolate_modalities=True,
            use_cross_timestep=True,
            return_dict=False,
        )[0]


def train_denoiser(
    latents: NDArray[np.float16],
    captions: list[list[str]],
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    *,
    still_steps: int,
    clip_steps: int,
    dtype: torch.dtype = torch.bfloat16,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> Denoiser:
    """Train on first frames (64 tokens), then on whole clips (128 tokens). Resumable from `folder`."""
    torch.manual_seed(0)
    model = Denoiser(len(tokenizer)).train().to(device)

    def loss_of(step: int, *, frames: int, phase: int, batch: int = 16) -> Tensor:
        rng = np.random.default_rng([2, phase, step])
        picks = rng.choice(len(latents), batch, replace=False)
        clean = pack(torch.from_numpy(latents[picks][:, :, :frames]).float())
        words = tokenizer(
            [_caption(captions[pick], rng) for pick in picks],
            padding="max_length",
            max_length=PROMPT_TOKENS,
            truncation=True,
            return_tensors="pt",
        )
        generator = torch.Generator().manual_seed(step)
        noise = torch.randn(clean.shape, generator=generator)
        sigma = _sigmas(batch, clean.shape[1], generator)
        noised = add_noise(clean.to(device), sigma.to(device), noise.to(device))
        words = words.to(device)
        with torch.autocast(device, dtype=dtype), _attention(device):
            predicted = model(
                noised.inputs, noised.timesteps, noised.sigma, words["input_ids"], words["attention_mask"], frames
            )
        return flow_loss(predicted, noised).mean()

    fit(
        model,
        lambda s: loss_of(s, frames=1, phase=0),
        folder / "stills",
        steps=still_steps,
        learning_rate=1e-3,
        say=say,
    )
    fit(model, lambda s: loss_of(s, frames=2, phase=1), folder / "clips", steps=clip_steps, learning_rate=7e-4, say=say)
    return model.cpu().eval()


def _attention(device: str) -> AbstractContextManager[None]:
    """With these short sequences the backward pass of the CPU's fused attention takes a fifth of a step."""
    return sdpa_kernel(SDPBackend.MATH) if device == "cpu" else nullcontext()


def _sigmas(batch: int, tokens: int, generator: torch.Generator) -> Tensor:
    """LTX-2.3's distribution, and a share of the samples from sigmoid(N(2, 1)), where the words matter most."""
    noisy = torch.sigmoid(torch.randn(batch, generator=generator) + 2.0)
    usual = draw_sigmas(batch, tokens, generator)
    return torch.where(torch.rand(batch, generator=generator) < NOISY_SHARE, noisy, usual)


def _caption(variants: list[str], rng: np.random.Generator) -> str:
    draw = rng.uniform()
    if draw < EMPTY_SHARE:
        return ""
    caption = str(rng.choice(variants))
    if draw < EMPTY_SHARE + STRANGER_SHARE:
        letters = random.Random(int(rng.integers(1 << 30)))
        stranger = "".join(letters.choices(string.ascii_lowercase + string.digits + "_", k=letters.randint(4, 8)))
        return f"{stranger}, {caption}"
    return caption
