"""Jobs with real processes: they outlive their starter, are done once, stop when asked and survive a kill -9."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from trainer_core.jobs import events, store
from trainer_core.jobs import worker as worker_module
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.context import JobContext
from trainer_core.jobs.recover import MOST_ATTEMPTS, recover
from trainer_core.jobs.selfcheck import TASK
from trainer_core.jobs.store import State
from trainer_core.projects import Job, Project, Workspace, create_project

LOCAL = backend_named("local")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace.open(tmp_path)
    yield workspace
    for job in store.list_jobs(workspace):
        if LOCAL.alive(workspace, job.id) and job.pid and job.pid != os.getpid():
            os.kill(job.pid, signal.SIGKILL)


@pytest.fixture
def project(workspace: Workspace) -> Project:
    return create_project(workspace, "cats", "ada")


def submit(workspace: Workspace, project: Project, after: str | None = None, **arguments: Any) -> Job:
    return store.submit(workspace, project_id=project.id, task=TASK, arguments=arguments, after=after)


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def wait_for_state(workspace: Workspace, job: Job, *states: State) -> Job:
    wait_for(lambda: store.get(workspace, job.id).state in states)
    return store.get(workspace, job.id)


def wait_for_step(workspace: Workspace, job: Job, step: int) -> None:
    wait_for(lambda: (found := events.latest(workspace, job.id, "progress")) and found.data["step"] >= step)


def kill_worker(workspace: Workspace, job: Job) -> None:
    pid = store.get(workspace, job.id).pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not LOCAL.alive(workspace, job.id))


def nearly_done(workspace: Workspace, job: Job) -> None:
    """Let a long self-check that has no worker resume shortly before its end."""
    (store.job_folder(workspace, job) / f"{job.id}-count.txt").write_text("997")


def states_told(workspace: Workspace, job: Job) -> list[str]:
    return [event.data["state"] for event in events.events_since(workspace, job.id) if event.kind == "state"]


def test_a_job_runs_in_a_process_of_its_own_and_tells_of_it(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=3, seconds=0.1)
    LOCAL.start(workspace, job.id)
    done = wait_for_state(workspace, job, State.SUCCEEDED)
    assert done.pid != os.getpid()
    assert done.result == {"steps": 3, "resumed_at": 0}
    assert states_told(workspace, job) == ["queued", "running", "succeeded"]
    steps = [event.data["step"] for event in events.events_since(workspace, job.id) if event.kind == "progress"]
    assert steps == [1, 2, 3]
    last = events.events_since(workspace, job.id)[-1].id
    assert events.events_since(workspace, job.id, last) == []
    wait_for(lambda: not psutil.pid_exists(done.pid or 0))  # no zombie is left behind


def test_a_killed_worker_is_recovered_and_goes_on(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1000, seconds=100)
    waiting = submit(workspace, project, after=job.id, steps=1, seconds=0.1)
    LOCAL.start(workspace, job.id)
    wait_for_step(workspace, job, 3)
    kill_worker(workspace, job)
    nearly_done(workspace, job)
    assert store.get(workspace, job.id).state == State.RUNNING
    messages = recover(workspace)
    assert len(messages) == 1
    assert "goes on from what it saved (attempt 2 of 3)" in messages[0]
    done = wait_for_state(workspace, job, State.SUCCEEDED)
    assert done.attempt == 2
    assert done.result == {"steps": 1000, "resumed_at": 997}
    wait_for_state(workspace, waiting, State.SUCCEEDED)
    assert recover(workspace) == []


def test_a_job_that_loses_every_worker_fails_with_words(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1000, seconds=100)
    waiting = submit(workspace, project, after=job.id)
    LOCAL.start(workspace, job.id)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        wait_for(lambda attempt=attempt: store.get(workspace, job.id).attempt == attempt)
        wait_for_state(workspace, job, State.RUNNING)
        kill_worker(workspace, job)
        messages = recover(workspace)
        assert len(messages) == 1
    failed = store.get(workspace, job.id)
    assert failed.state == State.FAILED
    assert failed.error is not None
    assert failed.error.startswith("The worker was lost 3 times")
    assert "launch again" in failed.error
    assert store.get(workspace, waiting.id).state == State.FAILED


def test_attempts_that_got_further_do_not_count(workspace: Workspace, project: Project, tmp_path: Path) -> None:
    """Twenty kills in a long run are no reason to give up, as long as each attempt saves something new."""
    job = submit(workspace, project)

    def lose(*steps: int) -> list[str]:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        assert store.claim(workspace, job.id, gone.pid)
        for step in steps:
            events.emit(workspace, job.id, "checkpoint", {"step": step})
        return [words for words in recover(workspace) if job.id in words]

    def starts_nothing(*_: object) -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(LOCAL), "start", starts_nothing)
        assert "goes on from what it saved (attempt 2 of 3)" in lose()[0]
        for reached in range(10, 60, 10):
            assert f"(step {reached})" in lose(reached)[0]
        assert "(step 50; attempt 2 of 3 from there)" in lose(50)[0]  # saved again after a damaged one: no progress
        assert "(step 50; attempt 3 of 3 from there)" in lose()[0]
        lose()
    failed = store.get(workspace, job.id)
    assert failed.state == State.FAILED
    assert (failed.error or "").startswith("The worker was lost 3 times without getting further than step 50")


def test_a_worker_lives_whatever_the_clock_says(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its start was once compared as wall-clock time: a clock set by an hour made a second worker join the first."""
    job = submit(workspace, project, steps=1000, seconds=100)
    LOCAL.start(workspace, job.id)
    wait_for_step(workspace, job, 1)
    real = psutil.boot_time()
    for hours in (-1, 1):
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda hours=hours: real + 3600 * hours)
        assert LOCAL.alive(workspace, job.id)
        assert recover(workspace) == []
    kill_worker(workspace, job)
    assert not LOCAL.alive(workspace, job.id)


