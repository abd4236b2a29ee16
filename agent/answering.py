"""What happens within a turn: the graph runs, cards are answered, and one that was put aside is shown again.

Whoever calls holds the thread's turn; conversation.py sees to that.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command, Interrupt

from tools.cards import words_of
from tools.context import ToolContext, ToolRefused
from tools.registry import TOOLS
from trainer_core import approvals
from trainer_core.projects import new_id
from trainer_core.projects import now as present

from .events import Card, Event, Problem, Said
from .graph import build
from .logs import log
from .memory import Memory, Now
from .messages import ASIDE, BROKEN_OFF, EXPIRED, closing
from .transcript import Transcript, words_for_failure

LAUNCH = "launch_training"
Asked = tuple[str, dict[str, Any]]  # a gated tool and its arguments


class Answering:
    """The answers of one thread to one person."""

    def __init__(self, context: ToolContext, model: BaseChatModel, saver: BaseCheckpointSaver, thread_id: str) -> None:
        self.context = context
        self._model, self._saver, self._thread_id = model, saver, thread_id
        self._graph = build(model, context, saver)
        self.memory = Memory(context.workspace, thread_id, self._graph, saver)

    async def to(self, messages: Sequence[AnyMessage], now: Now) -> AsyncIterator[Event]:
        """Answer these messages; a card that waited is shown again afterwards, as things are then."""
        asked, card = _asked(now.interrupt), card_of(now)
        owner = card.person if card else self.context.person
        now = await self.memory.turn_over(now)
        closed = closing(now.messages, ASIDE if asked else BROKEN_OFF)
        async for event in self.run({"messages": [*closed, *messages]}, now):
            yield event
        if asked is None:
            return
        later = await self.memory.now()
        if later.interrupt is None:
            async for event in self._for(owner)._show_again(asked, later):
                yield event

    async def decide(self, now: Now, approved: bool, words: str) -> AsyncIterator[Event]:
        """Answer the card that waits, in the person's `words`. Another person's card, or an old one, starts nothing."""
        card = card_of(now)
        assert card is not None
        assert now.interrupt is not None  # the callers looked, under the same turn
        if card.person != self.context.person:
            yield Problem(text=f"This card is for {card.person}; only they can answer it. Nothing was started.")
            return
        if approved and datetime.fromisoformat(card.expires_at) <= present():
            yield Problem(text="That card has expired, so nothing was started. Here is a fresh one.")
            async for event in self._show_again(_asked(now.interrupt), now, closing(now.messages, EXPIRED)):
                yield event
            return
        workspace, person = self.context.workspace, self.context.person
        if approved:
            grant = partial(approvals.grant, project_id=self.context.project_id, about=words_of(card))
            await asyncio.to_thread(grant, workspace, card.fingerprint, person)
        else:  # a yes that was given before and not used is no yes any more
            await asyncio.to_thread(approvals.revoke_all, workspace, card.fingerprint, person)
        async for event in self.run(Command(resume={now.interrupt.id: {"approved": approved, "words": words}}), now):
            yield event

    async def run(self, given: Any, now: Now) -> AsyncIterator[Event]:
        """Let the graph go on with this; a failure is told in words, and the thread is kept."""
        transcript = Transcript(self.context.workspace.home)
        try:
            async for part in self._graph.astream(
                given,
                now.config,
                stream_mode=["messages", "updates", "custom"],
                version="v2",
                durability="sync",  # a crash in a tool finds the call written down
            ):
                for event in transcript.read(cast(Mapping[str, Any], part)):
                    yield event
        except Exception as error:  # an endpoint or the graph failed: the thread is kept, and the person is told
            log.error("the conversation's turn failed", exc_info=error)
            yield Problem(text=words_for_failure(error))
            return
        for event in transcript.end():
            yield event

    def _for(self, person: str) -> "Answering":
        """The same for another person of the thread: a card stays that of the one who asked for it."""
        if person == self.context.person:
            return self
        return Answering(replace(self.context, person=person), self._model, self._saver, self._thread_id)

    async def _show_again(
        self, asked: Asked | None, now: Now, closed: Sequence[AnyMessage] = ()
    ) -> AsyncIterator[Event]:
        """Call the gated tool anew, with everything as it is now. The model has no part in it."""
        name, arguments = asked or (LAUNCH, {})
        try:
            card = TOOLS[name].card
            assert card is not None  # only gated tools show cards
            await asyncio.to_thread(card, self.context, TOOLS[name].arguments(**arguments))
        except ToolRefused as refused:
            words = f"The card is closed for now. {refused}"
            await self.memory.append([*closed, AIMessage(words)])
            yield Said(role="sidekick", text=words)
            return
        call = {"name": name, "args": arguments, "id": new_id("call")}
        async for event in self.run({"messages": [*closed, AIMessage("", tool_calls=[call])]}, now):
            yield event


def card_of(now: Now) -> Card | None:
    """The card that waits in the thread."""
    return Card.model_validate(now.interrupt.value["card"]) if now.interrupt else None


def unfinished(messages: Sequence[AnyMessage]) -> bool:
    """True when the thread's last word is not the sidekick's."""
    last = messages[-1] if messages else None
    return isinstance(last, ToolMessage | HumanMessage) or (isinstance(last, AIMessage) and bool(last.tool_calls))


def _asked(interrupt: Interrupt | None) -> Asked | None:
    """The gated tool whose card waits, and its arguments; threads of older versions only know the launch."""
    return (interrupt.value.get("tool", LAUNCH), interrupt.value.get("arguments", {})) if interrupt else None
