"""What tests of the conversation do with it: say something, and look at what came of it."""

import asyncio
import threading
from pathlib import Path

import pytest

from agent.conversation import Conversation
from agent.events import Event, Problem, Said, ToolStarted


async def talk(conversation: Conversation, text: str, *uploads: Path) -> list[Event]:
    """Everything that comes of a message, without the pieces of streamed words."""
    return whole([event async for event in conversation.send(text, uploads)])


async def broken_off_in_a_tool(conversation: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question whose search hangs, cancelled while it does."""
    reached, release = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        reached.set()
        release.wait(20)
        return []

    with monkeypatch.context() as patch:
        patch.setattr("tools.knowledge.search", hang)
        turn = asyncio.create_task(talk(conversation, "what is overfitting?"))
        assert await asyncio.to_thread(reached.wait, 20)
        turn.cancel()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await turn


def whole(events: list[Event]) -> list[Event]:
    return [event for event in events if not (isinstance(event, Said) and not event.final)]


def called(events: list[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, ToolStarted)]


def words(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Said | Problem))
