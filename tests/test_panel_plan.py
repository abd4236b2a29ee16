"""The plan's panel: values that come back from the plan, words beside them, and nothing loaded to show them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from plan_rooms import planned

from agent.conversation import Conversation
from tools.context import ToolContext
from tools.plan_changes import ChangePlan
from tools.plans import ProposePlan, UndoPlan, change_plan, propose_plan, undo_plan
from tools.state import plan_of
from trainer_core.dataset.manifest import load, set_captions
from trainer_core.plan import BaseModelName, propose
from trainer_core.projects import PlanRow, new_id, update_project
from trainer_core.recipes import RECIPES
from ui import words_plan as words
from ui.panels.panel import Answer, Clicks, NotYet
from ui.panels.plan import build, costs_html, head_html
from ui.panels.plan_controls import MAIN, MORE, Control
from ui.panels.plan_data import Backend, PlanShown, load_plan
from ui.panels.plan_why import explaining
from ui.window_sessions import Sessions

CONTROLS = {control.field: control for control in (*MAIN, *MORE)}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    return planned(tmp_path_factory.mktemp("plan"))


@pytest.fixture
def fresh(context: ToolContext) -> ToolContext:
    propose_plan(context, ProposePlan())
    return context


def _drawn(shown: PlanShown, answer: Answer | None = None) -> dict[str, Any]:
    """The panel's updates by the elem_id of the component."""
    with gr.Blocks():
        panel = build(Clicks())
    return {each.elem_id: update for each, update in zip(panel.outputs, panel.draw((shown, answer)), strict=True)}


def test_without_a_plan_there_is_one_thing_to_do(tmp_path: Path) -> None:
    from rooms import new_context

    drawn = _drawn(load_plan(new_context(tmp_path / "home")))
    assert words.NO_PLAN in drawn["plan-head"]
    assert drawn["plan-values"]["visible"] is False
    assert drawn["plan-propose"]["value"] == words.PROPOSE
    assert drawn["plan-launch"]["visible"] is False


def test_the_values_are_the_plans(fresh: ToolContext) -> None:
    drawn, plan = _drawn(load_plan(fresh)), plan_of(fresh)
    assert drawn["plan-steps"]["value"] == plan.steps
    assert drawn["plan-learning_rate"]["value"] == plan.learning_rate
    assert plan.learning_rate in [value for _name, value in drawn["plan-learning_rate"]["choices"]]
    assert drawn["plan-class_preservation"]["value"] == 100 * plan.class_preservation
    assert drawn["plan-frames"]["interactive"] is False  # there are no clips
    assert words.AS_ADVISED in drawn["plan-head"]
    assert drawn["plan-undo"]["interactive"] is False


def test_what_differs_from_the_recommendation_is_told_until_it_is_taken_back(fresh: ToolContext) -> None:
    advised = plan_of(fresh)
    change_plan(fresh, ChangePlan(steps=90, rank=8))
    shown = load_plan(fresh)
    assert shown.changes == 1
    assert [each.split(" ")[0] for each in shown.differs] == ["steps", "rank", "alpha"]
    assert "steps" in head_html(shown)
    undo_plan(fresh, UndoPlan())
    assert plan_of(fresh) == advised
    assert load_plan(fresh).differs == ()


def test_a_plan_of_older_files_is_called_so(fresh: ToolContext) -> None:
    dataset = fresh.workspace.dataset_folder(fresh.project_id)
    item = load(dataset).items[0]
    set_captions(dataset, {item.id: (f"{item.caption}, sitting", "person")})
    shown = load_plan(fresh)
    assert shown.stale
    drawn = _drawn(shown)
    assert drawn["plan-refresh"]["visible"] is True
    assert drawn["plan-launch"]["visible"] is False


def test_a_change_asks_for_the_value_that_the_tool_takes(fresh: ToolContext) -> None:
    shown = load_plan(fresh)
    assert CONTROLS["steps"].change(90.0, shown) == ("change_plan", {"steps": 90})
    assert CONTROLS["held_out_share"].change(25, shown) == ("change_plan", {"held_out_share": 0.25})
    assert CONTROLS["keep_aspect"].change(True, shown) == ("change_plan", {"keep_aspect": True})
    assert Control("base").change("ltx-2.3", shown) == ("change_plan", {"base": "ltx-2.3"})


