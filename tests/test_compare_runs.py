"""Two runs side by side: the differences of plans and figures, and what is said of their noise."""

from pathlib import Path

import pytest
from lora_rooms import add_run, new_project, score

from tools.compare_runs import CompareRuns, compare_runs, comparison
from tools.context import ToolContext, ToolRefused
from tools.shelf import shelf_of
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
