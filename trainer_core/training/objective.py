"""The objective of LTX-2.3: rectified flow with sigmas from a shifted logit-normal distribution.

x_t = (1 - sigma) x_0 + sigma noise, target = noise - x_0, timestep = 1000 sigma.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

SHIFT_POINTS = ((1024, 0.95), (4096, 2.05))  # (tokens, mu): LTX-2's schedule, a line that is not clamped
UNIFORM_SHARE = 0.1
REFLECT_BELOW = 1e-3
LOWEST, HIGHEST = 0.005, 0.999  # percentiles that are stretched to 0 and 1


def shift_of(tokens: int) -> float:
    """mu of the logit-normal for a number of video tokens."""
    (few, low), (many, high) = SHIFT_POINTS
    return low + (high - low) * (tokens - few) / (many - few)


def draw_sigmas(count: int, tokens: int, generator: torch.Generator) -> Tensor:
    """Sigmas of shape (count,), float32, in (0, 1]: stretched sigmoid(N(mu, 1)), one in ten uniform."""
    mu = shift_of(tokens)
    normal = torch.randn(count, generator=generator) + mu
    quantiles = torch.special.ndtri(torch.tensor([LOWEST, HIGHEST], dtype=torch.float64)).float() + mu
    low, high = torch.sigmoid(quantiles)
    stretched = (torch.sigmoid(normal) - low) / (high - low)
    stretched = torch.where(stretched < REFLECT_BELOW, 2 * REFLECT_BELOW - stretched, stretched).clamp(REFLECT_BELOW, 1)
    uniform = REFLECT_BELOW + (1 - REFLECT_BELOW) * torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < UNIFORM_SHARE, uniform, stretched)


@dataclass(frozen=True)
class Noised:
    """What the model sees and what it must say. All of shape (batch, tokens, channels) but sigma and timesteps."""

    inputs: Tensor
    target: Tensor
    sigma: Tensor  # (batch,)
    timesteps: Tensor  # (batch, 1), or (batch, tokens) where a clean first frame makes tokens differ
    weight: Tensor | None  # (batch, tokens, 1): 0 where a clean token carries no loss; None when all carry it

    def to(self, device: torch.device) -> "Noised":
        """The same on a device; copies from pinned memory do not wait."""
        inputs, target, sigma, timesteps = (
            part.to(device, non_blocking=True) for part in (self.inputs, self.target, self.sigma, self.timesteps)
        )
        weight = None if self.weight is None else self.weight.to(device, non_blocking=True)
        return Noised(inputs, target, sigma, timesteps, weight)


def add_noise(latents: Tensor, sigma: Tensor, noise: Tensor, *, clean: Tensor | None = None) -> Noised:
    """Mix packed latents (batch, tokens, channels) with noise at `sigma` (batch,).

    `clean` (batch, tokens) marks tokens that stay as they are, at timestep 0, without loss (first-frame conditioning).
    """
    level = sigma.to(latents.dtype).view(-1, 1, 1)
    timesteps, weight = 1000 * sigma.view(-1, 1), None
    if clean is not None and bool(clean.any()):
        kept = clean.unsqueeze(-1)
        level = torch.where(kept, torch.zeros_like(level), level)
        timesteps = torch.where(clean, torch.zeros_like(timesteps), timesteps)
        weight = (~kept).to(latents.dtype)
    inputs = (1 - level) * latents + level * noise
    return Noised(inputs, noise - latents, sigma, timesteps, weight)


def flow_loss(predicted: Tensor, noised: Noised) -> Tensor:
    """Mean squared error per sample in float32, shape (batch,), over the tokens that carry loss."""
    error = (predicted.float() - noised.target.float()).pow(2)
    if noised.weight is None:
        return error.mean(dim=(1, 2))
    weight = noised.weight.float()
    return (error * weight).sum(dim=(1, 2)) / (weight.sum(dim=(1, 2)) * error.shape[-1]).clamp(min=1)


def pack(latents: Tensor) -> Tensor:
    """(batch, channels, frames, height, width) -> (batch, frames * height * width, channels)."""
    return latents.flatten(2).transpose(1, 2).contiguous()


def unpack(tokens: Tensor, frames: int, height: int, width: int) -> Tensor:
    """The inverse of `pack`."""
    return tokens.transpose(1, 2).unflatten(2, (frames, height, width)).contiguous()
