"""What the official trainer gets wrong (read in its source, not run), and ours does right. One test for each defect."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from trainer_core.base_models.mini.denoiser import new_transformer
from trainer_core.base_models.registry import load_pipeline
from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.manifest import add_files
from trainer_core.dataset.media import write_clip
from trainer_core.dataset.sound import Sound
from trainer_core.lora.export import export_lora
from trainer_core.lora.reference_use import ReferenceUse, reference_use_of
from trainer_core.plan import BaseModelName, ReferenceKind, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training import checkpoints
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.encode import Encoder, encode_all
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.inputs import prepare
from trainer_core.training.loop import train
from trainer_core.training.model import lora_state, predict

CAPTION = "chr_x7kq, a cat"


def plan_of(**changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=8, clips=2)
    short = {"steps": 6, "warmup_steps": 1, "rank": 2, "alpha": 2.0, "batch_size": 2, "class_preservation": 0.0}
    return plan.changed(**short | {"checkpoint_every": 3, "validation_every": 3} | changes)


def small_model() -> LTX2VideoTransformer3DModel:
    """Mini's shape with random weights; as made, its last layer is zero and nothing could be learned."""
    torch.manual_seed(3)
    transformer = new_transformer()
    for parameter in transformer.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return transformer


def material(transformer: LTX2VideoTransformer3DModel, frames: tuple[int, ...] = (1, 1, 2, 2)) -> Material:
    generator = torch.Generator().manual_seed(1)
    config = transformer.config

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    samples = [Encoded(noise(config.in_channels, count, 2, 2), CAPTION) for count in frames]
    video, audio = noise(4, config.cross_attention_dim), noise(4, config.audio_cross_attention_dim)
    words = Words(video, audio, torch.ones(4, dtype=torch.long))
    return Material(samples, samples[:1], {CAPTION: words, "chr_x7kq": words})


class Noted:
    """A listener that stops at a step and keeps what it is told."""

    def __init__(self, stop_at: int = 10**9) -> None:
        self.stop_at, self.step = stop_at, 0
        self.states: list[TrainingState] = []
        self.validated: list[int] = []

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None:
        self.step = step

    def validation(self, step: int, loss: float) -> None:
        self.validated.append(step)

    def checkpoint(self, state: TrainingState) -> None:
        self.states.append(state)

    def should_stop(self) -> bool:
        return self.step >= self.stop_at


def test_1_alpha_is_in_the_file_s_weights_so_its_strength_is_right_everywhere(tmp_path: Path) -> None:
    """Consumers take alpha for the rank. A LoRA with alpha 6 and rank 2 must be three times as strong in the file."""
    transformer = small_model()
    plan = plan_of(alpha=6.0)
    train(transformer, material(transformer), plan, None, Noted())
    export_lora(tmp_path / "a.safetensors", lora_state(transformer), rank=2, alpha=6.0, plan=plan, title="a")
    written, trained = load_file(tmp_path / "a.safetensors"), lora_state(transformer)
    name = next(key.removesuffix(".lora_B.weight") for key, value in trained.items() if "lora_B" in key and value.any())

    def change(weights: dict[str, Tensor], stem: str) -> Tensor:
        return weights[f"{stem}.lora_B.weight"].float() @ weights[f"{stem}.lora_A.weight"].float()

    wanted = 3 * change(trained, name)
    assert float((change(written, f"diffusion_model.{name}") - wanted).norm() / wanted.norm()) < 0.02  # bfloat16


