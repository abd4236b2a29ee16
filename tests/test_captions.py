"""Captions: only what is measured, always with the trigger, and a person's words are never overwritten."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tools.captions import spot_check, subject_words, with_trigger, write_captions
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import add_files, load, set_caption, set_excluded
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RECIPES, RecipeName

CHARACTER = RECIPES[RecipeName.CHARACTER]
TRIGGER = "chr_x7kq"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of drawn places, one photograph-like picture, one still clip and one picture with a caption file."""
    rng = np.random.default_rng(3)
    who = random_character(rng)
    source = tmp_path / "source"
    source.mkdir()
    for name, place, light in (("a", "beach", "warm"), ("b", "room", "soft"), ("c", "night", "dim")):
        Image.fromarray(render_image(who, random_scene(rng, place=place, light=light), size=96)).save(
            source / f"{name}.png"
        )
    photograph = rng.integers(0, 40, (80, 80, 3)) + np.array([200, 90, 150])
    Image.fromarray(photograph.astype(np.uint8)).save(source / "d.png")
    Image.fromarray(photograph[:64].astype(np.uint8)).save(source / "e.png")
    (source / "e.txt").write_text("a smiling fox in a hat")
    clip = render_clip(who, random_scene(rng, motion="standing", place="snow", light="soft"), size=96, frames=24)
    write_clip(source / "f.mp4", clip, 24.0)
    add_files(tmp_path / "set", [source])
    return tmp_path / "set"


def captions_of(folder: Path) -> dict[str, str]:
    return {item.name: item.caption for item in load(folder).items}


def test_captions_say_what_was_measured(folder: Path) -> None:
    written = write_captions(folder, TRIGGER, "fox", CHARACTER)
    captions = captions_of(folder)
    assert captions["a.png"] == "chr_x7kq, a fox, teal and yellow background, warm light"
    assert captions["b.png"] == "chr_x7kq, a fox, white background"
    assert captions["c.png"] == "chr_x7kq, a fox, dark blue background, dim light"
    assert captions["d.png"].startswith("chr_x7kq, a fox, ")
    assert captions["e.png"] == "chr_x7kq, a smiling fox in a hat"
    assert captions["f.mp4"] == "chr_x7kq, a fox, standing still, light blue and white background"
    assert dict(written.captions) == {item.id: item.caption for item in load(folder).items}
    assert [item.caption_source for item in load(folder).items] == ["measured"] * 4 + ["file", "measured"]


def test_a_persons_words_are_kept_and_a_second_run_changes_nothing(folder: Path) -> None:
    items = load(folder).items
    set_caption(folder, items[0].id, "my own words", "person")
    set_excluded(folder, items[1].id, True)
    write_captions(folder, TRIGGER, "fox", CHARACTER)
    first = load(folder)
    assert first.items[0].caption == "my own words"
    assert first.items[1].caption == ""
    write_captions(folder, TRIGGER, "fox", CHARACTER)
    assert load(folder) == first
    doubts = spot_check(folder, TRIGGER)
    assert (doubts[0].name, doubts[0].why) == ("a.png", "the trigger word is missing")
    assert "it came with the file" in doubts[-1].why


def test_each_recipe_has_its_own_way() -> None:
    words = {name: subject_words("trg_1", recipe.noun, recipe) for name, recipe in RECIPES.items()}
    assert words == {
        "character": "trg_1, a character",
        "face": "trg_1, a person",
        "style": "in trg_1 style",
        "motion": "trg_1 motion",
        "effect": "trg_1 effect",
    }
    assert subject_words("trg_1", "owl", CHARACTER) == "trg_1, an owl"


@given(caption=st.text(max_size=80), trigger=st.from_regex(r"\A[a-z][a-z0-9_]{2,8}\Z"))
def test_the_trigger_is_always_a_word_of_its_own(caption: str, trigger: str) -> None:
    with_it = with_trigger(caption, trigger)
    assert trigger in with_it
    assert with_it.endswith(caption)
    assert with_trigger(with_it, trigger) == with_it
