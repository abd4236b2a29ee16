"""Captions: only what is measured, always with the trigger, and a person's words are never overwritten."""

from pathlib import Path

import numpy as np
import pytest
from figures import figures, item, look
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rooms import draw_pictures, new_context, up_to_plan

from tools.captioning.captions import caption_item, spot_check, subject_words, with_trigger, write_captions
from tools.captioning.claims import contradictions, says_view
from tools.captioning.facts import facts
from tools.captioning.tools import ShowCaptions, show_captions
from tools.captioning.words import looks_named, style_named
from tools.evaluation.prompts import view_words
from tools.second_eye.opinions import Opinion, save_opinions
from tools.state import without_caption
from tools.vision.colours import measure_edges
from tools.vision.eyes.look import Look
from tools.vision.eyes.view import Seen, View, view_of
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import Manifest, add_files, load, save, set_caption, set_excluded
from trainer_core.dataset.media import write_clip
from trainer_core.plan import BaseModelName
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


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ([look(3, 3, height=0.3)], ["front view", "head and shoulders"]),
        ([look(-42, height=0.5)], ["three-quarter view facing left", "close-up"]),
        ([look(88, height=0.15)], ["side view facing right", "medium shot"]),
        ([look(170, 20)], ["back view"]),
        ([look(20, height=0.21)], []),  # both on a border
        ([look(None)], []),
        ([look(0, 3, height=0.28, left_right=9)], ["front view", "head and shoulders", "light from the left"]),
        ([look(20, 2, height=0.28, left_right=9)], ["front view", "head and shoulders"]),  # the turn explains it
        ([look(-3, 3, height=0.28, left_right=-9)], ["front view", "head and shoulders", "light from the right"]),
    ],
)
def test_views_shots_and_light_are_said_where_they_are_sure(looks: list[Look], words: list[str]) -> None:
    assert facts(figures(*looks), ("view", "shot", "light")) == words


@pytest.mark.parametrize(
    ("looks", "camera", "words"),
    [
        ([look(2), look(45), look(88)], 0.0, ["turning from the front to the side"]),
        ([look(2), look(45), look(88)], 0.3, ["seen from the front, then from the side"]),
        ([look(170), look(90), look(1)], 0.0, ["turning from behind to the front"]),
        ([look(2), look(90), look(-1)], 0.0, ["turning"]),
        ([look(-88), look(-91), look(-90)], 0.0, ["side view facing left"]),
        ([look(2), look(None), look(None)], 0.0, []),  # not known most of the time
    ],
)
def test_of_a_clip_the_change_is_said(looks: list[Look], camera: float, words: list[str]) -> None:
    assert facts(figures(*looks, still=0.1, camera=camera), ("view",)) == words


def test_a_person_without_a_face_is_not_called_a_back() -> None:
    hidden = look(None).model_copy(update={"view": View(name="back", eye="no_face")})
    assert facts(figures(hidden), ("view",)) == ["face not visible"]


def unread(reason: str) -> Look:
    """Of which the eyes could not tell the view."""
    return look(None).model_copy(update={"view": View(reason=reason)})


ANIMAL = unread("Neither a face nor a body was found.")


@pytest.mark.parametrize("seen", [look(0, 3, height=0.3), look(170, 20), ANIMAL], ids=["face", "from behind", "animal"])
def test_a_photograph_before_a_grey_wall_is_no_drawing_in_dim_light(seen: Look) -> None:
    """The drawn white room in dim light has the same colours."""
    grey = measure_edges(np.full((64, 64, 3), 130, dtype=np.uint8))
    photograph = figures(seen).model_copy(update={"edges": grey})
    assert facts(photograph, ("place", "light")) == ["grey background"]
    drawing = figures(unread(view_of(Seen(drawn=True)).reason)).model_copy(update={"edges": grey})
    assert facts(drawing, ("place", "light")) == ["white background", "dim light"]


def test_a_vision_model_s_opinion_counts_where_the_eyes_have_none(folder: Path) -> None:
    side = Opinion(view="profile", side="left", model="m")
    assert caption_item(figures(look(None)), TRIGGER, "fox", CHARACTER, side).endswith(", side view facing left")
    for known in (figures(look(2, 3)), figures(look(22))):
        assert "side view" not in caption_item(known, TRIGGER, "fox", CHARACTER, side)
    save_opinions(folder, {load(folder).items[0].sha256: side})
    write_captions(folder, TRIGGER, "fox", CHARACTER)
    assert (
        captions_of(folder)["a.png"] == "chr_x7kq, a fox, teal and yellow background, warm light, side view facing left"
    )


