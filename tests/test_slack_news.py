"""How the Slack bot tells of jobs: one message that is edited, endings once, results uploaded, also over a restart."""

import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doubles import add_results
from slack_rooms import ANN, PERSON, THREAD, read, running, say
from slack_server import TEAM, SlackServer, serving

from agent.threads import open_thread
from trainer_core.jobs import events, store
from trainer_core.jobs.selfcheck import TASK
from trainer_core.projects import Workspace, make_tables
from ui.slack_store import Place, bind, thread_at


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


def project_of(workspace: Workspace) -> str:
    """The project of a conversation that Ann has begun in Slack."""
    make_tables(workspace.engine)
    thread = open_thread(workspace, PERSON, None, None)
    place = Place(TEAM, "D1", THREAD)
    thread_at(workspace, place, ANN)
    bind(workspace, place, thread.id)
    return thread.project_id


def start_job(workspace: Workspace, project_id: str, after: str | None = None) -> str:
    """A job at work; this process passes for its worker."""
    job = store.submit(workspace, project_id=project_id, run_id="run_1", task=TASK, arguments={}, after=after)
    if after is None:
        store.claim(workspace, job.id, os.getpid())
    return job.id


def step(workspace: Workspace, job_id: str, number: int) -> None:
    events.emit(workspace, job_id, "progress", {"step": number, "steps": 10})


async def test_progress_is_one_message_also_after_a_restart(slack: SlackServer, workspace: Workspace) -> None:
    job_id = start_job(workspace, project_of(workspace))
    async with running(slack, workspace):
        step(workspace, job_id, 3)
        await slack.until(read(slack, THREAD, "30%"))
        for number in (4, 5, 6):
            step(workspace, job_id, number)
        await slack.until(read(slack, THREAD, "60%"))
        (bar,) = (each for each in slack.messages.values() if "░" in each.text)
        assert all(later - sooner >= 1.0 for (sooner, _), (later, _) in itertools.pairwise(bar.edits)), bar.edits
        assert read(slack, THREAD, "Training has started")()
    step(workspace, job_id, 8)
    async with running(slack, workspace):
        await slack.until(read(slack, THREAD, "80%"))
        store.finish(workspace, job_id, {"steps": 10})
        await slack.until(read(slack, THREAD, "Training is finished"))
    bars = [each for each in slack.messages.values() if "░" in each.edits[0][1]]
    assert len(bars) == 1, slack.thread(THREAD)
    assert "100%" in bars[0].text
    assert slack.thread(THREAD).count('"Training has started.') == 1, "not told a second time after the restart"
    async with running(slack, workspace):
        await say(slack, THREAD, "hello")
    assert slack.thread(THREAD).count('"Training is finished') == 1


async def test_what_ended_while_the_bot_was_down_is_told(slack: SlackServer, workspace: Workspace) -> None:
    job_id = start_job(workspace, project_of(workspace))
    store.fail(workspace, job_id, "The disk is full.")
    async with running(slack, workspace):
        await slack.until(read(slack, THREAD, "Training failed", "disk is full"))


async def test_the_contact_sheet_and_the_lora_come_once(slack: SlackServer, workspace: Workspace) -> None:
    project_id = project_of(workspace)
    job_id = start_job(workspace, project_id)
    async with running(slack, workspace):
        await slack.until(read(slack, THREAD, "Training has started"))
        add_results(workspace, project_id)
        store.finish(workspace, job_id, {"steps": 10})
        await slack.until(lambda: len(slack.uploaded) == 2)
        await say(slack, THREAD, "hello")
        assert [each["name"] for each in slack.uploaded] == ["contact_sheet.png", "lora.safetensors"]
        assert {(each["channel"], each["thread_ts"]) for each in slack.uploaded} == {("D1", THREAD)}


async def test_a_file_that_slack_does_not_take_is_told_of(slack: SlackServer, workspace: Workspace) -> None:
    project_id = project_of(workspace)
    job_id = start_job(workspace, project_id)
    slack.refuse["files.getUploadURLExternal"] += [(200, {"ok": False, "error": "missing_scope"}, {})] * 2
    async with running(slack, workspace):
        add_results(workspace, project_id)
        store.finish(workspace, job_id, {"steps": 10})
        await slack.until(read(slack, THREAD, "could not upload lora.safetensors", "files:write", str(workspace.home)))
    assert slack.uploaded == []
