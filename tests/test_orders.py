"""Standing orders in real trainings on mini: told once, stopped in time, with every window closed and after kill -9."""

import multiprocessing
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from short_runs import SHORT
from test_training import make_project, submit
from torch import equal

from agent.watcher import Narrator, endings_after
from tools.context import ToolContext, ToolRefused
from tools.resuming import run_to_go_on, words_before
from tools.standing_orders import SetStandingOrder, set_standing_order
from tools.state import lora_of_run, steps_of_run
from trainer_core.jobs import events, orders, store
from trainer_core.jobs.orders import Action, Condition
from trainer_core.jobs.worker import main, work
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.projects import Job, PlanRow, Run, StandingOrder, Workspace, new_id
from trainer_core.training import checkpoints
from trainer_core.training.candidates import candidates_of

SETTINGS = SHORT | {"steps": 10, "warmup_steps": 0, "validation_every": 2, "learning_rate": 0.002}


@dataclass(frozen=True)
class Trained:
    """A project whose files are encoded, and its first run with the orders that were set before it."""

    home: Path
    project_id: str
    plan: TrainingPlan
    job: Job
    run: Path
    orders: dict[str, StandingOrder]  # as they became, by condition


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    workspace = Workspace.open(tmp_path_factory.mktemp("trained") / "home")
    project_id, plan_id, plan = make_project(workspace, **SETTINGS)
    give(workspace, project_id, Condition.PROGRESS, 0.5, Action.TELL)
    give(workspace, project_id, Condition.MINUTES, 500.0, Action.STOP)
    job_id, run = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    became = {each.condition: each for each in orders.of_project(workspace, project_id)}
    workspace.engine.dispose()  # so that all of the database is in its file
    return Trained(workspace.home, project_id, plan, job, run, became)


@pytest.fixture
def workspace(trained: Trained, tmp_path: Path) -> Workspace:
    """A copy of the project, with everything encoded."""
    shutil.copytree(trained.home, tmp_path / "home")
    return Workspace.open(tmp_path / "home")


def give(workspace: Workspace, project_id: str, condition: Condition, value: float | None, action: Action) -> str:
    made = orders.add(workspace, project_id=project_id, person="me", condition=condition, value=value, action=action)
    return made.id


def start(workspace: Workspace, trained: Trained, **changes: Any) -> tuple[str, Path]:
    """A new run of the plan with these changes, queued: (job id, run folder)."""
    plan = trained.plan.changed(**changes) if changes else trained.plan
    row = PlanRow(
        id=new_id("plan"),
        project_id=trained.project_id,
        body=plan.model_dump(mode="json"),
        fingerprint=plan.fingerprint,
    )
    with workspace.session() as session:
        session.add(row)
    job_id, run = submit(workspace, trained.project_id, row.id)
    with workspace.session() as session:
        session.get_one(Run, run.name).train_job = job_id
    return job_id, run


def killed_at(workspace: Workspace, job_id: str, name: str) -> int:
    """A worker in a process of its own, killed when it makes a file or folder of this name: its exit code."""
    process = multiprocessing.get_context("forkserver").Process(target=_worker, args=(workspace.home, job_id, name))
    process.start()
    process.join(240)
    assert process.exitcode is not None, "the worker hangs"
    return process.exitcode


def _worker(home: Path, job_id: str, name: str) -> None:
    sys.stdout = sys.stderr = (home / "test-worker.log").open("a")

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.mkdir" and Path(str(arguments[0])).name == name:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(heard)
    main([job_id, "--home", str(home)])


def told(workspace: Workspace, job_id: str) -> list[dict[str, Any]]:
    """What orders told in a job's log."""
    return [row.data for row in events.events_since(workspace, job_id, kinds=("message",)) if row.data.get("order")]


def test_half_time_is_told_once_and_what_never_came_ends_with_the_run(trained: Trained) -> None:
    workspace = Workspace.open(trained.home)
    (message,) = told(workspace, trained.job.id)
    assert message["text"].startswith("You asked me to tell you at half time: step 5 of 10 is done")
    assert (trained.orders["progress"].state, trained.orders["progress"].step) == ("fired", 5)
    assert trained.orders["minutes"].state == "over"
    notes = [words for _id, words in endings_after(workspace, trained.project_id, 0)]
    assert notes[0] == message["text"]  # for a window that opens later
    assert orders.standing(workspace, trained.project_id) == []


