"""Class preservation: without the trigger word, the model with the LoRA must say what the model without it says.

The teacher is the same transformer with its LoRA switched off. The idea of keeping the class intact is DreamBooth's
(Ruiz et al. 2023); here no pictures of the class are needed, because the teacher is asked where it would draw them.
"""

import math

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .captions import class_captions
from .examples import Encoded, Words
from .inputs import Inputs, stacked
from .model import autocast, predict
from .objective import Noised

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
    said_there = stacked(said).to(device)
    fps = samples[0].fps or plan.fps

    def velocity(tokens: Tensor, at: Tensor) -> Tensor:
        seen = Noised(tokens, tokens, at, 1000 * at.view(-1, 1), None)
        with autocast(plan, device):
            answer = predict(transformer, Inputs(seen, said_there, (shape[0], shape[1], shape[2]), fps))
        return answer.video.float()

    with torch.no_grad():
        transformer.disable_adapters()
        moved = noise + (sigma - 1).view(-1, 1, 1) * velocity(noise, torch.ones_like(sigma))
        taught = velocity(moved, sigma)
        transformer.enable_adapters()
    return WEIGHT * (velocity(moved, sigma) - taught).square().mean()
