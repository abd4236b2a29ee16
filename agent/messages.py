"""The messages of a thread: how a person's words, uploads and events are written into them, and read back."""

import json
import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from tools.text import quoted, safe_block
from tools.uploads import Upload

LONGEST_MESSAGE = 8000
_TAGS = re.compile(r"<(/?)(event|uploads|project)", re.IGNORECASE)
_NOTES = re.compile(r"<(event|uploads)>(.*?)</\1>\n*", re.DOTALL)

ASIDE = (
    "Put aside: the person said something else first. Nothing was started. The card will be shown again after "
    "your answer."
)
EXPIRED = "The card had expired before it was answered. Nothing was started. It is shown again."
BROKEN_OFF = (
    "Broken off: Sidekick stopped while this was being done. It may or may not have happened; look at the project's "
    "facts before "
    "you do it again."
)
STOPPED = (
    "Stopped, as you asked. What I had begun may still come to its end, and everything so far is kept. What shall I do "
    "instead?"
)


def from_person(text: str, uploads: Sequence[Upload] = (), events: Sequence[str] = ()) -> HumanMessage:
    """A message of the person's with notes about files handed over and about what happened meanwhile."""
    words = _TAGS.sub(r"‹\1\2", text)[:LONGEST_MESSAGE]
    parts = [f"<event>{safe_block(note, 1000)}</event>" for note in events]
    if uploads:
        listed = [{"id": entry.id, "name": quoted(entry.name, 80), "folder": entry.folder} for entry in uploads]
        parts.append(f"<uploads>{json.dumps(listed, ensure_ascii=False)}</uploads>")
    return HumanMessage("\n".join([*parts, words]).strip())


def event_note(text: str) -> HumanMessage:
    """A message that tells the model what happened, without the person having said anything."""
    return HumanMessage(f"<event>{safe_block(text, 1000)}</event>")


def spoken(message: HumanMessage) -> str:
    """What the person said, without notes."""
    return _NOTES.sub("", str(message.content)).strip()


def upload_ids(message: HumanMessage) -> list[str]:
    """The ids in the message's <uploads> notes."""
    found = [json.loads(body) for tag, body in _NOTES.findall(str(message.content)) if tag == "uploads"]
    return [entry["id"] for listed in found for entry in listed]


def events_in(message: HumanMessage) -> list[str]:
    """The texts of the message's <event> notes."""
    return [body for tag, body in _NOTES.findall(str(message.content)) if tag == "event"]


def unanswered(messages: Sequence[AnyMessage]) -> list[dict[str, str]]:
    """The tool calls (id and name) at the end of the thread that have no result."""
    answered = set()
    for message in reversed(messages):
        if isinstance(message, ToolMessage):
            answered.add(message.tool_call_id)
        elif isinstance(message, AIMessage):
            calls = [{"id": str(call["id"]), "name": call["name"]} for call in message.tool_calls]
            return [call for call in calls if call["id"] not in answered]
        else:
            return []
    return []


def closing(messages: Sequence[AnyMessage], words: str) -> list[ToolMessage]:
    """A result for every tool call that has none, so that the thread stays valid."""
    return [
        ToolMessage(words, tool_call_id=call["id"], name=call["name"], status="error") for call in unanswered(messages)
    ]


def since_last_words(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """What came after the person's last words or click, or after the last note about an event."""
    start = max((place for place, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return messages[start + 1 :]


def recent(messages: Sequence[AnyMessage], most: int = 80) -> list[AnyMessage]:
    """The end of the thread for the model: at most `most` messages, beginning with one of the person's."""
    if len(messages) <= most:
        return list(messages)
    for start in range(len(messages) - most, len(messages)):
        if isinstance(messages[start], HumanMessage):
            return list(messages[start:])
    last = max(index for index, message in enumerate(messages) if isinstance(message, HumanMessage))
    return list(messages[last:])
