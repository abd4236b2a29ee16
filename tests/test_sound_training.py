"""Training with sound: it is learned where there is some, and files without it leave its layers alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from tests.test_official_defects import Noted, material, plan_of, small_model
from trainer_core.base_models.registry import load_pipeline, load_transformer
from trainer_core.lora.base_shapes import linear_shapes
from trainer_core.lora.export import export_lora
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName
from trainer_core.training import checkpoints
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.inputs import prepare_fixed
from trainer_core.training.loop import train
from trainer_core.training.model import add_lora, is_trained, lora_state, predict
from trainer_core.training.objective import flow_loss
from trainer_core.training.video_only import is_audio_name


def mixed(transformer: LTX2VideoTransformer3DModel) -> Material:
    """Four clips, two of which have sound, and a still."""
    plain = material(transformer, frames=(1, 2, 2, 2, 2))
    generator = torch.Generator().manual_seed(5)
    sounds = [torch.randn(6, transformer.config.audio_in_channels, generator=generator) for _ in range(2)]
    training = [*plain.training[:3], *(replace(e, audio=s) for e, s in zip(plain.training[3:], sounds, strict=True))]
    return Material(training, training[-1:], plain.words)


def errors(transformer: LTX2VideoTransformer3DModel, examples: Sequence[Encoded], said: dict[str, Words]) -> float:
    """Mean error of the sound's velocities at fixed noise."""
    found = []
    for number, example in enumerate(examples):
        for level in (0.3, 0.6, 0.9):
            inputs = prepare_fixed(example, said, plan_of(), level, torch.Generator().manual_seed(number))
            with torch.no_grad():
                answer = predict(transformer, inputs)
            assert answer.audio is not None
            assert inputs.audio is not None
            found.append(float(flow_loss(answer.audio, inputs.audio)))
    return sum(found) / len(found)


def test_training_with_sound_learns_it() -> None:
    """On the noise that validation uses, which no training step ever saw."""
    transformer = small_model()
    given = mixed(transformer)
    heard = [example for example in given.training if example.audio is not None]
    before = errors(transformer, heard, given.words)
    plan = plan_of(with_audio=True, steps=30, learning_rate=0.02, rank=8, alpha=8.0, held_out_share=0.0)
    train(transformer, replace(given, held_out=[]), plan, None, Noted())
    assert errors(transformer, heard, given.words) < 0.9 * before
    moved = {name for name, value in lora_state(transformer).items() if "lora_B" in name and value.any()}
    for attention in ("attn1", "audio_attn1", "audio_attn2", "audio_to_video_attn", "video_to_audio_attn"):
        assert any(f".{attention}." in name for name in moved), attention


def test_batches_without_sound_leave_the_audio_layers_alone() -> None:
    """No gradient, no weight decay, no moments: they are as they were, bit for bit."""
    transformer = small_model()
    given = mixed(transformer)
    silent = Material([example for example in given.training if example.audio is None], [], given.words)
    state = train(transformer, silent, plan_of(with_audio=True, weight_decay=0.5), None, Noted())
    untouched = small_model()
    fresh = {name: p.detach().clone() for name, p in add_lora(untouched, plan_of(with_audio=True)).items()}
    audio = [name for name in fresh if is_audio_name(name) or ".audio_to_video_attn." in name]
    assert len(audio) == len(fresh) * 2 // 3
    assert all(torch.equal(state.weights[name], fresh[name]) for name in audio)
    assert not set(audio) & set(state.moments)
    assert any(not torch.equal(state.weights[name], fresh[name]) for name in fresh)


def test_a_run_with_mixed_files_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """The first and third batch are without sound: the first checkpoint knows nothing of the audio layers' moments."""
    plan = plan_of(with_audio=True, steps=4, batch_size=1, checkpoint_every=1, ema_decay=0.9, seed=5)

    def run(resumed: TrainingState | None, listener: Noted) -> tuple[TrainingState, LTX2VideoTransformer3DModel]:
        transformer = small_model()
        given = replace(mixed(transformer), held_out=[])
        return train(transformer, given, plan, resumed, listener), transformer

    whole, finished = run(None, Noted())
    assert any(is_audio_name(name) for name in whole.moments)
    for stop in (1, 3):
        half, _ = run(None, Noted(stop_at=stop))
        assert any(is_audio_name(name) for name in half.moments) == (stop == 3)
        checkpoints.save(tmp_path / str(stop), half, plan)
        resumed, notes = checkpoints.load_latest(tmp_path / str(stop), plan)
        assert not notes
        again, transformer = run(resumed, Noted())
        assert again.moments.keys() == whole.moments.keys()
        assert all(torch.equal(again.weights[name], value) for name, value in whole.weights.items())
        left, right = lora_state(transformer), lora_state(finished)
        assert all(torch.equal(left[name], right[name]) for name in right)


def test_a_plan_with_sound_and_no_clip_that_has_some_trains_as_one_without() -> None:
    """The audio branch is not even loaded, and the same bytes come out."""

    def run(**changes: object) -> dict[str, Tensor]:
        transformer = load_transformer(BaseModelName.MINI)
        train(transformer, material(transformer), plan_of(**changes), None, Noted())
        return lora_state(transformer)

    with_sound, without = run(with_audio=True), run()
    assert with_sound.keys() == without.keys()
    assert not any(is_audio_name(name) for name in without)
    assert all(torch.equal(with_sound[name], value) for name, value in without.items())


def test_the_file_of_a_lora_with_sound_is_sound_and_loads(tmp_path: Path) -> None:
    transformer = load_transformer(BaseModelName.MINI, with_audio=True)
    plan = plan_of(with_audio=True, batch_size=1, steps=4)
    train(transformer, mixed(transformer), plan, None, Noted())
    path = tmp_path / "a.safetensors"
    report = export_lora(path, lora_state(transformer), rank=2, alpha=2.0, plan=plan, title="a")
    assert report.ok, report.problems
    assert report.modules == 6 * 6 * 4
    assert report.base_guess is BaseModelName.MINI
    assert verify(path, BaseModelName.MINI).ok
    pipeline = load_pipeline(BaseModelName.MINI)
    pipeline.load_lora_weights(str(path), adapter_name="a")
    loaded = lora_names(pipeline.transformer)
    assert loaded == lora_names(transformer)


def lora_names(transformer: LTX2VideoTransformer3DModel) -> set[str]:
    found = (name for name, _ in transformer.named_parameters() if "lora_" in name)
    return {name.replace(".a.weight", ".weight").replace(".default.weight", ".weight") for name in found}


@pytest.mark.parametrize(("with_audio", "count"), [(False, 100_663_296), (True, 213_909_504)])
def test_full_size_with_and_without_sound(with_audio: bool, count: int) -> None:
    shapes = linear_shapes(BaseModelName.LTX23)
    assert sum(32 * sum(shape) for name, shape in shapes.items() if is_trained(name, plan_of(), with_audio)) == count
