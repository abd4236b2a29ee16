"""A day of visits in short form: what a visit leaves behind in memory. benchmarks/window.py measures the long one."""

import asyncio
import gc
import threading
from pathlib import Path
from typing import Any

import pytest
from gradio.state_holder import SessionState

from agent.conversation import Conversation
from benchmarks.window_people import visits
from trainer_core.projects import Workspace
from ui import window, window_sessions
from ui.strings import UNEXPECTED
from ui.window_session import Session
from ui.window_sessions import Sessions

PAGES, CONVERSATIONS, AT_ONCE = 4, 3, 2  # that are remembered, and that come at a time
VISITS = 5  # in each half
OBJECTS_A_VISIT = 1500  # a page has about 40,000, a conversation several thousand; ids and names of a project stay


def test_visits_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    monkeypatch.setattr(window, "PAGES_REMEMBERED", PAGES)
    monkeypatch.setattr(window_sessions, "MOST_OPEN", CONVERSATIONS)
    workspace = Workspace.open(tmp_path / "home")
    sessions = Sessions(workspace, Conversation.open)
    page = window.build_window(sessions)
    options = window.launch_options(sessions)
    _app, url, _share = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **options)
    try:
        _, _, *others = _counted()  # of earlier tests in this process
        counts = [_visited(url) for _ in range(3)]
    finally:
        page.close()
    _, (objects, threads, *_), (more, same, pages, conversations) = counts
    assert pages - others[0] <= PAGES + 1
    assert conversations - others[1] <= CONVERSATIONS + 1
    assert same <= threads + 1
    assert (more - objects) / VISITS < OBJECTS_A_VISIT, f"{(more - objects) / VISITS:.0f} objects stay after each visit"


async def test_new_visitors_never_cut_off_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    monkeypatch.setattr(window_sessions, "MOST_OPEN", 1)
    sessions = Sessions(Workspace.open(tmp_path / "home"), Conversation.open)
    first = await sessions.get(None, "you")
    assert first.send("I want to teach it my cartoon cat", [])
    for _ in range(3):
        await sessions.get(None, "you")
    async for _ in first.updates():
        pass
    assert first.screen.messages[-1]["role"] == "assistant"
    assert UNEXPECTED not in str(first.screen.messages)
    await first.close()
    await sessions.close()


def _visited(url: str) -> tuple[int, int, int, int]:
    asyncio.run(visits(url, VISITS, AT_ONCE))
    return _counted()


def _counted() -> tuple[int, int, int, int]:
    """All objects, threads, gradio's pages and our conversations that are still in memory."""
    gc.collect()
    objects: list[Any] = gc.get_objects()
    pages, sessions = (sum(type(each) is kind for each in objects) for kind in (SessionState, Session))
    return len(objects), threading.active_count(), pages, sessions
