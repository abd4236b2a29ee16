"""Explanations and what-if questions have this plan's figures and a source, and change nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from rooms import draw_pictures, new_context, up_to_plan

from tools.context import NoArguments
from tools.evaluation.scorecard import Measure, Threshold
from tools.plan_changes import ChangePlan
from tools.plan_effects import risks
from tools.plan_reasons import FIELDS
from tools.plans import ExplainPlan, change_plan, estimate_of, explain_plan
from tools.recipes import list_recipes
from tools.registry import ToolContext, ToolRefused
from tools.results import where_lines_come_from
from tools.state import manifest_of, plan_of


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    folder = tmp_path_factory.mktemp("explained")
    context = new_context(folder / "home")
    up_to_plan(context, draw_pictures(folder / "pictures", 24))
    return context


def what_if(context: ToolContext, **arguments: Any) -> str:
    plan = plan_of(context)
    text = change_plan(context, ChangePlan(**arguments, only_show=True)).text
    assert plan_of(context) == plan
    return text


def test_fewer_pictures_are_imagined_with_the_steps_of_the_rule(planned: ToolContext) -> None:
    text = what_if(planned, images=12)
    assert "images 24 -> 12" in text
    assert "steps 480 -> 380" in text
    assert re.search(r"Time: about .* before, about .* now", text)


def test_too_few_pictures_and_chosen_steps_are_said(planned: ToolContext) -> None:
    text = what_if(planned, images=6, steps=900)
    assert "needs at least 10" in text
    assert "steps 480 -> 900" in text


def test_clips_that_are_not_there_can_be_imagined(planned: ToolContext) -> None:
    text = what_if(planned, images=0, clips=12)
    assert "frames 1 -> 9" in text
    assert "clips 0 -> 12" in text


def test_files_cannot_appear_by_a_change_of_the_plan(planned: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="only show"):
        change_plan(planned, ChangePlan(images=100))
    with pytest.raises(ToolRefused, match="nothing to plan"):
        change_plan(planned, ChangePlan(images=0, only_show=True))


def test_more_steps_are_answered_with_time_price_looks_risk_and_source(planned: ToolContext) -> None:
    text = what_if(planned, steps=3000)
    plan = plan_of(planned)
    there = estimate_of(planned.workspace, plan.changed(steps=3000), manifest_of(planned))
    assert f"{there.time} now" in text  # the same figures as the plan and its card have
    assert f"seen about {3000 * plan.batch_size / 24:.0f} times" in text
    assert "beyond the quality preset's 1600" in text
    assert "no charge" in text
    assert re.search(r"Source: .*LTX 2\.3.*\"Training steps.*\(2026-", text)


def test_fewer_steps_are_a_risk_only_below_the_usual_ones(planned: ToolContext) -> None:
    """Three times the usual steps cut by half once 'may stay generic', though they are still half as many again."""
    plan = plan_of(planned)
    words = f"may stay generic; the standard preset takes {plan.steps} for your files"
    assert words in what_if(planned, steps=plan.steps // 2)
    assert risks(plan.changed(steps=3 * plan.steps), plan.changed(steps=3 * plan.steps // 2)) == []


def test_fewer_pictures_are_a_risk_with_the_recipes_range(planned: ToolContext) -> None:
    text = what_if(planned, images=12)
    assert "wants 20 to 50; with 12" in text
    assert "instead of 160" in text


def test_a_rank_is_answered_with_memory_and_file(planned: ToolContext) -> None:
    assert "The LoRA's file: 2.4 MB instead of 1.2 MB" in what_if(planned, rank=64)
    assert "memory by the estimate: " in what_if(planned, batch_size=4)


def explain(context: ToolContext, field: str) -> str:
    return explain_plan(context, ExplainPlan(field=field)).text


@pytest.mark.parametrize("field", FIELDS)
def test_every_value_has_an_explanation_with_a_dated_source(planned: ToolContext, field: str) -> None:
    assert re.search(r"\nSource: .*our article \".+\" \(2026-\d\d-\d\d\)\.$", explain(planned, field))


@pytest.mark.parametrize(
    ("field", "less", "more"),
    [
        ("steps", "half the steps", "twice the steps"),
        ("rank", "rank 16", "rank 64"),
        ("learning_rate", "half the learning rate", "twice the learning rate"),
        ("batch_size", "batch size 4", "batch size 16"),
        ("preset", "preset fast", "preset quality"),
    ],
)
def test_both_directions_are_weighed(planned: ToolContext, field: str, less: str, more: str) -> None:
    text = explain(planned, field)
    for way in (less, more):
        assert re.search(rf"\n- {way}: .+ [Tt]ime (still )?about \d", text)


def test_which_recipe_is_answered_for_these_files(planned: ToolContext, tmp_path: Path) -> None:
    lines = {line.split(":")[0]: line for line in list_recipes(planned, NoArguments()).text.splitlines()}
    assert "With your 24 pictures (enough): 480 steps on mini, about" in lines["- character"]
    assert "(fewer than the 30 that are wanted)" in lines["- style"]
    assert "cannot teach it" in lines["- motion"]
    assert "With your" not in list_recipes(new_context(tmp_path), NoArguments()).text


def test_what_is_not_known_is_said_to_be_unknown(planned: ToolContext) -> None:
    change_plan(planned, ChangePlan(base="ltx-2.3"))
    text = explain(planned, "steps")
    assert "The time is not known" in text
    assert not re.search(r"time (still )?about", text)
    assert "list price of 20" in explain(planned, "price")


def test_a_figure_is_placed_beside_its_line_with_the_lines_source() -> None:
    line = Threshold(value=0.75, direction="at least", source="calibrated on drawings")
    good = Measure(id="identity", title="Likeness", value=0.8, unit="", definition="", threshold=line)
    unknown = Measure(id="leak", title="Leak", value=None, unit="", definition="", threshold=line)
    assert where_lines_come_from([good, unknown]) == [
        "- Likeness is 0.05 above its line of 0.75. The line's source: calibrated on drawings."
    ]
