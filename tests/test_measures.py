"""The scorecard's measures against material whose truth is known because it is drawn, damaged or built here."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lora_files import random_state, write_lora

from tools.evaluation import measures
from tools.evaluation.attributes import place_in, place_of
from tools.evaluation.calibration import load_calibration
from tools.evaluation.calibration_lines import draw_cases, flicker, line_between, lines_from, place_probe
from tools.evaluation.prompts import PromptCase
from tools.evaluation.reference import Reference, reference_of
from tools.evaluation.scorecard import ClipScore, Measure, Scorecard
from tools.evaluation.scoring import measure_all, score_clip
from tools.evaluation.weights import effect_of, weight_measures
from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import load_pipeline
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


def card_of(base: BaseModelName, recipe: RecipeName) -> Scorecard:
    return Scorecard(
        run_id="run_1",
        base=base,
        recipe=recipe,
        trigger=TRIGGER,
        noun="cat",
        lora_sha256=None,
        width=64,
        height=64,
        frames=9,
        fps=8,
        sampling_steps=12,
        guidance=3,
        honesty="",
        created="",
    )


def in_places(taught: Character, reference: Reference, shown: dict[str, str]) -> list[ClipScore]:
    """Clips of the places asked for (keys), as they look with the LoRA (values); the base follows."""
    scores = []
    for number, (asked, seen) in enumerate(shown.items()):
        prompt = f"{TRIGGER}, a cat, walking, {PLACES[asked].phrase}, soft light"
        case = PromptCase(id=f"new-{number}", prompt=prompt, uses_trigger=True, purpose="new", label="", seed=number)
        for model, place in (("lora", seen), ("base", asked)):
            clip = clip_of(taught, number, place=place, light="soft", shot="medium")
            scores.append(score_clip(case, model, "x.mp4", clip, reference, fps=8))
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
    assert load_calibration().probes["place"].source in by_id["place_followed"].validity


def test_places_are_not_judged_outside_the_drawn_world(taught: Character, reference: Reference):
    clips = in_places(taught, reference, {"night": "night"})
    found = measure_all(clips, load_calibration(), base=BaseModelName.LTX23, recipe=RecipeName.CHARACTER)
    measure = next(measure for measure in found if measure.id == "place_followed")
    assert measure.value is None
    assert "drawn world" in measure.validity


def test_a_scorecard_without_places_still_loads(taught: Character, reference: Reference):
    clip = in_places(taught, reference, {"night": "night"})[0]
    older = clip.model_dump(exclude={"place"})
    assert ClipScore.model_validate(older) == clip.model_copy(update={"place": None})


# lines from clips that were spoiled on purpose


def test_every_stored_line_tells_sound_clips_from_spoiled_ones():
    lines = load_calibration().lines
    assert set(lines) == {"copying", "variety", "burned", "still", "flicker"}
    for line in lines.values():
        assert line.auc >= 0.97 > 0.06 > line.errors
        sign = 1 if line.direction == "at least" else -1
        assert sign * line.sound.p50 > sign * line.value > sign * line.spoiled.p50
        assert line.date in line.source


def test_lines_are_measured_and_not_typed_in():
    """Two small cases, without the autoencoder, give lines of the stored kind, the same every time."""
    cases = draw_cases(2, list)
    lines = lines_from(cases)
    assert lines_from(draw_cases(2, list)) == lines
    assert set(lines) == set(load_calibration().lines)
    assert lines["variety"].sound.p05 > lines["variety"].value > lines["variety"].spoiled.p95
    assert place_probe(cases).right == 6


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20), st.sampled_from(["at least", "at most"]))
def test_a_line_between_cases_that_do_not_overlap_makes_no_errors(values: list[float], direction: str):
    sign = 1 if direction == "at least" else -1
    found = line_between(values, [value - sign * 2.5 for value in values], direction, "anything")
    assert found.errors == 0
    assert found.auc == 1
    assert all(sign * value > sign * found.value for value in values)


# movement, stillness and flicker


def panned(speed: float, fps: float, frames: int) -> np.ndarray:
    """A camera's pan over soft blots, `speed` in pixels a second, 256 pixels square."""
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 255, (300, 700, 3), dtype=np.uint8), (0, 0), 4)
    blots = cv2.normalize(noise, np.empty_like(noise), 0, 255, cv2.NORM_MINMAX)
    shifts = [np.array([[1, 0, -speed * index / fps], [0, 1, 0]], dtype=np.float32) for index in range(frames)]
    return np.stack([cv2.warpAffine(blots, shift, (256, 256)) for shift in shifts])


@pytest.mark.parametrize("speed", [60, 96, 120])
def test_ordinary_motion_counts_at_24_frames_a_second(speed: int):
    """These pans once counted as no movement at LTX-2.3's rate: flow was taken from every frame to the next, a third of
    what VBench's line is stated for."""
    assert measures.moving_share(panned(speed, 24.0, 25), 24.0) == 1
    assert measures.moving_share(panned(speed, 8.0, 9), 8.0) == 1