@pytest.mark.parametrize("value", [None, "x", [1], {"a": 1}, float("nan"), float("inf"), True, 1e30])
def test_whatever_a_browser_sends_for_a_number_changes_nothing(fresh: ToolContext, value: object) -> None:
    with pytest.raises(NotYet, match="no value"):
        CONTROLS["steps"].change(value, load_plan(fresh))
    with pytest.raises(NotYet):
        CONTROLS["steps"].change(value, {"plan": "made up"})


def test_a_value_that_is_already_so_is_not_worth_a_word(fresh: ToolContext) -> None:
    shown = load_plan(fresh)
    assert shown.plan is not None
    with pytest.raises(NotYet) as nothing:
        CONTROLS["steps"].change(shown.plan.steps, shown)
    assert str(nothing.value) == ""


def test_both_backends_are_priced_and_what_is_unknown_is_called_so(fresh: ToolContext) -> None:
    here, rented = load_plan(fresh).backends
    assert here.price == "no charge"
    assert (rented.time, rented.price) == ("time not known", "price not known")
    plan = plan_of(fresh)
    files: dict[str, Any] = {"images": plan.images, "clips": plan.clips}
    other = propose(RECIPES[plan.recipe], BaseModelName.LTX23, plan.trigger, plan.dataset, **files)
    row = PlanRow(id=new_id("plan"), project_id=fresh.project_id, body=other.model_dump(mode="json"), fingerprint="")
    with fresh.workspace.session() as session:
        session.add(row)
    update_project(fresh.workspace, fresh.project_id, plan_id=row.id)
    rented = load_plan(fresh).backends[1]
    assert rented.price.startswith("$")
    assert words.NOT_YET in rented.note


def test_words_from_elsewhere_are_text(fresh: ToolContext) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    shown = PlanShown(fresh, plan_of(fresh), differs=(hostile,), backends=(Backend(*([hostile] * 5)),))
    assert "<img" not in head_html(shown) + costs_html(shown)
    drawn = _drawn(shown, Answer("1", "change_plan", hostile, False))
    assert "<img" not in drawn["plan-answer-text"]


async def test_why_is_the_sidekicks_own_explanation(fresh: ToolContext) -> None:
    told = [each async for each in explaining("learning_rate")(load_plan(fresh))]
    assert told[0] == words.WORKING
    assert "learning rate" in told[-1]
    assert "half the learning rate" in told[-1]
    assert [each async for each in explaining("steps")("made up")] == [words.NOTHING_TO_EXPLAIN]


def test_nothing_heavy_is_loaded_to_show_a_plan(fresh: ToolContext) -> None:
    """Torch takes seconds to load: it may come only with an explanation that a person asked for."""
    code = (
        "import sys; from pathlib import Path; from trainer_core.projects import Workspace; "
        "from tools.context import ToolContext; from ui.panels.plan_data import load_plan; "
        "from ui.panels.watch_data import load_curves, load_log, load_watched; "
        f"context = ToolContext(Workspace.open(Path({str(fresh.workspace.home)!r})), {fresh.project_id!r}, 'you'); "
        "assert load_plan(context).plan; load_watched(context), load_curves(context), load_log(context); "
        "assert not {'torch', 'diffusers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


async def test_an_answer_stands_beside_the_values_and_brings_them_back(
    fresh: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    session = await _sessions(fresh).get(None, "you")
    before, _none = session.parts["plan"]
    session.act("change_plan", {"width": 50})
    async for _ in session.updates():
        pass
    after, answer = session.parts["plan"]
    assert "width 50 becomes 64" in answer.text
    assert after == before  # the plan is as it was, and still the page is drawn: what it shows is not the plan's
    assert session.parts["plan"] != (before, None)
    thread = session.conversation.thread_id
    await session.close()
    again = await _sessions(fresh).get(thread, "you")
    assert again.parts["plan"][1].text == answer.text
    await again.close()


def _sessions(context: ToolContext) -> Sessions:
    """Conversations about this project."""

    async def opener(workspace: Any, person: str = "you", thread_id: str | None = None) -> Conversation:
        return await Conversation.open(workspace, person, thread_id, None if thread_id else context.project_id)

    sessions = Sessions(context.workspace, opener)
    with gr.Blocks():
        sessions.panels = [build(Clicks())]
    return sessions
