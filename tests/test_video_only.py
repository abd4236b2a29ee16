"""Training without the audio branch: the same velocities, gradients and files, and a quarter of the model less."""

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from peft.tuners.lora.layer import Linear
from torch import Tensor

from trainer_core.base_models import registry
from trainer_core.base_models.mini.denoiser import new_transformer
from trainer_core.base_models.registry import load_transformer
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training import positions
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.inputs import Inputs, Reference, stacked
from trainer_core.training.loop import train
from trainer_core.training.lora_layer import AddedLora
from trainer_core.training.model import add_lora, flow_losses, predict
from trainer_core.training.objective import add_noise
from trainer_core.training.positions import Grid, RotaryEmbeddings
from trainer_core.training.video_only import has_audio, is_audio_name, without_audio

CAPTION = "chr_x7kq, a cat"
SHAPE = (2, 3, 4)


def random_model() -> LTX2VideoTransformer3DModel:
    """Mini's shape with random weights everywhere, also in the audio branch and in what the class starts at zero."""
    torch.manual_seed(3)
    transformer = new_transformer()
    for parameter in transformer.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return transformer


def mini() -> LTX2VideoTransformer3DModel:
    return load_transformer(BaseModelName.MINI, with_audio=True)


def plan_of(**changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=8, clips=2)
    short = {"steps": 4, "warmup_steps": 1, "rank": 2, "alpha": 2.0, "batch_size": 2, "class_preservation": 0.5}
    return plan.changed(**short | {"checkpoint_every": 4, "validation_every": 4} | changes)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def inputs_of(transformer: LTX2VideoTransformer3DModel) -> dict[str, Inputs]:
    """Every kind of forward pass without sound: per-sample and per-token timesteps, references, padded words."""
    config, tokens = transformer.config, SHAPE[0] * SHAPE[1] * SHAPE[2]
    latents, sigma = noise(2, tokens, config.in_channels), torch.tensor([0.3, 0.8])
    video, audio = noise(2, 6, config.cross_attention_dim), noise(2, 6, config.audio_cross_attention_dim)
    words = Words(video, audio, torch.ones(2, 6, dtype=torch.long))
    first = torch.zeros(2, tokens, dtype=torch.bool)
    first[0, : SHAPE[1] * SHAPE[2]] = True
    plain = Inputs(add_noise(latents, sigma, noise(*latents.shape, seed=2)), words, SHAPE, 8.0)
    padded = replace(words, mask=torch.tensor([[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]))
    return {
        "per sample": plain,
        "per token": replace(plain, video=add_noise(latents, sigma, noise(*latents.shape, seed=2), clean=first)),
        "reference": replace(plain, reference=Reference(noise(2, 12, config.in_channels), (1, 3, 4))),
        "smaller reference": replace(plain, reference=Reference(noise(2, 4, config.in_channels), (1, 2, 2), 2)),
        "padded words": replace(plain, words=padded),
    }


@pytest.mark.parametrize("model", [mini, random_model])
@pytest.mark.parametrize("low", [False, True])
def test_velocities_are_the_same_bits_as_with_the_audio_branch(
    model: Callable[[], LTX2VideoTransformer3DModel], low: bool
) -> None:
    whole, part = model(), without_audio(model())
    assert has_audio(whole)
    assert not has_audio(part)
    assert not any(is_audio_name(name) for name, _ in part.named_parameters())
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16) if low else nullcontext():
        for kind, inputs in inputs_of(whole).items():
            assert torch.equal(predict(whole, inputs).video, predict(part, inputs).video), kind
            assert torch.equal(predict(whole, inputs).video, predict(part, inputs).video), f"{kind}, again"


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_lora_gradients_are_the_same_bits_as_with_the_audio_branch(low: bool, checkpointing: bool) -> None:
    def gradients(transformer: LTX2VideoTransformer3DModel) -> Mapping[str, Tensor]:
        parameters = add_lora(transformer, plan_of())
        torch.manual_seed(5)
        for name, parameter in parameters.items():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
        if checkpointing:
            transformer.enable_gradient_checkpointing()
        transformer.train()
        for inputs in inputs_of(transformer).values():
            with torch.autocast("cpu", torch.bfloat16) if low else nullcontext():
                predicted = predict(transformer, inputs)
            flow_losses(predicted, inputs).mean().backward()
        return {name: parameter.grad for name, parameter in parameters.items() if parameter.grad is not None}

    whole, part = gradients(random_model()), gradients(without_audio(random_model()))
    assert list(whole) == list(part)
    assert all(value.any() for value in whole.values())
    assert all(torch.equal(value, part[name]) for name, value in whole.items())


class _Silent:
    """A listener that wants nothing."""

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None: ...
    def validation(self, step: int, loss: float) -> None: ...
    def checkpoint(self, state: TrainingState) -> None: ...
    def should_stop(self) -> bool:
        return False