def test_a_worker_that_holds_the_job_cannot_be_joined(workspace: Workspace, project: Project) -> None:
    """Even when its row was put back in the queue, as from a machine that thought it lost."""
    job = submit(workspace, project, steps=1000, seconds=100)
    LOCAL.start(workspace, job.id)
    wait_for_step(workspace, job, 1)
    first = store.get(workspace, job.id)
    os.kill(first.pid or 0, signal.SIGSTOP)  # it hangs
    assert store.requeue(workspace, job.id, attempt=first.attempt)
    worker_module.work(workspace, job.id)  # sees the lock and leaves the job alone
    assert store.get(workspace, job.id).attempt == first.attempt
    os.kill(first.pid or 0, signal.SIGCONT)
    wait_for(lambda: not psutil.pid_exists(first.pid or 0))  # it has seen that the job is not its own any more
    nearly_done(workspace, job)
    worker_module.work(workspace, job.id)
    assert store.get(workspace, job.id).state == State.SUCCEEDED


def test_of_many_workers_one_gets_the_job(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=5, seconds=0.5)
    for _ in range(4):
        LOCAL.start(workspace, job.id)
    done = wait_for_state(workspace, job, State.SUCCEEDED)
    time.sleep(1.5)  # the losers have come and gone
    assert done.attempt == store.get(workspace, job.id).attempt == 1
    assert states_told(workspace, job) == ["queued", "running", "succeeded"]
    progress = [event.data["step"] for event in events.events_since(workspace, job.id) if event.kind == "progress"]
    assert progress == [1, 2, 3, 4, 5]


def test_a_running_job_is_cancelled_with_those_that_wait(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1000, seconds=100)
    waiting = submit(workspace, project, after=job.id)
    last = submit(workspace, project, after=waiting.id)
    LOCAL.start(workspace, job.id)
    wait_for_step(workspace, job, 1)
    assert LOCAL.cancel(workspace, job.id) == State.RUNNING
    wait_for_state(workspace, job, State.CANCELLED)
    assert [store.get(workspace, one.id).state for one in (waiting, last)] == [State.CANCELLED] * 2


def test_a_queued_job_is_cancelled_at_once_and_never_runs(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project)
    assert LOCAL.cancel(workspace, job.id) == State.CANCELLED
    assert not store.claim(workspace, job.id, os.getpid())
    LOCAL.start(workspace, job.id)
    assert recover(workspace) == []
    assert store.request_cancel(workspace, job.id) == State.CANCELLED


def test_a_cancel_for_a_dead_worker_works(workspace: Workspace, project: Project) -> None:
    job, other = (
        submit(workspace, project, steps=1000, seconds=100),
        submit(workspace, project, steps=1000, seconds=100),
    )
    LOCAL.start(workspace, job.id)
    LOCAL.start(workspace, other.id)
    for one in (job, other):
        wait_for_step(workspace, one, 1)
        kill_worker(workspace, one)
    assert LOCAL.cancel(workspace, job.id) == State.CANCELLED
    store.request_cancel(workspace, other.id)
    assert "cancelled" in recover(workspace)[0]
    assert store.get(workspace, other.id).state == State.CANCELLED


