"""The audit's caption rules: what they find, what they must not take for a fault, and how often they are right."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from figures import figures, look, manifest
from hypothesis import given
from hypothesis import strategies as st

from tools.audit.caption_rules import CAPTION_RULES
from tools.audit.evidence import Evidence
from tools.audit.model import Finding
from tools.captioning.claims import contradictions
from tools.captioning.likeness import alike
from tools.captioning.words import looks_named, stated, style_named, worn_named
from tools.measurements import Measurement
from trainer_core.dataset.manifest import CaptionSource
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"
LABELLED = json.loads((Path(__file__).parent / "data" / "captions_labelled.json").read_text(encoding="utf-8"))
SEEN: dict[str, Measurement] = {
    "front": figures(look(2, 3, height=0.3, left_right=0)),
    "close": figures(look(0, 3, height=0.55)),
    "full": figures(look(5, 6, height=0.08)),
    "three_left": figures(look(-42, height=0.27)),
    "three_right": figures(look(43, height=0.27)),
    "profile_left": figures(look(-89, height=0.15)),
    "profile_right": figures(look(90, height=0.15)),
    "back": figures(look(172, 20)),
    "border": figures(look(23, height=0.3)),
    "unknown": figures(look()),
    "dark": figures(look(), brightness=0.08),
    "bright": figures(look(), brightness=0.86),
    "lit_left": figures(look(0, 3, height=0.3, left_right=14)),
    "still_clip": figures(look(), look(), still=0.97),
    "moving_clip": figures(look(), look(), still=0.05),
    "turning_clip": figures(look(3), look(45), look(88), still=0.1),
}
KINDS = {"face and build": "face"}


def evidence(
    captions: list[str], recipe: RecipeName, seen: list[Measurement], trigger: str | None, source: CaptionSource
) -> Evidence:
    dataset = manifest(captions, source)
    measured = {item.id: each for item, each in zip(dataset.items, seen, strict=True)}
    return Evidence(RECIPES[recipe], dataset, dataset.items, measured, {}, {}, trigger=trigger)


def found(
    captions: list[str],
    recipe: RecipeName = RecipeName.CHARACTER,
    seen: str | list[str] = "unknown",
    trigger: str | None = TRIGGER,
    source: CaptionSource = "measured",
) -> dict[str, Finding]:
    names = [seen] * len(captions) if isinstance(seen, str) else seen
    given = evidence(captions, recipe, [SEEN[name] for name in names], trigger, source)
    return {each.id: each for rule in CAPTION_RULES for each in rule(given)}


def labels(row: dict[str, str]) -> set[str]:
    """What the readers of single captions say about a row of the table."""
    caption = row["caption"]
    told = {str(each.aspect) for each in contradictions(caption, SEEN[row["seen"]])}
    if row["kept_out"] == "looks":
        told |= {KINDS.get(kind, kind) for kind in looks_named(caption)}
        told |= {"clothes"} if worn_named(caption) else set()
    return told | ({"style"} if row["kept_out"] == "style" and style_named(caption, "stl_9") else set())


def precision_and_recall(rows: list[dict[str, str]]) -> tuple[float, float]:
    said = [(set(row["expected"]), labels(row)) for row in rows]
    right = sum(len(expected & told) for expected, told in said)
    return right / sum(len(told) for _, told in said), right / sum(len(expected) for expected, _ in said)


@pytest.mark.parametrize("kept_out", [False, True], ids=["tuned on", "kept out"])
def test_captions_are_read_rightly(kept_out: bool) -> None:
    """Every third row was kept out while the patterns were made."""
    rows = [row for index, row in enumerate(LABELLED) if (index % 3 == 2) == kept_out]
    precision, recall = precision_and_recall(rows)
    assert precision >= 0.9
    assert recall >= 0.8


def test_captions_that_are_missing_or_without_trigger() -> None:
    assert "captions_missing" not in found(["", ""])  # they are not written yet: the audit says it did not check them
    some = found(["", f"{TRIGGER}, a cat on a red sofa"])["captions_missing"]
    assert (some.level, some.value, len(some.files)) == ("warn", 1, 1)
    captions = [f"{TRIGGER}, a cat on a sofa", f"{TRIGGER}s, a cat in a tree", "Chr_X7kq, a cat by the sea"]
    without = found(captions)["trigger_missing"]
    assert [each[-1] for each in without.files] == ["1", "2"]
    assert "trigger_missing" not in found(captions, trigger=None)
    assert found([], trigger=TRIGGER) == {}


def test_what_is_measured_contradicts_a_caption_with_figure_threshold_and_source() -> None:
    captions = [f"{TRIGGER}, a cat in profile on a wall", f"{TRIGGER}, a cat seen from behind, sleeping", "x"]
    told = found(captions, seen=["three_left", "front", "front"])["caption_contradicts_view"]
    assert [each[-1] for each in told.files] == ["0", "1"]
    assert told.text.startswith(
        "2 captions contradict what is measured: 1.png says 'from behind', but it is turned 2 degrees"
    )
    assert told.value == 110.5  # a back begins at 112.5 degrees
    assert told.threshold == 15
    assert "384 renders" in told.source


@pytest.mark.parametrize("uncertainty", [3.0, 12.0, 30.0])
def test_a_view_within_its_uncertainty_contradicts_nothing(uncertainty: float) -> None:
    seen = figures(look(67.5 - 1.5 * uncertainty, uncertainty))
    assert contradictions("seen from the side", seen) == []
    near = figures(look(67.5 - max(15, 1.5 * uncertainty) - 2, uncertainty))
    assert [each.aspect for each in contradictions("seen from the side", near)] == ["view"]


def test_looks_are_told_by_the_share_of_captions_that_name_them() -> None:
    captions = [f"{TRIGGER}, a woman with red hair in place {index}" for index in range(2)]
    captions += [f"{TRIGGER}, a woman doing thing number {index} in the garden" for index in range(9)]
    assert "caption_describes_hair" not in found(captions)  # 2 of 11
    captions += [f"{TRIGGER}, a red-haired woman by a lake"]
    told = found(captions)["caption_describes_hair"]
    assert (told.level, told.value, told.threshold, len(told.files)) == ("warn", 0.25, 0.2, 3)
    assert "'red hair'" in told.text
    assert "caption_describes_hair" not in found(captions, RecipeName.STYLE)


def test_clothes_are_told_only_when_most_captions_name_the_same_piece() -> None:
    varied = [f"{TRIGGER}, a man in a {garment}, in the yard" for garment in ("coat", "shirt", "suit", "robe", "vest")]
    assert "caption_describes_clothes" not in found(varied)
    same = [f"{TRIGGER}, a man in a green coat at {place}" for place in ("home", "sea", "work", "school")]
    told = found([*same, f"{TRIGGER}, a man without a coat at the gym"])["caption_describes_clothes"]
    assert (told.value, len(told.files)) == (0.8, 4)
    assert "coat" in told.text


def test_words_that_all_captions_share_are_told_but_not_noun_place_or_view() -> None:
    places = ("sea", "lake", "river", "hill", "road", "wall", "shop", "park", "pier")
    captions = [f"{TRIGGER}, a robot with an antenna, by the {place}, front view, dim light" for place in places]
    assert "'antenna'" in found(captions)["caption_repeats_words"].text
    fine = [f"{TRIGGER}, a robot, by the {place}, front view, plain white background" for place in places]
    assert "caption_repeats_words" not in found(fine)


def test_a_style_is_not_named_in_the_captions_of_a_style() -> None:
    captions = [f"in stl_9 style, a watercolour of a {thing} by a river" for thing in ("house", "mill", "boat")]
    told = found(captions, RecipeName.STYLE, trigger="stl_9")
    assert told["caption_describes_style"].value == 1.0
    assert "caption_describes_style" not in found(captions, RecipeName.FACE, trigger="stl_9")


def test_short_and_long_captions() -> None:
    captions = [f"{TRIGGER}, a cat", f"{TRIGGER}, " + "very " * 250 + "long", f"{TRIGGER}, a cat on a roof"]
    told = found(captions)
    assert (told["captions_short"].value, told["captions_short"].threshold) == (2, 4)
    assert (told["captions_long"].value, told["captions_long"].threshold) == (251, 200)


def test_nearly_the_same_captions_are_grouped() -> None:
    base = "a man walks along a wide sandy beach at noon while tall waves break behind him and two gulls circle above"
    captions = [base, base.replace("noon", "dawn"), "a man sits in a small kitchen and reads", base.upper() + "!"]
    assert alike(captions) == [[0, 1, 3]]
    assert alike(["x, a cat, facing left", "x, a cat, facing right"], ["x"]) == []
    same = [f"{TRIGGER}, a cat, white background"] * 3 + [f"{TRIGGER}, a cat in an old tree"]
    told = found(same)["captions_alike"]
    assert (told.level, told.value, len(told.files)) == ("note", 0.75, 3)  # ours: no more could be measured
    assert found(same, source="file")["captions_alike"].level == "warn"


@pytest.mark.parametrize("words", [12, 60], ids=["few words", "many words"])
def test_a_thousand_captions_are_compared_in_time_that_grows_evenly(words: int) -> None:
    """Also made to be slow: all captions are of the same few words, so that each meets all others."""
    rng = np.random.default_rng(1)
    vocabulary = [f"word{index}" for index in range(words * 2)]

    def seconds(count: int) -> float:
        captions = [" ".join(rng.choice(vocabulary, words, replace=False)) for _ in range(count)]
        start = time.perf_counter()
        alike(captions)
        return time.perf_counter() - start

    seconds(50)
    small, large = min(seconds(250) for _ in range(2)), min(seconds(1000) for _ in range(2))
    assert large < 8 * small + 0.05  # four times as many captions; 16 times as long if all pairs were compared
    assert large < 2


@pytest.mark.parametrize(
    "hostile",
    [
        "dark brown " * 360 + "x",
        "long and " * 400,
        "from the " * 400,
        "'" * 4000,
        '"' * 3999,
        "not " * 1000,
        "(" * 4000,
        "red and white " * 280,
        "a, or " * 600,
    ],
)
def test_hostile_captions_are_read_in_no_time(hostile: str) -> None:
    start = time.perf_counter()
    found([hostile] * 3, seen="front")
    found([hostile] * 3, RecipeName.STYLE, seen="front")
    assert time.perf_counter() - start < 1


@given(caption=st.text(max_size=200))
def test_any_caption_can_be_read(caption: str) -> None:
    assert all(clause == clause.lower() and clause for clause in stated(caption))
    found([caption, caption, f"{TRIGGER}, {caption}"], seen="lit_left")


@given(
    negation=st.sampled_from(["not", "no", "without", "isn't", "never", "rather than"]),
    words=st.sampled_from(["a close-up", "seen from behind", "red hair", "a green coat", "blue eyes", "side view"]),
)
def test_what_is_denied_or_quoted_is_not_claimed(negation: str, words: str) -> None:
    for caption in (f"{TRIGGER}, a man {negation} {words}", f'{TRIGGER}, a man with a sign "{words}"'):
        assert contradictions(caption, SEEN["full"]) == []
        assert looks_named(caption) == {}
        assert worn_named(caption) == []