def test_a_run_ends_with_the_same_weights_with_and_without_the_audio_branch() -> None:
    """Stills, clips with a clean first frame, validation and class preservation (which switches the LoRA off)."""

    def run(transformer: LTX2VideoTransformer3DModel) -> TrainingState:
        config = transformer.config
        samples = [Encoded(noise(config.in_channels, frames, 2, 2), CAPTION) for frames in (1, 1, 2, 2)]
        words = Words(noise(4, config.cross_attention_dim), noise(4, config.audio_cross_attention_dim), torch.ones(4))
        said = dict.fromkeys((CAPTION, "chr_x7kq", "a cat", ""), words)
        plan = plan_of(first_frame_probability=0.5)
        return train(transformer, Material(samples, samples[:1], said), plan, None, _Silent())

    whole, part = run(random_model()), run(without_audio(random_model()))
    assert whole.losses == part.losses
    assert whole.validation == part.validation
    assert list(whole.weights) == list(part.weights)
    assert all(torch.equal(value, part.weights[name]) for name, value in whole.weights.items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("low", [False, True])
def test_the_lean_lora_layer_says_what_peft_s_own_says(dtype: torch.dtype, low: bool) -> None:
    """Up to rounding, of which there is less in bfloat16."""
    part = without_audio(random_model()).to(dtype)
    parameters = add_lora(part, plan_of(alpha=5.0))
    for parameter in parameters.values():
        torch.nn.init.normal_(parameter, std=0.3)
    layer = part.transformer_blocks[0].attn1.to_q
    assert type(layer) is AddedLora
    hidden = noise(2, 7, layer.in_features).to(dtype)

    def answer() -> tuple[Tensor, Tensor]:
        part.zero_grad()
        with torch.autocast("cpu", torch.bfloat16) if low else nullcontext():
            found = layer(hidden)
        found.float().square().sum().backward()
        return found.detach(), layer.lora_A["default"].weight.grad.clone()

    (ours, our_gradient), without = answer(), layer.base_layer(hidden)
    layer.__class__ = Linear
    theirs, their_gradient = answer()
    layer.__class__ = AddedLora
    layer.enable_adapters(False)
    assert torch.equal(layer(hidden), without)
    near = 1e-6 if dtype is torch.float32 and not low else 0.02
    assert float((ours.float() - theirs.float()).norm() / theirs.float().norm()) <= near
    assert float((our_gradient - their_gradient).norm() / their_gradient.norm()) <= near


def test_rope_caches_are_limited_by_bytes_because_a_long_clip_takes_half_a_gigabyte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rope, kept = random_model().rope, RotaryEmbeddings()
    layouts = [(Grid((frames, 3, 4), 8.0),) for frames in (1, 2, 3)]
    first = kept.of(rope, layouts[0], torch.device("cpu"))[0]
    one = kept.held_bytes
    monkeypatch.setattr(positions, "KEPT_BYTES", 3 * one)
    assert kept.of(rope, layouts[0], torch.device("cpu"))[0] is first
    for layout in layouts[1:]:
        kept.of(rope, layout, torch.device("cpu"))
    assert kept.held_bytes == 3 * one  # the longest one alone; the two before it have gone
    assert torch.equal(kept.of(rope, layouts[0], torch.device("cpu"))[0], first)


def test_with_sound_places_are_made_once_for_each_layout_because_making_them_waits_for_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transformer = random_model()
    transformer.transformer_blocks = transformer.transformer_blocks[:1]
    made: list[int] = []
    make = transformer.rope.prepare_video_coords

    def counted(*arguments: Any, **named: Any) -> Tensor:
        made.append(1)
        return make(*arguments, **named)

    monkeypatch.setattr(transformer.rope, "prepare_video_coords", counted)
    inputs = inputs_of(transformer)["reference"]
    with torch.no_grad():
        for _ in range(3):
            predict(transformer, inputs)
    assert len(made) == 2  # the video's grid and the reference's


def test_there_is_a_mask_only_where_words_are_padded() -> None:
    """Without one attention may take its fastest way; a mask of ones says the same."""
    part = without_audio(random_model())
    inputs = inputs_of(part)["per sample"]
    one = Words(inputs.words.video[0], inputs.words.audio[0], torch.ones(6, dtype=torch.long))
    padded = replace(one, mask=torch.tensor([0, 1, 1, 1, 1, 1]))
    assert stacked([one, one]).mask is None
    found = stacked([one, padded]).mask
    assert found is not None
    assert found.tolist() == [[1] * 6, [0] + [1] * 5]
    with torch.no_grad():
        masked = predict(part, inputs).video
        assert torch.allclose(masked, predict(part, replace(inputs, words=replace(inputs.words, mask=None))).video)


def test_sound_with_a_model_without_audio_branch_is_refused() -> None:
    part = without_audio(random_model())
    inputs = inputs_of(part)["per sample"]
    sound = add_noise(noise(2, 5, 8), torch.tensor([0.3, 0.8]), noise(2, 5, 8))
    with pytest.raises(ValueError, match="audio branch was left out"):
        predict(part, replace(inputs, audio=sound))


def test_another_architecture_is_refused() -> None:
    other = LTX2VideoTransformer3DModel(num_layers=1, num_attention_heads=2, attention_head_dim=12)
    with pytest.raises(ValueError, match="not built like"):
        without_audio(other)


def test_of_the_22b_model_5_9_of_19_0_billion_parameters_are_left_out() -> None:
    config = json.loads((Path(registry.__file__).parent / "ltx23" / "configs" / "transformer.json").read_text())
    with torch.device("meta"):
        whole = LTX2VideoTransformer3DModel.from_config(config)
    names = {name: parameter.numel() for name, parameter in whole.named_parameters()}
    part = without_audio(whole)
    left = {name: parameter.numel() for name, parameter in part.named_parameters()}
    assert set(names) - set(left) == {name for name in names if is_audio_name(name)}
    assert round(sum(names.values()) / 1e9, 1) == 19.0
    assert round((sum(names.values()) - sum(left.values())) / 1e9, 1) == 5.9