def test_a_training_that_overfits_is_stopped_and_can_be_scored_or_gone_on_with(
    workspace: Workspace, trained: Trained
) -> None:
    """A learning rate fifty times too high lets the validation loss of a real training rise."""
    give(workspace, trained.project_id, Condition.OVERFITTING, None, Action.STOP)
    job_id, run = start(workspace, trained, learning_rate=0.1, validation_every=1)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    stopped_at = job.result["steps"]
    assert 4 <= stopped_at < 10
    losses = dict(job.result["validation"])
    lowest = min(losses.values())
    assert all(losses[step] > 1.05 * lowest for step in (stopped_at - 1, stopped_at))
    (message,) = told(workspace, job_id)
    assert f"{lowest:.4f}" in message["text"]
    assert "because it starts to overfit, as you asked" in message["text"]
    assert verify(run / "lora.safetensors", BaseModelName.MINI).ok
    best = min((step for step in losses if step % 2 == 0), key=lambda step: losses[step])
    assert job.result["stopped"]["best_step"] == best
    assert {best} <= {candidate.step for candidate in candidates_of(run)} | {stopped_at}
    assert steps_of_run(workspace, job.run_id) == stopped_at


def test_a_stop_survives_kill_9_and_the_run_goes_on_when_it_is_launched_again(
    workspace: Workspace, trained: Trained
) -> None:
    give(workspace, trained.project_id, Condition.STEP, 4.0, Action.STOP)
    give(workspace, trained.project_id, Condition.STEP, 1.0, Action.TELL)
    job_id, run = start(workspace, trained)
    assert killed_at(workspace, job_id, ".step-000004.partial") == -signal.SIGKILL
    assert [each["step"] for each in told(workspace, job_id)] == [1, 4]  # both told, and the checkpoint is not there
    assert checkpoints.load_latest(run / "checkpoints", trained.plan)[0].step == 2
    store.requeue(workspace, job_id, attempt=1)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert (job.state, job.result["steps"], len(told(workspace, job_id))) == ("succeeded", 4, 2)
    same = load_file(trained.run / "candidates" / "step-000004.safetensors")
    mine = load_file(run / "lora.safetensors")
    assert all(equal(mine[name], same[name]) for name in same)

    context = ToolContext(workspace, trained.project_id, "me")
    stopped = run_to_go_on(context, trained.plan)
    assert stopped is not None
    assert stopped.step == 4
    assert "which stopped as you asked: from step 4 of 10" in words_before(stopped, trained.plan)[0]
    first = lora_of_run(workspace, job.run_id)
    again = store.submit(
        workspace, project_id=job.project_id, task=job.task, arguments=job.arguments, run_id=job.run_id
    )
    work(workspace, again.id)
    assert store.get(workspace, again.id).state == "succeeded"
    assert (run / "lora.safetensors").read_bytes() == (trained.run / "lora.safetensors").read_bytes()
    with workspace.session() as session:
        kept = session.get(type(first), first.id)
    assert kept.file.endswith("candidates/step-000004.safetensors")  # the LoRA of the stop is still itself
    assert verify(workspace.home / kept.file, BaseModelName.MINI).sha256 == first.sha256


def test_an_order_set_while_it_trains_is_obeyed(workspace: Workspace, trained: Trained) -> None:
    job_id, _run = start(workspace, trained, steps=2000, checkpoint_every=1000, validation_every=1000)
    worker = threading.Thread(target=work, args=(workspace, job_id))
    worker.start()
    while (progress := events.latest(workspace, job_id, "progress")) is None or progress.data["phase"] == "encoding":
        assert worker.is_alive(), store.get(workspace, job_id).error
    context = ToolContext(workspace, trained.project_id, "me")
    wanted = progress.data["step"] + 20
    with pytest.raises(ToolRefused, match=r"is at step .* already"):
        set_standing_order(context, SetStandingOrder(when="step", value=1, do="tell"))
    said = set_standing_order(context, SetStandingOrder(when="step", value=wanted, do="stop")).text
    assert f"stop the training at step {wanted}" in said
    assert "the training that is at work" in said
    worker.join(120)
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    assert wanted <= job.result["steps"] < 2000
    (event,) = [
        row for row in events.events_since(workspace, job_id, kinds=("state",)) if row.data["state"] == "succeeded"
    ]
    ended = Narrator(workspace).tell(event, job)[-1].text
    assert f"stopped at step {job.result['steps']} of 2000, as you asked" in ended
