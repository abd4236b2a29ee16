"""The LangGraph agent: stage-aware prompt and tools, the gate for spending, limits, repair of a model's mistakes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import takewhile
from typing import Any, NotRequired, cast

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
    ToolErrorMiddleware,
)
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, SystemMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.config import get_stream_writer
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import interrupt

from tools.membership import READ_ONLY
from tools.registry import TOOLS, Tool, ToolContext, ToolRefused
from tools.state import Facts, facts_of
from tools.text import safe_block
from trainer_core.jobs.full_disk import is_full_disk
from trainer_core.settings import in_force

from .containment import Contained
from .limits import Limits
from .logs import log
from .messages import recent
from .stages import system_prompt, visible_tools
from .story import ToldTurn
from .tracing import trace_in_place
from .usage import caps_of

LONGEST_RESULT = 6000  # characters of a tool's text
STILL_SO = 1.0  # seconds in which others, such as a training, hardly change what is known of a project


class ThreadState(AgentState):
    """What the graph keeps of a thread: the recent messages, and the older part in short."""

    story: NotRequired[list[ToldTurn]]


def build(model: BaseChatModel, context: ToolContext, checkpointer: BaseCheckpointSaver) -> CompiledStateGraph:
    """The agent of one conversation."""
    trace_in_place()
    middleware: list[AgentMiddleware[Any, None, Any]] = [
        Limits(),
        StageAware(context),
        Contained(context, caps_of(in_force(context.workspace.home))),
        ToolErrorMiddleware(on_error=words_for_error),
    ]
    turn = asyncio.Lock()
    tools = [as_langchain_tool(tool, context, turn) for tool in TOOLS.values()]
    return create_agent(model, tools, middleware=middleware, checkpointer=checkpointer, state_schema=ThreadState)


def as_langchain_tool(tool: Tool, context: ToolContext, turn: asyncio.Lock) -> BaseTool:
    """The tool as the graph calls it: in a thread, with its text capped, and behind the card when it is gated.

    Calls of one message run one after the other (`turn`): two that write the dataset's table at once would undo each
    other, and with that a mark that keeps generated files out.
    """

    async def call(**values: Any) -> tuple[str, dict[str, Any]]:
        arguments = tool.arguments(**values)
        answer: dict[str, Any] = {}
        if tool.card is not None:
            card = await asyncio.to_thread(tool.card, context, arguments)  # looks only: the node runs again on resume
            if card is not None:
                asked = {"tool": tool.name, "arguments": arguments.model_dump(mode="json")}
                answer = interrupt({"card": card.model_dump()} | asked)
                if answer.get("approved") is not True:
                    words = "The person said no. Nothing was started and nothing was spent."
                    return words, {"answer": answer.get("words")}
        writer, loop = get_stream_writer(), asyncio.get_running_loop()

        def say(words: str) -> None:
            loop.call_soon_threadsafe(writer, {"tool": tool.name, "text": words})

        started = time.monotonic()
        async with turn:
            result = await asyncio.to_thread(tool.run, replace(context, say=say), arguments)
        artifact = result.model_dump(mode="json", exclude={"text"})
        artifact |= {"seconds": time.monotonic() - started, "answer": answer.get("words")}
        return safe_block(result.text, LONGEST_RESULT), artifact

    return StructuredTool(
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments,
        coroutine=call,
        response_format="content_and_artifact",
    )


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The tool as an endpoint is told of it. Made once: making all of them takes longer than the rest of a turn."""
    tool = TOOLS[name]
    shown = StructuredTool(name=name, description=tool.description, args_schema=tool.arguments, func=print)
    return convert_to_openai_tool(shown)


def words_for_error(error: Exception, request: ToolCallRequest) -> str:
    """What the model is told when a tool fails."""
    return words_of_failure(error, request.tool_call["name"])


def words_of_failure(error: Exception, name: str) -> str:
    """Why this tool failed: our own words as they are, anything else without its inner details."""
    if _for_a_person(error):
        return safe_block(str(error), 1000)
    if is_full_disk(error):
        return (
            "The disk is full, so this could not be written. What was there before is kept. Tell the person to free "
            "some space and then to ask again."
        )
    log.error("tool %s failed", name, exc_info=error)
    return (
        f"{name} failed with an inner error ({type(error).__name__}); the details are in the log. Files and plan "
        f"are kept as they were. "
        "Tell the person, and try something else."
    )


def _for_a_person(error: Exception) -> bool:
    """Are the error's words our own? Those of Python and of the system name keys and paths."""
    if isinstance(error, FileNotFoundError):
        return error.errno is None
    return isinstance(error, ToolRefused | LookupError) and not isinstance(error, KeyError | IndexError)


class StageAware(AgentMiddleware):
    """Gives the model the prompt, the facts and the tools of the present stage, and the recent part of the thread."""

    def __init__(self, context: ToolContext) -> None:
        super().__init__()
        self.context = context
        self._known: tuple[float, Facts] | None = None

    async def awrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[ModelResponse]]
    ) -> ModelResponse:
        """Called before every model call, so that facts changed by a tool are seen at once."""
        facts = await self._facts(request.messages)
        visible, story = set(visible_tools(facts)), cast(ThreadState, request.state).get("story", [])
        return await handler(
            request.override(
                system_message=SystemMessage(system_prompt(facts, story)),
                tools=[schema_of(name) for name in TOOLS if name in visible],
                messages=recent(request.messages),
            )
        )

    async def _facts(self, messages: Sequence[AnyMessage]) -> Facts:
        """The project as it is; not read again a moment later where nothing was called since but tools that look."""
        called = [each.name for each in takewhile(lambda each: isinstance(each, ToolMessage), reversed(messages))]
        if self._known and called and READ_ONLY.issuperset(called) and time.monotonic() - self._known[0] < STILL_SO:
            return self._known[1]
        facts = await asyncio.to_thread(facts_of, self.context)
        self._known = time.monotonic(), facts
        return facts
