"""From examples to what the model sees in one forward pass. All random choices are made here, on the CPU.

The same examples, plan and generator give the same inputs on every machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .examples import Encoded, Words
from .objective import Noised, add_noise, draw_sigmas, pack


@dataclass(frozen=True)
class Reference:
    """Clean tokens that are shown beside the noised ones (in-context training): (batch, tokens, channels).

    shape: latent frames, height and width. Positions are multiplied by `scale` where the reference is smaller.
    """

    tokens: Tensor
    shape: tuple[int, int, int]
    scale: int = 1

    def to(self, device: torch.device) -> "Reference":
        """The same on a device; copies from pinned memory do not wait."""
        return Reference(self.tokens.to(device, non_blocking=True), self.shape, self.scale)


@dataclass(frozen=True)
class Inputs:
    """One forward pass. shape: latent frames, height and width of the video; audio is None without sound."""

    video: Noised
    words: Words
    shape: tuple[int, int, int]
    fps: float
    reference: Reference | None = None
    audio: Noised | None = None

    def to(self, device: torch.device) -> "Inputs":
        """The same on a device; copies from pinned memory do not wait."""
        return Inputs(
            self.video.to(device),
            self.words.to(device),
            self.shape,
            self.fps,
            self.reference.to(device) if self.reference else None,
            self.audio.to(device) if self.audio else None,
        )


def prepare(
    samples: Sequence[Encoded], words: Mapping[str, Words], plan: TrainingPlan, generator: torch.Generator
) -> Inputs:
    """The inputs of one batch of training examples, which share shapes and frame rate."""
    latents = torch.stack([sample.latents for sample in samples])
    frames, height, width = latents.shape[2:]
    clean = pack(latents)
    sigma = draw_sigmas(len(samples), clean.shape[1], generator)
    noise = torch.randn(clean.shape, generator=generator)
    kept = _kept_first_frame(len(samples), frames, height * width, plan, generator)
    drop = torch.rand(len(samples), generator=generator) < plan.caption_dropout
    said = [words[plan.trigger if dropped else sample.caption] for dropped, sample in zip(drop, samples, strict=True)]
    return Inputs(
        video=add_noise(clean, sigma, noise, clean=kept),
        words=stacked(said),
        shape=(frames, height, width),
        fps=samples[0].fps or plan.fps,
        reference=_reference(samples, plan, generator),
        audio=_audio(samples, clean.shape[1], generator),
    )


def prepare_fixed(
    sample: Encoded, words: Mapping[str, Words], plan: TrainingPlan, sigma: float, generator: torch.Generator
) -> Inputs:
    """One example at a given sigma, with its own caption and its first reference: for the validation loss."""
    clean, level = pack(sample.latents[None]), torch.tensor([sigma])
    frames, height, width = sample.latents.shape[1:]
    noise = torch.randn(clean.shape, generator=generator)
    sound = None
    if sample.audio is not None:
        sound = add_noise(sample.audio[None], level, torch.randn(sample.audio[None].shape, generator=generator))
    return Inputs(
        video=add_noise(clean, level, noise),
        words=stacked([words[sample.caption]]),
        shape=(frames, height, width),
        fps=sample.fps or plan.fps,
        reference=packed_reference([sample.references[0]], plan) if sample.references else None,
        audio=sound,
    )


def stacked(words: Sequence[Words]) -> Words:
    """A batch of captions. LTX-2.3's connectors put registers where padding was, so that there is seldom a mask."""
    masks = [torch.ones(len(entry.video)) if entry.mask is None else entry.mask for entry in words]
    return Words(
        torch.stack([entry.video for entry in words]),
        torch.stack([entry.audio for entry in words]),
        None if all(bool(mask.all()) for mask in masks) else torch.stack(masks),
    )


def _kept_first_frame(
    batch: int, frames: int, per_frame: int, plan: TrainingPlan, generator: torch.Generator
) -> Tensor | None:
    """Marks (batch, tokens) of first frames that stay clean, with the plan's probability; None where there are none."""
    if frames == 1 or plan.first_frame_probability == 0:
        return None
    chosen = torch.rand(batch, generator=generator) < plan.first_frame_probability
    if not chosen.any():
        return None
    kept = torch.zeros(batch, frames, per_frame, dtype=torch.bool)
    kept[chosen, 0] = True
    return kept.flatten(1)


def _reference(samples: Sequence[Encoded], plan: TrainingPlan, generator: torch.Generator) -> Reference | None:
    """One of each example's references, by chance; None where there are none."""
    if not samples[0].references:
        return None
    places = [int(torch.randint(len(sample.references), (1,), generator=generator)) for sample in samples]
    chosen = [sample.references[place] for sample, place in zip(samples, places, strict=True)]
    return packed_reference(chosen, plan)


def packed_reference(chosen: Sequence[Tensor], plan: TrainingPlan) -> Reference:
    frames, height, width = chosen[0].shape[1:]
    return Reference(pack(torch.stack(list(chosen))), (frames, height, width), plan.reference_downscale)


def _audio(samples: Sequence[Encoded], video_tokens: int, generator: torch.Generator) -> Noised | None:
    """Noised sound with a sigma of its own, drawn from the video's distribution; None without sound."""
    if samples[0].audio is None:
        return None
    clean = torch.stack([sample.audio for sample in samples if sample.audio is not None])
    sigma = draw_sigmas(len(samples), video_tokens, generator)
    return add_noise(clean, sigma, torch.randn(clean.shape, generator=generator))