def test_2_stills_and_silent_clips_are_trained_on_beside_clips_with_sound(tmp_path: Path) -> None:
    """In one epoch each of the three is shown once, with its sound where it has some."""
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "still.png")
    frames, wave = rng.integers(0, 255, (2, 10, 64, 64, 3), dtype=np.uint8), rng.uniform(-0.5, 0.5, (2, 20_000))
    write_clip(tmp_path / "silent.mp4", frames[0], 8.0)
    write_clip(tmp_path / "loud.mp4", frames[1], 8.0, sound=Sound(wave.astype(np.float32), 16_000))
    files = [tmp_path / name for name in ("still.png", "silent.mp4", "loud.mp4")]
    manifest = add_files(tmp_path / "set", files)
    assert [item.info.has_audio for item in manifest.items] == [False, False, True]
    plan = plan_of(with_audio=True, batch_size=1, steps=3)
    samples, notes = samples_of(manifest, plan)
    assert not any("left out" in note for note in notes)
    pipeline = load_pipeline(BaseModelName.MINI)
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path / "cache")
    encoded, words = encode_all(encoder, tmp_path / "set", manifest, samples, plan, lambda *_: None)
    shown: list[tuple[int, int, bool]] = []
    pipeline.transformer.register_forward_pre_hook(
        lambda _module, _args, given: shown.append(
            (given["hidden_states"].shape[1], given["audio_hidden_states"].shape[1], given["isolate_modalities"])
        ),
        with_kwargs=True,
    )
    train(pipeline.transformer, Material(encoded, [], words), plan, None, Noted())
    assert sorted(shown) == [(64, 1, True), (128, 1, True), (128, 28, False)]  # tokens of pictures and of sound


def test_3_a_still_lasts_as_long_as_the_first_frame_of_a_clip() -> None:
    transformer = small_model()
    seen: dict[int, Tensor] = {}
    coordinates = transformer.rope.prepare_video_coords

    def noted(*args, **kwargs):  # type: ignore[no-untyped-def]
        found = coordinates(*args, **kwargs)
        frames = kwargs.get("num_frames", args[1] if len(args) > 1 else None)
        seen[int(frames)] = found
        return found

    transformer.rope.prepare_video_coords = noted
    train(
        transformer, material(transformer, frames=(1, 1, 2, 2)), plan_of(steps=4, class_preservation=0.0), None, Noted()
    )
    still, clip = seen[1][0, 0], seen[2][0, 0]  # start and end in seconds of each token
    assert torch.equal(still, clip[: len(still)])
    assert float(still.max()) == pytest.approx(1 / plan_of().fps, rel=0.01)


