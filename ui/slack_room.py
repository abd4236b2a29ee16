"""One Slack thread and the conversation in it: what people say and press goes in, what the sidekick does comes out."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.consent import clear_answer
from agent.conversation import Conversation
from tools.context import Card
from trainer_core.projects import Workspace

from . import slack_words as words
from .slack_cards import Cards
from .slack_files import FOLDER, fetch, tidy
from .slack_messages import Message, Press, Slack, chain, first_of, person_of
from .slack_news import News
from .slack_reply import NOT_TAKEN, Reply, cosmetic, post, reason
from .slack_store import Place, bind, forget, mark_all, marks, thread_at
from .slack_text import escaped, people
from .slack_uploads import Outcome, upload
from .strings import UNEXPECTED, log_error, one_line

if TYPE_CHECKING:
    from agent.events import Event

log = logging.getLogger("sidekick.slack")
GRACE_SECONDS = 10.0
TURN = "turn"


class Room:
    """The conversation of one Slack thread. It belongs to the person who began it; turns come one after the other."""

    def __init__(
        self, slack: Slack, workspace: Workspace, place: Place, owner: str, conversation: Conversation
    ) -> None:
        self.place, self.owner, self.conversation = place, owner, conversation
        self._slack, self._workspace, self._client = slack, workspace, slack.client
        self._lock = asyncio.Lock()
        self._cards = Cards(slack.client, workspace, place)
        self._news = News(slack.client, workspace, place, conversation.project_id)
        self._watch: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[Any] | None = None  # whose turn it is
        self._stage = ""
        self._closing = False

    @classmethod
    async def open(cls, slack: Slack, workspace: Workspace, place: Place, user: str) -> "Room":
        """The room at this place; `user` becomes its person when nobody has spoken in it before."""
        row = await asyncio.to_thread(thread_at, workspace, place, user)
        person = person_of(place.team, row.user)
        try:
            conversation = await Conversation.open(workspace, person, row.thread_id)
        except LookupError:  # the workspace was cleared meanwhile
            conversation = await Conversation.open(workspace, person)
        if conversation.thread_id != row.thread_id:
            await asyncio.to_thread(bind, workspace, place, conversation.thread_id)
        return cls(slack, workspace, place, row.user, conversation)

    @property
    def busy(self) -> bool:
        """Is a turn or a watch under way?"""
        return self._lock.locked() or (self._watch is not None and not self._watch.done())

    async def hear(self, message: Message) -> None:
        """A person's message. The same one again does nothing."""
        seen = await self._cards.latest()  # before it waits for its turn: a yes is to no card that is posted later
        kinds = ["heard", TURN] if message.user == self.owner else ["heard"]
        if not await asyncio.to_thread(mark_all, self._workspace, self.place, kinds, message.id):
            return
        async with self._at_work():
            if self._closing:  # it is remembered, and picked up at the next start
                return
            if message.user != self.owner:
                await self._whisper(message.user, words.NOT_YOURS.format(owner=f"<@{self.owner}>"))
                return
            await self._status(words.FETCHING if message.files else words.THINKING)
            await self._guarded(self._turn(message, seen))
            await asyncio.to_thread(forget, self._workspace, self.place, TURN, message.id)
        self.watch()

    async def pick_up(self) -> None:
        """Go on with an answer that was broken off when the bot was stopped."""
        async with self._at_work():
            for entry in await asyncio.to_thread(marks, self._workspace, self.place, TURN):
                await self._status(words.THINKING)
                await self._guarded(self._resume())
                await asyncio.to_thread(forget, self._workspace, self.place, TURN, entry.name)
        self.watch()

    async def press(self, press: Press) -> None:
        """A button. Whether it counts, the conversation says: it is asked in the name of the one who pressed."""
        async with self._at_work():
            presser = person_of(self.place.team, press.user)
            if press.user == self.owner:
                await self._press(self.conversation, press)
            else:
                async with await Conversation.open(self._workspace, presser, self.conversation.thread_id) as other:
                    await self._press(other, press)
        self.watch()

    def watch(self) -> None:
        """Tell of the jobs of this project until none is at work, if that is not being done already."""
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._follow_jobs())

    async def close(self) -> None:
        """Stop following; the thread and its jobs go on by themselves. An answer under way may come to its end."""
        self._closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS), self._lock:
                pass
        if self._worker is not None:  # it is picked up at the next start
            self._worker.cancel()
            await asyncio.wait([self._worker])
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        await self._news.close()
        await self.conversation.close()

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        async with self._lock:
            self._worker = asyncio.current_task()
            try:
                yield
            finally:
                self._worker = None

    async def _guarded(self, turn: Coroutine[Any, Any, None]) -> None:
        try:
            await turn
        except Exception as error:  # the person must hear of it; the log has the rest
            log_error(error, self._workspace.home)
            await cosmetic(post(self._client, self.place, UNEXPECTED))
        await self._status("")

    async def _resume(self) -> None:
        if await self.conversation.broken_off():
            await self._show(self.conversation.resume())
        else:  # it had not come as far as the conversation, or only its last words were not shown
            await post(self._client, self.place, words.SAY_AGAIN)
        await self._settle()

    async def _turn(self, message: Message, seen: str) -> None:
        name = hashlib.sha256(f"{self.place.key} {message.id}".encode()).hexdigest()[:24]
        folder = self._workspace.home / FOLDER / name
        paths: list[Path] = []
        if message.files:
            slack = self._slack
            fetched = await fetch(message.files, folder, slack.token, slack.base_url, proxy=self._client.proxy)
            paths = fetched.paths
            if fetched.refused:
                await post(self._client, self.place, words.refused_files(fetched.refused))
            await self._status(words.THINKING)
        if not message.text and not paths:
            if not message.files:
                await post(self._client, self.place, words.NOTHING_SAID)
            return
        card = await self.conversation.pending()
        answer = clear_answer(message.text) if card and card.id == seen and not paths else None
        said = message.text or words.HERE_ARE_FILES
        first, events = await first_of(self.conversation.send(said, paths, event_id=message.id, seen=seen))
        counted = first is not None and first.kind != "problem"
        await self._show(events)
        verdict = (card.id, words.verdict(answer == "yes", message.user)) if card and answer and counted else ()
        await self._settle(*verdict)
        await asyncio.to_thread(tidy, self._workspace, self.conversation.project_id)

    async def _press(self, conversation: Conversation, press: Press) -> None:
        events = conversation.decide(press.card_id, press.approved, event_id=press.id)
        first = await anext(events, None)
        if first is None:  # delivered a second time
            return
        second = await anext(events, None) if first.kind == "problem" else None
        if first.kind == "problem" and second is None:  # it did not count
            await self._whisper(press.user, people(first.text))
            await self._settle()
            return
        counted = first.kind != "problem"
        if counted:
            await self._cards.close(press.card_id, words.verdict(press.approved, press.user))
        await self._show(chain([first, *([second] if second else [])], events))
        await self._settle()

    async def _show(self, events: AsyncIterator["Event"]) -> None:
        """Show a turn: words and tools in one message, then cards, pictures and files.

        When Slack cannot be reached, the turn itself goes on: a tool must not be broken off for that.
        """
        reply, outcome = Reply(self._client, self.place, self.owner), Outcome()
        lost = False
        async for event in events:
            outcome.note(event)
            try:
                await (self._card(reply, event.card) if event.kind == "card" else reply.show(event))
            except NOT_TAKEN as error:
                lost = True
                log.warning("slack did not take a part of an answer: %s", reason(error))
        try:
            await reply.close()
            if lost:
                await post(self._client, self.place, words.SLACK_FAILED)
        except NOT_TAKEN as error:
            log.warning("slack did not take the end of an answer: %s", reason(error))
        await upload(self._client, self._workspace, self.place, outcome.pictures, again=True)
        await upload(self._client, self._workspace, self.place, outcome.files)

    async def _card(self, reply: Reply, card: Card) -> None:
        await reply.close()
        await self._cards.show(card)

    async def _settle(self, decided: str = "", verdict: str = "") -> None:
        """Cards that no longer wait lose their buttons; the suggestions fit the stage."""
        pending = await self.conversation.pending()
        if decided and (pending is None or pending.id != decided):
            await self._cards.close(decided, verdict)
        await self._cards.close_others(pending.id if pending else None)
        if pending is not None:  # Slack may not have taken it before
            await self._cards.show(pending)
        stage = await self.conversation.stage()
        if stage != self._stage:
            self._stage = stage
            await cosmetic(
                self._client.assistant_threads_setSuggestedPrompts(
                    channel_id=self.place.channel, thread_ts=self.place.ts, prompts=words.prompts_for(stage)
                )
            )

    async def _follow_jobs(self) -> None:
        try:
            async for event in self.conversation.watch():
                await self._news.show(event)
            await self._news.finish(person_of(self.place.team, self.owner))
        except Exception as error:  # the bot goes on; the next turn watches again
            log_error(error, self._workspace.home)

    async def _status(self, status: str) -> None:
        await cosmetic(
            self._client.assistant_threads_setStatus(
                channel_id=self.place.channel, thread_ts=self.place.ts, status=escaped(one_line(status, 100))
            )
        )

    async def _whisper(self, user: str, text: str) -> None:
        """Words that only this person sees. They are safe already."""
        await self._client.chat_postEphemeral(
            channel=self.place.channel, user=user, thread_ts=self.place.ts, text=text, link_names=False, parse="none"
        )
