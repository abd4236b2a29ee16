"""Two runs side by side: the differences of plans and figures, and what is said of their noise."""

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from lora_rooms import add_run, best_at, new_project, score

from tools.compare_runs import PER_CLIP, CompareRuns, compare_runs, comparison, figure_words
from tools.context import ToolContext, ToolRefused
from tools.evaluation.definitions import DEFINITIONS
from tools.evaluation.further_definitions import FURTHER
from tools.evaluation.prompts import PromptCase
from tools.evaluation.scorecard import ClipScore, Measure
from tools.shelf import shelf_of
from tools.state import steps_of_run
from ui.panels.library import load
from ui.panels.library_tables import comparison_html, loras_html, runs_html


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_project(tmp_path / "home")


def two_runs(context: ToolContext, first: list[float], second: list[float]) -> tuple[str, str]:
    made = []
    for seed, (values, steps) in enumerate(((first, 200), (second, 300))):
        run, lora = add_run(context, seed, steps=steps)
        score(context, run, lora, values)
        made.append(run.id)
    return made[0], made[1]


def test_a_difference_is_beyond_the_noise_only_where_the_clips_agree_on_it(context: ToolContext) -> None:
    one, two = two_runs(context, [0.5, 0.6, 0.7, 0.8], [0.6, 0.71, 0.79, 0.9])
    found = comparison(context, one, two)
    likeness, variety = found.figures
    assert likeness.difference == pytest.approx(0.1)
    # pairs differ by 0.10, 0.11, 0.09, 0.10: standard deviation 0.00816, t(3) = 3.18, n = 4
    assert likeness.noise == pytest.approx(3.18 * 0.008165 / 2, rel=1e-3)
    assert likeness.sure == "beyond the noise"
    assert variety.sure == "noise not known"
    assert any("steps 200 -> 300" in change for change in found.changes)
    drawn = comparison_html(found)
    assert "+0.100" in drawn
    assert "beyond the noise" in drawn
    told = compare_runs(context, CompareRuns()).text
    assert "0.100 more, beyond the noise" in told
    assert "was not measured" in told
    swapped = comparison(context, two, one).figures[0]
    assert swapped.difference == pytest.approx(-0.1)


def test_clips_that_disagree_or_are_few_say_little(context: ToolContext) -> None:
    one, two = two_runs(context, [0.5, 0.6, 0.7, 0.8], [0.9, 0.4, 0.9, 0.6])
    assert comparison(context, one, two).figures[0].sure == "within the noise"
    three, four = two_runs(context, [0.5, 0.6], [0.8, 0.9])
    assert comparison(context, three, four).figures[0].sure == "noise not known"
    assert comparison(context, one, four).figures[0].sure == "noise not known"  # other clips


def scored_clips(context: ToolContext, seed: int, burned: list[float], burned_base: list[float], **changes: Any) -> str:
    """A run whose clips, with and without the LoRA, are burned like this; all of them stand equally still: its id."""
    run, lora = add_run(context, seed)
    card = score(context, run, lora, [0.5] * len(burned))
    clips = [
        clip.model_copy(update={"model": model, "burned": value})
        for model, values in (("lora", burned), ("base", burned_base))
        for clip, value in zip(card.clips, values, strict=True)
    ]
    before = Measure(
        id="burned_base", title="Burned colours before training", value=round(fmean(burned_base), 4),
        unit="share, 0 to 1", definition="", evidence=tuple(clip.case.id for clip in card.clips),
    )  # fmt: skip
    copied = before.model_copy(update={"id": "copying", "title": "Closest", "value": 0.1})
    score(context, run, lora, [0.5] * len(burned), clips=tuple(clips), measures=(before, copied), **changes)
    return run.id


def test_noise_is_of_the_clips_that_a_figure_was_taken_from(context: ToolContext) -> None:
    """A figure of the base model's clips was once given the noise of any field of the LoRA's clips with a mean near it:
    "Burned colours before training: 0.000, then 0.001: 0.001 more, beyond the noise (0.000 over 4 clips)"."""
    one = scored_clips(context, 0, [0.3] * 4, [0.0, 0.001, 0.0, 0.0])
    two = scored_clips(context, 1, [0.4] * 4, [0.003, 0.0, 0.0, 0.0])
    burned, largest = comparison(context, one, two).figures
    # pairs differ by 0.003, -0.001, 0, 0: standard deviation 0.00173, t(3) = 3.18, n = 4
    assert burned.noise == pytest.approx(3.18 * 0.001732 / 2, rel=1e-3)
    assert burned.sure == "within the noise"
    calm = scored_clips(context, 2, [0.3] * 4, [0.0, 0.0010, 0.0, 0.0])
    more = scored_clips(context, 3, [0.3] * 4, [0.0006, 0.0016, 0.0006, 0.0005])
    (close, _) = comparison(context, calm, more).figures
    assert figure_words(close).endswith("0.000, then 0.001: 0.001 more, beyond the noise (0.0001 over 4 clips)")
    assert "&plusmn; 0.0001, 4 clips" in comparison_html(comparison(context, calm, more))
    assert largest.noise is None  # the largest of its clips, and all of them have 0.1: no mean of theirs says its noise


