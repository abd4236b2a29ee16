"""Views of drawn characters that the net never saw: read rightly, left open when unsure, and never asked of others."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.evaluation import drawn_views
from tools.evaluation.drawn_views import UNKNOWN, VIEWS, WEIGHTS, view_counts, view_odds, views_of
from tools.evaluation.drawn_views_calibration import CHOSEN_ON
from tools.evaluation.drawn_views_figures import load_figures
from tools.evaluation.drawn_views_training import class_of
from tools.evaluation.reference import read_reference
from tools.vision.eyes.view import view_class
from trainer_core.base_models.mini.demo_set import draw_demo_set
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import base_fingerprint
from trainer_core.dataset import manifest as dataset
from trainer_core.plan import BaseModelName

MIDDLES = {"front": 0.0, "three_quarter": 45.0, "profile": -90.0, "back": 180.0}  # degrees


def drawn(yaw: float, seed: int, size: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return render_image(random_character(rng, held_out=True), random_scene(rng, yaw=yaw), size=size)


def test_reads_the_middle_of_every_view_of_characters_it_never_saw():
    for number, (view, yaw) in enumerate(MIDDLES.items()):
        answers = views_of([drawn(yaw, 1000 * number + seed) for seed in range(12)])
        given = [answer for answer in answers if answer != UNKNOWN]
        assert len(given) >= 8, view
        assert given.count(view) / len(given) >= 0.85, (view, answers)


def test_a_picture_of_any_size_and_its_mirror_image_show_the_same_view():
    picture = drawn(45.0, 7, size=160)
    wide = np.pad(picture, ((0, 0), (40, 40), (0, 0)), mode="edge")
    odds = view_odds([picture, wide, picture[:, ::-1]])
    assert odds.sum(dim=1).numpy() == pytest.approx([1, 1, 1], abs=1e-5)
    assert odds[0].numpy() == pytest.approx(odds[1].numpy(), abs=1e-5)
    assert odds[0].numpy() == pytest.approx(odds[2].numpy(), abs=1e-4)
    assert views_of([]) == []


def test_classes_are_those_of_the_world_and_of_the_audit():
    assert [class_of(yaw) for yaw in (0, -22, 23, 68, -113, 360)] == [view_class(y) for y in (0, -22, 23, 68, -113, 0)]


def test_a_turning_clip_counts_for_each_view_that_it_shows_and_a_picture_for_one():
    rng = np.random.default_rng(3)
    scene = random_scene(rng, yaw=0.0, motion="turning", shot="medium", place="room", light="soft")
    turning = render_clip(random_character(rng, held_out=True), scene, size=64, frames=21, fps=6.0)  # 180 degrees
    counts = view_counts([turning, drawn(180.0, 5)[None]])
    assert set(counts) == {*VIEWS, UNKNOWN}
    assert counts["front"] == 1
    assert counts["back"] == 2
    assert counts["unknown"] == 0
    assert view_counts([]) == dict.fromkeys((*VIEWS, UNKNOWN), 0)


def test_a_set_from_one_side_has_no_back_views():
    """What training on pictures from the front only must make visible."""
    files = [drawn(yaw, 300 + seed)[None] for seed, yaw in enumerate(np.linspace(-15, 15, 16))]
    counts = view_counts(files)
    assert counts["back"] == 0
    assert counts["front"] > 0.6 * len(files)


def test_figures_are_of_the_shipped_weights_and_say_where_they_hold():
    figures = load_figures()
    assert figures.weights_sha256 == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert figures.mini_fingerprint == base_fingerprint(BaseModelName.MINI)
    assert figures.validity == drawn_views.VALIDITY
    assert WEIGHTS.stat().st_size < 300_000
    for material in figures.materials.values():
        assert sum(sum(row.values()) for row in material.confusion.values()) == material.every.pictures
    for name in CHOSEN_ON:
        every = figures.materials[name].every
        assert every.answered >= 0.8, name
        assert every.right is not None, name
        assert every.right >= 0.95, name


def test_without_weights_it_says_what_to_do(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="drawn_views_calibration"):
        drawn_views.load_net(tmp_path / "drawn_views.safetensors")


def test_the_training_set_has_views_only_when_the_base_draws_like_mini(tmp_path: Path):
    source = draw_demo_set(tmp_path / "files", size=64)
    dataset.add_files(tmp_path / "set", sorted(source.glob("pip-0*.png")))
    assert read_reference(tmp_path / "set", "chr_x").figures.views is None
    figures = read_reference(tmp_path / "set", "chr_x", BaseModelName.MINI).figures
    views = figures.views
    assert figures.drawn is not None
    assert figures.drawn > 0.5
    assert views is not None
    assert views["front"] >= 2
    assert views["back"] == 0


def test_nothing_is_read_from_files_that_do_not_look_drawn(tmp_path: Path):
    """The net answers on photographs as well, and its answers became 'your files do not show these sides'."""
    rng = np.random.default_rng(5)
    (tmp_path / "files").mkdir()
    for number in range(4):  # grain like a camera's, which no drawing has
        picture = np.clip(rng.normal(120, 40, (96, 96, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(tmp_path / "files" / f"{number}.png")
    dataset.add_files(tmp_path / "set", sorted((tmp_path / "files").glob("*.png")))
    figures = read_reference(tmp_path / "set", "chr_x", BaseModelName.MINI).figures
    assert (figures.drawn, figures.views) == (0.0, None)


def test_nothing_but_the_evaluation_asks_it():
    root = Path(drawn_views.__file__).parents[2]
    for room in ("tools", "agent", "ui", "trainer_core"):
        for path in (root / room).rglob("*.py"):
            if re.search(r"^\s*(from|import)\b.*drawn_views", path.read_text(encoding="utf-8"), re.MULTILINE):
                assert path.parent == root / "tools" / "evaluation", path
