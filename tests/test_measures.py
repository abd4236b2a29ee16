"""The scorecard's measures against material whose truth is known because it is drawn, damaged or built here."""

import numpy as np
import pytest

from tools.evaluation.attributes import place_in, place_of
from tools.evaluation.calibration import load_calibration
from tools.evaluation.prompts import PromptCase
from tools.evaluation.reference import Reference, reference_of
from tools.evaluation.scorecard import ClipScore
from tools.evaluation.scoring import measure_all, score_clip
from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

TRIGGER = "chr_x7kq"


def unseen(seed: int) -> Character:
    return random_character(np.random.default_rng(seed), held_out=True)


def clip_of(character: Character, seed: int, frames: int = 5, **fixed: object) -> np.ndarray:
    scene = random_scene(np.random.default_rng(seed), **fixed)
    return render_clip(character, scene, size=64, frames=frames)


@pytest.fixture(scope="module")
def taught() -> Character:
    return unseen(3)


@pytest.fixture(scope="module")
def reference(taught: Character) -> Reference:
    scenes = [random_scene(np.random.default_rng(seed)) for seed in range(6)]
    return reference_of([render_image(taught, scene, size=96)[None] for scene in scenes])


def in_places(taught: Character, reference: Reference, shown: dict[str, str]) -> list[ClipScore]:
    """Clips of the places asked for (keys), as they look with the LoRA (values); the base follows."""
    scores = []
    for number, (asked, seen) in enumerate(shown.items()):
        prompt = f"{TRIGGER}, a cat, walking, {PLACES[asked].phrase}, soft light"
        case = PromptCase(id=f"new-{number}", prompt=prompt, uses_trigger=True, purpose="new", label="", seed=number)
        for model, place in (("lora", seen), ("base", asked)):
            clip = clip_of(taught, number, place=place, light="soft", shot="medium")
            scores.append(score_clip(case, model, "x.mp4", clip, reference))
    return scores


# where a clip plays


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("light", ["soft", "dim", "warm"])
def test_every_place_is_known_by_its_colours(place: str, light: str):
    clip = clip_of(unseen(sum(map(ord, place))), len(place), frames=2, place=place, light=light, shot="medium")
    assert place_of(clip) == place
    assert place_of(np.repeat(np.repeat(clip, 2, axis=1), 3, axis=2)) == place  # any size


def test_a_place_is_only_asked_for_by_its_words():
    assert [place_in(f"A cat, {place.phrase}, soft light") for place in PLACES.values()] == list(PLACES)
    assert place_in("a cat, standing") is None
    assert place_in("in a meadow, at night") is None  # two places: no telling which counts


def test_the_share_of_clips_that_go_where_the_words_say(taught: Character, reference: Reference):
    clips = in_places(taught, reference, {"beach": "room", "night": "night", "snow": "room", "forest": "forest"})
    assert clips[0].place == "room"
    found = measure_all(clips, load_calibration(), base=BaseModelName.MINI, recipe=RecipeName.CHARACTER)
    by_id = {measure.id: measure for measure in found}
    assert by_id["place_followed"].value == 0.5
    assert by_id["place_followed_base"].value == 1
    assert "239 of 240" in by_id["place_followed"].definition


def test_places_are_not_judged_outside_the_drawn_world(taught: Character, reference: Reference):
    clips = in_places(taught, reference, {"night": "night"})
    found = measure_all(clips, load_calibration(), base=BaseModelName.LTX23, recipe=RecipeName.CHARACTER)
    measure = next(measure for measure in found if measure.id == "place_followed")
    assert measure.value is None
    assert "drawn world" in measure.validity


def test_a_scorecard_without_places_still_loads(taught: Character, reference: Reference):
    clip = in_places(taught, reference, {"night": "night"})[0]
    older = clip.model_dump(exclude={"place"})
    assert ClipScore.model_validate(older) == replace_place(clip)


def replace_place(clip: ClipScore) -> ClipScore:
    return clip.model_copy(update={"place": None})
