"""The embedded base model and the world it was trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_core.base_models.mini.autoencoder import psnr
from trainer_core.base_models.mini.build import WEIGHTS, Effort, build
from trainer_core.base_models.mini.code import learn_code
from trainer_core.base_models.mini.drawings import draw_shard
from trainer_core.base_models.mini.fit import fit
from trainer_core.base_models.mini.world.captions import caption, varied_caption
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.palette import COLOURS
from trainer_core.base_models.mini.world.render import render_clip, render_image, yaw_at
from trainer_core.base_models.mini.world.scene import random_scene, view_of
from trainer_core.base_models.registry import load_pipeline
from trainer_core.generation.generate import GenerateRequest, generate, generate_batch
from trainer_core.plan import BaseModelName


@pytest.fixture(scope="module")
def pipeline() -> LTX2Pipeline:
    return load_pipeline(BaseModelName.MINI)


def test_weights_are_small_and_of_the_real_shape(pipeline: LTX2Pipeline) -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= 40 * 2**20
    modules = (pipeline.transformer, pipeline.vae, pipeline.text_encoder, pipeline.connectors)
    assert 3e6 <= sum(p.numel() for module in modules for p in module.parameters()) <= 13e6
    config = pipeline.transformer.config
    assert config.gated_attn
    assert config.cross_attn_mod
    assert not config.use_prompt_embeddings
    assert config.rope_type == "split"
    assert pipeline.connectors.config.per_modality_projections
    assert pipeline.vae.temporal_compression_ratio == 8


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_every_text_becomes_tokens(text: str) -> None:
    tokenizer = _tokenizer()
    ids = tokenizer(text).input_ids
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == text.strip()


def _tokenizer():  # type: ignore[no-untyped-def]
    from transformers import AutoTokenizer

    if not hasattr(_tokenizer, "loaded"):
        _tokenizer.loaded = AutoTokenizer.from_pretrained(WEIGHTS / "tokenizer")  # type: ignore[attr-defined]
    return _tokenizer.loaded  # type: ignore[attr-defined]


def test_captions_fit_into_the_prompt(pipeline: LTX2Pipeline) -> None:
    rng = np.random.default_rng(0)
    longest = max(
        len(pipeline.tokenizer(caption(random_character(rng), random_scene(rng))).input_ids) for _ in range(300)
    )
    assert longest + 10 <= pipeline.tokenizer.model_max_length  # ten more for a trigger word


def test_encoding_and_decoding_a_clip_of_an_unseen_character(pipeline: LTX2Pipeline) -> None:
    rng = np.random.default_rng(4)
    clips = [render_clip(random_character(rng, held_out=True), random_scene(rng), size=64, frames=9) for _ in range(12)]
    assert psnr(pipeline.vae, np.stack(clips)) > 26


@pytest.mark.slow
def test_a_batch_equals_single_clips_and_a_seed_repeats(pipeline: LTX2Pipeline) -> None:
    requests = [GenerateRequest(prompt, seed=seed, steps=4) for seed, prompt in enumerate(("a cat", "a bear at night"))]
    together = generate_batch(pipeline, requests)
    alone = generate(pipeline, requests[1])
    assert np.abs(together[1].astype(int) - alone.astype(int)).max() <= 2  # float rounding in another batch size
    assert np.array_equal(alone, generate(pipeline, requests[1]))


def test_clips_of_different_shapes_are_refused_in_one_batch(pipeline: LTX2Pipeline) -> None:
    with pytest.raises(ValueError, match="share"):
        generate_batch(pipeline, [GenerateRequest("a"), GenerateRequest("a", frames=17)])


def test_mini_is_silent(pipeline: LTX2Pipeline) -> None:
    sound = pipeline.vocoder(torch.randn(1, 2, 12, 16))
    assert float(sound.detach().abs().max()) == 0.0


def test_the_same_scene_gives_the_same_picture_at_any_size() -> None:
    rng = np.random.default_rng(1)
    character, scene = random_character(rng), random_scene(rng)
    large = render_image(character, scene, size=256)
    small = render_image(character, scene, size=64)
    shrunk = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 3
    assert np.array_equal(small, render_image(character, scene, size=64))


def test_the_face_turns_to_the_right_of_the_picture_for_positive_yaw() -> None:
    rng = np.random.default_rng(2)
    character = replace(random_character(rng), kind="person", mane="black", skin="light", hat="none", clothes="blue")
    scene = random_scene(rng, place="room", light="soft", shot="close", motion="standing", offset=(0.0, 0.0))
    columns = {}
    for yaw in (60.0, -60.0):
        image = render_image(character, replace(scene, yaw=yaw), size=128).astype(int)
        skin = (image[..., 0] > image[..., 2] + 25) & (image[..., 0] > 150)
        columns[yaw] = np.nonzero(skin[:80])[1].mean()
    assert columns[60.0] > 64 > columns[-60.0]


@pytest.mark.parametrize(
    ("yaw", "view"),
    [
        (0, "front"),
        (-22, "front"),
        (30, "three-quarter"),
        (-90, "profile"),
        (180, "back"),
        (-175, "back"),
        (350, "front"),
    ],
)
def test_views_are_named_by_yaw(yaw: float, view: str) -> None:
    assert view_of(yaw) == view


def test_turning_scenes_turn_and_others_do_not() -> None:
    rng = np.random.default_rng(3)
    assert yaw_at(random_scene(rng, motion="turning", yaw=10.0), 1.0) == pytest.approx(64.0)
    assert yaw_at(random_scene(rng, motion="walking", yaw=10.0), 1.0) == 10.0


def test_held_out_characters_are_never_drawn_for_training() -> None:
    rng = np.random.default_rng(5)
    assert not any(random_character(rng, held_out=False).held_out for _ in range(200))
    assert all(random_character(rng, held_out=True).held_out for _ in range(50))


def test_captions_are_true() -> None:
    rng = np.random.default_rng(6)
    for _ in range(200):
        character, scene = random_character(rng), random_scene(rng)
        words = varied_caption(character, scene, rng)
        said = {colour for colour in COLOURS if f" {colour} " in words.split(" background")[0].split(",")[0] + " "}
        assert said <= {character.mane, character.clothes, character.hat_colour}


def test_an_interrupted_build_goes_on_where_it_was(tmp_path: Path) -> None:
    def trained(stops: tuple[int, ...], folder: Path) -> torch.Tensor:
        model = torch.nn.Linear(4, 4)
        for stop in stops:
            torch.manual_seed(0)
            model = torch.nn.Linear(4, 4)

            def loss_of(step: int, model: torch.nn.Linear = model, stop: int = stop) -> torch.Tensor:
                if step >= stop:
                    raise KeyboardInterrupt
                torch.manual_seed(step)
                return (model(torch.randn(8, 4)) - 1).pow(2).mean()

            try:
                fit(
                    model,
                    loss_of,
                    folder,
                    steps=40,
                    learning_rate=0.01,
                    warmup=5,
                    save_every=10,
                    say=lambda _line: None,
                )
            except KeyboardInterrupt:
                continue
        return model.weight.detach()

    assert torch.equal(trained((15, 33, 40), tmp_path / "broken"), trained((40,), tmp_path / "whole"))


def test_a_finished_shard_is_not_drawn_again(tmp_path: Path) -> None:
    path = draw_shard(tmp_path, 0, clips=2)
    before = path.stat().st_mtime_ns
    assert draw_shard(tmp_path, 0, clips=2) == path
    assert path.stat().st_mtime_ns == before
    assert np.load(path).shape == (2, 9, 64, 64, 3)


def test_the_linear_code_says_the_same_of_a_still_and_of_a_frozen_clip() -> None:
    frame = render_image(random_character(np.random.default_rng(1)), random_scene(np.random.default_rng(1)), size=64)
    still, frozen = frame[None, None], np.repeat(frame[None, None], 9, axis=1)
    code = learn_code([np.concatenate([frozen, 255 - frozen, frozen[:, :, ::-1]])])
    first, second = code.encode(frozen)[:, :, 0], code.encode(frozen)[:, :, 1]
    assert np.allclose(first, second, atol=1e-4)
    assert np.allclose(code.encode(still)[:, :, 0], first, atol=1e-4)


@pytest.mark.thorough
def test_mini_is_built_whole_from_nothing(tmp_path: Path) -> None:
    """Every part of `sidekick mini build` in one go, with next to no training."""
    effort = Effort(shards=2, clips=24, autoencoder=2, stills=2, motion=2)
    weights = build(tmp_path / "work", target=tmp_path / "weights", effort=effort, say=lambda _line: None)
    assert str(tmp_path) not in "".join(path.read_text() for path in weights.rglob("*.json"))
    pipeline = LTX2Pipeline.from_pretrained(weights, torch_dtype=torch.float32)
    assert psnr(pipeline.vae, np.load(tmp_path / "work" / "drawings" / "seen-0000.npy")[:4]) > 18  # the linear start
    clip = generate(pipeline, GenerateRequest("a cat"))
    assert clip.shape == (9, 64, 64, 3)
    before = (weights / "fingerprint.txt").read_text()
    build(tmp_path / "work", target=tmp_path / "again", effort=effort, say=lambda _line: None)
    assert (tmp_path / "again" / "fingerprint.txt").read_text() == before
