"""The conversations that are open in the window, and whose they are."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from trainer_core.people import is_web
from trainer_core.projects import Workspace, make_tables
from trainer_core.sharing import projects_of

from .panels.panel import Panel
from .window_session import Session
from .window_threads import is_theirs, latest_thread

if TYPE_CHECKING:
    from agent.conversation import Conversation

MOST_OPEN = 50  # conversations that stay open; the one that was looked at longest ago is closed first


class Opener(Protocol):
    """How a conversation is opened: `Conversation.open`."""

    def __call__(
        self, workspace: Workspace, person: str = ..., thread_id: str | None = ..., project_id: str | None = ...
    ) -> "Coroutine[Any, Any, Conversation]":
        """Open the thread, or a new one. Raises LookupError for a thread that does not exist."""


class Sessions:
    """The open conversations, by thread. Everything runs in the window's one event loop."""

    def __init__(self, workspace: Workspace, opener: Opener) -> None:
        make_tables(workspace.engine)  # conversations have a table that may be declared later than the workspace opened
        self.workspace = workspace
        self._opener = opener
        self.panels: Sequence[Panel] = ()  # set when the window is built
        self._open: dict[str, Session] = {}
        self._lock = asyncio.Lock()

    async def get(self, thread_id: object, person: str) -> Session:
        """The session of this thread of this person; a new conversation when the browser names none that is theirs.

        The thread's id comes from the browser. That it is theirs, and that they still see its project, is looked up
        every time.
        """
        async with self._lock:
            if isinstance(thread_id, str) and await self._may_have(thread_id, person):
                return await self._known(thread_id, person)
            return await self._add(await self._opener(self.workspace, person), person)

    async def theirs(self, thread_id: str, person: str) -> Session | None:
        """The session of this thread, where it is this person's own."""
        async with self._lock:
            return await self._known(thread_id, person) if await self._may_have(thread_id, person) else None

    async def latest(self, thread_id: object, person: str) -> Session:
        """For a page that opens: this thread, or of somebody who has signed in the one they had last, elsewhere."""
        if is_web(person) and not (
            isinstance(thread_id, str) and await asyncio.to_thread(is_theirs, self.workspace, thread_id, person)
        ):
            thread_id = await asyncio.to_thread(latest_thread, self.workspace, person)
        return await self.get(thread_id, person)

    async def about(self, project_id: str, person: str) -> Session:
        """The person's latest conversation about this project, or a new one. Raises LookupError for one not theirs."""
        theirs = await asyncio.to_thread(projects_of, self.workspace, person)
        if project_id not in {project.id for project, _role in theirs}:
            raise LookupError("That project is not yours, and not shared with you (any more).")
        found = await asyncio.to_thread(latest_thread, self.workspace, person, project_id)
        if found is not None:
            return await self.get(found, person)
        async with self._lock:
            return await self._add(await self._opener(self.workspace, person, project_id=project_id), person)

    async def again(self, session: Session, place: int, text: str | None) -> Session | None:
        """Go back to before the person's turn at this place of the chat, and say it again, or this instead.

        What was said before it goes on in a new conversation about the same project; files, plan and runs stay as they
        are. None where there is no such turn, or while an answer is under way.
        """
        from agent.messages import LONGEST_MESSAGE

        turn = session.screen.turn_at(place)
        if turn is None or session.busy:
            return None
        from_end, said = turn
        told = await session.conversation.turns()
        alike = [number for number, text in enumerate(told) if text == said.strip()[:LONGEST_MESSAGE]]
        if not alike:
            return None  # it was stopped before it was kept
        number = min(alike, key=lambda each: abs(len(told) - from_end - each))
        forked = await self.get(await session.conversation.fork(number), session.person)
        forked.send(text or said, [])
        return forked

    async def _may_have(self, thread_id: str, person: str) -> bool:
        known = self._open.get(thread_id)
        if known is not None and known.person == person and not is_web(person):
            return True  # whoever owns the machine sees all of it: every page asks every second
        return await asyncio.to_thread(is_theirs, self.workspace, thread_id, person)

    async def _known(self, thread_id: str, person: str) -> Session:
        if thread_id in self._open:
            self._open[thread_id] = self._open.pop(thread_id)  # looked at last
            return self._open[thread_id]
        return await self._add(await self._opener(self.workspace, person, thread_id), person)

    async def _add(self, conversation: "Conversation", person: str) -> Session:
        session = Session(self.workspace, conversation, person)
        session.panels, session.beside = self.panels, self._open
        self._open[conversation.thread_id] = session
        await session.restore()
        if len(self._open) > MOST_OPEN:
            idle = next((thread for thread, each in self._open.items() if not each.busy and each is not session), None)
            if idle is not None:  # an answer that is under way is never cut off
                await self._open.pop(idle).close()
        return session

    async def close(self) -> None:
        """Let go of the databases, also from another event loop than the window's; otherwise the program cannot end."""
        for session in self._open.values():
            await session.conversation.close()
        self._open.clear()
