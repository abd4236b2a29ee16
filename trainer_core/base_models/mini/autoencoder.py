"""Mini's video autoencoder: LTX-2.3's class with 8x8x8 compression (9 frames of 64x64 become 2x8x8 latents)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLLTX2Video
from numpy.typing import NDArray
from torch import Tensor

from .fit import fit

LATENT_CHANNELS = 48


def new_autoencoder() -> AutoencoderKLLTX2Video:
    """An untrained autoencoder; 3.3 M parameters."""
    channels = (64, 64, 64)
    return AutoencoderKLLTX2Video(
        latent_channels=LATENT_CHANNELS,
        block_out_channels=channels,
        decoder_block_out_channels=channels,
        down_block_types=("LTX2VideoDownBlock3D",) * 3,
        layers_per_block=(1,) * 4,
        decoder_layers_per_block=(1,) * 4,
        spatio_temporal_scaling=(True,) * 3,
        decoder_spatio_temporal_scaling=(True,) * 3,
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatiotemporal", "temporal", "temporal"),
        upsample_type=("temporal", "temporal", "spatiotemporal"),
        upsample_residual=(False,) * 3,
        upsample_factor=(1, 1, 2),
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
    folder: Path,
    *,
    still_steps: int,
    clip_steps: int,
    dtype: torch.dtype = torch.bfloat16,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> AutoencoderKLLTX2Video:
    """Train on single frames first, then on whole clips (loss: L1 + MSE + 1e-6 KL). Resumable from `folder`."""
    torch.manual_seed(0)
    model = new_autoencoder().to(device).train()

    def loss_of(step: int, *, frames: int, batch: int, phase: int) -> Tensor:
        rng = np.random.default_rng([1, phase, step])
        shard = shards[rng.integers(len(shards))]
        picks = np.sort(rng.choice(len(shard), batch, replace=False))
        clips = shard[picks]
        if frames == 1:
            moment = rng.integers(clips.shape[1])
            clips = clips[:, moment : moment + 1]
        pixels = to_pixels(clips).to(device)
        torch.manual_seed(step)
        with torch.autocast(device, dtype=dtype):
            posterior = model.encode(pixels).latent_dist
            decoded = model.decode(posterior.sample()).sample
        error = decoded.float() - pixels
        return error.abs().mean() + (error**2).mean() + 1e-6 * posterior.kl().mean()

    fit(
        model,
        lambda s: loss_of(s, frames=1, batch=16, phase=0),
        folder / "stills",
        steps=still_steps,
        learning_rate=1e-3,
        say=say,
    )
    fit(
        model,
        lambda s: loss_of(s, frames=9, batch=4, phase=1),
        folder / "clips",
        steps=clip_steps,
        learning_rate=1e-3,
        say=say,
    )
    return model.eval()


def polish_decoder(
    model: AutoencoderKLLTX2Video,
    latents: NDArray[np.float16],
    shards: list[NDArray[np.uint8]],
    folder: Path,
    *,
    steps: int,
    dtype: torch.dtype = torch.bfloat16,
    say: Callable[[str], None] = print,
) -> AutoencoderKLLTX2Video:
    """Train only the decoder, on finished latents (clips, channels, 2, 8, 8), normalised. The latents stay as they are.

    It can go on while or after the denoiser learns. Resumable from `folder`.
    """
    mean, std = (value.view(1, -1, 1, 1, 1) for value in (model.latents_mean, model.latents_std))
    model.requires_grad_(False)
    model.decoder.requires_grad_(True)
    per_shard = len(shards[0])

    def loss_of(step: int) -> Tensor:
        rng = np.random.default_rng([3, step])
        picks = np.sort(rng.choice(per_shard, 4, replace=False))
        shard = int(rng.integers(len(shards)))
        pixels = to_pixels(shards[shard][picks])
        given = torch.from_numpy(latents[shard * per_shard + picks].astype(np.float32)) * std + mean
        with torch.autocast("cpu", dtype=dtype):
            decoded = model.decode(given).sample
        error = decoded.float() - pixels
        return error.abs().mean() + 2 * (error**2).mean()

    fit(model, loss_of, folder, steps=steps, learning_rate=1e-3, say=say)
    return model.requires_grad_(True).eval()


@torch.no_grad()
def measure_latents(model: AutoencoderKLLTX2Video, clips: NDArray[np.uint8]) -> None:
    """Store each latent channel's mean and standard deviation in the model, as LTX-2.3's own files do."""
    latents = torch.cat([model.encode(to_pixels(part)).latent_dist.mode() for part in np.array_split(clips, 16)])
    model.latents_mean.copy_(latents.mean(dim=(0, 2, 3, 4)))
    model.latents_std.copy_(latents.std(dim=(0, 2, 3, 4)))


@torch.no_grad()
def psnr(model: AutoencoderKLLTX2Video, clips: NDArray[np.uint8]) -> float:
    """Mean over clips of the peak signal-to-noise ratio in dB of encode + decode, for 8-bit pixels."""
    figures = []
    for clip in clips:
        pixels = to_pixels(clip[None])
        decoded = model.decode(model.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
        figures.append(-10 * torch.log10(((decoded - pixels) / 2).pow(2).mean()).item())
    return float(np.mean(figures))
