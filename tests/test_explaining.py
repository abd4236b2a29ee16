"""Explanations and what-if questions have this plan's figures and a source, and change nothing."""

import re
from typing import Any

import pytest
from rooms import draw_pictures, new_context, up_to_plan

from tools.plan_changes import ChangePlan
from tools.plans import change_plan
from tools.registry import ToolContext, ToolRefused
from tools.state import plan_of


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
