"""The one door to the sidekick, for every channel: open, send, decide, watch, history."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, cast
from weakref import WeakValueDictionary

import aiosqlite
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command, Interrupt

from tools.context import ToolContext, ToolRefused
from tools.registry import TOOLS
from tools.state import facts_of
from tools.uploads import register
from trainer_core import approvals
from trainer_core.jobs import store
from trainer_core.projects import Workspace, new_id, now

from . import threads, watcher
from .consent import clear_answer
from .events import Card, CardShown, Event, Problem, Said
from .graph import build
from .logs import log, log_to
from .messages import ASIDE, BROKEN_OFF, EXPIRED, closing, event_note, from_person
from .models import chat_model
from .stages import stage_of
from .transcript import Transcript, history_of, words_for_failure

LAUNCH = "launch_training"
Asked = tuple[str, dict[str, Any]]  # a tool and its arguments
POLL_SECONDS = 0.5
_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


class Conversation:
    """One thread of one person about one project."""

    def __init__(
        self,
        workspace: Workspace,
        thread: threads.Thread,
        person: str,
        saver: AsyncSqliteSaver,
        model: BaseChatModel,
        name: str,
    ) -> None:
        self.workspace = workspace
        self.thread_id = thread.id
        self.project_id = thread.project_id
        self.person = person
        self.model_name = name
        self._saver = saver
        self._context = ToolContext(workspace, thread.project_id, person)
        self._graph = build(model, self._context, saver)
        self._config: Any = {"configurable": {"thread_id": thread.id}, "recursion_limit": 100}
        key = (id(asyncio.get_running_loop()), thread.id)
        self._lock = _locks.setdefault(key, asyncio.Lock())

    @classmethod
    async def open(
        cls,
        workspace: Workspace,
        person: str = "you",
        thread_id: str | None = None,
        project_id: str | None = None,
        model: tuple[BaseChatModel, str] | None = None,
    ) -> Self:
        """Begin a conversation, or go on with one. `model`: (chat model, its name); from the settings by default.

        Raises LookupError when the thread or project does not exist.
        """
        log_to(workspace)
        thread = await asyncio.to_thread(threads.open_thread, workspace, person, thread_id, project_id)
        connection = await aiosqlite.connect(workspace.home / "threads.db")
        saver = AsyncSqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        await saver.setup()
        await connection.execute("PRAGMA busy_timeout=15000")
        chosen, name = model or chat_model()
        return cls(workspace, thread, person, saver, chosen, name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the database; the conversation stays and can be opened again."""
        await self._saver.conn.close()

    async def send(self, text: str, uploads: Sequence[Path] = ()) -> AsyncIterator[Event]:
        """Say something, perhaps with files or folders; yields what the sidekick says and does.

        A clear yes or no to a card that waits decides it. Any other message is answered, and the card is shown again.
        """
        async with self._lock:
            card = await self.pending()
            answer = clear_answer(text) if card and not uploads else None
            steps = self._decide(card, answer == "yes", text) if card and answer else self._answer(text, uploads, card)
            async for event in steps:
                yield event

    async def decide(self, card_id: str, approved: bool) -> AsyncIterator[Event]:
        """Answer the card that waits. A card that is closed, changed or another person's starts nothing."""
        async with self._lock:
            card = await self.pending()
            if card is None or card.id != card_id:
                yield Problem(
                    text="That card is no longer open, so nothing was started. If you still want to start, ask me "
                    "to launch."
                )
                return
            async for event in self._decide(card, approved, "Yes." if approved else "No."):
                yield event

    async def watch(self) -> AsyncIterator[Event]:
        """Progress and messages about this project's jobs until none is at work. No model is called."""
        narrator = watcher.Narrator(self.workspace)
        last = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
        while True:
            working = await asyncio.to_thread(store.list_jobs, self.workspace, self.project_id, store.UNFINISHED)
            fresh = await asyncio.to_thread(watcher.events_after, self.workspace, self.project_id, last)
            told = [words for event, job in fresh for words in narrator.tell(event, job)]
            last = fresh[-1][0].id if fresh else last
            for words in watcher.latest_progress_only(told):
                yield words
            await self._note_endings()
            if not working:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def pending(self) -> Card | None:
        """The card that waits for an answer."""
        interrupt = await self._interrupt()
        return Card.model_validate(interrupt.value["card"]) if interrupt else None

    async def history(self) -> list[Event]:
        """Everything that was said and done, in order; a card that still waits comes last."""
        events = history_of(await self._messages(), self.workspace.home)
        card = await self.pending()
        return [*events, CardShown(card=card)] if card else events

    async def stage(self) -> str:
        """Where the project stands: recipe, dataset, plan, launch, training or results."""
        return str(stage_of(await asyncio.to_thread(facts_of, self._context)))

    async def _answer(self, text: str, uploads: Sequence[Path], card: Card | None) -> AsyncIterator[Event]:
        try:
            entries = await asyncio.to_thread(register, self.workspace, self.project_id, uploads)
        except FileNotFoundError as missing:
            yield Problem(text=str(missing))
            return
        told = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
        endings = await asyncio.to_thread(watcher.endings_after, self.workspace, self.project_id, told)
        message = from_person(text, entries, [words for _id, words in endings])
        closed = closing(await self._messages(), ASIDE if card else BROKEN_OFF)
        asked = await self._asked()
        async for event in self._run({"messages": [*closed, message]}):
            yield event
        if endings:
            await asyncio.to_thread(threads.tell, self.workspace, self.thread_id, endings[-1][0])
        if asked and await self.pending() is None:
            async for event in self._show_again(asked):
                yield event

    async def _decide(self, card: Card, approved: bool, words: str) -> AsyncIterator[Event]:
        if card.person != self.person:
            yield Problem(text=f"This card is for {card.person}; only they can answer it. Nothing was started.")
            return
        if approved and datetime.fromisoformat(card.expires_at) <= now():
            yield Problem(text="That card has expired, so nothing was started. Here is a fresh one.")
            async for event in self._show_again(await self._asked(), closing(await self._messages(), EXPIRED)):
                yield event
            return
        if approved:
            await asyncio.to_thread(approvals.grant, self.workspace, card.fingerprint, self.person)
        interrupt = await self._interrupt()
        assert interrupt is not None  # the card came from it, under the same lock
        async for event in self._run(Command(resume={interrupt.id: {"approved": approved, "words": words}})):
            yield event

    async def _show_again(self, asked: Asked | None, closed: Sequence[AnyMessage] = ()) -> AsyncIterator[Event]:
        """Call the gated tool anew, with everything as it is now. The model has no part in it."""
        name, arguments = asked or (LAUNCH, {})
        try:
            card = TOOLS[name].card
            assert card is not None  # only gated tools show cards
            await asyncio.to_thread(card, self._context, TOOLS[name].arguments(**arguments))
        except ToolRefused as refused:
            words = f"The card is closed for now. {refused}"
            await self._append([*closed, AIMessage(words)])
            yield Said(role="sidekick", text=words)
            return
        call = {"name": name, "args": arguments, "id": new_id("call")}
        async for event in self._run({"messages": [*closed, AIMessage("", tool_calls=[call])]}):
            yield event

    async def _run(self, given: Any) -> AsyncIterator[Event]:
        transcript = Transcript(self.workspace.home)
        try:
            async for part in self._graph.astream(
                given, self._config, stream_mode=["messages", "updates", "custom"], version="v2"
            ):
                for event in transcript.read(cast(Mapping[str, Any], part)):
                    yield event
        except Exception as error:  # an endpoint or the graph failed: the thread is kept, and the person is told
            log.error("the conversation's turn failed", exc_info=error)
            yield Problem(text=words_for_failure(error, self.model_name))
            return
        for event in transcript.end():
            yield event

    async def _note_endings(self) -> None:
        """Write into the thread how jobs ended, so that the model knows; not while a card waits: it would close."""
        told = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
        endings = await asyncio.to_thread(watcher.endings_after, self.workspace, self.project_id, told)
        if not endings:
            return
        async with self._lock:
            if await self.pending() is not None:
                return
            told = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
            fresh = [(event_id, words) for event_id, words in endings if event_id > told]
            if not fresh:
                return
            said = " ".join(words for _id, words in fresh)
            await self._append([*closing(await self._messages(), BROKEN_OFF), event_note(said), AIMessage(said)])
            await asyncio.to_thread(threads.tell, self.workspace, self.thread_id, fresh[-1][0])

    async def _append(self, messages: Sequence[AnyMessage]) -> None:
        """Add messages that end with the sidekick's own words; the graph then has nothing to ask the model."""
        await self._graph.ainvoke({"messages": list(messages)}, self._config)

    async def _interrupt(self) -> Interrupt | None:
        interrupts = (await self._graph.aget_state(self._config)).interrupts
        return next((entry for entry in interrupts if "card" in entry.value), None)

    async def _asked(self) -> Asked | None:
        """The gated tool whose card waits, and its arguments; threads of older versions only know the launch."""
        interrupt = await self._interrupt()
        return (interrupt.value.get("tool", LAUNCH), interrupt.value.get("arguments", {})) if interrupt else None

    async def _messages(self) -> list[AnyMessage]:
        return list((await self._graph.aget_state(self._config)).values.get("messages", []))
