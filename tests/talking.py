"""What tests of the conversation do with it: say something, and look at what came of it."""

from pathlib import Path

from agent.conversation import Conversation
from agent.events import Event, Problem, Said, ToolStarted


async def talk(conversation: Conversation, text: str, *uploads: Path) -> list[Event]:
    """Everything that comes of a message, without the pieces of streamed words."""
    return whole([event async for event in conversation.send(text, uploads)])


def whole(events: list[Event]) -> list[Event]:
    return [event for event in events if not (isinstance(event, Said) and not event.final)]


def called(events: list[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, ToolStarted)]


def words(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Said | Problem))