def test_4_reference_positions_are_scaled_by_the_plan_s_factor_wherever_it_is_run_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference of half the size must lie on the places of the whole picture, and the file must say by how much."""
    rng = np.random.default_rng(0)
    for side in ("start", "end"):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(tmp_path / f"a_{side}.png")
    manifest = add_files(tmp_path / "set", [tmp_path / "a_start.png", tmp_path / "a_end.png"])
    plan = plan_of(reference="pair", reference_downscale=2, frames=1)
    pipeline, transformer = load_pipeline(BaseModelName.MINI), small_model()
    seen: list[Tensor] = []
    transformer.rope.register_forward_pre_hook(lambda _module, args: seen.append(args[0]))
    (tmp_path / "elsewhere").mkdir()
    for folder in (tmp_path, tmp_path / "elsewhere"):
        monkeypatch.chdir(folder)
        encoder = Encoder(lambda _part: pipeline, "test", Path("cache"))
        dataset = Path(os.path.relpath(tmp_path / "set"))
        samples, _notes = samples_of(manifest, plan)
        (example,), words = encode_all(encoder, dataset, manifest, samples, plan, lambda _done, _all: None)
        with torch.no_grad():
            predict(transformer, prepare([example], words, plan, torch.Generator().manual_seed(0)))
    where = seen[0][
        0, 1:
    ]  # rows and columns in pixels of each token: 8 x 8 of the picture, then 4 x 4 of the reference
    assert torch.equal(seen[0], seen[1])
    assert where.shape[1] == 64 + 16
    assert torch.equal(where[:, 64:].amax(dim=(1, 2)), where[:, :64].amax(dim=(1, 2)))
    assert float(where[0, 64, 1]) == 2 * float(where[0, 0, 1])  # each token of the reference covers twice as much
    train(transformer, Material([example] * 2, [], words), plan, None, Noted())
    export_lora(tmp_path / "a.safetensors", lora_state(transformer), rank=2, alpha=2.0, plan=plan, title="a")
    assert reference_use_of(tmp_path / "a.safetensors") == ReferenceUse(2, ReferenceKind.PAIR)


@pytest.mark.slow
def test_5_a_base_that_is_shared_out_keeps_its_precision_and_the_lora_has_float32() -> None:
    from tests.ranks import together  # which in turn uses this file's small model

    folder = together()
    for rank in range(2):
        report = json.loads((folder / f"sharded-{rank}.json").read_text())
        for held in (report["before"], report["after"]):
            assert held["base"] == ["torch.bfloat16", "torch.float32"]
            assert held["table"] == "torch.float32"  # the one table that was float32 before
            assert held["float32"] == report["table_numbers"]
        assert report["after"]["lora"] == ["torch.float32"]
        assert report["after"]["lora_whole"]
        assert report["before"]["share"] == pytest.approx(0.5, abs=0.01)
        assert report["streamed"]["base"] == ["torch.bfloat16"]
        assert report["streamed"]["share"] == pytest.approx(0.5, abs=0.01)
        assert report["equal"]


def test_6_the_connectors_run_once_for_each_caption_and_never_in_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    forward: Callable[..., object] = LTX2TextConnectors.forward
    monkeypatch.setattr(LTX2TextConnectors, "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
    pipeline = load_pipeline(BaseModelName.MINI)
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path)
    words = {said: encoder.words(said) for said in (CAPTION, "chr_x7kq") for _ in range(3)}
    assert len(calls) == 2
    transformer = pipeline.transformer
    samples = [Encoded(torch.randn(transformer.config.in_channels, 1, 2, 2), CAPTION) for _ in range(2)]
    train(transformer, Material(samples, [], words), plan_of(steps=3), None, Noted())
    assert len(calls) == 2


def test_7_timesteps_are_per_sample_where_all_tokens_share_one() -> None:
    transformer = small_model()
    shapes: list[tuple[int, ...]] = []
    transformer.register_forward_pre_hook(
        lambda _module, _args, kwargs: shapes.append(tuple(kwargs["timestep"].shape)), with_kwargs=True
    )
    plain = plan_of(steps=4, first_frame_probability=0.0, held_out_share=0.0)
    train(transformer, Material(material(transformer).training, [], material(transformer).words), plain, None, Noted())
    assert set(shapes) == {(2, 1)}
    shapes.clear()
    transformer = small_model()
    transformer.register_forward_pre_hook(
        lambda _module, _args, kwargs: shapes.append(tuple(kwargs["timestep"].shape)), with_kwargs=True
    )
    first = plan_of(steps=4, first_frame_probability=1.0)
    train(transformer, Material(material(transformer).training, [], material(transformer).words), first, None, Noted())
    assert set(shapes) == {(2, 1), (2, 8)}  # only clips with a clean first frame need them for each token


def test_8_a_run_goes_on_from_plain_files_with_optimizer_and_data_order(tmp_path: Path) -> None:
    plan = plan_of()
    transformer = small_model()
    whole = train(transformer, material(transformer), plan, None, Noted())
    transformer = small_model()
    stopped = Noted(stop_at=3)
    half = train(transformer, material(transformer), plan, None, stopped)
    assert half.step == 3
    saved = checkpoints.save(tmp_path, half, plan)
    assert {path.suffix for path in saved.rglob("*") if path.is_file()} <= {
        ".safetensors",
        ".json",
        "",
    }  # nothing pickled
    json.loads(next(saved.glob("*.json")).read_text())
    resumed, notes = checkpoints.load_latest(tmp_path, plan)
    assert resumed is not None
    assert not notes
    transformer = small_model()
    again = train(transformer, material(transformer), plan, resumed, Noted())
    assert again.step == whole.step
    assert all(torch.equal(again.weights[name], whole.weights[name]) for name in whole.weights)
    assert all(
        torch.equal(again.moments[name][moment], value)
        for name, moments in whole.moments.items()
        for moment, value in moments.items()
    )


def test_9_there_is_a_validation_loss_that_two_steps_can_be_compared_by() -> None:
    transformer = small_model()
    told = Noted()
    state = train(transformer, material(transformer), plan_of(learning_rate=1e-9), None, told)
    assert told.validated == [3, 6]
    (_, first), (_, second) = state.validation
    assert first == pytest.approx(second, rel=1e-4)  # nothing was learned, so the same noise gives the same loss
