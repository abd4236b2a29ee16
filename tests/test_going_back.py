"""Stop, again and differently: what a person takes back in the chat, and what is offered to be said next."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles import ScriptedConversation

from agent.events import Said, ToolFinished, ToolStarted
from tests.rooms import draw_pictures, new_context, planned_room
from tools.handed_over import waiting_files
from tools.uploads import register, uploads_of
from trainer_core.projects import Workspace
from ui.handed_over import kept_together
from ui.panels.dataset_data import load_where
from ui.strings import NOTHING_KEPT
from ui.suggestions import moment, suggestions
from ui.window_screen import Screen
from ui.window_session import Session
from ui.window_sessions import Sessions
from ui.words_talk import MOMENTS

PERSON = "you"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    ScriptedConversation.threads.clear()
    yield Workspace.open(tmp_path / "home")
    ScriptedConversation.threads.clear()


async def said(session: Session, text: str) -> None:
    assert session.send(text, [])
    async for _ in session.updates():
        pass


def words(session: Session) -> list[str]:
    return [str(message["content"]) for message in session.screen.messages if "metadata" not in message]


async def test_an_answer_is_stopped_and_the_next_one_is_given(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, PERSON)
    assert not session.stop()
    session.send("slow, please", [])
    await asyncio.sleep(0.1)
    assert session.screen.messages[-1]["metadata"]["status"] == "pending"
    assert session.stop()
    assert not session.stop()  # a second click
    async for _ in session.updates():
        pass
    assert session.screen.messages[1]["metadata"]["title"] == "Looking at your files (stopped)"
    assert words(session)[-1] == "Stopped, as you asked."
    await said(session, "hello")
    assert words(session)[-1] == "You said: hello"


async def test_a_message_is_said_differently_in_a_conversation_that_goes_on_from_there(workspace: Workspace) -> None:
    sessions = Sessions(workspace, ScriptedConversation.open)
    session = await sessions.get(None, PERSON)
    for text in ("first", "second", "third"):
        await said(session, text)
    forked = await sessions.again(session, 2, "other")
    assert forked is not None
    async for _ in forked.updates():
        pass
    assert words(forked) == ["first", "You said: first", "other", "You said: other"]
    assert len(words(session)) == 6  # the conversation before is as it was
    again = await sessions.again(session, 5, None)  # the answer to the last one, once more
    assert again is not None
    async for _ in again.updates():
        pass
    assert words(again) == words(session)


async def test_an_answer_to_a_card_and_what_is_not_there_cannot_be_said_again(workspace: Workspace) -> None:
    sessions = Sessions(workspace, ScriptedConversation.open)
    session = await sessions.get(None, PERSON)
    assert await sessions.again(session, 0, None) is None
    await said(session, "hello")
    await said(session, "train it")
    assert session.screen.card is not None
    session.decide(session.screen.card.id, approved=False)
    async for _ in session.updates():
        pass
    assert words(session)[-2] == "No."
    assert session.screen.turn_at(len(session.screen.messages) - 1) == (1, "train it")
    assert session.screen.turn_at(-1) is None


def test_words_before_a_gated_tool_are_the_answer_to_its_card() -> None:
    screen = Screen()
    screen.restore(
        [
            Said(role="person", text="launch"),
            Said(role="person", text="yes"),
            ToolStarted(id="1", name="launch_training", arguments={}),
            ToolFinished(id="1", name="launch_training", text="started"),
            Said(role="person", text="look"),
            ToolStarted(id="2", name="audit_dataset", arguments={}),
        ]
    )
    assert [text for _place, text in screen.turns] == ["launch", "look"]
    screen.restore([])


async def test_the_real_sidekick_stops_and_goes_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.conversation import Conversation

    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    sessions = Sessions(workspace, Conversation.open)
    session = await sessions.get(None, PERSON)
    session.send("hello", [])
    assert session.stop()  # before anything of it was kept
    async for _ in session.updates():
        pass
    assert words(session)[-1] == NOTHING_KEPT
    assert await sessions.again(session, 0, None) is None
    session.send("I want to teach it my cartoon cat", [])
    while not await session.conversation.turns():
        await asyncio.sleep(0.01)
    assert session.stop()
    async for _ in session.updates():
        pass
    assert not await session.conversation.broken_off()
    assert "Stopped" in words(session)[-1] or "cat" in words(session)[-1]  # or it was done before it could be stopped
    await said(session, "what can you do?")
    forked = await sessions.again(session, 2, "I want to teach it my dog")
    assert forked is not None
    async for _ in forked.updates():
        pass
    assert await forked.conversation.turns() == ["I want to teach it my dog"]
    assert forked.conversation.project_id == session.conversation.project_id
    await sessions.close()


async def test_what_a_long_tool_does_is_shown_while_it_is_at_it(workspace: Workspace) -> None:
    from ui.panels.panel import Panel

    sessions = Sessions(workspace, ScriptedConversation.open)
    seen = iter(range(1000))
    sessions.panels = (Panel("counting", (), lambda _context: next(seen), lambda _data: ()),)
    session = await sessions.get(None, PERSON)
    before = session.parts["counting"]
    session.send("slow, please", [])
    drawn = 0
    async for _ in session.updates():
        drawn += 1
        if session.parts["counting"] > before + 1:
            break
    assert session.busy
    assert drawn >= 2
    session.stop()
    async for _ in session.updates():
        pass


def test_files_from_the_chat_stay_together(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    sent = draw_pictures(tmp_path / "sent", 2)
    (sent / "picture-00.txt").write_text("a cat on a wall")
    (sent / "style.safetensors").write_bytes(b"weights")
    files = sorted(sent.iterdir())
    folder, *loras = kept_together(context, files)
    assert sorted(path.name for path in folder.iterdir()) == ["picture-00.png", "picture-00.txt", "picture-01.png"]
    assert [path.name for path in loras] == ["style.safetensors"]
    register(context.workspace, context.project_id, [folder])
    assert len(uploads_of(context.workspace, context.project_id)) == 1  # it waits once
    assert waiting_files(context.workspace, context.project_id) == 3
    assert kept_together(context, files[:1]) == files[:1]


def test_what_is_offered_fits_the_moment(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    assert moment("recipe", None, card=False) == "recipe"
    assert moment("dataset", load_where(context), card=False) == "no files"
    register(context.workspace, context.project_id, [draw_pictures(tmp_path / "p", 1)])
    planned = load_where(planned_room(tmp_path / "planned"))
    assert moment("launch", planned, card=False) == "launch"
    assert moment("launch", planned, card=True) == "card"
    assert suggestions("no such stage", None, card=False) == MOMENTS["no files"][:3]


def test_the_built_in_model_knows_what_is_offered() -> None:
    from agent.guided.intents import read

    states = json.loads((Path(__file__).parent / "data" / "utterances.json").read_text(encoding="utf-8"))["states"]
    of_moment = {"recipe": "new", "no captions": "audited", "plan": "captioned", "launch": "planned"}
    of_moment |= {"training": "training", "results": "results"}
    for name, state in of_moment.items():
        for text in MOMENTS[name]:
            reading = read(text, states[state], [])
            assert reading.calls or reading.topic == "help", (name, text, reading)
