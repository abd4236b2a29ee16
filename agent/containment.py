"""Keeps a language model within bounds: time and tokens of a message, repeated calls, a thread that is too long for it,
figures that nobody measured. The guided model needs none of it."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.config import get_config

from tools.registry import ToolContext

from .chapters import thread_of
from .claims import unsupported
from .endpoint import PROVIDER
from .endpoint.failures import BrokenOff, ContextTooLong, ModelFailed
from .guided.model import GuidedModel
from .messages import recent, since_last_words
from .usage import Caps, record, tokens_today

SAME_CALL = 3  # the third time that a call comes with the same arguments, it is not made
TURN_SECONDS = 600.0  # that the model may think about one message, all its answers together
SHORT_RESULT = 1000  # characters of a tool's text, where the thread is too long for the model
Handler = Callable[[ModelRequest], Awaitable[ModelResponse]]


class Contained(AgentMiddleware):
    """Goes around every call of a language model."""

    def __init__(self, context: ToolContext, caps: Caps) -> None:
        super().__init__()
        self._context = context
        self._caps = caps
        self._spent: tuple[str | None, float] = (None, 0.0)  # the person's message, and seconds spent on it

    async def awrap_model_call(self, request: ModelRequest, handler: Handler) -> ModelResponse:
        """One call of the model, within its bounds. Raises ModelFailed."""
        if isinstance(request.model, GuidedModel):
            return await handler(request)
        if words := await self._used_up(request.messages):
            return ModelResponse(result=[AIMessage(words)])
        response = await self._within_time(request, handler)
        message = response.result[-1]
        if not isinstance(message, AIMessage):
            return response
        await self._count(request, message)
        message = without_repeats(without_thoughts(message), since_last_words(request.messages))
        note = await asyncio.to_thread(self._note, request, message)  # a long thread holds many figures
        return ModelResponse(result=[message, *note], structured_response=response.structured_response)

    async def _within_time(self, request: ModelRequest, handler: Handler) -> ModelResponse:
        asked = next((message.id for message in reversed(request.messages) if isinstance(message, HumanMessage)), None)
        spent = self._spent[1] if self._spent[0] == asked else 0.0
        started = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, TURN_SECONDS - spent)):
                return await self._short_enough(request, handler)
        except TimeoutError:
            raise ModelFailed(
                f"The language model has thought about this for {TURN_SECONDS / 60:.0f} minutes, so I stopped it.",
                again=True,
            ) from None
        finally:
            self._spent = (asked, spent + time.monotonic() - started)

    async def _short_enough(self, request: ModelRequest, handler: Handler) -> ModelResponse:
        """A thread that is too long for the model is shortened once."""
        try:
            return await self._paid_for(request, handler)
        except ContextTooLong:
            return await self._paid_for(request.override(messages=shortened(request.messages)), handler)

    async def _paid_for(self, request: ModelRequest, handler: Handler) -> ModelResponse:
        """What a failed answer has cost is counted too; of one that broke off nobody knows it, so it is estimated."""
        try:
            return await handler(request)
        except ModelFailed as failure:
            if failure.tokens or isinstance(failure, BrokenOff):
                name = getattr(request.model, "model_name", "a model")
                await self._keep(name, failure.tokens, _length(request) // 4)
            raise

    async def _used_up(self, messages: Sequence[AnyMessage]) -> str:
        """Words when a limit is reached."""
        used = sum(_tokens(message) for message in since_last_words(messages) if isinstance(message, AIMessage))
        if used > self._caps.message:
            return (
                f"This message has used {used:,} tokens, more than its limit of {self._caps.message:,}, so I stop. "
                "What was done is kept. Say what you want in smaller steps, or raise SIDEKICK_MESSAGE_TOKENS."
            )
        if self._caps.day is None:
            return ""
        today = await asyncio.to_thread(tokens_today, self._context.workspace)
        if today < self._caps.day:
            return ""
        return (
            f"Today's {self._caps.day:,} tokens are used up ({today:,} so far), so I stop here. Everything is kept. It "
            "begins anew at midnight UTC. Whoever runs this can raise SIDEKICK_DAILY_TOKENS, or set "
            "SIDEKICK_MODEL=guided to go on without a language model."
        )

    async def _count(self, request: ModelRequest, message: AIMessage) -> None:
        if message.response_metadata.get("model_provider") != PROVIDER:
            return
        used = message.usage_metadata
        tokens = (used["input_tokens"], used["output_tokens"]) if used else None
        estimate = (_length(request) + len(message.text)) // 4
        message.additional_kwargs["estimate"] = 0 if tokens else estimate
        await self._keep(str(message.response_metadata.get("model_name", "")), tokens, estimate)

    async def _keep(self, model: str, tokens: tuple[int, int] | None, estimate: int) -> None:
        thread = thread_of(str(get_config()["configurable"]["thread_id"]))
        await asyncio.to_thread(record, self._context.workspace, thread, model, tokens, estimate)

    def _note(self, request: ModelRequest, message: AIMessage) -> list[BaseMessage]:
        """The answer has been read while it streamed, so it is not written anew: its unsupported figures are named."""
        if message.tool_calls or not message.text:
            return []
        system = request.system_message.text if request.system_message else ""
        said = [part.text for part in since_last_words(request.messages) if isinstance(part, AIMessage)]
        found = unsupported("\n".join([*said, message.text]), system, request.messages)
        if not found:
            return []
        these = "that figure" if len(found) == 1 else "those figures"
        return [AIMessage(f"(No tool measured and no article says: {', '.join(found)}. Do not rely on {these}.)")]


def without_repeats(message: AIMessage, turn: Sequence[AnyMessage]) -> AIMessage:
    """Leave out calls that come for the SAME_CALL-th time in a turn; a message that is left with none ends it."""
    before = Counter(_key(call) for part in turn if isinstance(part, AIMessage) for call in part.tool_calls)
    kept = []
    for call in message.tool_calls:
        before[_key(call)] += 1
        if before[_key(call)] < SAME_CALL:
            kept.append(call)
    if len(kept) == len(message.tool_calls):
        return message
    if kept:
        return message.model_copy(update={"tool_calls": kept})
    name = message.tool_calls[0]["name"]
    words = (
        f"I went round in circles: I was about to do the same thing ({name}) for the {SAME_CALL}rd time, so I stopped. "
        "What was done is kept. Say what you want in other words."
    )
    return message.model_copy(update={"tool_calls": [], "content": f"{message.text}\n\n{words}".strip()})


def without_thoughts(message: AIMessage) -> AIMessage:
    """Some models begin to think without saying so; only the end of their thoughts is marked."""
    _, mark, answer = message.text.rpartition("</think>")
    return message.model_copy(update={"content": answer.strip()}) if mark else message


def shortened(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The last quarter of the thread, from a message of the person's on, with the tools' texts cut."""
    kept = recent(messages, max(1, len(messages) // 4))
    return [
        message.model_copy(update={"content": f"{message.text[:SHORT_RESULT]} (cut)"})
        if isinstance(message, ToolMessage) and len(message.text) > SHORT_RESULT
        else message
        for message in kept
    ]


def _key(call: object) -> str:
    assert isinstance(call, dict)
    return json.dumps([call["name"], call["args"]], sort_keys=True, default=str)


def _tokens(message: AIMessage) -> int:
    used = message.usage_metadata
    return used["total_tokens"] if used else int(message.additional_kwargs.get("estimate", 0))


def _length(request: ModelRequest) -> int:
    """Characters that were sent."""
    system = len(request.system_message.text) if request.system_message else 0
    tools = sum(len(json.dumps(tool)) for tool in request.tools if isinstance(tool, dict))
    return system + tools + sum(len(message.text) for message in request.messages)
