"""What training holds in memory: encoded examples and the embeddings of their captions."""

from dataclasses import dataclass

import torch
from torch import Tensor

Bucket = tuple[tuple[int, ...], float, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Encoded:
    """One training example.

    latents: (channels, frames, height, width), normalised by the VAE's statistics. fps: its own frame rate, where it is
    not the plan's. references: clean latents (channels, frames, height, width) of one shape, of which each step shows
    one; empty where there are none. audio: normalised audio latents as tokens (tokens, channels), or None.
    """

    latents: Tensor
    caption: str
    fps: float | None = None
    references: tuple[Tensor, ...] = ()
    audio: Tensor | None = None

    @property
    def bucket(self) -> "Bucket":
        """What all examples of a batch share: shapes and frame rate."""
        return (
            tuple(self.latents.shape),
            self.fps or 0.0,
            tuple(self.references[0].shape) if self.references else (),
            tuple(self.audio.shape) if self.audio is not None else (),
        )


@dataclass(frozen=True)
class Words:
    """Captions after text encoder and connectors: (tokens, width) for video and audio, and the mask (tokens,).

    A batch of them has one more dimension in front; there the mask is None when nothing is padded, so that attention
    may take its fastest way.
    """

    video: Tensor
    audio: Tensor
    mask: Tensor | None

    def to(self, device: torch.device) -> "Words":
        """The same on a device; copies from pinned memory do not wait."""
        video, audio = (part.to(device, non_blocking=True) for part in (self.video, self.audio))
        return Words(video, audio, None if self.mask is None else self.mask.to(device, non_blocking=True))


@dataclass(frozen=True)
class Material:
    """Encoded training and held-out samples, and the embeddings of their captions."""

    training: list[Encoded]
    held_out: list[Encoded]
    words: dict[str, Words]
