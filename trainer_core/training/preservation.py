"""Class preservation: without the trigger word, the model with the LoRA must say what the model without it says.

The teacher is the same transformer with its LoRA switched off. The idea of keeping the class intact is DreamBooth's
(Ruiz et al. 2023); here no pictures of the class are needed, because the teacher is asked where it would draw them.
"""

import math

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .encode import Encoded, Words, class_captions
from .model import autocast, predict

WEIGHT = 30.0  # answers that look different differ by little; found by trying 1, 6, 12, 16 and 30 on mini


def preservation_loss(
    transformer: LTX2VideoTransformer3DModel,
    samples: list[Encoded],
    words: dict[str, Words],
    plan: TrainingPlan,
    generator: torch.Generator,
) -> Tensor:
    """Mean square distance of the two models' velocities for the samples' class captions; a scalar with gradient.

    Compared where the teacher's own denoising passes: noise, moved by its first answer to a random sigma. On noised
    training files the teacher would see the subject itself. Of the samples only shapes and captions are used.
    """
    device = next(transformer.parameters()).device
    channels, *shape = samples[0].latents.shape
    noise = torch.randn(len(samples), math.prod(shape), channels, generator=generator).to(device)
    sigma = (1 - 0.9 * torch.rand(len(samples), generator=generator).square()).to(device)  # mostly high: there it leaks
    which = torch.randint(4, (len(samples),), generator=generator)
    said = [words[class_captions(sample.caption, plan.trigger)[n]] for n, sample in zip(which, samples, strict=True)]

    def velocity(inputs: Tensor, at: Tensor) -> Tensor:
        with autocast(plan, device):
            answer = predict(
                transformer, inputs, at, 1000 * at.view(-1, 1), said, (shape[0], shape[1], shape[2]), plan.fps
            )
        return answer.float()

    with torch.no_grad():
        transformer.disable_adapters()
        moved = noise + (sigma - 1).view(-1, 1, 1) * velocity(noise, torch.ones_like(sigma))
        taught = velocity(moved, sigma)
        transformer.enable_adapters()
    return WEIGHT * (velocity(moved, sigma) - taught).square().mean()
