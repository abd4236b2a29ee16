"""From the graph's stream and the stored messages to events."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage, ToolMessage

from tools.registry import TOOLS

from .endpoint import PROVIDER
from .endpoint.failures import ModelFailed, words_of
from .events import Card, CardShown, Event, Problem, Progress, Said, ToolFinished, ToolStarted, Used
from .limits import WentInCircles
from .messages import ASIDE, EXPIRED, spoken


class Transcript:
    """Reads one run of the graph. `home` is the workspace folder that files are relative to."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._started: set[str] = set()
        self._answered = False

    def read(self, part: Mapping[str, Any]) -> list[Event]:
        """The events of one part of the stream."""
        if part["type"] == "messages":
            return self._piece(*part["data"])
        if part["type"] == "custom":
            return [Progress(job_id="", text=part["data"]["text"], data={"tool": part["data"]["tool"]})]
        events: list[Event] = []
        for node, update in part["data"].items():
            if node == "__interrupt__":
                events += [CardShown(card=Card.model_validate(entry.value["card"])) for entry in update]
                self._answered = True
            elif node in ("model", "tools") and update:
                for message in update.get("messages", []):
                    events += self._message(message)
        return events

    def end(self) -> list[Event]:
        """What is left to say when the run is over."""
        if self._answered:
            return []
        return [Problem(text="The model gave no answer. Your message is kept; say it again or in other words.")]

    def _piece(self, message: Any, details: dict[str, Any]) -> list[Event]:
        if isinstance(message, AIMessageChunk) and details.get("langgraph_node") == "model" and message.text:
            return [Said(role="sidekick", text=message.text, final=False)]
        return []

    def _message(self, message: AnyMessage) -> list[Event]:
        if isinstance(message, AIMessage):
            self._answered = bool(message.text) or self._answered
            events: list[Event] = [Said(role="sidekick", text=message.text)] if message.text.strip() else []
            return events + used(message) + self._starts(message)
        if isinstance(message, ToolMessage):
            return self._finish(message)
        return []

    def _starts(self, message: AIMessage) -> list[Event]:
        """A gated tool has not started before its card is answered."""
        calls = [call for call in message.tool_calls if call["name"] not in TOOLS or not TOOLS[call["name"]].gated]
        self._started |= {str(call["id"]) for call in calls}
        return [ToolStarted(id=str(call["id"]), name=call["name"], arguments=call["args"]) for call in calls]

    def _finish(self, message: ToolMessage) -> list[Event]:
        started = message.tool_call_id in self._started
        name = message.name or "tool"
        first: list[Event] = [] if started else [ToolStarted(id=message.tool_call_id, name=name, arguments={})]
        return [*first, finished(message, self._home)]


def used(message: AIMessage) -> list[Event]:
    """What the answer has used, if a language model gave it."""
    if message.response_metadata.get("model_provider") != PROVIDER:
        return []
    told = message.usage_metadata
    read, wrote = (told["input_tokens"], told["output_tokens"]) if told else (None, None)
    return [Used(model=str(message.response_metadata.get("model_name", "")), input_tokens=read, output_tokens=wrote)]


def finished(message: ToolMessage, home: Path) -> ToolFinished:
    """The event of a tool's result."""
    artifact: dict[str, Any] = message.artifact or {}
    return ToolFinished(
        id=message.tool_call_id,
        name=message.name or "tool",
        text=str(message.content),
        data=artifact.get("data", {}),
        pictures=[home / path for path in artifact.get("pictures", [])],
        files=[home / path for path in artifact.get("files", [])],
        seconds=artifact.get("seconds", 0.0),
        failed=message.status == "error",
    )


def history_of(messages: Sequence[AnyMessage], home: Path) -> list[Event]:
    """The events of a stored thread."""
    arguments: dict[str, dict[str, Any]] = {}
    events: list[Event] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            words = spoken(message)
            events += [Said(role="person", text=words)] if words else []
        elif isinstance(message, AIMessage):
            events += [Said(role="sidekick", text=message.text)] if message.text.strip() else []
            arguments |= {str(call["id"]): call["args"] for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.content not in (ASIDE, EXPIRED):
            answer = (message.artifact or {}).get("answer") if isinstance(message.artifact, dict) else message.artifact
            events += [Said(role="person", text=str(answer))] if answer else []
            given = arguments.get(message.tool_call_id, {})
            events += [
                ToolStarted(id=message.tool_call_id, name=message.name or "tool", arguments=given),
                finished(message, home),
            ]
    return events


def words_for_failure(error: Exception) -> str:
    """What a person is told when a turn failed; never the error's own text, which may hold keys or paths."""
    if isinstance(error, WentInCircles):
        return (
            "I went round in circles and stopped. What the tools did is kept; nothing was launched. Say what you "
            "want in other words."
        )
    if isinstance(error, ModelFailed):
        return words_of(error)
    return (
        f"Something went wrong inside ({type(error).__name__}); the details are in the log. Everything so far is kept. "
        "Try again."
    )
