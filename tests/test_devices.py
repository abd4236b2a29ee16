"""On a GPU all of a step must be there. Here the meta device stands for it: what stays on the host is refused.

FakeTensorMode looks at the devices of every operation, as CUDA would, and computes nothing.
"""

import weakref
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline, LTX2VideoTransformer3DModel
from PIL import Image
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.test_official_defects import CAPTION, material, plan_of, small_model
from trainer_core.base_models.registry import Part, load_part
from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.manifest import add_files
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training import preservation
from trainer_core.training.averaging import averaged, limit_norms, start_average, update_average
from trainer_core.training.batches import Batches
from trainer_core.training.captions import class_captions
from trainer_core.training.encode import Encoder
from trainer_core.training.examples import Encoded, Material
from trainer_core.training.model import add_lora, flow_losses, predict
from trainer_core.training.offload import enable_checkpointing
from trainer_core.training.prefetch import Batch, batch_of
from trainer_core.training.preservation import preservation_loss
from trainer_core.training.video_only import without_audio

GPU = torch.device("meta")
PICTURE = np.arange(64 * 64, dtype=np.uint32).reshape(64, 64, 1).repeat(3, axis=2).astype(np.uint8)
T = TypeVar("T")


def faked(value: T, mode: FakeTensorMode) -> T:
    """The same with all tensors, also those inside of dataclasses, as the mode knows them; on the host."""
    if isinstance(value, Tensor):
        return mode.from_tensor(value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        parts: dict[str, Any] = {part.name: faked(getattr(value, part.name), mode) for part in fields(value)}
        return replace(value, **parts)  # type: ignore[return-value]
    return value


def a_batch(plan: TrainingPlan, transformer: LTX2VideoTransformer3DModel) -> Batch:
    """Clips with a clean first frame, a reference and, where the plan has it, sound; class captions beside them."""
    given, config = material(transformer, frames=(2, 2)), transformer.config
    sound = torch.randn(6, config.audio_in_channels) if plan.with_audio else None
    shown = (torch.randn(config.in_channels, 1, 2, 2),)
    samples = [replace(example, references=shown, audio=sound) for example in given.training]
    words = given.words | dict.fromkeys(class_captions(CAPTION, plan.trigger), given.words[CAPTION])
    seen = Material(samples, [], words)
    batch = batch_of(seen, Batches(seen.training, plan.batch_size, plan.seed), plan, 0)
    assert batch.inputs.video.weight is not None
    return batch


def move(transformer: nn.Module) -> dict[str, nn.Parameter]:
    """Every parameter to the device; those that are trained."""
    for module in transformer.modules():
        for name, value in module._parameters.items():
            if value is not None:
                there = torch.empty(value.shape, dtype=value.dtype, device=GPU)
                module._parameters[name] = nn.Parameter(there, requires_grad=value.requires_grad)
    return {name: value for name, value in transformer.named_parameters() if value.requires_grad}


@pytest.fixture
def no_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meta device has none."""
    monkeypatch.setattr(preservation, "autocast", lambda _plan, _device: nullcontext())


@pytest.mark.usefixtures("no_autocast")
@pytest.mark.parametrize(("sound", "checkpointing"), [(False, True), (True, False)])
def test_nothing_of_a_step_is_left_on_the_host(sound: bool, checkpointing: bool) -> None:
    plan = plan_of(with_audio=sound, class_preservation=0.5, first_frame_probability=1.0)
    transformer = small_model() if sound else without_audio(small_model())
    transformer.transformer_blocks = transformer.transformer_blocks[:1]
    add_lora(transformer, plan)
    if checkpointing:
        enable_checkpointing(transformer)
    batch = a_batch(plan, transformer)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        parameters = move(transformer)
        here = faked(batch, mode).to(GPU)
        assert here.asked is not None
        losses = flow_losses(predict(transformer, here.inputs), here.inputs)
        losses.mean().backward()
        preservation_loss(transformer, here.asked, plan).backward()
        assert losses.device.type == GPU.type
        assert all(p.grad is not None and p.grad.device.type == GPU.type for p in parameters.values())
        average = start_average(parameters, {})
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        limit_norms(parameters, 1.0, 1.0)
        update_average(average, parameters, 0.9, 1)
        with averaged(parameters, average):
            assert {p.device.type for p in parameters.values()} == {GPU.type}
        stored = {name: torch.empty(p.shape) for name, p in parameters.items()}
        assert {value.device.type for value in start_average(parameters, stored).values()} == {GPU.type}


def test_of_two_parts_of_the_base_the_first_is_gone_before_the_next_is_loaded(tmp_path: Path) -> None:
    """The one before was held by a local name while the next, the text encoder of 24 GB, was loaded."""
    known: list[weakref.ref[nn.Module]] = []

    def load(part: Part) -> LTX2Pipeline:
        assert all(module() is None for module in known)
        pipeline = load_part(BaseModelName.MINI, part)
        known.extend(weakref.ref(value) for value in pipeline.components.values() if isinstance(value, nn.Module))
        return pipeline

    encoder = Encoder(load, "test", tmp_path / "cache")
    encode_a_picture(encoder, tmp_path)
    encoder.words(CAPTION)
    assert len(known) == 3  # the video autoencoder; text encoder and connectors
    encoder.release()
    assert all(module() is None for module in known)


def test_pictures_are_not_rounded_before_an_autoencoder_in_bfloat16_sees_them(tmp_path: Path) -> None:
    """Dividing in bfloat16 first and then taking 1 away moved greys by up to half of one of 256 levels."""
    pipeline = load_part(BaseModelName.MINI, Part.VIDEO)
    pipeline.vae.to(torch.bfloat16)
    seen: list[Tensor] = []
    pipeline.vae.encoder.register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    found = encode_a_picture(Encoder(lambda _part: pipeline, "test", tmp_path / "cache"), tmp_path)
    exact = (torch.from_numpy(PICTURE).permute(2, 0, 1).double() / 127.5 - 1).to(torch.bfloat16)
    assert torch.equal(seen[0][0, :, 0], exact)
    assert found.latents.dtype == torch.float32


def encode_a_picture(encoder: Encoder, folder: Path) -> Encoded:
    """A picture of all greys through the encoder's public door."""
    Image.fromarray(PICTURE).save(folder / "grey.png")
    manifest = add_files(folder / "set", [folder / "grey.png"])
    plan = plan_of(frames=1)
    (sample,), _notes = samples_of(manifest, plan)
    return encoder.sample(folder / "set", manifest.items[0], sample, plan)


@pytest.mark.parametrize("left", ["words", "reference"])
def test_what_watches_for_the_host_sees_it(left: str) -> None:
    plan = plan_of(first_frame_probability=1.0)
    transformer = without_audio(small_model())
    transformer.transformer_blocks = transformer.transformer_blocks[:1]
    add_lora(transformer, plan)
    batch = a_batch(plan, transformer)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        move(transformer)
        host = faked(batch, mode).inputs
        mixed = replace(host.to(GPU), **{left: getattr(host, left)})
        with pytest.raises(RuntimeError, match="device"):
            predict(transformer, mixed)


def test_a_precision_that_the_base_has_no_weights_for_is_refused_in_the_plan() -> None:
    """In the first step it ended as 'mat1 and mat2 must have the same dtype'."""
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.LTX23, "chr_x7kq", "0" * 64, images=8, clips=8)
    with pytest.raises(ValueError, match="its weights are bfloat16"):
        plan.changed(precision="fp32")
    assert plan.changed(precision="bf16").precision == "bf16"
    assert plan_of(precision="fp32").precision == "fp32"
