"""Embedders beside the built-in one: used when their files are there, never fetched, and honest when they are not.

The models are real classes with small random weights in a real Hub cache: what they see means nothing, how they are
found, loaded and asked does.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from test_measures import TRIGGER, card_of, clip_of, unseen
from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model

from tools.evaluation import measures
from tools.evaluation.calibration import load_calibration
from tools.evaluation.embedders import faces
from tools.evaluation.embedders.clip import load_clip
from tools.evaluation.embedders.dinov2 import load_dinov2
from tools.evaluation.embedders.protocol import EmbedderMissing, evenly, face_likeness, likeness, unit
from tools.evaluation.prompts import PromptCase
from tools.evaluation.reference import reference_of
from tools.evaluation.scorecard import ClipScore, Measure
from tools.evaluation.scoring import measure_all, score_clip
from tools.evaluation.second_look import look_again, plain_words
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
PROMPT = f"{TRIGGER}, a cat, standing in a plain grey studio"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hub cache and models folder, and no way to the Hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("SIDEKICK_MODELS", str(tmp_path / "models"))
    return tmp_path / "hub"


def in_cache(cache: Path, repository: str) -> Path:
    """The folder of a model in the cache, as a download would leave it."""
    revision = "a" * 40
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(revision)
    snapshot = folder / "snapshots" / revision
    snapshot.mkdir(parents=True)
    return snapshot


def put_dinov2(cache: Path) -> Path:
    torch.manual_seed(1)
    folder = in_cache(cache, "facebook/dinov2-small")
    Dinov2Model(Dinov2Config(**SMALL, mlp_ratio=1, image_size=28, patch_size=14)).save_pretrained(folder)
    return folder


def put_clip(cache: Path) -> Path:
    torch.manual_seed(2)
    folder = in_cache(cache, "openai/clip-vit-base-patch32")
    words = [
        "<|startoftext|>",
        "<|endoftext|>",
        *"abcdefghijklmnopqrstuvwxyz,",
        *(f"{x}</w>" for x in "abcdefgnorsty,"),
    ]
    text = SMALL | {"vocab_size": len(words), "max_position_embeddings": 12, "bos_token_id": 0, "eos_token_id": 1}
    config = CLIPConfig(text_config=text, vision_config=SMALL | {"image_size": 16, "patch_size": 8}, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "CLIPTokenizer"}))
    return folder


def second_look(base: BaseModelName, recipe: RecipeName, view: str | None = None) -> dict[str, Measure]:
    """The measures of two clips, with the LoRA and without, after a second look."""
    taught, other = unseen(3), unseen(4)
    reference = reference_of([clip_of(taught, seed, frames=1, yaw=90.0) for seed in range(4)])
    case = PromptCase(
        id="x", prompt=PROMPT, uses_trigger=True, purpose="view" if view else "first", label="", seed=0, view=view
    )
    frames = {"lora/x": clip_of(taught, 1, frames=3, yaw=90.0), "base/x": clip_of(other, 1, frames=3, yaw=90.0)}
    scores: dict[str, ClipScore] = {
        key: score_clip(case, "lora" if key == "lora/x" else "base", "x.mp4", clip, reference, fps=8)
        for key, clip in frames.items()
    }
    look = look_again(scores, frames, reference, card_of(base, recipe))
    found = measure_all(look.clips, load_calibration(), base=base, recipe=recipe, said=look.said)
    return {measure.id: measure for measure in found}


def test_without_model_files_every_figure_says_why_it_is_missing():
    found = second_look(BaseModelName.LTX23, RecipeName.FACE)
    for name, words in (
        ("dinov2", "hf download facebook/dinov2-small"),
        ("clip_text", "hf download openai/clip-vit-base-patch32"),
        ("face", "face_detection_yunet_2023mar.onnx"),
        ("face_seen", "not on this machine"),
    ):
        assert found[name].value is None
        assert words in found[name].words()
        assert "unasked" in found[name].validity
    assert found["dinov2_base"].value is None


def test_models_in_the_cache_are_asked(cache: Path):
    put_dinov2(cache)
    put_clip(cache)
    found = second_look(BaseModelName.LTX23, RecipeName.CHARACTER)
    for name in ("dinov2", "dinov2_base", "dinov2_consistency", "clip_text", "clip_text_base", "clip_consistency"):
        assert found[name].value is not None
        assert -1 <= found[name].value <= 1
        assert found[name].verdict == "shown"
    assert found["dinov2"].value != found["dinov2_base"].value
    assert "facebook/dinov2-small" in found["dinov2"].validity
    assert "older DINO" in found["dinov2"].validity
    assert not {"face", "face_seen", "same_view"} & set(found)


def test_vectors_are_of_length_one_and_depend_on_the_picture(cache: Path):
    put_dinov2(cache)
    put_clip(cache)
    pictures = [clip_of(unseen(1), 1, frames=1)[0], np.zeros((40, 90, 3), np.uint8)]
    for eye in (load_dinov2(), load_clip()):
        seen = eye.embed(pictures)
        assert seen.kept.all()
        assert np.linalg.norm(seen.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
        assert float(seen.vectors[0] @ seen.vectors[1]) < 0.9999
        assert all((eye.about.name, eye.about.version, eye.about.licence, eye.about.valid_for))
    words = load_clip().embed_words("a cat, " * 40)
    assert words.shape == (1, 8)


@pytest.mark.parametrize("gone", ["model.safetensors", "config.json"])
def test_a_model_that_is_not_complete_is_not_used(cache: Path, gone: str):
    (put_dinov2(cache) / gone).unlink()
    with pytest.raises(EmbedderMissing, match=r"not complete.*hf download"):
        load_dinov2()


def test_a_damaged_model_is_not_used(cache: Path):
    weights = put_dinov2(cache) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(EmbedderMissing, match="cannot be read"):
        load_dinov2()


def test_a_model_that_lacks_weights_is_not_used(cache: Path):
    """transformers would fill what is missing with random numbers."""
    weights = put_dinov2(cache) / "model.safetensors"
    tensors = load_file(weights)
    save_file({name: value for name, value in tensors.items() if "query" not in name}, weights, {"format": "pt"})
    with pytest.raises(EmbedderMissing, match="cannot be read"):
        load_dinov2()


def test_a_face_model_that_is_not_the_tested_one_is_never_opened(tmp_path: Path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / faces.FINDER.name).write_bytes(b"anything")
    with pytest.raises(EmbedderMissing, match="damaged or another version"):
        faces.load_faces()
    assert "damaged" in second_look(BaseModelName.LTX23, RecipeName.FACE)["face"].validity


def test_views_are_compared_with_files_of_the_same_side_on_mini():
    side = second_look(BaseModelName.MINI, RecipeName.CHARACTER, view="profile")
    assert side["same_view"].value is not None
    assert side["same_view"].value > 0.8
    assert side["view_shown"].value == 1
    assert "drawn" in side["view_shown"].validity
    back = second_look(BaseModelName.MINI, RecipeName.CHARACTER, view="back")
    assert back["view_shown"].value == 0
    assert back["same_view"].value is None
    assert "None of your files" in back["same_view"].validity
    assert "dinov2" not in side


vectors = st.integers(0, 2**32 - 1).map(lambda seed: unit(np.random.default_rng(seed).normal(size=(3, 5))))


@given(vectors, vectors)
def test_likeness_is_symmetric_and_never_counts_opposite_faces(one: np.ndarray, other: np.ndarray):
    assert likeness(one, other) == pytest.approx(likeness(other, one), abs=1e-6)
    assert likeness(one[:1], one[:1]) == pytest.approx(1, abs=1e-5)
    plain, face = likeness(one, other), face_likeness(one, other)
    assert plain is not None
    assert face is not None
    assert 0 <= face <= 1
    assert face >= plain - 1e-6
    assert face_likeness(one[:0], other) is None


@given(st.integers(1, 60), st.integers(1, 16))
def test_evenly_keeps_the_ends(length: int, count: int):
    chosen = evenly(np.arange(length, dtype=np.uint8).reshape(-1, 1, 1, 1), count).ravel()
    assert len(chosen) == min(length, count)
    assert chosen[0] == 0
    assert count == 1 or chosen[-1] == length - 1
    assert (np.diff(chosen.astype(int)) > 0).all()


def test_the_trigger_is_not_shown_to_clip():
    assert plain_words(PROMPT, TRIGGER) == "a cat, standing in a plain grey studio"
    assert plain_words(f"a photo of {TRIGGER}", TRIGGER) == "a photo of"


def test_consistency_is_vbench_s_on_any_vectors():
    same = np.tile(unit(np.ones((1, 4))), (3, 1))
    assert measures.consistency(same) == pytest.approx(1)