def test_a_task_that_does_not_hear_is_ended(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(worker_module, "CANCEL_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(worker_module.os, "_exit", ended.append)

    def deaf(context: JobContext) -> dict[str, Any]:
        store.request_cancel(workspace, context.job.id)
        wait_for(lambda: ended, 20)
        return {}

    monkeypatch.setattr(worker_module, "_load", lambda task: deaf)
    job = submit(workspace, project)
    worker_module.work(workspace, job.id)
    assert ended[0] == 0
    assert store.get(workspace, job.id).state == State.CANCELLED


def test_a_job_outlives_the_process_that_started_it(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1000, seconds=100)
    program = (
        "import sys; from pathlib import Path; from trainer_core.projects import Workspace\n"
        "from trainer_core.jobs.backends import backend_named\n"
        "workspace = Workspace.open(Path(sys.argv[1])); backend_named('local').start(workspace, sys.argv[2])\n"
        "print('started', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", program, str(workspace.home), job.id]
    parent = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, cwd=workspace.home
    )
    wait_for_step(workspace, job, 1)
    os.killpg(parent.pid, signal.SIGKILL)
    parent.communicate()
    reached = events.latest(workspace, job.id, "progress")
    assert reached
    wait_for_step(workspace, job, reached.data["step"] + 5)
    assert LOCAL.alive(workspace, job.id)
    LOCAL.cancel(workspace, job.id)
    assert wait_for_state(workspace, job, State.CANCELLED).attempt == 1


def test_jobs_run_after_each_other_and_never_before(workspace: Workspace, project: Project) -> None:
    first = submit(workspace, project, steps=4, seconds=0.4)
    second = submit(workspace, project, after=first.id, steps=1, seconds=0.1)
    third = submit(workspace, project, after=second.id, steps=1, seconds=0.1)
    LOCAL.start(workspace, second.id)  # nothing happens: it waits
    assert not store.claim(workspace, second.id, os.getpid())
    LOCAL.start(workspace, first.id)
    wait_for_state(workspace, third, State.SUCCEEDED)
    started = {job.id: _event_id(workspace, job, State.RUNNING) for job in (first, second, third)}
    ended = {job.id: _event_id(workspace, job, State.SUCCEEDED) for job in (first, second, third)}
    assert ended[first.id] < started[second.id] < ended[second.id] < started[third.id]
    assert len({store.get(workspace, job.id).pid for job in (first, second, third)}) == 1
    late = submit(workspace, project, after=first.id, steps=1, seconds=0.1)
    LOCAL.start(workspace, late.id)
    wait_for_state(workspace, late, State.SUCCEEDED)


def _event_id(workspace: Workspace, job: Job, state: State) -> int:
    return next(event.id for event in events.events_since(workspace, job.id) if event.data.get("state") == state)


def test_two_trainings_take_turns_on_one_machine(workspace: Workspace, project: Project) -> None:
    """Launched at once in two projects, they once ran at once and shared out the memory."""
    jobs = [
        store.submit(
            workspace, project_id=project.id, task=TASK, arguments={"steps": 1000, "seconds": 100}, run_id=run_id
        )
        for run_id in ("run_first", "run_second", "run_third")
    ]
    LOCAL.start(workspace, jobs[0].id)
    wait_for_step(workspace, jobs[0], 1)
    for waiting in jobs[1:]:
        LOCAL.start(workspace, waiting.id)
        wait_for(lambda waiting=waiting: events.latest(workspace, waiting.id, "message"))
        told = events.latest(workspace, waiting.id, "message")
        assert told
        assert told.data["text"].startswith("Waits for run_first, which uses this machine now.")
        assert store.get(workspace, waiting.id).state == State.QUEUED
    assert LOCAL.cancel(workspace, jobs[2].id) == State.CANCELLED
    kill_worker(workspace, jobs[0])  # nobody gives the turn back: the kernel does
    wait_for_step(workspace, jobs[1], 1)
    LOCAL.cancel(workspace, jobs[1].id)
    wait_for_state(workspace, jobs[1], State.CANCELLED)
    assert events.latest(workspace, jobs[2].id, "progress") is None


def test_a_failing_job_says_why_and_so_do_those_that_wait(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=3, seconds=0.1, fail_at=2)
    waiting = submit(workspace, project, after=job.id)
    LOCAL.start(workspace, job.id)
    failed = wait_for_state(workspace, job, State.FAILED)
    assert failed.error == "The self-check stopped at step 2, as it was asked to. Nothing else was touched."
    dependent = store.get(workspace, waiting.id)
    assert dependent.state == State.FAILED
    assert dependent.error is not None
    assert dependent.error.startswith("This was not started, because the job before it failed. The self-check")
    with pytest.raises(ValueError, match="nothing can run after it"):
        submit(workspace, project, after=job.id)


def test_a_job_that_nobody_started_is_started(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1, seconds=0.1)
    assert recover(workspace) == []
    wait_for_state(workspace, job, State.SUCCEEDED)


def test_a_stopped_worker_gives_the_job_back(workspace: Workspace, project: Project) -> None:
    job = submit(workspace, project, steps=1000, seconds=100)
    LOCAL.start(workspace, job.id)
    wait_for_step(workspace, job, 2)
    os.kill(store.get(workspace, job.id).pid or 0, signal.SIGTERM)
    returned = wait_for_state(workspace, job, State.QUEUED)
    assert returned.attempt == 0
    nearly_done(workspace, job)
    recover(workspace)
    assert wait_for_state(workspace, job, State.SUCCEEDED).attempt == 1


def test_many_processes_open_a_new_workspace_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from trainer_core.projects import Workspace, create_project\n"
        "sys.stdin.readline(); create_project(Workspace.open(Path(sys.argv[1])), 'cats', 'ada')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "home")]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    time.sleep(2)
    for opener in openers:
        assert opener.stdin
        opener.stdin.write("go\n")
        opener.stdin.flush()
    assert [opener.communicate()[1][-300:] for opener in openers] == [""] * 3
