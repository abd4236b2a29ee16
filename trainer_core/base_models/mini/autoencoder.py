"""Mini's video autoencoder: LTX-2.3's class with 8x8x8 compression (9 frames of 64x64 become 2x8x8 latents)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLLTX2Video
from numpy.typing import NDArray
from torch import Tensor

from .code import CHANNELS, LinearCode
from .fit import STATE, fit
from .linear_start import LOG_VARIANCE, start_linear

START_CLIPS = 160  # for the linear start
CODE_WEIGHT = 1.0
LATENT_NOISE = 0.4  # at most; so that the decoder forgives what the denoiser leaves


def new_autoencoder() -> AutoencoderKLLTX2Video:
    """An untrained autoencoder; 6.1 M parameters."""
    return AutoencoderKLLTX2Video(
        latent_channels=CHANNELS,
        block_out_channels=(192, 96, 96),
        decoder_block_out_channels=(64, 64, 64),
        down_block_types=("LTX2VideoDownBlock3D",) * 3,
        layers_per_block=(1,) * 4,
        decoder_layers_per_block=(1,) * 4,
        spatio_temporal_scaling=(True,) * 3,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatiotemporal", "temporal", "temporal"),
        upsample_type=("temporal", "temporal", "spatiotemporal"),
        upsample_residual=(False,) * 3,
        upsample_factor=(1,) * 3,
        patch_size=4,
        encoder_causal=True,
        decoder_causal=False,
        spatial_compression_ratio=8,
        temporal_compression_ratio=8,
    )


def to_pixels(clips: NDArray[np.uint8]) -> Tensor:
    """uint8 (batch, frames, height, width, 3) -> float (batch, 3, frames, height, width) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(clips)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def train_autoencoder(
    shards: list[NDArray[np.uint8]],
    code: LinearCode,
    folder: Path,
    *,
    steps: int,
    dtype: torch.dtype = torch.bfloat16,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> AutoencoderKLLTX2Video:
    """From a linear start, train to draw clips again while the latents stay at `code`. Resumable from `folder`.

    Loss: L1 + 4 MSE of the pixels (-1..1), plus the mean square distance of the latents from the code. Because the
    code is known beforehand, the denoiser can learn on its latents before or while this runs.
    """
    torch.manual_seed(0)
    model = new_autoencoder()
    if not (folder / STATE).exists():
        clips = np.concatenate([shard[: max(1, START_CLIPS // len(shards))] for shard in shards])
        start_linear(model, to_pixels(clips), torch.from_numpy(code.encode(clips)))
    model.to(device).train()

    def loss_of(step: int, batch: int = 4) -> Tensor:
        rng = np.random.default_rng([1, step])
        shard = shards[rng.integers(len(shards))]
        clips = shard[np.sort(rng.choice(len(shard), batch, replace=False))]
        pixels, wanted = to_pixels(clips).to(device), torch.from_numpy(code.encode(clips)).to(device)
        with torch.autocast(device, dtype=dtype):
            posterior = model.encode(pixels).latent_dist
            decoded = model.decode(posterior.mean + _latent_noise(posterior.mean, rng)).sample
        error = decoded.float() - pixels
        off_code = (posterior.mean.float() - wanted).square().mean()
        spread = (posterior.logvar.float() - LOG_VARIANCE).square().mean()
        return error.abs().mean() + 4 * error.square().mean() + CODE_WEIGHT * off_code + 1e-3 * spread

    fit(model, loss_of, folder, steps=steps, learning_rate=2e-4, say=say)
    return model.cpu().eval()


def _latent_noise(latents: Tensor, rng: np.random.Generator) -> Tensor:
    """None for half of the clips, a random level for each of the others."""
    levels = rng.uniform(0, LATENT_NOISE, len(latents)) * (rng.uniform(size=len(latents)) < 0.5)
    noise = rng.standard_normal(latents.shape) * levels[:, None, None, None, None]
    return torch.from_numpy(noise.astype(np.float32)).to(latents.device)


@torch.no_grad()
def psnr(model: AutoencoderKLLTX2Video, clips: NDArray[np.uint8]) -> float:
    """Mean over clips of the peak signal-to-noise ratio in dB of encode + decode, for 8-bit pixels."""
    figures = []
    for clip in clips:
        pixels = to_pixels(clip[None])
        decoded = model.decode(model.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
        figures.append(-10 * torch.log10(((decoded - pixels) / 2).pow(2).mean()).item())
    return float(np.mean(figures))
