"""Launching a plan whose run was stopped: it goes on where it was, says so, and never mixes two plans."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from rooms import draw_pictures, new_context, up_to_plan

from agent.guided.intents import read
from tools import resuming, runs
from tools.context import NoArguments, ToolContext, ToolRefused
from tools.plan_changes import ChangePlan
from tools.plans import UndoPlan, change_plan, undo_plan
from tools.state import latest_run, plan_of
from trainer_core import approvals
from trainer_core.jobs import store
from trainer_core.jobs.backends.local import LocalBackend
from trainer_core.jobs.events import emit
from trainer_core.projects import Workspace, now
from trainer_core.training import checkpoints
from trainer_core.training.checkpoints import TrainingState

ASK = NoArguments()


class Started:
    """A backend that starts nothing."""

    def start(self, workspace: object, job_id: str) -> None:
        """As the real one, without a process."""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    folder = tmp_path_factory.mktemp("planned")
    context = new_context(folder / "home")
    up_to_plan(context, draw_pictures(folder / "set"))
    return context


@pytest.fixture
def ready(tmp_path: Path, planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> ToolContext:
    shutil.copytree(planned.workspace.home, tmp_path / "home")
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr(runs, "backend_named", lambda _name: Started())
    return ToolContext(Workspace.open(tmp_path / "home"), planned.project_id, planned.person)


def launch(context: ToolContext) -> dict:
    approvals.grant(context.workspace, runs.launch_card(context, ASK).fingerprint, "you")
    return runs.launch_training(context, ASK).data


def stop(context: ToolContext, launched: dict, step: int, error: str | None = None) -> None:
    """The run has saved a checkpoint and then stopped: cancelled, or failed with words."""
    if step:
        folder = context.workspace.run_folder(launched["run_id"]) / "checkpoints"
        checkpoints.save(folder, TrainingState(step=step, weights={"a": torch.ones(2)}), plan_of(context))
    for job in (launched["train_job"], launched["evaluate_job"]):
        _ = store.fail(context.workspace, job, error) if error else store.cancel(context.workspace, job)


def card_words(context: ToolContext) -> str:
    return " ".join(runs.launch_card(context, ASK).lines)


def test_a_stopped_run_is_gone_on_with_and_the_card_says_what_is_left(ready: ToolContext) -> None:
    steps = plan_of(ready).steps
    anew = runs.launch_card(ready, ASK)
    approvals.grant(ready.workspace, anew.fingerprint, "you")
    first = runs.launch_training(ready, ASK).data
    stop(ready, first, 120, "The power went away.")
    card = runs.launch_card(ready, ASK)
    assert card.title == "Go on with this training?"
    assert f"Goes on with {first['run_id']}, which stopped: from step 120 of {steps}." in card.lines
    assert "Why it stopped: The power went away." in card.lines
    assert f"{steps - 120} steps at" in card.time
    assert card.fingerprint != anew.fingerprint  # a yes to the whole is no yes to the rest
    approvals.grant(ready.workspace, card.fingerprint, "you")
    result = runs.launch_training(ready, ASK)
    assert f"goes on as {first['run_id']} from step 120: {steps - 120} steps" in result.text
    assert result.data["run_id"] == first["run_id"]
    job = store.get(ready.workspace, result.data["train_job"])
    assert job.id != first["train_job"]
    assert store.job_folder(ready.workspace, job) == ready.workspace.run_folder(first["run_id"])
    assert latest_run(ready).train_job == job.id
    assert store.get(ready.workspace, result.data["evaluate_job"]).after == job.id


def test_a_job_that_is_queued_again_does_not_show_what_it_told_before(ready: ToolContext) -> None:
    """After a kill 'Going on from the checkpoint at step 46.' of the attempt before stood there as why it waits."""
    job = launch(ready)["train_job"]
    assert store.claim(ready.workspace, job, os.getpid())
    emit(ready.workspace, job, "message", {"text": "Going on from the checkpoint at step 46."})
    assert store.requeue(ready.workspace, job, attempt=1)
    assert "step 46" not in runs.training_status(ready, ASK).text
    emit(ready.workspace, job, "message", {"text": "Waits for run_1, which uses this machine now."})
    assert "Waits for run_1" in runs.training_status(ready, ASK).text


def test_a_changed_plan_starts_anew_and_says_what_it_leaves_behind(ready: ToolContext) -> None:
    first = launch(ready)
    stop(ready, first, 100)
    change_plan(ready, ChangePlan(rank=16))
    words = card_words(ready)
    assert f"{first['run_id']} was stopped at step 100" in words
    assert "with another plan (rank 32 → 16" in words
    assert "so this starts from the beginning" in words
    assert "take the change back" in words
    other = launch(ready)
    assert other["run_id"] != first["run_id"]
    stop(ready, other, 0)
    undo_plan(ready, UndoPlan())
    assert "from step 100" in card_words(ready)  # also with another run in between
    again = launch(ready)
    assert again["run_id"] == first["run_id"] == latest_run(ready).id


def test_after_a_success_the_same_plan_makes_a_new_run(ready: ToolContext) -> None:
    first = launch(ready)
    stop(ready, first, 50)
    again = launch(ready)
    assert store.claim(ready.workspace, again["train_job"], 1)
    store.finish(ready.workspace, again["train_job"], {})
    store.cancel(ready.workspace, again["evaluate_job"])
    assert runs.launch_card(ready, ASK).title == "Start this training?"
    assert launch(ready)["run_id"] != first["run_id"]


def test_without_a_checkpoint_or_with_a_damaged_one_only_it_starts_anew(ready: ToolContext) -> None:
    first = launch(ready)
    stop(ready, first, 0)
    assert runs.launch_card(ready, ASK).title == "Start this training?"
    second = launch(ready)
    stop(ready, second, 50)
    folder = ready.workspace.run_folder(second["run_id"]) / "checkpoints" / "step-000050"
    (folder / "state.json").write_text("{}")
    assert runs.launch_card(ready, ASK).title == "Start this training?"


def test_the_latest_run_is_the_latest_also_when_the_clock_was_set_back(
    ready: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(ready, launch(ready), 0)
    monkeypatch.setattr(resuming, "now", lambda: now() - timedelta(hours=1))
    second = launch(ready)
    assert latest_run(ready).id == second["run_id"]


def test_asking_how_it_goes_looks_after_a_worker_that_is_gone(
    ready: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalBackend, "start", lambda *_: None)
    launched = launch(ready)
    assert store.claim(ready.workspace, launched["train_job"], 1)  # and nobody holds its lock
    assert "had lost its worker and goes on from what it saved" in runs.training_status(ready, ASK).text
    assert store.get(ready.workspace, launched["train_job"]).state == "queued"
    assert store.claim(ready.workspace, launched["train_job"], 1)
    with pytest.raises(ToolRefused, match=r"still at work.*had lost its worker"):
        runs.launch_card(ready, ASK)


@pytest.mark.parametrize(
    "said", ["resume", "Resume the training please", "continue the run", "pick up where it stopped"]
)
def test_resume_opens_the_card_of_a_stopped_run_only(said: str) -> None:
    facts = {"stage": "training", "plan": {"id": "plan_1"}, "recipe": "character", "run": {"state": "cancelled"}}
    assert [call.name for call in read(said, facts, []).calls] == ["launch_training"]
    running = facts | {"run": {"state": "running"}}
    assert "launch_training" not in [call.name for call in read(said, running, []).calls]
    doubtful = f"if it is cheap, {said}"
    assert "launch_training" not in [call.name for call in read(doubtful, facts, []).calls]
