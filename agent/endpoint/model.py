"""EndpointModel: a chat model at any OpenAI-compatible endpoint (OpenAI, Ollama, vLLM, llama.cpp), streamed.

What a person has been shown is never taken back: an answer that breaks off is asked for again, and only what is new of
it is shown. Tool calls are given on when the whole answer is there, and never from half a JSON.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langgraph.config import get_stream_writer
from pydantic import PrivateAttr

from tools.endpoints import Endpoint

from . import PROVIDER
from .client import Limits
from .failures import BrokenOff, ModelFailed, OptionRefused, Unreadable
from .reading import Answer
from .request import words_of_one
from .wire import on_the_wire, tool_form

TEMPERATURE = 0.2
ONCE_MORE = "\n\n(The connection broke off here. Once more:)\n\n"


class EndpointModel(BaseChatModel):
    """The model `model_name` at `endpoint`. Raises ModelFailed with words for a person when there is no answer."""

    endpoint: Endpoint
    model_name: str
    limits: Limits = Limits()
    _refused: set[str] = PrivateAttr(default_factory=set)  # options that this server does not take

    @property
    def _llm_type(self) -> str:
        return PROVIDER

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Give the model these tools."""
        return self.bind(tools=[tool_form(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: AIMessageChunk | None = None
        async for piece in self._astream(messages, stop, **kwargs):
            chunk = piece.message
            assert isinstance(chunk, AIMessageChunk)
            whole = chunk if whole is None else whole + chunk
        assert whole is not None  # a stream without an answer raises
        return ChatResult(generations=[ChatGeneration(message=whole)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        tools = kwargs.get("tools", [])
        end = time.monotonic() + self.limits.call
        shown, joint = "", ""  # what the person has seen, and how what comes now is joined to it
        used: list[tuple[int, int]] = []
        asked = on_the_wire(messages)
        tries = self.limits.tries
        while True:
            answer = self._answer(messages, tools)
            failure: ModelFailed | None = None
            pieces = words_of_one(self.endpoint, self.limits, self._body(asked, tools), answer, end)
            try:
                async with aclosing(pieces):
                    async for piece in pieces:
                        if not joint:
                            shown += piece
                            yield _words(piece)
            except ModelFailed as error:
                failure = error
            if answer.tokens:
                used.append(answer.tokens)
            if failure is None:
                break
            tries -= not isinstance(failure, OptionRefused)
            known = isinstance(failure, OptionRefused) and failure.option in self._refused  # it was not the option
            if known or not failure.again or tries <= 0 or not await self._wait(failure, tries, end):
                if shown and isinstance(failure, BrokenOff):
                    yield _words("\n\n(The connection broke off here. Say “go on” for the rest.)")
                    answer.calls = []
                    break
                failure.tokens = _sum(used)
                raise failure
            joint = "" if not shown else "\n\n" if isinstance(failure, Unreadable) else ONCE_MORE
            asked = self._learn(asked, failure)
        if joint and failure is None:
            yield _words(_rest(answer, shown, joint))
        yield self._last(answer, used)

    def _answer(self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> Answer:
        results = [message for message in messages if isinstance(message, ToolMessage)]
        return Answer(
            self.model_name,
            self.endpoint.shown_host,
            visible={tool["function"]["name"] for tool in tools},
            taken={message.tool_call_id for message in results},
            seen="\n".join(message.text for message in results),
            key=self.endpoint.key,
        )

    def _body(self, asked: list[dict[str, Any]], tools: list[dict[str, Any]]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model_name, "messages": asked, "stream": True}
        options = {"temperature": TEMPERATURE, "stream_options": {"include_usage": True}}
        return (
            body
            | {name: value for name, value in options.items() if name not in self._refused}
            | ({"tools": tools} if tools else {})
        )

    def _learn(self, asked: list[dict[str, Any]], failure: ModelFailed) -> list[dict[str, Any]]:
        """What is sent the next time."""
        if isinstance(failure, OptionRefused):
            self._refused.add(failure.option)
        if isinstance(failure, Unreadable):
            return [*asked, {"role": "assistant", "content": "(a tool call that could not be read)"}, _event(failure)]
        return asked

    async def _wait(self, failure: ModelFailed, left: int, end: float) -> bool:
        """Pause before the next try; False when that would take too long."""
        if isinstance(failure, OptionRefused | Unreadable):
            return True
        done = self.limits.tries - left
        seconds = failure.wait if failure.wait is not None else self.limits.pause * 2 ** (done - 1)
        if seconds > self.limits.longest_wait or time.monotonic() + seconds >= end:
            return False
        if seconds >= 2:
            _tell(f"The language model asks to wait {seconds:.0f} seconds.")
        await asyncio.sleep(seconds)
        return True

    def _last(self, answer: Answer, used: Sequence[tuple[int, int]]) -> ChatGenerationChunk:
        """The end of the message: its calls, what it used, and who wrote it."""
        pieces = [
            tool_call_chunk(name=call.name, args=json.dumps(call.arguments), id=call.id, index=index)
            for index, call in enumerate(answer.calls)
        ]
        tokens = _sum(used)
        told = tokens and UsageMetadata(input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens))
        details = {"model_name": answer.model or self.model_name, "model_provider": PROVIDER}
        return ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                tool_call_chunks=pieces,
                usage_metadata=told,
                response_metadata=details | {"finish_reason": answer.finish},
                chunk_position="last",
            )
        )


def _rest(answer: Answer, shown: str, joint: str) -> str:
    """What is still to be shown of an answer that came after another had broken off."""
    if answer.text.startswith(shown):
        return answer.text[len(shown) :]
    if answer.calls:  # the words before a call were shown the first time
        return ""
    return f"{joint}{answer.text}"


def _sum(used: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Tokens read and written in all tries together; None where none told."""
    return (sum(read for read, _ in used), sum(wrote for _, wrote in used)) if used else None


def _words(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _event(failure: Unreadable) -> dict[str, Any]:
    return {"role": "user", "content": f"<event>{failure.fault}</event>"}


def _tell(words: str) -> None:
    """A line of progress, where somebody listens."""
    try:
        write: Callable[[Any], None] = get_stream_writer()
    except RuntimeError:  # asked outside of a graph
        return
    write({"tool": "model", "text": words})
