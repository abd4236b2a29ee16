"""What a LoRA does to the model's numbers: the size of its weight change, and its effect on one forward pass.

A clip can look unchanged because the LoRA does nothing or because it does the wrong thing; these figures tell which.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from trainer_core.generation.generate import prompt_tokens, with_lora
from trainer_core.training.examples import Words
from trainer_core.training.inputs import Inputs
from trainer_core.training.model import predict
from trainer_core.training.objective import add_noise, pack

from .prompts import PromptCase
from .scorecard import Measure, Scorecard

SIGMA = 0.5  # halfway between a clip and noise
SEED = 77
_DEFINITION = (
    "||velocity with the LoRA - velocity without|| / ||velocity without|| of one forward pass on fixed random latents "
    f"at sigma {SIGMA}"
)


class Effect(BaseModel):
    """Relative change of the predicted velocity, 0 = none, for the first test prompt with and without the trigger."""

    model_config = ConfigDict(frozen=True)

    with_trigger: float
    without_trigger: float


@torch.inference_mode()
def forward_effect(
    pipeline: Any, with_trigger: str, without_trigger: str, *, shape: tuple[int, int, int], fps: float
) -> Effect:
    """The effect of the LoRA that `pipeline` holds. `shape` is latent frames, height, width. The LoRA stays active.

    Latents are normal noise of variance 1, as the normalised latents of clips have, the same every time.
    """
    found = []
    for prompt in (with_trigger, without_trigger):
        inputs = _inputs(pipeline, prompt, shape, fps)
        changed = predict(pipeline.transformer, inputs).video.float()
        pipeline.disable_lora()
        try:
            plain = predict(pipeline.transformer, inputs).video.float()
        finally:
            pipeline.enable_lora()
        found.append(float((changed - plain).norm() / plain.norm().clamp(min=1e-12)))
    return Effect(with_trigger=found[0], without_trigger=found[1])


def effect_of(
    pipeline: Any, lora: Path, strength: float, cases: Sequence[PromptCase], card: Scorecard
) -> Effect | None:
    """The effect of a LoRA file on the suite's first prompt, and on the same words without the trigger.

    None where the suite has no such pair, or the pass could not be made (memory): one figure must not cost the others.
    """
    first = next((case.prompt for case in cases if case.purpose == "first"), None)
    plain = next((case.prompt for case in cases if case.purpose == "leak"), None)
    if first is None or plain is None:
        return None
    shape = latent_shape(pipeline, frames=card.frames, width=card.width, height=card.height)
    try:
        with with_lora(pipeline, lora, strength):
            return forward_effect(pipeline, first, plain, shape=shape, fps=card.fps)
    except RuntimeError:  # torch's, out of memory among them
        return None


def latent_shape(pipeline: Any, *, frames: int, width: int, height: int) -> tuple[int, int, int]:
    """Latent frames, height and width of a clip."""
    time, space = pipeline.vae_temporal_compression_ratio, pipeline.vae_spatial_compression_ratio
    return (frames - 1) // time + 1, height // space, width // space


def weight_measures(delta_rms: float | None, effect: Effect | None) -> tuple[Measure, ...]:
    """The figures as measures of the scorecard."""
    why = "It was not measured in this run."
    return (
        Measure(
            id="weight_change",
            title="Size of the change in the weights, in thousandths",
            value=None if delta_rms is None else float(f"{1000 * delta_rms:.4g}"),
            unit="thousandths",
            definition="median over the layers of the root mean square of (alpha / rank) B A, times 1000",
            validity=why if delta_rms is None else "Compare it with other LoRAs of the same base model.",
        ),
        _effect("effect", "Effect on one step, with the trigger word", effect.with_trigger if effect else None, why),
        _effect(
            "effect_plain",
            "Effect on one step, without the trigger word",
            effect.without_trigger if effect else None,
            why,
        ),
    )


def _effect(measure_id: str, title: str, value: float | None, why: str) -> Measure:
    return Measure(
        id=measure_id,
        title=title,
        value=None if value is None else float(f"{value:.4g}"),
        unit="share of the model's own output",
        definition=_DEFINITION,
        validity=why if value is None else "An effect says that the LoRA acts, not that it acts well.",
    )


def _inputs(pipeline: Any, prompt: str, shape: tuple[int, int, int], fps: float) -> Inputs:
    transformer = pipeline.transformer
    generator = torch.Generator().manual_seed(SEED)
    latents, noise = (
        pack(torch.randn(1, transformer.config.in_channels, *shape, generator=generator)) for _ in range(2)
    )
    noised = add_noise(latents, torch.tensor([SIGMA]), noise)
    states, mask, _, _ = pipeline.encode_prompt(
        prompt, do_classifier_free_guidance=False, max_sequence_length=prompt_tokens(pipeline)
    )
    video, audio, mask = pipeline.connectors(states, mask)
    inputs = Inputs(noised, Words(video, audio, mask), shape, fps).to(pipeline._execution_device)
    return _as_type(inputs, transformer.dtype)


def _as_type(inputs: Inputs, kind: torch.dtype) -> Inputs:
    def cast(tensor: Tensor) -> Tensor:
        return tensor.to(kind)

    video = inputs.video
    noised = type(video)(cast(video.inputs), video.target, video.sigma, video.timesteps, video.weight)
    words = Words(cast(inputs.words.video), cast(inputs.words.audio), inputs.words.mask)
    return Inputs(noised, words, inputs.shape, inputs.fps)
