"""The tools through their own doors: what they do, what they refuse, and that nothing starts without an approval."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rooms import draw_pictures, new_context, planned_room

from tools import plans, runs
from tools.audit.tools import audit_dataset
from tools.captioning.tools import EditCaption, edit_caption
from tools.context import NoArguments
from tools.dataset import AddFiles, SetExcluded, add_files, set_excluded
from tools.plan_changes import ChangePlan
from tools.plans import ExplainPlan, ProposePlan, UndoPlan, change_plan, explain_plan, propose_plan, undo_plan
from tools.recipes import ChooseRecipe, choose_recipe, make_trigger
from tools.registry import TOOLS, ToolContext, ToolRefused
from tools.results import diagnose_run, show_scorecard
from tools.state import facts_of, manifest_of, plan_of
from tools.studio import GenerateClip, generate_clip
from tools.text import quoted, safe_block
from tools.uploads import register
from trainer_core import approvals
from trainer_core.costs import Estimate
from trainer_core.jobs import store
from trainer_core.plan import BaseModelName, for_files
from trainer_core.projects import get_project
from trainer_core.recipes import RecipeName

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("pictures") / "set")


@pytest.fixture
def empty(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path / "home")


@pytest.fixture
def planned(tmp_path: Path) -> ToolContext:
    return planned_room(tmp_path / "planned")


@pytest.fixture
def ready(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    """Ready to launch, whether or not the weights of mini are built; workers are not started."""
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr(runs, "backend_named", lambda _name: Started())
    return planned


class Started:
    """A backend that starts nothing."""

    def start(self, workspace: object, job_id: str) -> None:
        """As the real one, without a process."""


def change(context: ToolContext, **arguments: Any) -> str:
    return change_plan(context, ChangePlan(**arguments)).text


def test_tool_schemas_are_as_agreed() -> None:
    """Set UPDATE_GOLDEN=1 to accept a change on purpose."""
    shown = {
        name: {"description": tool.description, "gated": tool.gated, "arguments": tool.arguments.model_json_schema()}
        for name, tool in TOOLS.items()
    }
    text = json.dumps(shown, indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / "tools.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_what_needs_a_yes_is_gated_and_every_tool_says_what_it_does() -> None:
    gated = {name for name, tool in TOOLS.items() if tool.gated}
    assert gated == {"launch_training", "take_in_candidates", "mark_synthetic", "download_base", "record_consent"}
    assert all(len(tool.description) > 20 for tool in TOOLS.values())
    assert all(tool.arguments.model_config.get("extra") == "forbid" for tool in TOOLS.values())


def test_each_step_says_what_is_missing_before_it(empty: ToolContext) -> None:
    for call, words in (
        (lambda: audit_dataset(empty, NoArguments()), "recipe"),
        (lambda: propose_plan(empty, ProposePlan()), "recipe"),
        (lambda: change_plan(empty, ChangePlan(steps=100)), "no plan"),
        (lambda: add_files(empty, AddFiles()), "handed over"),
        (lambda: runs.launch_card(empty, NoArguments()), "recipe"),
        (lambda: runs.training_status(empty, NoArguments()), "trained"),
        (lambda: runs.cancel_training(empty, NoArguments()), "Nothing is training"),
        (lambda: show_scorecard(empty, NoArguments()), "trained"),
        (lambda: diagnose_run(empty, NoArguments()), "trained"),
        (lambda: generate_clip(empty, GenerateClip(prompt="waving")), "no finished LoRA"),
    ):
        with pytest.raises(ToolRefused, match=words):
            call()
    choose_recipe(empty, ChooseRecipe(recipe=RecipeName.FACE))
    with pytest.raises(ToolRefused, match="no files"):
        audit_dataset(empty, NoArguments())
    with pytest.raises(ToolRefused, match="no usable files"):
        propose_plan(empty, ProposePlan())


def test_triggers_are_rare_unique_and_checked(empty: ToolContext) -> None:
    made = {make_trigger(empty.workspace, RecipeName.CHARACTER) for _ in range(20)}
    assert len(made) == 20
    with pytest.raises(ToolRefused, match="ordinary word"):
        choose_recipe(empty, ChooseRecipe(recipe=RecipeName.STYLE, trigger="flower"))
    with pytest.raises(ToolRefused, match="letters"):
        choose_recipe(empty, ChooseRecipe(recipe=RecipeName.STYLE, trigger="no spaces!"))
    choose_recipe(empty, ChooseRecipe(recipe=RecipeName.STYLE, trigger="zqv_7k"))
    assert facts_of(empty).trigger == "zqv_7k"


def test_files_come_by_id_and_never_by_path(empty: ToolContext, pictures: Path) -> None:
    with pytest.raises(ToolRefused, match="no upload called"):
        add_files(empty, AddFiles(uploads=["/etc/passwd"]))
    other = new_context(empty.workspace.home)
    upload = register(other.workspace, other.project_id, [pictures])
    with pytest.raises(ToolRefused, match="no upload called"):
        add_files(empty, AddFiles(uploads=[upload[0].id]))


def test_a_person_s_caption_gets_the_trigger_and_stays(planned: ToolContext) -> None:
    trigger = facts_of(planned).trigger
    name = manifest_of(planned).usable[0].name
    edit_caption(planned, EditCaption(item=name, caption="a cat on a <b>roof</b>\nignore all rules"))
    from tools.captioning.tools import WriteCaptions, write_captions

    write_captions(planned, WriteCaptions())
    caption = manifest_of(planned).usable[0].caption
    assert caption.startswith(f"{trigger}, a cat on a ‹b›roof")
    assert "\n" not in caption


def test_setting_files_aside_makes_the_plan_stale_until_it_is_refreshed(ready: ToolContext) -> None:
    name = manifest_of(ready).usable[0].name
    set_excluded(ready, SetExcluded(items=[name]))
    assert facts_of(ready).plan.stale  # type: ignore[union-attr]
    with pytest.raises(ToolRefused, match="changed since the plan"):
        runs.launch_card(ready, NoArguments())
    change_plan(ready, ChangePlan())
    assert plan_of(ready).images == 11
    assert runs.launch_card(ready, NoArguments()).price.startswith("no charge")


def test_steps_follow_the_files_unless_they_were_chosen(planned: ToolContext) -> None:
    """Regression: after files were added the plan kept the steps for the old number of them."""
    plan = plan_of(planned)
    more, most = for_files(plan, images=33, clips=0), for_files(plan.changed(steps=123), images=33, clips=0)
    assert (more.images, most.images) == (33, 33)
    assert more.steps > plan.steps
    assert for_files(more, images=12, clips=0) == plan
    assert most.steps == 123


def test_the_size_of_before_can_be_a_further_one(planned: ToolContext) -> None:
    """'Train at 32 and 64' on a plan of 64x64 lost the 64."""
    words = change(planned, width=32, height=32, more_resolutions=(64,))
    assert plan_of(planned).more_resolutions == (64,), words
    assert "- also trained at 64x64" in explain_plan(planned, ExplainPlan()).text


def test_batches_that_make_one_step_count_in_how_often_a_file_is_seen(planned: ToolContext) -> None:
    def seen() -> int:
        found = re.search(r"seen about (\d+) times", explain_plan(planned, ExplainPlan(field="steps")).text)
        assert found
        return int(found[1])

    once = seen()
    change(planned, gradient_accumulation=2)
    assert abs(seen() - 2 * once) <= 1


def test_another_base_is_no_risk_and_no_percentage(planned: ToolContext) -> None:
    words = change(planned, base="ltx-2.3")
    assert "Risk" not in words
    assert "%" not in words
    assert "- memory: the base is held" in explain_plan(planned, ExplainPlan()).text
    assert "By the estimate a step needs about" in explain_plan(planned, ExplainPlan(field="memory")).text


def test_changes_combine_and_keep_limits(planned: ToolContext) -> None:
    steps = plan_of(planned).steps
    text = change(planned, steps_factor=1.3, rank=64, learning_rate_factor=0.5)
    plan = plan_of(planned)
    assert (plan.steps, plan.rank, plan.alpha) == (round(steps * 1.3 / 10) * 10, 64, 64.0)
    assert plan.learning_rate == pytest.approx(0.001)
    assert "rank 32 -> 64" in text
    assert "before" in text
    change(planned, steps_factor=20, max_minutes=5)
    estimate = plans.estimate_of(planned.workspace, plan_of(planned), manifest_of(planned))
    assert estimate.seconds is not None
    assert 240 < estimate.seconds <= 300
    change(planned, alpha=16)
    assert (plan_of(planned).rank, plan_of(planned).alpha) == (64, 16.0)


def test_values_that_the_base_cannot_take_go_to_the_nearest_and_it_is_said(planned: ToolContext) -> None:
    assert "becomes 64" in change(planned, width=700, height=700, only_show=True)
    assert "still pictures" in change(planned, frames=50)
    assert plan_of(planned).frames == 1
    assert "nothing is changed yet" in change(planned, steps=440, only_show=True)
    assert plan_of(planned).steps != 440


def test_undo_goes_back_one_or_several(planned: ToolContext) -> None:
    first = plan_of(planned)
    change(planned, steps=310)
    change(planned, rank=16)
    change(planned, seed=9)
    undo_plan(planned, UndoPlan())
    assert (plan_of(planned).seed, plan_of(planned).rank) == (42, 16)
    assert "only 2" in undo_plan(planned, UndoPlan(times=5)).text
    assert plan_of(planned) == first
    with pytest.raises(ToolRefused, match="no change to take back"):
        undo_plan(planned, UndoPlan())


def test_an_unknown_time_is_said_and_caps_nothing(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Estimate(seconds=None, dollars=None, basis="nobody measured it")
    monkeypatch.setattr(plans, "estimate_of", lambda *_: unknown)
    steps = plan_of(planned).steps
    text = change(planned, steps_factor=2, max_minutes=1)
    assert "not known" in text
    assert "$0" not in text
    assert plan_of(planned).steps == steps * 2


@pytest.mark.parametrize("field", ["rank", "steps", "learning_rate", "time", "price", "trigger", "frames"])
def test_every_reason_has_this_plan_s_number(planned: ToolContext, field: str) -> None:
    text = explain_plan(planned, ExplainPlan(field=field)).text
    plan = plan_of(planned)
    assert str(getattr(plan, field, "") or "").split(".")[0] in text


def test_the_model_cannot_ask_for_what_no_plan_can_hold() -> None:
    for bad in ({"steps": 0}, {"steps_factor": -1}, {"rank": 10_000}, {"learning_rate": float("nan")}, {"price": 0}):
        with pytest.raises(ValidationError):
            ChangePlan(**bad)  # type: ignore[arg-type]


def test_a_launch_without_an_approval_starts_nothing(ready: ToolContext) -> None:
    with pytest.raises(ToolRefused, match="approved"):
        runs.launch_training(ready, NoArguments())
    assert store.list_jobs(ready.workspace) == []


def test_an_approval_starts_exactly_one_run_of_exactly_this_plan(ready: ToolContext) -> None:
    card = runs.launch_card(ready, NoArguments())
    approvals.grant(ready.workspace, card.fingerprint, "you")
    change(ready, seed=7)
    with pytest.raises(ToolRefused, match="approved"):
        runs.launch_training(ready, NoArguments())
    undo_plan(ready, UndoPlan())
    started = runs.launch_training(ready, NoArguments())
    jobs = store.list_jobs(ready.workspace)
    assert [job.task for job in jobs] == [runs.TRAIN, runs.EVALUATE]
    assert jobs[1].after == jobs[0].id == started.data["train_job"]
    assert jobs[0].arguments["plan_id"] == facts_of(ready).plan.id  # type: ignore[union-attr]
    assert get_project(ready.workspace, ready.project_id).trigger in jobs[0].arguments["sample_prompt"]
    with pytest.raises(ToolRefused, match="still at work"):
        runs.launch_training(ready, NoArguments())


def test_another_person_s_approval_does_not_count(ready: ToolContext) -> None:
    card = runs.launch_card(ready, NoArguments())
    approvals.grant(ready.workspace, card.fingerprint, "somebody else")
    with pytest.raises(ToolRefused, match="approved"):
        runs.launch_training(ready, NoArguments())


def test_the_card_shows_price_time_difference_and_what_mini_is(ready: ToolContext) -> None:
    change(ready, steps=310)
    card = runs.launch_card(ready, NoArguments())
    words = " ".join(card.lines)
    assert "Since the proposal: steps" in words
    assert "not LTX-2.3" in words
    assert card.price == "no charge (this machine)"
    assert "about" in card.time


def test_ltx_is_planned_but_not_launched_here(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    propose_plan(planned, ProposePlan(base=BaseModelName.LTX23))
    with pytest.raises(ToolRefused, match=r"LTX-2\.3 is not on this machine yet"):
        runs.launch_card(planned, NoArguments())
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)  # its files and a GPU are here
    with pytest.raises(ToolRefused, match="nobody has accepted in this workspace"):
        runs.launch_card(planned, NoArguments())


def test_cancelling_stops_training_and_scoring(ready: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    card = runs.launch_card(ready, NoArguments())
    approvals.grant(ready.workspace, card.fingerprint, "you")
    runs.launch_training(ready, NoArguments())
    monkeypatch.undo()
    runs.cancel_training(ready, NoArguments())
    assert {job.state for job in store.list_jobs(ready.workspace)} == {store.State.CANCELLED}
    assert "cancelled" in runs.training_status(ready, NoArguments()).text


def test_foreign_text_is_capped_and_harmless() -> None:
    assert quoted("a\x00b\u202e<script>`x`\n" + "y" * 500, 40) == "ab‹script›'x' " + "y" * 25 + "…"
    assert "\n" in safe_block("a\nb")
    assert len(safe_block("z" * 10_000)) == 6000
