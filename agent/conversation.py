"""The one door to the sidekick, for every channel: open, send, act, decide, resume, watch, history, fork."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from tools.context import ToolContext
from tools.registry import TOOLS
from tools.state import facts_of
from tools.uploads import register
from trainer_core.jobs import store
from trainer_core.projects import Workspace, new_id
from trainer_core.settings import in_force, stamp

from . import threads, watcher
from .answering import Answering, card_of, unfinished
from .chapters import begins_turn
from .consent import clear_answer
from .events import Card, CardShown, Event, Problem, Said
from .limits import CLICKED
from .logs import log_to
from .memory import Now
from .messages import ASIDE, BROKEN_OFF, STOPPED, closing, event_note, from_person, spoken
from .models import chat_model
from .savers import Kept, open_saver
from .stages import stage_of
from .transcript import history_of
from .turns import first_time, turn_of

POLL_SECONDS = 0.5
_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


class Conversation:
    """One thread of one person about one project."""

    def __init__(
        self,
        workspace: Workspace,
        thread: threads.Thread,
        person: str,
        kept: Kept,
        model: BaseChatModel,
        name: str,
        of_settings: tuple[int, ...] | None = None,
    ) -> None:
        self.workspace = workspace
        self.thread_id = thread.id
        self.project_id = thread.project_id
        self.person = person
        self.model_name = name
        saver, self._connection = kept
        self._saver, self._of_settings = saver, of_settings
        context = ToolContext(workspace, thread.project_id, person)
        self._answering = Answering(context, model, saver, thread.id)
        self.shown: str | None = None  # the card that this door showed last
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
        """Begin a conversation, or go on with one. `model`: (chat model, its name); from the settings by
        default, and then it changes with them.

        Raises LookupError when the thread or project does not exist, ValueError for settings that make no sense.
        """
        log_to(workspace)
        thread = await asyncio.to_thread(threads.open_thread, workspace, person, thread_id, project_id)
        settings = None if model else stamp(workspace.home)
        chosen, name = model or chat_model(in_force(workspace.home))
        kept = await open_saver(workspace)
        try:
            return cls(workspace, thread, person, kept, chosen, name, settings)
        except BaseException:  # an open connection would keep the program from ending
            await kept[1].close()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the database; the conversation stays and can be opened again."""
        await self._connection.close()

    async def send(
        self, text: str, uploads: Sequence[Path] = (), *, event_id: str | None = None, seen: str | None = None
    ) -> AsyncIterator[Event]:
        """Say something, perhaps with files or folders; yields what the sidekick says and does.

        A clear yes or no decides the card that waits, if it is the one that the person had before them: `seen`, empty
        for none; by default the one that this conversation had shown when the message came. Any other message is
        answered, and the card is shown again. `event_id` is the channel's own name of the message: delivered a second
        time, it does nothing.
        """
        meant = self.shown if seen is None else seen
        if not await self._first_time(event_id):
            return
        async with self._turn():
            now = await self._answering.memory.now()
            card = card_of(now)
            answer = clear_answer(text) if card and card.id == meant and not uploads else None
            steps = self._answering.decide(now, answer == "yes", text) if answer else self._answer(text, uploads, now)
            async for event in self._showing(steps):
                yield event

    async def act(
        self, tool: str, arguments: dict[str, Any], *, event_id: str | None = None, through: str = ""
    ) -> AsyncIterator[Event]:
        """Do what the person clicked: the same tools behind the same gates as in words, and the thread knows of it.

        No model is asked. A gated tool opens its card. `through` names a program that the person connected and that
        called it for them. Raises LookupError for a tool that there is not.
        """
        if tool not in TOOLS:
            raise LookupError(f"There is no tool {tool!r}.")
        if not await self._first_time(event_id):
            return
        call = {"name": tool, "args": arguments, "id": new_id("call")}
        clicked = AIMessage("", tool_calls=[call], additional_kwargs={CLICKED: through or True})
        async with self._turn():
            who = f"The program {through}, which the person connected, called" if through else "The person clicked"
            note = event_note(f"{who}: {tool} {arguments}")
            steps = self._answering.to([note, clicked], await self._answering.memory.now())
            async for event in self._showing(steps):
                yield event

    async def decide(self, card_id: str, approved: bool, *, event_id: str | None = None) -> AsyncIterator[Event]:
        """Answer the card that waits. A card that is closed, changed or another person's starts nothing."""
        if not await self._first_time(event_id):
            return
        async with self._turn():
            now = await self._answering.memory.now()
            card = card_of(now)
            if card is None or card.id != card_id:
                yield Problem(
                    text="That card is no longer open, so nothing was started. If you still want to start, ask me "
                    "to launch."
                )
                return
            async for event in self._showing(self._answering.decide(now, approved, "Yes." if approved else "No.")):
                yield event

    async def broken_off(self) -> bool:
        """Whether an answer is not complete: another process is at it, or a crash was in between."""
        now = await self._answering.memory.now()
        return now.interrupt is None and unfinished(now.messages)

    async def resume(self) -> AsyncIterator[Event]:
        """After a crash in the middle of an answer: go on with it. What a tool was doing is not done a second time."""
        async with self._turn():
            now = await self._answering.memory.now()
            if now.interrupt or not unfinished(now.messages):
                return
            steps = self._answering.run({"messages": closing(now.messages, BROKEN_OFF)}, now)
            async for event in self._showing(steps):
                yield event

    async def stop(self) -> AsyncIterator[Event]:
        """After the task that was reading an answer was cancelled: end that answer in words.

        A tool that had begun may still come to its end; what it did is kept. A card that waits stays as it is.
        """
        async with self._turn():
            now = await self._answering.memory.now()
            if now.interrupt or not unfinished(now.messages):
                return
            await self._answering.memory.append([*closing(now.messages, BROKEN_OFF), AIMessage(STOPPED)])
            yield Said(role="sidekick", text=STOPPED)

    async def turns(self) -> list[str]:
        """What the person said in this thread, in order; answers to cards are not among it."""
        messages = await self._answering.memory.whole()
        return [spoken(message) for message in messages if isinstance(message, HumanMessage) and begins_turn(message)]

    async def fork(self, before: int | None = None) -> str:
        """A new thread about the same project, with what was said before the person's message `before` (from 0).

        Files, plan and runs belong to the project and are as they are. Raises LookupError for a number too high.
        """
        messages = await self._answering.memory.whole()
        starts = [place for place, message in enumerate(messages) if begins_turn(message)]
        if before is not None:
            if not 0 <= before < len(starts):
                raise LookupError(f"There is no message {before} to go back to; there are {len(starts)}.")
            messages = messages[: starts[before]]
        messages = [*messages, *closing(messages, ASIDE)]
        thread = await asyncio.to_thread(threads.open_thread, self.workspace, self.person, None, self.project_id)
        told = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
        await asyncio.to_thread(threads.tell, self.workspace, thread.id, told)
        await self._answering.memory.copy_to(thread.id, messages)
        return thread.id

    async def watch(self) -> AsyncIterator[Event]:
        """Progress and messages about this project's jobs until none is at work. No model is called."""
        narrator = watcher.Narrator(self.workspace)
        last = await asyncio.to_thread(threads.told_event, self.workspace, self.thread_id)
        while True:
            working = await asyncio.to_thread(store.list_jobs, self.workspace, self.project_id, store.UNFINISHED)
            fresh = await asyncio.to_thread(watcher.look, self.workspace, self.project_id, last)
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
        return card_of(await self._answering.memory.now())

    async def history(self, turns: int | None = None) -> list[Event]:
        """What was said and done, in order, or only in the last `turns` turns; a card that still waits comes last."""
        events = history_of(await self._answering.memory.whole(turns), self.workspace.home)
        card = await self.pending()
        self.shown = card.id if card else None
        return [*events, CardShown(card=card)] if card else events

    async def stage(self) -> str:
        """Where the project stands: recipe, dataset, plan, launch, training or results."""
        return str(stage_of(await asyncio.to_thread(facts_of, self._answering.context)))

    async def _showing(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """The events of a turn; which card was among them is remembered, for a yes is a yes to what was seen."""
        async for event in events:
            if isinstance(event, CardShown):
                self.shown = event.card.id
            yield event

    async def _first_time(self, event_id: str | None) -> bool:
        """Take an event up; False when that was done before. Without an id every event is new."""
        return event_id is None or await asyncio.to_thread(first_time, self.workspace, self.thread_id, event_id)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One turn at a time: in this process by a lock, which is fair and quick, and among processes by a row."""
        async with self._lock, turn_of(self.workspace, self.thread_id):
            self._follow_settings()
            yield

    def _follow_settings(self) -> None:
        """Take another chat model where the settings were changed since; what cannot be used is told when it opens."""
        now = stamp(self.workspace.home)
        if self._of_settings in (None, now):
            return
        self._of_settings = now
        model, self.model_name = chat_model(in_force(self.workspace.home))
        self._answering = Answering(self._answering.context, model, self._saver, self.thread_id)

    async def _answer(self, text: str, uploads: Sequence[Path], now: Now) -> AsyncIterator[Event]:
        try:
            entries = await asyncio.to_thread(register, self.workspace, self.project_id, uploads) if uploads else []
        except FileNotFoundError as missing:
            yield Problem(text=str(missing))
            return
        endings = await asyncio.to_thread(self._untold)
        message = from_person(text, entries, [words for _id, words in endings])
        async for event in self._answering.to([message], now):
            yield event
        if endings:
            await asyncio.to_thread(threads.tell, self.workspace, self.thread_id, endings[-1][0])

    async def _note_endings(self) -> None:
        """Write into the thread how jobs ended, so that the model knows; not while a card waits: it would close."""
        if not await asyncio.to_thread(self._untold):
            return
        if (await self._answering.memory.now()).interrupt is not None:
            return
        async with self._turn():
            now = await self._answering.memory.now()
            fresh = await asyncio.to_thread(self._untold)
            if now.interrupt is not None or not fresh:
                return
            said = " ".join(words for _id, words in fresh)
            await self._answering.memory.append([*closing(now.messages, BROKEN_OFF), event_note(said), AIMessage(said)])
            await asyncio.to_thread(threads.tell, self.workspace, self.thread_id, fresh[-1][0])

    def _untold(self) -> list[tuple[int, str]]:
        """(event id, words) of endings that the thread does not know of yet."""
        with self.workspace.reading():
            told = threads.told_event(self.workspace, self.thread_id)
            return watcher.endings_after(self.workspace, self.project_id, told)
