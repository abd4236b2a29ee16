"""What holds a model within bounds: how often it may be asked and may call tools, and calls that cannot be read.

All of it wraps calls and is no step of the graph's own: every step of the graph is written to the database.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, ToolMessage
from langgraph.types import Command

from .messages import event_note, since_last_words

MODEL_CALLS = 12  # for one message of the person's
TOOL_CALLS = 16
REPAIRS = 2
NOT_READ = "Your tool call was not valid JSON, so nothing was done. Send it again, correctly, or answer in words."
TOO_MANY = (
    f"Not done: {TOOL_CALLS} tool calls for one message are the limit. Tell the person what came of them so far, and "
    "what is still to do."
)

CLICKED = "clicked"  # marks the call of a tool that the person made in the window
DONE, NOT_DONE = "Done, as you clicked.", "That could not be done; the reason is above."
MUDDLED = "I got muddled there and did nothing. Please say it again."


class WentInCircles(Exception):
    """The model asked for tools again and again without coming to an answer."""


class Limits(AgentMiddleware):
    """Counts within the person's present message; a thread that ends with the sidekick's own words needs no model."""

    async def awrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[ModelResponse]]
    ) -> ModelResponse:
        """Ask the model, unless the last message is the sidekick's: then its tool calls are run, or its words stand."""
        last = request.messages[-1]
        if isinstance(last, AIMessage):
            return ModelResponse(result=[last])  # it has its id and takes its own place
        if isinstance(last, ToolMessage) and _clicked(request.messages):
            return ModelResponse(result=[AIMessage(NOT_DONE if last.status == "error" else DONE)])
        asked = sum(isinstance(message, AIMessage) for message in since_last_words(request.messages))
        if asked >= MODEL_CALLS:
            raise WentInCircles
        response = await handler(request)
        for _ in range(REPAIRS):
            answer = response.result[0]
            if not isinstance(answer, AIMessage) or answer.tool_calls or not answer.invalid_tool_calls:
                break
            said = AIMessage(answer.content or "(a tool call that could not be read)")
            response = await handler(request.override(messages=[*request.messages, said, event_note(NOT_READ)]))
        return ModelResponse(result=[_readable(message) for message in response.result])

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Run the tool, unless the limit is reached."""
        messages = since_last_words(request.state["messages"])
        calls = [call["id"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
        call = request.tool_call
        if call["id"] in calls[TOOL_CALLS:]:
            return ToolMessage(TOO_MANY, tool_call_id=str(call["id"]), name=call["name"], status="error")
        return await handler(request)


def _clicked(messages: Sequence[AnyMessage]) -> bool:
    """True when the tool was called by a click of the person's: its result is shown, and no model has to word it."""
    calling = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    return calling is not None and bool(calling.additional_kwargs.get(CLICKED))


def _readable(message: BaseMessage) -> BaseMessage:
    """Without calls that could not be read: they would stand in the thread without an answer."""
    if not isinstance(message, AIMessage) or not message.invalid_tool_calls:
        return message
    kept = message.model_copy(update={"invalid_tool_calls": []})
    return kept if kept.content or kept.tool_calls else kept.model_copy(update={"content": MUDDLED})
