"""Embedders beside the built-in one: used when their files are there, never fetched, and honest when they are not.

The models are real classes with small random weights in a real Hub cache: what they see means nothing, how they are
found, loaded and asked does.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file
from test_measures import TRIGGER, card_of, clip_of, unseen
from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model

from tools.evaluation import measures
from tools.evaluation import second_look as second_look_module
from tools.evaluation.calibration import load_calibration
from tools.evaluation.embedders import faces
from tools.evaluation.embedders.clip import load_clip
from tools.evaluation.embedders.dinov2 import load_dinov2
from tools.evaluation.embedders.protocol import EmbedderMissing, evenly, face_likeness, likeness, unit
from tools.evaluation.prompts import PromptCase
from tools.evaluation.reference import Reference, read_reference, read_whole, reference_of
from tools.evaluation.scorecard import ClipScore, Measure
from tools.evaluation.scoring import measure_all, score_clip
from tools.evaluation.second_look import SecondLook, look_again, plain_words
from trainer_core.dataset import manifest as dataset
from trainer_core.dataset.media import write_clip
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


# faces in the training files: the models are not here, so red squares stand for faces


class RedSquares:
    """Stands for both face models: finds red squares of up to 300 pixels, and keeps what it was handed."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []  # (width, height) of the pictures that were looked at
        self.faces: list[np.ndarray] = []  # boxes that were compared

    def create(self, *_: object) -> "RedSquares":
        return self

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.sizes.append(size)

    def detect(self, picture: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert (picture.shape[1], picture.shape[0]) == self.sizes[-1]
        red = (picture[..., 2] > 150) & (picture[..., 1] < 90) & (picture[..., 0] < 90)
        boxes = cv2.connectedComponentsWithStats(red.astype(np.uint8))[2][1:, :4].astype(np.float32)
        boxes = boxes[(boxes[:, 2:].min(axis=1) >= 10) & (boxes[:, 2:].max(axis=1) <= faces.LARGEST)]
        points = np.tile(boxes[:, :2] + boxes[:, 2:] / 2, 5)
        return 1, np.hstack([boxes, points, np.ones((len(boxes), 1), np.float32)]) if len(boxes) else None

    def alignCrop(self, picture: np.ndarray, face: np.ndarray) -> np.ndarray:  # noqa: N802 - OpenCV's name
        self.faces.append(face)
        return picture

    def feature(self, picture: np.ndarray) -> np.ndarray:
        return np.ones((1, 128), np.float32)


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> RedSquares:
    stand_in = RedSquares()
    monkeypatch.setattr(cv2, "FaceDetectorYN", stand_in)
    monkeypatch.setattr(cv2, "FaceRecognizerSF", stand_in)
    monkeypatch.setattr(second_look_module, "load_faces", lambda: faces.Faces(Path("finder"), Path("comparer")))
    return stand_in


def with_square(width: int, height: int, side: int, left: int) -> np.ndarray:
    """A grey picture (height, width, 3) with a red square on it."""
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[20 : 20 + side, left : left + side] = (220, 20, 20)
    return picture


def said_of_files(folder: Path, files: list[Path]) -> tuple[SecondLook, Reference]:
    """A second look for a face LoRA whose training files these are, at one grey clip."""
    dataset.add_files(folder, files)
    reference = read_reference(folder, TRIGGER)
    case = PromptCase(id="x", prompt=PROMPT, uses_trigger=True, purpose="first", label="", seed=0)
    clip = np.full((2, 64, 64, 3), 128, np.uint8)
    scores = {"lora/x": score_clip(case, "lora", "x.mp4", clip, reference, fps=24)}
    card = card_of(BaseModelName.LTX23, RecipeName.FACE)
    return look_again(scores, {"lora/x": clip}, reference, card), reference


def test_faces_are_looked_for_in_whole_files_and_not_in_small_squares(tmp_path: Path, squares: RedSquares):
    """A face of 220 pixels in a picture of 1024 was once 55 in the 256 that were cut from its middle, and the report
    said that the files show no face that is large enough."""
    square, wide, turned, little, clip = (tmp_path / name for name in ("a.png", "b.png", "c.jpg", "d.png", "e.mp4"))
    Image.fromarray(with_square(1024, 1024, 220, 400)).save(square)
    Image.fromarray(with_square(2560, 1280, 300, 10)).save(wide)  # at its edge, and larger than is looked at
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.fromarray(with_square(900, 600, 100, 700)).save(turned, exif=exif, quality=95)
    Image.fromarray(with_square(300, 200, 70, 5)).save(little)
    write_clip(clip, np.repeat(with_square(640, 240, 80, 8)[None], 9, axis=0), 8.0)
    look, reference = said_of_files(tmp_path / "set", [square, wide, turned, little, clip])
    whole = [(1024, 1024), (1280, 640), (600, 900), (300, 200), *[(640, 240)] * 5, (64, 64), (64, 64)]
    assert [size for size in squares.sizes if max(size) != faces.SMALL_COPY] == whole
    assert [round(float(face[2])) for face in squares.faces] == [220, 150, 100, 70, *[80] * 5]
    assert look.said["face"] == "No face was found that is large enough and turned to the camera in the test clips."
    assert {picture.shape[1:3] for picture in reference.pictures} == {(256, 256)}, "other figures see what they saw"


def test_a_close_up_is_found_although_the_detector_knows_smaller_faces_only(tmp_path: Path, squares: RedSquares):
    """YuNet overlooks faces of more than about 300 pixels, which a close-up has once it is no longer cut to 256."""
    close = tmp_path / "close.png"
    Image.fromarray(with_square(1280, 960, 800, 160)).save(close)
    said_of_files(tmp_path / "set", [close])
    assert squares.faces[0][:4] == pytest.approx([160, 20, 800, 800], abs=8)
    assert squares.faces[0][4:14] == pytest.approx([560, 420] * 5, abs=8)


def test_what_is_said_where_the_files_show_no_face_that_is_large_enough(tmp_path: Path, squares: RedSquares):
    for number in range(3):
        Image.fromarray(with_square(1000 + number, 800, 40, 100)).save(tmp_path / f"{number}.png")
    look, reference = said_of_files(tmp_path / "set", sorted(tmp_path.glob("*.png")))
    assert "in your files (looked at whole, with at most 1280 pixels on the longer side)" in look.said["face"]
    assert "3 pictures had no face of at least 60 pixels, only smaller ones" in look.said["face"]
    for source in reference.files:
        source.path.unlink()
    assert list(read_whole(reference, 1280, 64)) == []


def test_as_many_pictures_are_looked_at_as_were_asked_for(tmp_path: Path):
    for number in range(7):
        Image.fromarray(with_square(100 + number, 80, 40, 20)).save(tmp_path / f"{number}.png")
    dataset.add_files(tmp_path / "set", sorted(tmp_path.glob("*.png")))
    reference = read_reference(tmp_path / "set", TRIGGER)
    assert [picture.shape for picture in read_whole(reference, 50, 3)] == [(40, 50, 3), (39, 50, 3), (38, 50, 3)]


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