@pytest.mark.parametrize("jump", [1, 5, 8])
def test_at_mini_s_rate_every_pair_of_frames_counts(jump: int):
    """Figures on mini are those from before the rate was asked for."""
    clip = panned(0, 8.0, 9)
    clip[jump:] = np.roll(clip[jump:], 16, axis=2)
    assert measures.moving_share(clip, 8.0) == 1 / 8
    assert measures.moving_share(clip, 4.0) == 1 / 8  # never more pairs than there are
    assert measures.moving_share(clip, 24.0) == (1 / 2 if jump <= 6 else 0)  # frames 0, 3 and 6
    assert measures.moving_share(clip[:3], 24.0) == 0


def scored(clip: np.ndarray, model: str, action: str, reference: Reference) -> ClipScore:
    prompt = f"{TRIGGER}, a cat, {action}, in a meadow"
    case = PromptCase(id="new-1", prompt=prompt, uses_trigger=True, purpose="new", label="", seed=1)
    case = case.model_copy(update={"nothing_moves": action == "standing"})
    return score_clip(case, "lora" if model == "lora" else "base", "x.mp4", clip, reference, fps=8)


def measured(clips: list[ClipScore]) -> dict[str, Measure]:
    found = measure_all(clips, load_calibration(), base=BaseModelName.MINI, recipe=RecipeName.CHARACTER)
    return {measure.id: measure for measure in found}


def test_a_clip_that_stopped_moving_is_told_from_one_that_never_moved(taught: Character, reference: Reference):
    jumps = clip_of(taught, 2, frames=9, motion="jumping", shot="medium")
    stands = clip_of(taught, 2, frames=9, motion="standing")
    after = {
        "stopped": (stands, jumps),
        "moves on": (jumps, jumps),
        "never moved": (stands, stands),
    }
    found = {
        name: measured([scored(lora, "lora", "jumping", reference), scored(base, "base", "jumping", reference)])[
            "still"
        ]
        for name, (lora, base) in after.items()
    }
    assert [found[name].value for name in after] == [1, 0, None]
    assert "base model" in found["never moved"].validity


def test_standing_still_is_not_judged_by_a_line_of_other_clips(taught: Character, reference: Reference):
    """The line was calibrated on mini's clips, 64 pixels and 8 frames a second, and was held against LTX-2.3's too."""
    jumps = clip_of(taught, 2, frames=9, motion="jumping", shot="medium")
    stands = clip_of(taught, 2, frames=9, motion="standing")
    clips = [scored(stands, "lora", "jumping", reference), scored(jumps, "base", "jumping", reference)]
    found = measure_all(clips, load_calibration(), base=BaseModelName.LTX23, recipe=RecipeName.CHARACTER)
    still = next(measure for measure in found if measure.id == "still")
    assert (still.value, still.verdict) == (None, "shown")
    assert "There is no line that holds for this material" in still.words()
    assert load_calibration().lines["copying"].holds_for(BaseModelName.LTX23)  # photographs were looked at


def test_flicker_is_seen_where_nothing_is_asked_to_move(taught: Character, reference: Reference):
    calm = clip_of(taught, 1, frames=9, motion="standing")
    shaky = flicker(calm, np.random.default_rng(3))
    for clip, verdict in ((calm, "good"), (shaky, "poor")):
        found = measured([scored(clip, "lora", "standing", reference)])["flicker"]
        assert found.verdict == verdict
        assert found.threshold is not None
        assert "calibration of" in found.threshold.source
    assert measured([scored(shaky, "lora", "jumping", reference)])["flicker"].value is None


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_steadiness_is_a_share_and_a_still_is_perfectly_calm(frames: int, seed: int):
    clip = np.random.default_rng(seed).integers(0, 256, (frames, 4, 5, 3), dtype=np.uint8)
    assert 0 <= measures.steadiness(clip) <= 1
    assert measures.steadiness(np.repeat(clip[:1], 4, axis=0)) == 1


# weights


def test_the_effect_of_a_lora_on_one_forward_pass(tmp_path: Path):
    pipeline = load_pipeline(BaseModelName.MINI)
    still = {name: value * ("lora_A" in name) for name, value in random_state(1, size=0.1).items()}
    files = [
        write_lora(tmp_path / "nothing.safetensors", state=still),
        write_lora(tmp_path / "little.safetensors", 1, size=0.05),
        write_lora(tmp_path / "much.safetensors", 1, size=0.15),
    ]
    cases = [
        PromptCase(id=name, prompt=prompt, uses_trigger=name == "first", purpose=name, label="", seed=0)
        for name, prompt in (("first", f"{TRIGGER}, a cat, standing"), ("leak", "a cat, standing"))
    ]
    card = card_of(BaseModelName.MINI, RecipeName.CHARACTER)
    effects = [effect_of(pipeline, file, 1.0, cases, card) for file in files]
    half = effect_of(pipeline, files[2], 0.5, cases, card)
    nothing, little, much = (effect.with_trigger for effect in effects if effect)
    assert nothing == 0 < little < much
    assert half is not None
    assert little < half.with_trigger < much
    assert effect_of(pipeline, files[2], 1.0, cases[:1], card) is None
    found = {measure.id: measure for measure in weight_measures(0.0064, effects[2])}
    assert found["effect"].value == pytest.approx(much, rel=1e-3)
    assert found["weight_change"].value == 6.4
    assert {measure.value for measure in weight_measures(None, None)} == {None}
