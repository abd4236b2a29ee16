"""Class preservation: without the trigger word, the model with the LoRA must say what the model without it says.

The teacher is the same transformer with its LoRA switched off. The idea of keeping the class intact is DreamBooth's
(Ruiz et al. 2023); here no pictures of the class are needed, because the teacher is asked where it would draw them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .captions import CLASS_CAPTIONS, class_captions
from .examples import Encoded, Words
from .inputs import Inputs, stacked
from .model import autocast, predict
from .objective import Noised

WEIGHT = 30.0  # answers that look different differ by little; found by trying 1, 6, 12, 16 and 30 on mini


@dataclass(frozen=True)
class Asked:
    """What both models are asked: noise (batch, tokens, channels), sigma (batch,) and class captions.

    shape: latent frames, height and width.
    """

    noise: Tensor
    sigma: Tensor
    words: Words
    shape: tuple[int, int, int]
    fps: float

    def to(self, device: torch.device) -> "Asked":
        """The same on a device; copies from pinned memory do not wait."""
        noise, sigma = (part.to(device, non_blocking=True) for part in (self.noise, self.sigma))
        return Asked(noise, sigma, self.words.to(device), self.shape, self.fps)


def ask(
    samples: Sequence[Encoded], words: Mapping[str, Words], plan: TrainingPlan, generator: torch.Generator
) -> Asked:
    """What to ask about the samples' class, drawn on the CPU. Of the samples only shapes and captions are used."""
    channels, frames, height, width = samples[0].latents.shape
    noise = torch.randn(len(samples), frames * height * width, channels, generator=generator)
    sigma = 1 - 0.9 * torch.rand(len(samples), generator=generator).square()  # mostly high: there it leaks
    which = torch.randint(CLASS_CAPTIONS, (len(samples),), generator=generator).tolist()
    said = [words[class_captions(sample.caption, plan.trigger)[n]] for n, sample in zip(which, samples, strict=True)]
    return Asked(noise, sigma, stacked(said), (frames, height, width), samples[0].fps or plan.fps)


def preservation_loss(transformer: LTX2VideoTransformer3DModel, asked: Asked, plan: TrainingPlan) -> Tensor:
    """Mean square distance of the two models' velocities for class captions; a scalar with gradient.

    Compared where the teacher's own denoising passes: noise, moved by its first answer to a random sigma. On noised
    training files the teacher would see the subject itself. All of `asked` is on the transformer's device.
    """

    def velocity(tokens: Tensor, at: Tensor) -> Tensor:
        seen = Noised(tokens, tokens, at, 1000 * at.view(-1, 1), None)
        with autocast(plan, tokens.device):
            answer = predict(transformer, Inputs(seen, asked.words, asked.shape, asked.fps))
        return answer.video.float()

    noise, sigma = asked.noise, asked.sigma
    with torch.no_grad():
        transformer.disable_adapters()
        moved = noise + (sigma - 1).view(-1, 1, 1) * velocity(noise, torch.ones_like(sigma))
        taught = velocity(moved, sigma)
        transformer.enable_adapters()
    return WEIGHT * (velocity(moved, sigma) - taught).square().mean()
