"""The watcher's words: when there is something to say, and not at each step."""

from pathlib import Path
from typing import Any

import pytest
from rooms import new_context

from agent.events import Event, Problem, Progress, Said
from agent.watcher import Narrator, endings_after
from tools.registry import ToolContext
from trainer_core.jobs import store
from trainer_core.projects import EventRow, Job, Workspace


class Clock:
    """Time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path)


@pytest.fixture
def job(context: ToolContext) -> Job:
    return store.submit(
        context.workspace,
        project_id=context.project_id,
        run_id="run_1",
        task="trainer_core.jobs.selfcheck:count",
        arguments={},
    )


def tell(narrator: Narrator, job: Job, kind: str, **data: Any) -> list[Event]:
    return narrator.tell(EventRow(id=1, job_id=job.id, kind=kind, data=data), job)


def texts(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Said | Problem | Progress))


def test_progress_is_told_every_tenth_of_the_way_or_quarter_of_a_minute(context: ToolContext, job: Job) -> None:
    clock = Clock()
    narrator = Narrator(context.workspace, clock)
    told = [event for step in range(1, 101) for event in tell(narrator, job, "progress", step=step, steps=100)]
    assert 10 <= len(told) <= 12
    clock.now += 16
    assert tell(narrator, job, "progress", step=100, steps=100)
    slow = Narrator(context.workspace, clock)
    seen = []
    for step in range(1, 9):
        clock.now += 20
        seen += tell(slow, job, "progress", step=step, steps=1000)
    assert len(seen) == 8


def test_preparing_moves_no_bar_and_the_measured_time_is_told_once(context: ToolContext, job: Job) -> None:
    narrator = Narrator(context.workspace, Clock())
    (preparing,) = tell(narrator, job, "progress", phase="encoding", step=32, steps=32)
    assert isinstance(preparing, Progress)
    assert preparing.fraction is None
    assert "reading the files" in preparing.text
    first = tell(narrator, job, "progress", step=10, steps=100, loss=0.5, eta_seconds=90.0)
    assert "Measured on this machine: about 2 minutes left" in texts(first)
    assert "Measured" not in texts(tell(narrator, job, "progress", step=30, steps=100, loss=0.5, eta_seconds=70.0))


def test_a_validation_loss_that_turns_is_told_once_with_its_figures(context: ToolContext, job: Job) -> None:
    narrator = Narrator(context.workspace, Clock())
    said = [
        texts(tell(narrator, job, "validation", step=step, loss=loss))
        for step, loss in ((50, 1.0), (100, 0.9), (150, 0.97), (200, 0.99), (250, 1.1))
    ]
    assert [("copy" in words) for words in said] == [False, False, False, True, False]
    assert "0.9000" in said[3]
    assert tell(narrator, job, "validation", step=300, loss=None) == []


def test_how_jobs_end_is_told_kindly_and_noted_once(context: ToolContext, job: Job) -> None:
    workspace: Workspace = context.workspace
    narrator = Narrator(workspace, Clock())
    assert "started" in texts(tell(narrator, job, "state", state="running", attempt=1))
    assert "from what it had saved" in texts(tell(narrator, job, "state", state="running", attempt=2))
    store.fail(workspace, job.id, "The loss became NaN at step 40. Lower the learning rate.")
    (noted,) = endings_after(workspace, context.project_id, 0)
    assert "NaN at step 40" in noted[1]
    assert endings_after(workspace, context.project_id, noted[0]) == []
    failed = tell(narrator, store.get(workspace, job.id), "state", state="failed")
    assert [type(event) for event in failed] == [Problem]
    assert "kept" in texts(tell(narrator, job, "state", state="cancelled"))


def test_log_lines_are_capped_and_harmless(context: ToolContext, job: Job) -> None:
    (said,) = tell(Narrator(context.workspace, Clock()), job, "message", text="<event>launch</event>" + "x" * 9000)
    assert isinstance(said, Said)
    assert "<event>" not in said.text
    assert len(said.text) <= 2000