def test_every_figure_of_single_clips_is_read_as_it_was_measured() -> None:
    case = PromptCase(id="new-0", prompt="x", uses_trigger=True, purpose="new", label="x", seed=1)
    clips = {}
    for number, model in enumerate(("lora", "base")):
        fields = ("identity", "consistency", "nearest", "moving", "change", "empty", "burned")
        values = {name: (1 + place) / 100 + number / 2 for place, name in enumerate(fields)}
        names = (definition.extra for definition in FURTHER if definition.extra)
        extra = {name: (20 + place) / 100 + number / 2 for place, name in enumerate(names)}
        clips[model] = ClipScore.model_validate(
            {"case": case, "model": model, "file": "x.mp4", "identity_by_frame": (), "extra": extra} | values
        )
    known = {definition.id: definition for definition in (*DEFINITIONS, *FURTHER)}
    assert set(PER_CLIP) <= set(known)
    for measure, (of, model) in PER_CLIP.items():
        assert of(clips[model]) == known[measure].of(clips["lora"], clips["base"]), measure
    assert "burned_base" in PER_CLIP


def test_runs_scored_at_different_steps_or_strengths_say_so(context: ToolContext) -> None:
    """Nothing once told that one run's figures were those of its LoRA at 0.6, and the other's at 1."""
    chosen = best_at(0.6)
    runs = [
        scored_clips(context, seed, [0.3] * 4, [0.1] * 4, sweep=sweep)
        for seed, sweep in enumerate((chosen, chosen, chosen.model_copy(update={"best_step": 100}), None))
    ]
    last = steps_of_run(context.workspace, runs[3])

    def told(first: str, second: str) -> str:
        return " ".join(comparison(context, first, second).notes)

    assert "scored at" not in told(runs[0], runs[1])
    assert f"{runs[0]} was scored at step 300 and strength 0.6, {runs[2]} at step 100 and strength 0.6." in told(
        runs[0], runs[2]
    )
    assert f"{runs[3]} at step {last} and strength 1." in told(runs[0], runs[3])
    assert "was scored at step 300" in comparison_html(comparison(context, runs[0], runs[3]))


def test_what_cannot_be_compared_is_said(context: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="Two scored runs"):
        compare_runs(context, CompareRuns())
    run, lora = add_run(context)
    with pytest.raises(ToolRefused, match="Two scored runs"):
        compare_runs(context, CompareRuns())
    score(context, run, lora, [0.5, 0.6])
    other, _ = add_run(context, 1)
    with pytest.raises(ToolRefused, match="there is only one"):
        compare_runs(context, CompareRuns())
    for first, second, words in (
        (run.id, run.id, "same run twice"),
        (run.id, other.id, "no scores yet"),
        ("../../etc", run.id, "no run called"),
    ):
        with pytest.raises(ToolRefused, match=words):
            compare_runs(context, CompareRuns(first=first, second=second))
    stranger = new_project(context.workspace.home, "somebody")
    with pytest.raises(ToolRefused, match="no run called"):
        compare_runs(stranger, CompareRuns(first=run.id))


def test_the_shelf_shows_loras_and_runs_and_nothing_changes_while_nothing_happens(context: ToolContext) -> None:
    assert "No LoRA here yet" in loras_html(shelf_of(context), None)
    one, _ = two_runs(context, [0.5, 0.6], [0.2, 0.3])
    shelf = shelf_of(context)
    assert load(context) == load(context)
    assert shelf.first is not None
    assert shelf.first.run != one
    assert [(run.good, run.judged) for run in shelf.runs] == [(0, 1), (1, 1)]
    assert "1 of 1 good" in runs_html(shelf.runs, context.workspace.home)
    assert 'aria-current="true"' in loras_html(shelf, shelf.first.id)
    (context.workspace.run_folder(one) / "scorecard.json").write_text("{", encoding="utf-8")
    assert [run.judged for run in shelf_of(context).runs] == [1, None]
