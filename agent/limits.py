"""What holds a model within bounds: how often it may be asked and may call tools.

All of it wraps calls and is no step of the graph's own: every step of the graph is written to the database.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import Command

from .messages import since_last_words

MODEL_CALLS = 12  # for one message of the person's
TOOL_CALLS = 16
TOO_MANY = (
    f"Not done: {TOOL_CALLS} tool calls for one message are the limit. Tell the person what came of them so far, and "
    "what is still to do."
)

CLICKED = "clicked"  # marks the call of a tool that the person made in the window: True, or the program that did
DONE, NOT_DONE = "Done, as you clicked.", "That could not be done; the reason is above."
DONE_FOR_YOU = "Done, as {program} asked, which you connected."


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
        if isinstance(last, ToolMessage) and (by := _clicked(request.messages)):
            done = DONE_FOR_YOU.format(program=by) if isinstance(by, str) else DONE
            return ModelResponse(result=[AIMessage(NOT_DONE if last.status == "error" else done)])
        asked = sum(isinstance(message, AIMessage) for message in since_last_words(request.messages))
        if asked >= MODEL_CALLS:
            raise WentInCircles
        return await handler(request)

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


def _clicked(messages: Sequence[AnyMessage]) -> bool | str:
    """By what the tool was called, where no model did, so that none has to word its result: a click, or a program."""
    calling = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    return calling.additional_kwargs.get(CLICKED, False) if calling is not None else False
