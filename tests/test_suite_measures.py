"""Trained captions against one kept aside, and clips with and without a picture beside the prompt."""

import pytest

from tools.evaluation.prompts import Shown, suite
from tools.evaluation.scorecard import ClipScore, Scorecard
from tools.evaluation.suite_measures import measures_of_suite
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"


def card_of(
    likeness: dict[str, float], recipe: RecipeName = RecipeName.FACE, base: BaseModelName = BaseModelName.MINI
) -> Scorecard:
    """A card whose clips have the likeness of their purpose, 0.5 for others; 0.1 on the base."""
    cases = suite(
        RECIPES[recipe], TRIGGER, "person", ["one", "two"], base, held_out=["three"], shown=[Shown("itm_1")] * 2
    )
    clips = [
        ClipScore(
            **{"case": case, "model": model, "file": "x.mp4", "identity_by_frame": (), "consistency": 1, "nearest": 0},
            **{"moving": 0, "change": 0, "empty": 0, "burned": 0},
            identity=likeness.get(case.purpose, 0.5) if model == "lora" else 0.1,
        )
        for model in ("lora", "base")
        for case in (cases if model == "lora" else [case for case in cases if case.on_base])
    ]
    return Scorecard(
        **{"run_id": "run_1", "base": base, "recipe": recipe, "trigger": TRIGGER, "noun": "person"},
        **{"lora_sha256": None, "width": 64, "height": 64, "frames": 9, "fps": 8.0, "sampling_steps": 12},
        **{"guidance": 3.0, "honesty": "", "created": "", "clips": tuple(clips)},
    )


def test_what_was_learned_by_heart_and_what_a_picture_adds():
    gap, gain = measures_of_suite(card_of({"seen": 0.9, "held_out": 0.4, "reference": 0.7}))
    assert (gap.id, gap.value, gap.verdict) == ("captions_gap", pytest.approx(0.5), "shown")
    assert "2 against 1 clip" in gap.validity
    assert "Before training the difference was 0.00" in gap.validity
    assert (gain.id, gain.value) == ("picture_gain", pytest.approx(0.2))
    assert gain.evidence == ("reference-1", "reference-2")


def test_no_figure_without_its_clips_or_where_the_embedder_does_not_hold():
    card = card_of({})
    kept = [clip for clip in card.clips if clip.case.purpose not in ("held_out", "reference")]
    assert measures_of_suite(card.model_copy(update={"clips": tuple(kept)})) == ()
    assert measures_of_suite(card_of({}, RecipeName.STYLE)) == ()
    assert measures_of_suite(card_of({}, base=BaseModelName.LTX23)) == ()
