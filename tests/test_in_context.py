"""In-context generation, and that training shows the model what the pipeline shows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline, LTX2VideoTransformer3DModel
from safetensors.torch import save_file
from torch import Tensor

from trainer_core.base_models.registry import load_pipeline
from trainer_core.generation.generate import GenerateRequest, generate
from trainer_core.generation.in_context import generate_from_image, generate_in_context, generate_with_reference
from trainer_core.lora.export import export_lora
from trainer_core.lora.inspect import verify
from trainer_core.lora.reference_use import ReferenceUse, reference_use, reference_use_of
from trainer_core.plan import BaseModelName, ReferenceKind, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.encode import Encoder
from trainer_core.training.examples import Encoded
from trainer_core.training.inputs import prepare_fixed
from trainer_core.training.model import add_lora, lora_state, predict

CAPTION = "fx_x7kq, a cat"


def plan_of(**changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName.EFFECT], BaseModelName.MINI, "fx_x7kq", "0" * 64, images=0, clips=12)
    short = {"steps": 6, "warmup_steps": 1, "rank": 2, "alpha": 2.0, "batch_size": 2, "class_preservation": 0.0}
    return plan.changed(**short | changes)


@pytest.fixture(scope="module")
def pipeline() -> LTX2Pipeline:
    return load_pipeline(BaseModelName.MINI)


def noise(frames: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 255, (frames, side, side, 3), dtype=np.uint8)


@contextmanager
def watched(transformer: LTX2VideoTransformer3DModel) -> Iterator[dict[str, Tensor]]:
    """What reaches the model's first layers: tokens, coordinates and timesteps of the first forward pass."""
    seen: dict[str, Tensor] = {}
    first_layers = {
        "tokens": transformer.proj_in,
        "coordinates": transformer.rope,
        "timesteps": transformer.time_embed,
    }
    hooks = [
        layer.register_forward_pre_hook(lambda _module, args, name=name: seen.update({name: seen.get(name, args[0])}))
        for name, layer in first_layers.items()
    ]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


@pytest.mark.parametrize(("times_smaller", "frames"), [(1, 9), (2, 9), (2, 1)])
def test_training_shows_the_model_what_the_pipeline_shows_it(
    pipeline: LTX2Pipeline, tmp_path: Path, times_smaller: int, frames: int
) -> None:
    """Order of tokens, the reference's latents, coordinates and timesteps, at the first denoising step (sigma 1)."""
    plan = plan_of(reference="pair", reference_downscale=times_smaller, frames=9)
    reference = noise(frames, 64 // times_smaller)
    request = GenerateRequest(CAPTION, steps=2, guidance=1.0)
    with watched(pipeline.transformer) as used:
        generate_in_context(pipeline, request, reference, times_smaller=times_smaller)
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path)
    with torch.inference_mode():
        shown = encoder._encode(reference)
    latents = torch.zeros(pipeline.transformer.config.in_channels, 2, 8, 8)
    words = {CAPTION: encoder.words(CAPTION)}
    sample = Encoded(latents, CAPTION, references=(shown,))
    inputs = prepare_fixed(sample, words, plan, 1.0, torch.Generator().manual_seed(0))
    with watched(pipeline.transformer) as trained, torch.inference_mode():
        predict(pipeline.transformer, inputs)
    video = 2 * 8 * 8
    assert used["tokens"].shape == trained["tokens"].shape
    assert torch.allclose(used["tokens"][:, video:], trained["tokens"][:, video:], atol=1e-5)
    assert torch.equal(used["coordinates"], trained["coordinates"])
    assert torch.equal(used["timesteps"].flatten(), trained["timesteps"].flatten())
    assert not trained["timesteps"].flatten()[video:].any()


def test_a_reference_changes_the_clip_and_the_file_s_header_sets_its_size(
    pipeline: LTX2Pipeline, tmp_path: Path
) -> None:
    plan = plan_of(reference="pair", reference_downscale=2)
    path = lora_file(tmp_path / "a.safetensors", plan)
    request = GenerateRequest(CAPTION, steps=2)
    seen = []
    hook = pipeline.vae.encoder.register_forward_pre_hook(lambda _m, args: seen.append(tuple(args[0].shape)))
    try:
        clip = generate_with_reference(pipeline, request, noise(12), path)
    finally:
        hook.remove()
    assert seen == [(1, 3, 9, 32, 32)]  # trimmed to the clip's frames, half its size
    assert clip.shape == (9, 64, 64, 3)
    assert not np.array_equal(clip, generate(pipeline, request))
    ordinary = lora_file(tmp_path / "b.safetensors", plan_of())
    with pytest.raises(ValueError, match="not trained with references"):
        generate_with_reference(pipeline, request, noise(9), ordinary)
    with pytest.raises(ValueError, match="no legal size"):
        generate_in_context(pipeline, request, noise(9), times_smaller=3)


def test_a_clip_begins_with_the_picture_it_is_given(pipeline: LTX2Pipeline) -> None:
    picture = np.full((64, 64, 3), (200, 40, 40), dtype=np.uint8)
    clip = generate_from_image(pipeline, GenerateRequest(CAPTION, steps=2), picture).astype(float)
    assert clip.shape == (9, 64, 64, 3)
    assert np.abs(clip[0] - picture).mean() < 25


def lora_file(path: Path, plan: TrainingPlan) -> Path:
    transformer = load_pipeline(BaseModelName.MINI).transformer
    add_lora(transformer, plan)
    for name, parameter in transformer.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    export_lora(path, lora_state(transformer), rank=plan.rank, alpha=plan.alpha, plan=plan, title="a")
    return path


def test_the_header_says_how_the_reference_was_used_and_the_report_shows_it(tmp_path: Path) -> None:
    path = lora_file(tmp_path / "a.safetensors", plan_of(reference="same_subject", reference_downscale=2))
    report = verify(path, BaseModelName.MINI)
    assert report.ok
    assert report.metadata["reference_downscale_factor"] == "2"  # what ComfyUI-LTXVideo reads
    assert report.metadata["sidekick.reference"] == "same_subject"
    assert any("picture of the subject" in note and "2 times smaller" in note for note in report.notes)
    assert reference_use_of(path) == ReferenceUse(2, ReferenceKind.SAME_SUBJECT)
    plain = lora_file(tmp_path / "b.safetensors", plan_of())
    assert reference_use_of(plain) is None
    assert "reference_downscale_factor" not in verify(plain, BaseModelName.MINI).metadata


@pytest.mark.parametrize("factor", ["0", "-2", "1.5", "nan", "inf", "1e9", "two", ""])
def test_a_factor_that_makes_no_sense_is_told_and_not_used(tmp_path: Path, factor: str) -> None:
    with pytest.raises(ValueError, match="whole number"):
        reference_use({"reference_downscale_factor": factor})
    save_file({"x": torch.zeros(2)}, tmp_path / "x.safetensors", metadata={"reference_downscale_factor": factor})
    assert any("whole number" in note for note in verify(tmp_path / "x.safetensors").notes)
    assert reference_use({"reference_downscale_factor": "2.0"}) == ReferenceUse(2)
