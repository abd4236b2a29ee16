"""One conversation that is open in the window. It goes on in the background: a page may reload or close meanwhile."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence, Sized
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.turns import last_turn
from tools.context import ToolContext, ToolRefused
from trainer_core.projects import Workspace

from .changed import Stamp, stamp
from .handed_over import kept_together
from .panels.panel import Answer, Panel
from .results import Results, results_of
from .strings import NOT_KEPT, NOTHING_KEPT, UNEXPECTED, log_error
from .window_screen import Screen

if TYPE_CHECKING:
    from agent.conversation import Conversation
    from agent.events import Event

REFRESH_SECONDS = 0.1  # how often words that stream in are drawn
LOAD_SECONDS = 0.9  # between two looks at what others may have changed
STALE_SECONDS = 4.0  # after which it is loaded although nothing seems to have been written
TURNS_SHOWN = 200  # of a long thread, when it is opened


class Session:
    """One conversation, its screen, and the tasks that feed it."""

    def __init__(self, workspace: Workspace, conversation: "Conversation", person: str) -> None:
        self.workspace = workspace
        self.conversation = conversation
        self.person = person
        self.screen = Screen()
        self.results = Results()
        self.parts: dict[str, Any] = {}  # what each panel shows
        self.panels: Sequence[Panel] = ()
        self._answers: dict[str, Answer] = {}  # of tools that panels listen to, by the panel's name
        self._heard: set[str] = set()  # the tools' calls of which the screen knows
        self._last_turn: datetime | None = None  # in the thread, when it was looked at
        self._loaded = 0.0
        self._took = 0.0  # seconds that the last look took
        self.beside: Sized = ()  # the conversations that are open at the same time
        self._stamp: Stamp | None = None  # of what was written when it was loaded
        self.loads = 0  # counts what panels have had to show anew
        self.changes: Counter[str] = Counter()  # of each panel
        self.turns = 0  # counts what was begun here
        self._born = secrets.token_hex(4)  # after a restart the counts begin anew
        self._loading = asyncio.Lock()  # one look at a time: the newest is what stays
        self._failed: dict[str, str] = {}  # what was logged of a panel that could not be loaded: once is enough
        self._turn: asyncio.Task[None] | None = None
        self._stopping = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def context(self) -> ToolContext:
        """The project, as this person may use it."""
        return ToolContext(self.workspace, self.conversation.project_id, self.person)

    @property
    def busy(self) -> bool:
        """Is an answer under way?"""
        return self._turn is not None and not self._turn.done()

    def mark(self, settled: int) -> str:
        """Changes with everything that a page shows; `settled`: the turn after which it was drawn once more."""
        counts = (self.turns, self.screen.version, self.loads, "busy" if self.busy else settled)
        return "-".join([self._born, *map(str, counts)])

    async def restore(self) -> None:
        """Show what was said before, and go on watching what is still running."""
        said = await self.conversation.history(TURNS_SHOWN)
        self.screen.restore(said)
        for event in said:
            self._hear(event)
        await self._look()
        if await self.conversation.broken_off():
            self._begin(self.conversation.resume())
        else:
            self._start_watch()

    def send(self, text: str, uploads: list[Path], seen: str | None = None) -> bool:
        """Begin a turn of the person; False when the sidekick is still answering.

        `seen` is the card that their page showed when they wrote: a yes is to that one, and to none that came since.
        """
        if self.busy:
            return False
        from agent.consent import clear_answer

        card = self.screen.card
        answers = card is not None and card.id == seen and not uploads and clear_answer(text) is not None
        self.screen.person(text, uploads, to_card=answers)
        self._begin(self._said(text, uploads, seen or ""))
        return True

    def act(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Begin what the person clicked; False when the sidekick is still at work on something."""
        if self.busy:
            return False
        self._begin(self.conversation.act(tool, arguments))
        return True

    def decide(self, card_id: str | None, approved: bool) -> bool:
        """Begin to answer the card that this page showed; False when another or none waits."""
        card = self.screen.card
        if self.busy or card is None or card.id != card_id:
            return False
        self.screen.person("Yes." if approved else "No.", to_card=True)
        self._begin(self.conversation.decide(card.id, approved))
        return True

    def stop(self) -> bool:
        """End the answer that is under way; False when there is none."""
        turn = self._turn
        if turn is None or turn.done() or self._stopping:
            return False
        self._stopping = True
        self._turn = asyncio.create_task(self._stop(turn))
        return True

    async def updates(self) -> AsyncIterator[None]:
        """Yields whenever there is something new to draw, until the answer is complete."""
        seen = (-1, -1)
        while True:
            busy = self.busy
            if (self.screen.version, self.loads) != seen:
                seen = (self.screen.version, self.loads)
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

    async def _said(self, text: str, uploads: list[Path], seen: str) -> AsyncIterator["Event"]:
        from agent.events import Problem

        try:
            files = await asyncio.to_thread(kept_together, self.context, uploads)
        except (ToolRefused, OSError) as error:
            words = str(error) if isinstance(error, ToolRefused) else NOT_KEPT.format(why=error.strerror or error)
            yield Problem(text=words)
            return
        async for event in self.conversation.send(text, files, seen=seen):
            yield event

    def _begin(self, events: AsyncIterator["Event"]) -> None:
        self.turns += 1
        self._turn = asyncio.create_task(self._follow(events))

    async def _follow(self, events: AsyncIterator["Event"]) -> None:
        self.screen.card = None
        looking = asyncio.create_task(self._keep_looking())
        try:
            await self._show(events)
        finally:
            looking.cancel()
        await self._look()
        self._start_watch()

    async def _keep_looking(self) -> None:
        """What a long tool does to the project is shown while it is at it."""
        while True:
            await asyncio.sleep(LOAD_SECONDS)
            await self.refresh()

    async def _stop(self, turn: "asyncio.Task[None]") -> None:
        from agent.events import Said

        turn.cancel()
        await asyncio.wait({turn})
        self.screen.stopped()
        try:
            await self._follow(self.conversation.stop())
        finally:
            self._stopping = False
        if self.screen.messages and self.screen.messages[-1]["role"] == "user":  # so early that nothing was kept
            self.screen.apply(Said(role="sidekick", text=NOTHING_KEPT))

    async def _show(self, events: AsyncIterator["Event"]) -> None:
        from agent.events import Problem

        try:
            async for event in events:
                if not (event.kind == "said" and event.role == "person"):
                    self.screen.apply(event)
                self._hear(event)
                if event.kind == "tool_finished" and time.monotonic() - self._loaded > LOAD_SECONDS:
                    await self._load()
        except Exception as error:  # a page must hear of it; the log has the rest
            log_error(error, self.workspace.home)
            self.screen.apply(Problem(text=UNEXPECTED))

    def _hear(self, event: "Event") -> None:
        """Keep what a tool said for the panels that show it."""
        if event.kind == "tool_finished":
            self._heard.add(event.id)
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
        age = time.monotonic() - self._loaded
        if age < max(LOAD_SECONDS, min(2 * self._took * len(self.beside), STALE_SECONDS)):
            return  # many are here at once: looking takes half of a processor at most
        if age < STALE_SECONDS and self._stamp is not None and self._stamp == self._written():
            return
        if await self._load() and not self.busy:
            stage = await self.conversation.stage()
            self.screen.version += stage != self.screen.stage
            self.screen.stage = stage
        await self._hear_others()

    def _written(self) -> Stamp | None:
        return stamp(self.workspace, self.conversation.project_id)

    async def _hear_others(self) -> None:
        """A terminal, Slack or `sidekick mcp` may have spoken in this thread: their card and tools are shown here."""
        last = await asyncio.to_thread(last_turn, self.workspace, self.conversation.thread_id)
        if self.busy or last is None or last == self._last_turn:
            return
        self._last_turn = last
        said, card = await self.conversation.history(TURNS_SHOWN), self.screen.card
        fresh = [event for event in said if event.kind == "tool_finished" and event.id not in self._heard]
        waits = next((event.card.id for event in said if event.kind == "card"), None)
        if self.busy or (not fresh and waits == (card.id if card else None)):
            return
        screen = Screen(version=self.screen.version, progress=self.screen.progress)
        screen.restore(said)
        self.screen = screen
        for event in said:
            self._hear(event)
        await self._look()
        self._start_watch()

    async def _load(self) -> bool:
        """Read everything that panels show; True when some of it is new."""
        async with self._loading:
            self._loaded, self._stamp = time.monotonic(), self._written()
            before = dict(self.parts)
            await asyncio.to_thread(self._load_parts)
            self._took = time.monotonic() - self._loaded
            changed = [name for name, data in self.parts.items() if data != before.get(name)]
            self.changes.update(changed)
            self.loads += bool(changed)
            return bool(changed)

    def _load_parts(self) -> None:
        for panel in self.panels:
            try:
                with self.workspace.reading():
                    data = panel.load(self.context)
            except Exception as error:  # one part that cannot be read must not take the rest of the page along
                if self._failed.get(panel.name) != repr(error):
                    self._failed[panel.name] = repr(error)
                    log_error(error, self.workspace.home)
                continue
            self.parts[panel.name] = (data, self._answers.get(panel.name)) if panel.listens else data

    async def _look(self) -> None:
        """The card, the stage, the files and what the panels show, as they are now."""
        await self._load()
        self._last_turn = await asyncio.to_thread(last_turn, self.workspace, self.conversation.thread_id)
        self.screen.card = await self.conversation.pending()
        self.screen.stage = await self.conversation.stage()
        self.results = await asyncio.to_thread(results_of, self.workspace, self.conversation.project_id, self.person)
        self.screen.version += 1
