"""A page that asks again and again: nothing is read while nothing was written, and what others write is shown."""

from pathlib import Path

import pytest
from doubles import ScriptedConversation
from rooms import new_context

from agent.conversation import Conversation
from tools.context import ToolContext
from tools.recipes import ChooseRecipe, choose_recipe
from trainer_core.projects import Workspace
from trainer_core.recipes import RecipeName
from ui import window_session
from ui.changed import stamp
from ui.panels.panel import Panel
from ui.window_sessions import Sessions


def test_whatever_is_written_changes_the_stamp(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    before = stamp(context.workspace, context.project_id)
    assert before is not None
    assert stamp(context.workspace, context.project_id) == before
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.STYLE))
    after = stamp(context.workspace, context.project_id)
    assert after != before
    (context.workspace.dataset_folder(context.project_id) / "manifest.json").write_text("{}")
    assert stamp(context.workspace, context.project_id) != after


async def test_nothing_is_read_while_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_session, "LOAD_SECONDS", 0.0)
    monkeypatch.setattr(window_session, "STALE_SECONDS", 60.0)
    reads: list[str] = []

    def load(context: ToolContext) -> str:
        reads.append(context.project_id)
        return "as it was"

    workspace = Workspace.open(tmp_path / "home")
    ScriptedConversation.threads.clear()
    sessions = Sessions(workspace, ScriptedConversation.open)
    sessions.panels = (Panel("one", (), load, lambda _data: ()),)
    session = await sessions.get(None, "you")
    session.beside = ()  # nobody else is here
    await session.refresh()
    begun = len(reads)
    for _ in range(5):
        await session.refresh()
    assert len(reads) == begun
    new_context(workspace.home)  # anything else that is written to the database
    await session.refresh()
    again = len(reads)
    assert again > begun
    monkeypatch.setattr(window_session, "STALE_SECONDS", 0.0)
    await session.refresh()
    assert len(reads) > again
    ScriptedConversation.threads.clear()


async def test_the_stage_follows_what_another_window_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    monkeypatch.setattr(window_session, "LOAD_SECONDS", 0.0)
    workspace = Workspace.open(tmp_path / "home")
    sessions = Sessions(workspace, Conversation.open)
    from ui.panels.recipe import load

    sessions.panels = (Panel("recipe", (), load, lambda _data: ()),)
    session = await sessions.get(None, "you")
    session.beside = ()  # nobody else is here
    assert session.screen.stage == "recipe"
    version = session.screen.version
    choose_recipe(session.context, ChooseRecipe(recipe=RecipeName.STYLE))
    await session.refresh()
    assert session.screen.stage == "dataset"
    assert session.screen.version > version
    await session.close()