def test_an_open_mouth_is_geometry() -> None:
    open_wide = look(0, 3).model_copy(update={"expression": (0.8, 0.4, *[0.2] * 8)})
    closed = look(0, 3).model_copy(update={"expression": (0.8, 0.05, *[0.2] * 8)})
    assert facts(figures(open_wide), ("mouth",)) == ["mouth open"]
    assert facts(figures(closed), ("mouth",)) == []


@settings(deadline=None)  # reading the lists of the first caption takes a moment
@given(
    yaw=st.floats(-180, 180),
    uncertainty=st.floats(1, 25),
    height=st.floats(0.03, 0.9),
    left_right=st.floats(-30, 30),
    brightness=st.floats(0, 1),
)
def test_a_measured_caption_never_contradicts_its_own_measures(
    yaw: float, uncertainty: float, height: float, left_right: float, brightness: float
) -> None:
    seen = figures(look(yaw, uncertainty, height=height, left_right=left_right), brightness=brightness)
    for recipe in RECIPES.values():
        caption = caption_item(seen, TRIGGER, recipe.noun, recipe)
        assert contradictions(caption, seen) == []
        assert looks_named(caption) == {}
        assert style_named(caption, TRIGGER) == []


def test_captions_and_test_prompts_use_the_same_words() -> None:
    for base in BaseModelName:
        asked = view_words(base)
        for name, yaw in (("front", 0), ("three_quarter", 45), ("profile", 90), ("back", 180)):
            (said,) = facts(figures(look(yaw, 5)), ("view",))
            assert says_view(said)
            assert contradictions(asked[name], figures(look(yaw, 5))) == []  # the prompt is true of what it asks for
            if base is BaseModelName.MINI:
                assert said.startswith(asked[name])


def test_the_least_certain_captions_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captions = [
        (f"{TRIGGER}, a cat, front view, grey background", "measured", look(2, 3)),
        (f"{TRIGGER}, a cat, grey background", "measured", look(22)),
        (f"{TRIGGER}, a cat in profile on a red sofa", "file", look(2, 3)),
        ("a cat on a chair", "person", look(2, 3)),
        (f"{TRIGGER}, a cat on the moon, seen from behind", "person", look(2, 3)),
        (f"{TRIGGER}, a cat under a big table", "file", look(2, 3)),
    ]
    items = [item(number, caption, source) for number, (caption, source, _) in enumerate(captions)]
    save(tmp_path, Manifest(items=tuple(items)))
    measured = {each.id: figures(seen) for each, (_, _, seen) in zip(items, captions, strict=True)}
    monkeypatch.setattr("tools.captioning.checks.stored_measurements", lambda *_: measured)
    told = [(check.name, check.why) for check in spot_check(tmp_path, TRIGGER, recipe=CHARACTER)]
    assert told == [
        ("3.png", "the trigger word is missing"),
        ("2.png", "it says 'profile', but it is turned 2 degrees to the right, give or take 3"),
        ("1.png", "the view is on a border (22 degrees, give or take 6): say it"),
        ("5.png", "it came with the file: it should not describe what is to be learned"),
    ]
    style = spot_check(tmp_path, TRIGGER, recipe=RECIPES[RecipeName.STYLE])
    assert "what is shown cannot be measured" in next(check.why for check in style if check.name == "0.png")


def test_a_trigger_inside_of_another_word_is_no_trigger() -> None:
    captions = [f"{TRIGGER}, a cat", f"my{TRIGGER}, a cat", "a cat", ""]
    items = tuple(item(number, caption) for number, caption in enumerate(captions))
    assert without_caption(Manifest(items=items), TRIGGER) == list(items[1:])
    assert without_caption(Manifest(items=items), None) == [items[3]]


def test_the_chat_reads_out_the_least_certain_captions(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    up_to_plan(context, draw_pictures(tmp_path / "pictures", 3))
    folder = context.workspace.dataset_folder(context.project_id)
    set_caption(folder, load(folder).items[2].id, "a cat without the word", "person")
    shown = show_captions(context, ShowCaptions(count=1))
    assert "Please read these first" in shown.text
    assert "the trigger word is missing" in shown.text
    assert shown.data["read_first"][0] == load(folder).items[2].id
