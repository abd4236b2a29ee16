"""What the table of jobs promises, and what a task's end, error and events look like, in one process."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainer_core.jobs import events, store
from trainer_core.jobs import worker as worker_module
from trainer_core.jobs.backends import BackendMissing, backend_named
from trainer_core.jobs.context import JobCancelled, JobContext, JobFailed
from trainer_core.jobs.recover import recover
from trainer_core.jobs.selfcheck import TASK
from trainer_core.jobs.store import State
from trainer_core.projects import Job, Project, Workspace, create_project


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def project(workspace: Workspace) -> Project:
    return create_project(workspace, "cats", "ada")


def submit(workspace: Workspace, project: Project, after: str | None = None) -> Job:
    return store.submit(workspace, project_id=project.id, task=TASK, arguments={}, after=after)


def wait_for(condition: Callable[[], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_secrets_stay_out_of_errors_events_and_logs(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "correct-horse-battery")
    secrets = ("correct-horse-battery", "sk-abcdefghijklmnopqrst", "hunter2hunter2", "xoxb-123456789012-abcdef")

    def leaky(context: JobContext) -> dict[str, Any]:
        context.emit("message", text=f"calling with {secrets[0]}", nested=[{"token": secrets[3]}])
        raise RuntimeError(f"401 for {secrets[1]} at postgresql://ada:{secrets[2]}@db/x with {secrets[0]}")

    monkeypatch.setattr(worker_module, "_load", lambda task: leaky)
    job = submit(workspace, project)
    worker_module.work(workspace, job.id)
    failed = store.get(workspace, job.id)
    assert failed.state == State.FAILED
    log = (store.job_folder(workspace, job) / "worker.log").read_text()
    assert "RuntimeError" in log
    assert "leaky" in log
    seen = f"{failed.error} {log} {[event.data for event in events.events_since(workspace, job.id)]}"
    for secret in secrets:
        assert secret not in seen


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (JobFailed("The loss is not a number any more."), "The loss is not a number any more."),
        (MemoryError(), "The machine ran out of memory."),
        (OSError(28, "No space left on device"), "The disk is full."),
        (FileNotFoundError(2, "No such file", "lora.safetensors"), "A file is missing: "),
        (ValueError("clip.mp4 is too short"), "clip.mp4 is too short. What was saved before stays"),
        (ZeroDivisionError("division by zero"), "Something went wrong that Sidekick did not expect (ZeroDivisionError"),
        (SystemExit(3), "Something went wrong that Sidekick did not expect (SystemExit"),
    ],
)
def test_errors_are_told_in_words(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch, error: BaseException, words: str
) -> None:
    def broken(context: JobContext) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(worker_module, "_load", lambda task: broken)
    job = submit(workspace, project)
    worker_module.work(workspace, job.id)
    failed = store.get(workspace, job.id)
    assert failed.state == State.FAILED
    assert (failed.error or "").startswith(words)


def test_a_worker_that_was_overtaken_changes_nothing(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project)
    assert store.claim(workspace, job.id, os.getpid())
    old = JobContext(workspace, store.get(workspace, job.id), workspace.home)
    assert not old.cancelled()
    assert store.requeue(workspace, job.id, attempt=1)
    assert store.claim(workspace, job.id, os.getpid())
    assert not store.finish(workspace, job.id, {"late": True}, attempt=1)
    assert not store.fail(workspace, job.id, "late", attempt=1)
    assert not store.beat(workspace, job.id, 1)
    wait_for(old.cancelled, 5)
    with pytest.raises(JobCancelled):
        old.stop_if_cancelled()
    assert store.finish(workspace, job.id, {"late": False}, attempt=2)


@pytest.mark.parametrize(
    "task",
    [
        "os:system",
        "subprocess:run",
        "tools",
        "tools.x:",
        "trainer_core.jobs.selfcheck:count()",
        "toolsx.a:b",
        "tools/../os:system",
    ],
)
def test_only_our_own_tasks_are_taken(workspace: Workspace, project: Project, task: str) -> None:
    with pytest.raises(ValueError, match="is no task"):
        store.submit(workspace, project_id=project.id, task=task, arguments={})
    with pytest.raises(JobFailed, match="Nothing was run"):
        worker_module._load(task)


def test_unbuilt_backends_say_so(workspace: Workspace, project: Project) -> None:
    for name in ("ray", "fal"):
        with pytest.raises(BackendMissing, match="not built yet"):
            backend_named(name)
    job = store.submit(workspace, project_id=project.id, task=TASK, arguments={}, backend="ray")
    assert "cannot run" in recover(workspace)[0]
    assert store.get(workspace, job.id).state == State.FAILED


def test_jobs_are_listed_by_project_and_state(workspace: Workspace, project: Project) -> None:
    other = create_project(workspace, "dogs", "ada")
    mine, theirs = submit(workspace, project), submit(workspace, other)
    store.cancel(workspace, theirs.id)
    assert [job.id for job in store.list_jobs(workspace)] == [mine.id, theirs.id]
    assert [job.id for job in store.list_jobs(workspace, project.id)] == [mine.id]
    assert [job.id for job in store.list_jobs(workspace, states=[State.CANCELLED])] == [theirs.id]
    with pytest.raises(LookupError, match="There is no job"):
        store.get(workspace, "job_none")
    with pytest.raises(LookupError, match="to wait for"):
        submit(workspace, other, after=mine.id)


def test_events_hold_plain_json() -> None:
    numpy = pytest.importorskip("numpy")
    data = {"loss": float("nan"), "norm": numpy.float32("inf"), "step": numpy.int64(3), "file": Path("a/b"), 1: ("x",)}
    assert events.plain(data) == {"loss": None, "norm": None, "step": 3, "file": "a/b", "1": ["x"]}
    assert len(events.plain("x" * 10_000)) < 5_000
    with pytest.raises(TypeError, match="an event cannot hold"):
        events.plain({"model": object()})
