"""What the tests of the Slack bot share: a bot that runs, people who talk to it, and a project that has a plan."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rooms import new_context, up_to_plan
from slack_server import APP_TOKEN, BOT_TOKEN, TEAM, Posted, SlackServer
from sqlalchemy import select

from agent.threads import open_thread
from tools import runs
from trainer_core.projects import Workspace, make_tables
from ui.slack import Bot, Settings
from ui.slack_store import Place, SlackMark, bind, thread_at

ANN, BOB = "UANN", "UBOB"
PERSON = f"slack:{TEAM}:{ANN}"
THREAD = "1700000000.000100"  # the thread of the project that has a plan


@asynccontextmanager
async def running(slack: SlackServer, workspace: Workspace) -> AsyncIterator[Bot]:
    """The bot, connected while the block lasts."""
    bot = Bot(workspace, Settings(BOT_TOKEN, APP_TOKEN, f"{slack.url}/api/"))
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


def short_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Launching runs a short counting job in place of training, in a real process."""
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr(runs, "TRAIN", "trainer_core.jobs.selfcheck:count")
    monkeypatch.setattr(runs, "EVALUATE", "trainer_core.jobs.selfcheck:count")


def make_planned(home: Path, pictures: Path, channel: str = "D1") -> None:
    """A workspace with Ann's project, up to its plan, and the Slack thread in which she talks about it."""
    context = new_context(home, PERSON)
    up_to_plan(context, pictures)
    make_tables(context.workspace.engine)
    thread = open_thread(context.workspace, PERSON, None, context.project_id)
    place = Place(TEAM, channel, THREAD)
    thread_at(context.workspace, place, ANN)
    bind(context.workspace, place, thread.id)
    context.workspace.engine.dispose()  # so that all of the database is in its file


def copied(planned: Path, home: Path) -> Workspace:
    """A workspace of one's own with the planned project."""
    shutil.copytree(planned, home)
    return Workspace.open(home)


def read(slack: SlackServer, ts: str, *parts: str) -> Callable[[], bool]:
    """Can all of this be read in the thread?"""
    return lambda: all(part in slack.thread(ts) for part in parts)


def ended(slack: SlackServer) -> int:
    """How many answers have come to their end."""
    return sum(call["status"] == "" for call in slack.called("assistant.threads.setStatus"))


async def say(slack: SlackServer, ts: str, text: str, user: str = ANN, **more: Any) -> dict[str, Any]:
    """Say it and wait for the end of the answer; the event."""
    before = ended(slack)
    event = slack.said(user, text, ts, **more)
    await slack.event(event)
    await slack.until(lambda: ended(slack) > before)
    return event


def marks_of(workspace: Workspace, kind: str) -> list[str]:
    """What the bot remembers of this kind, in all threads."""
    with workspace.session() as session:
        return list(session.scalars(select(SlackMark.name).where(SlackMark.kind == kind)))


def cards(slack: SlackServer, ts: str) -> list[Posted]:
    """The messages with buttons."""
    return [each for each in slack.messages.values() if each.thread_ts == ts and each.buttons]


async def to_card(slack: SlackServer, ts: str = THREAD, **more: Any) -> Posted:
    """Ask for the launch; the card."""
    await say(slack, ts, "launch", **more)
    found = cards(slack, ts)
    assert len(found) == 1, slack.thread(ts)
    return found[0]
