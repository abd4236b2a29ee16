"""What one thread holds: the recent messages in the graph's state, the older ones as rows, and the card that waits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AnyMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Interrupt

from trainer_core.projects import Workspace

from . import chapters
from .story import ToldTurn, lengthen

STEPS = 100  # of the graph, for one message


@dataclass(frozen=True)
class Now:
    """A thread at this moment: the present chapter's messages, what came before in short, and the waiting card."""

    config: Any  # with which the graph finds the chapter
    number: int
    messages: list[AnyMessage]
    story: list[ToldTurn]
    interrupt: Interrupt | None


class Memory:
    """One thread's messages. Writes are made by whoever holds the thread's turn."""

    def __init__(
        self, workspace: Workspace, thread_id: str, graph: CompiledStateGraph, saver: BaseCheckpointSaver
    ) -> None:
        self._workspace = workspace
        self._thread_id = thread_id
        self._graph = graph
        self._saver = saver

    async def now(self) -> Now:
        """The present chapter."""
        number = await asyncio.to_thread(chapters.number_of, self._workspace, self._thread_id)
        config = _config(self._thread_id, number)
        state = await self._graph.aget_state(config)
        card = next((entry for entry in state.interrupts if "card" in entry.value), None)
        return Now(config, number, list(state.values.get("messages", [])), state.values.get("story", []), card)

    async def whole(self, turns: int | None = None) -> list[AnyMessage]:
        """Every message of the thread, or those of the person's last `turns` messages and what came of them."""
        recent = (await self.now()).messages
        starts = [place for place, message in enumerate(recent) if chapters.begins_turn(message)]
        if turns is not None and turns <= len(starts):
            return recent[starts[-turns] :] if turns > 0 else []
        missing = None if turns is None else turns - len(starts)
        return [
            *await asyncio.to_thread(chapters.closed_messages, self._workspace, self._thread_id, missing),
            *recent,
        ]

    async def append(self, messages: Sequence[AnyMessage]) -> None:
        """Add messages that end with the sidekick's own words; the graph then has nothing to ask the model."""
        await self._graph.ainvoke({"messages": list(messages)}, (await self.now()).config)

    async def turn_over(self, now: Now) -> Now:
        """The thread in a new chapter when the present one is long. A card that waits in it is closed by that."""
        gone, kept = chapters.split(now.messages)
        if not gone:
            return now
        await self._fill(self._thread_id, now.number + 1, kept, lengthen(now.story, gone))
        await asyncio.to_thread(chapters.close, self._workspace, self._thread_id, now.number + 1, gone)
        await self._saver.adelete_thread(chapters.graph_thread(self._thread_id, now.number))
        return await self.now()

    async def copy_to(self, thread_id: str, messages: Sequence[AnyMessage]) -> None:
        """Let another, new thread begin with these messages."""
        gone, kept = chapters.split(messages)
        await self._fill(thread_id, 1, kept, lengthen([], gone))
        await asyncio.to_thread(chapters.close, self._workspace, thread_id, 1, gone)

    async def _fill(self, thread_id: str, number: int, kept: Sequence[AnyMessage], story: Sequence[ToldTurn]) -> None:
        await self._saver.adelete_thread(chapters.graph_thread(thread_id, number))  # left by a crash in here
        update = {"messages": list(kept), "story": list(story)}
        await self._graph.aupdate_state(_config(thread_id, number), update, as_node="__start__")


def _config(thread_id: str, number: int) -> Any:
    return {"configurable": {"thread_id": chapters.graph_thread(thread_id, number)}, "recursion_limit": STEPS}
