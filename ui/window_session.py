"""Conversations that are open in the window. Work goes on in the background: a page may reload or close meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tools.context import ToolContext
from trainer_core.projects import Workspace

from .panels.panel import Answer, Panel
from .results import Results, results_of
from .strings import PERSON, UNEXPECTED, log_error
from .window_screen import Screen

if TYPE_CHECKING:
    from agent.conversation import Conversation
    from agent.events import Event

REFRESH_SECONDS = 0.1  # how often words that stream in are drawn
LOAD_SECONDS = 0.9  # between two looks at what others may have changed
TURNS_SHOWN = 200  # of a long thread, when it is opened
MOST_OPEN = 50  # conversations that stay open; the one that was looked at longest ago is closed first


class Opener(Protocol):
    """How a conversation is opened: `Conversation.open`."""

    def __call__(
        self, workspace: Workspace, person: str = ..., thread_id: str | None = ...
    ) -> "Coroutine[Any, Any, Conversation]":
        """Open the thread, or a new one. Raises LookupError for a thread that does not exist."""


class Session:
    """One conversation, its screen, and the tasks that feed it."""

    def __init__(self, workspace: Workspace, conversation: "Conversation") -> None:
        self.workspace = workspace
        self.conversation = conversation
        self.screen = Screen()
        self.results = Results()
        self.parts: dict[str, Any] = {}  # what each panel shows
        self.panels: Sequence[Panel] = ()
        self._answers: dict[str, Answer] = {}  # of tools that panels listen to, by the panel's name
        self._loaded = 0.0
        self._failed: dict[str, str] = {}  # what was logged of a panel that could not be loaded: once is enough
        self._turn: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Is an answer under way?"""
        return self._turn is not None and not self._turn.done()

    async def restore(self) -> None:
        """Show what was said before, and go on watching what is still running."""
        for event in await self.conversation.history(TURNS_SHOWN):
            self.screen.apply(event)
            self._hear(event)
        await self._look()
        if await self.conversation.broken_off():
            self._turn = asyncio.create_task(self._follow(self.conversation.resume()))
        else:
            self._start_watch()

    def send(self, text: str, uploads: list[Path]) -> bool:
        """Begin a turn of the person; False when the sidekick is still answering."""
        if self.busy:
            return False
        self.screen.person(text, uploads)
        self._turn = asyncio.create_task(self._follow(self.conversation.send(text, uploads)))
        return True

    def act(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Begin what the person clicked; False when the sidekick is still at work on something."""
        if self.busy:
            return False
        self._turn = asyncio.create_task(self._follow(self.conversation.act(tool, arguments)))
        return True

    def decide(self, card_id: str | None, approved: bool) -> bool:
        """Begin to answer the card that this page showed; False when another or none waits."""
        card = self.screen.card
        if self.busy or card is None or card.id != card_id:
            return False
        self.screen.person("Yes." if approved else "No.")
        self._turn = asyncio.create_task(self._follow(self.conversation.decide(card.id, approved)))
        return True

    async def updates(self) -> AsyncIterator[None]:
        """Yields whenever there is something new to draw, until the answer is complete."""
        seen = -1
        while True:
            busy = self.busy
            if self.screen.version != seen:
                seen = self.screen.version
                yield
            if not busy:
                return
            await asyncio.sleep(REFRESH_SECONDS)

    async def close(self) -> None:
        """Stop following; threads and jobs go on by themselves."""
        for task in (self._turn, self._watch):
            if task is not None:
                task.cancel()
        await self.conversation.close()

    async def _follow(self, events: AsyncIterator["Event"]) -> None:
        self.screen.card = None
        await self._show(events)
        await self._look()
        self._start_watch()

    async def _show(self, events: AsyncIterator["Event"]) -> None:
        from agent.events import Problem

        try:
            async for event in events:
                if not (event.kind == "said" and event.role == "person"):
                    self.screen.apply(event)
                self._hear(event)
                if event.kind == "tool_finished":
                    await self._load()
        except Exception as error:  # a page must hear of it; the log has the rest
            log_error(error, self.workspace.home)
            self.screen.apply(Problem(text=UNEXPECTED))

    def _hear(self, event: "Event") -> None:
        """Keep what a tool said for the panels that show it."""
        if event.kind == "tool_finished":
            answer = Answer(event.id, event.name, event.text, event.failed)
            self._answers |= {panel.name: answer for panel in self.panels if event.name in panel.listens}

    def _start_watch(self) -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._follow_jobs())

    async def _follow_jobs(self) -> None:
        await self._show(self.conversation.watch())
        await self._look()

    async def refresh(self) -> None:
        """Load what the panels show, at most once in a while: other windows and Slack may have changed it."""
        if time.monotonic() - self._loaded >= LOAD_SECONDS:
            await self._load()

    async def _load(self) -> None:
        self._loaded = time.monotonic()
        context = ToolContext(self.workspace, self.conversation.project_id, PERSON)
        for panel in self.panels:
            try:
                data = await asyncio.to_thread(panel.load, context)
            except Exception as error:  # one part that cannot be read must not take the rest of the page along
                if self._failed.get(panel.name) != repr(error):
                    self._failed[panel.name] = repr(error)
                    log_error(error, self.workspace.home)
                continue
            self.parts[panel.name] = (data, self._answers.get(panel.name)) if panel.listens else data

    async def _look(self) -> None:
        """The card, the stage, the files and what the panels show, as they are now."""
        await self._load()
        self.screen.card = await self.conversation.pending()
        self.screen.stage = await self.conversation.stage()
        self.results = await asyncio.to_thread(results_of, self.workspace, self.conversation.project_id, PERSON)
        self.screen.version += 1


class Sessions:
    """The open conversations, by thread. Everything runs in the window's one event loop."""

    def __init__(self, workspace: Workspace, opener: Opener) -> None:
        self._workspace = workspace
        self._opener = opener
        self.panels: Sequence[Panel] = ()  # set when the window is built
        self._open: dict[str, Session] = {}
        self._lock = asyncio.Lock()

    async def get(self, thread_id: object) -> Session:
        """The session of this thread; a new conversation when the browser names none that exists."""
        async with self._lock:
            if isinstance(thread_id, str) and thread_id in self._open:
                self._open[thread_id] = self._open.pop(thread_id)  # looked at last
                return self._open[thread_id]
            try:
                conversation = await self._opener(
                    self._workspace, PERSON, thread_id if isinstance(thread_id, str) else None
                )
            except LookupError:
                conversation = await self._opener(self._workspace, PERSON, None)
            session = Session(self._workspace, conversation)
            session.panels = self.panels
            self._open[conversation.thread_id] = session
            await session.restore()
            if len(self._open) > MOST_OPEN:
                await self._open.pop(next(iter(self._open))).close()
            return session

    async def close(self) -> None:
        """Let go of the databases, also from another event loop than the window's; otherwise the program cannot end."""
        for session in self._open.values():
            await session.conversation.close()
        self._open.clear()
