"""GuidedModel: a chat model that needs no network and no weights. It behaves like any other in the graph."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCall, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from trainer_core.projects import new_id

from ..messages import ASIDE, events_in, spoken, upload_ids
from . import answers
from .answers import Result
from .intents import Call, Facts, read
from .remembered import asked_of, last_turn, remembered

REST = "guided"  # the calls that are still to come travel with the message that makes the present one
_FACTS = re.compile(r"^<project>(\{.*\})</project>$", re.MULTILINE)


class GuidedModel(BaseChatModel):
    """Understands what people say about training a LoRA by rules, calls the visible tools, and words what they find."""

    @property
    def _llm_type(self) -> str:
        return "guided"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Make the tools visible to the model, in the form that every endpoint gets them."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=respond(messages, _names(kwargs)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from _pieces(respond(messages, _names(kwargs)))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        # one thread for the reading, so that a long message holds up nobody else; the base class would go to another
        # thread and back for each word
        for chunk in _pieces(await asyncio.to_thread(respond, messages, _names(kwargs))):
            yield chunk


def _pieces(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    for piece in re.findall(r"(?:\S+\s*){1,5}|\s+", message.text):  # each piece costs as much as a look at a plan
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        for index, call in enumerate(message.tool_calls)
    ]
    last = AIMessageChunk(
        content="", tool_call_chunks=calls, additional_kwargs=message.additional_kwargs, chunk_position="last"
    )
    yield ChatGenerationChunk(message=last)


def respond(messages: Sequence[BaseMessage], visible: set[str]) -> AIMessage:
    """The next message of the thread: one tool call, or the answer."""
    facts = facts_in(messages)
    start = max((index for index, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    if start < 0:
        return AIMessage(answers.about("greet", "", facts))
    question = messages[start]
    assert isinstance(question, HumanMessage)
    turn = _open_part(messages[start + 1 :])
    card_waits = start > 0 and isinstance(messages[start - 1], ToolMessage) and messages[start - 1].content == ASIDE
    events = events_in(question)
    if not turn:
        before = messages[:start]
        facts = facts | remembered(before, _results(before), _results(last_turn(before)))
        reading = read(spoken(question), facts, upload_ids(question))
        if not reading.calls:
            said = answers.about(reading.topic, reading.words, facts, card_waits=card_waits)
            return AIMessage("\n\n".join([*events, said]), additional_kwargs=asked_of(reading.asked))
        return _call_or_say(list(reading.calls), visible, facts, [])
    results = _results(turn)
    if results and results[-1].failed:
        return AIMessage(answers.after(results, facts, card_waits=card_waits, events=events))
    rest = _rest(turn) or _follow_up(results, facts)
    if rest:
        return _call_or_say(rest, visible, facts, results)
    return AIMessage(answers.after(results, facts, card_waits=card_waits, events=events))


def facts_in(messages: Sequence[BaseMessage]) -> Facts:
    """The project's facts from the system prompt; empty without one."""
    for message in messages:
        if isinstance(message, SystemMessage) and (found := _FACTS.search(message.text)):
            return json.loads(found[1])
    return {}


def _names(kwargs: dict[str, Any]) -> set[str]:
    return {tool["function"]["name"] for tool in kwargs.get("tools", [])}


def _call_or_say(calls: list[Call], visible: set[str], facts: Facts, results: list[Result]) -> AIMessage:
    call, *rest = calls
    if call.name not in visible:
        parts = [answers.after(results, {"stage": "training"}, card_waits=True, events=[])] if results else []
        return AIMessage("\n\n".join([*parts, answers.not_yet(call.name, facts)]))
    later = [{"name": entry.name, "arguments": entry.arguments} for entry in rest]
    made = ToolCall(name=call.name, args=call.arguments, id=new_id("call"))
    words = "" if results else answers.lead(call.name)
    return AIMessage(words, tool_calls=[made], additional_kwargs={REST: later})


def _open_part(turn: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """What came after the last answer: a card that was shown again begins a new part."""
    ends = [index for index, message in enumerate(turn) if isinstance(message, AIMessage) and not message.tool_calls]
    return turn[ends[-1] + 1 :] if ends else turn


def _rest(turn: Sequence[BaseMessage]) -> list[Call]:
    last = next(message for message in reversed(turn) if isinstance(message, AIMessage))
    return [Call(entry["name"], entry["arguments"]) for entry in last.additional_kwargs.get(REST, [])]


def _results(turn: Sequence[BaseMessage]) -> list[Result]:
    arguments: dict[str, dict[str, Any]] = {}
    results = []
    for message in turn:
        if isinstance(message, AIMessage):
            arguments |= {str(call["id"]): call["args"] for call in message.tool_calls}
        elif isinstance(message, ToolMessage):
            artifact = message.artifact if isinstance(message.artifact, dict) else {}
            results.append(
                Result(
                    name=message.name or "",
                    arguments=arguments.get(message.tool_call_id, {}),
                    text=str(message.content),
                    failed=message.status == "error",
                    data=artifact.get("data", {}),
                )
            )
    return results


def _follow_up(results: list[Result], facts: Facts) -> list[Call]:
    """What follows by itself: files that were handed over are taken in and looked at as soon as the recipe is known."""
    done = {result.name for result in results}
    last = results[-1].name if results else ""
    if last == "choose_recipe" and facts.get("waiting_uploads") and "add_files" not in done:
        return [Call("add_files", {})]
    fresh = last in ("add_files", "choose_recipe") and (facts.get("images") or facts.get("clips"))
    if fresh and facts.get("recipe") and not facts.get("verdict") and "audit_dataset" not in done:
        return [Call("audit_dataset")]
    return []
