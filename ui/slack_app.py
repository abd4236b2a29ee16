"""Which of Slack's events mean what: Bolt listeners that find the room and hand on what was said or pressed."""

import asyncio
import logging
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncAssistant, AsyncBoltContext
from slack_sdk.errors import SlackApiError

from trainer_core.jobs import store
from trainer_core.projects import Workspace

from . import slack_words as words
from .slack_blocks import APPROVE, REJECT
from .slack_messages import Message, Press, Slack
from .slack_reply import cosmetic, post
from .slack_room import TURN, Room
from .slack_store import Place, find_thread, known_threads, mark, thread_at, threads_with
from .slack_text import escaped, heard
from .strings import log_error, one_line

log = logging.getLogger("sidekick.slack")
MOST_OPEN = 50  # rooms that stay open; the one that was used longest ago is closed first
LONGEST_TITLE = 60
PEOPLES_SUBTYPES = (None, "file_share", "thread_broadcast")  # anything else is an edit, a notice or a program
_IS_USER = re.compile(r"[UW][A-Z0-9]{1,30}")
Payload = dict[str, Any]


class Rooms:
    """The open rooms, by place. Everything runs in one event loop."""

    def __init__(self, slack: Slack, workspace: Workspace) -> None:
        self.slack, self.workspace = slack, workspace
        self._open: dict[Place, Room] = {}
        self._picking_up: list[asyncio.Task[None]] = []
        self._lock = asyncio.Lock()

    async def get(self, place: Place, user: str) -> Room:
        """The room at this place; `user` becomes its person when it is new."""
        async with self._lock:
            room = self._open.pop(place, None) or await Room.open(self.slack, self.workspace, place, user)
            self._open[place] = room  # used last
            idle = [at for at, each in self._open.items() if not each.busy and each is not room]
            for at in idle[: max(0, len(self._open) - MOST_OPEN)]:
                await self._open.pop(at).close()
            return room

    async def go_on(self) -> None:
        """Watch again what was being watched, and go on with the answers that broke off, when the bot was stopped."""
        working = {
            job.project_id for job in await asyncio.to_thread(store.list_jobs, self.workspace, None, store.UNFINISHED)
        }
        for row in await asyncio.to_thread(known_threads, self.workspace):
            if await asyncio.to_thread(_has_news, self.workspace, row.thread_id or "", working):
                (await self.get(row.place, row.user)).watch()
        for row in await asyncio.to_thread(threads_with, self.workspace, TURN):
            room = await self.get(row.place, row.user)
            self._picking_up.append(asyncio.create_task(room.pick_up()))  # a language model may take its time

    async def close(self) -> None:
        """Let go of everything; conversations and jobs stay."""
        async with self._lock:
            for room in self._open.values():
                await room.close()
            self._open.clear()


def build_app(rooms: Rooms, logger: logging.Logger) -> AsyncApp:
    """The app's listeners. Bolt acknowledges events at once and buttons here; answers follow in their own time."""
    app = AsyncApp(client=rooms.slack.client, logger=logger)
    assistant = AsyncAssistant(logger=logger)

    async def hear(body: Payload, context: AsyncBoltContext, *, titled: bool = False) -> None:
        event = body["event"]
        message = _message(event, context)
        if message is None or _from_elsewhere(body, context):
            return
        place = Place(context.team_id or "", str(event["channel"]), str(event.get("thread_ts") or event["ts"]))
        room = await rooms.get(place, message.user)
        if titled:
            await _title(rooms, place, message.text)
        await room.hear(message)

    @assistant.thread_started
    async def started(payload: Payload, context: AsyncBoltContext) -> None:
        thread = payload["assistant_thread"]
        place = Place(context.team_id or "", thread["channel_id"], thread["thread_ts"])
        await asyncio.to_thread(thread_at, rooms.workspace, place, str(thread["user_id"]))
        if await asyncio.to_thread(mark, rooms.workspace, place, "heard", "started"):
            await post(rooms.slack.client, place, words.GREETING)
            await cosmetic(
                rooms.slack.client.assistant_threads_setSuggestedPrompts(
                    channel_id=place.channel, thread_ts=place.ts, prompts=words.prompts_for("recipe")
                )
            )

    @assistant.thread_context_changed
    async def looked_elsewhere() -> None:
        """Which channel the person looks at meanwhile is nothing that the sidekick uses or keeps."""

    @assistant.user_message
    async def said_to_assistant(body: Payload, context: AsyncBoltContext) -> None:
        await hear(body, context, titled=True)

    app.assistant(assistant)

    @app.event("app_mention")
    async def mentioned(body: Payload, context: AsyncBoltContext) -> None:
        if body["event"].get("channel_type") != "im":  # there, every message comes as a message, too
            await hear(body, context)

    @app.event("message")
    async def said(body: Payload, context: AsyncBoltContext) -> None:
        if body["event"].get("channel_type") == "im":
            await hear(body, context)

    @app.action(re.compile(f"^({APPROVE}|{REJECT})$"))
    async def pressed(ack: AsyncAck, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
        await ack()
        await _press(rooms, body, action, context)

    @app.event(re.compile(".*"))
    async def nothing_to_do() -> None:
        """Acknowledged, so that Slack does not deliver it again."""

    @app.error
    async def failed(error: Exception) -> None:
        log_error(error, rooms.workspace.home)
        code = error.response.get("error") if isinstance(error, SlackApiError) else type(error).__name__
        log.warning("an event of slack's could not be answered: %s", code)

    return app


async def _press(rooms: Rooms, body: Payload, action: Payload, context: AsyncBoltContext) -> None:
    message, container = body.get("message") or {}, body.get("container") or {}
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
    ts = str(message.get("thread_ts") or container.get("thread_ts") or message.get("ts") or "")
    user = str((body.get("user") or {}).get("id") or "")
    place = Place(context.team_id or "", channel, ts)
    if await asyncio.to_thread(find_thread, rooms.workspace, place) is None or not _IS_USER.fullmatch(user):
        log.warning("a button was pressed in a thread that is not known here")
        return
    card_id = str(action.get("value") or "")
    pressed = f"{user}:{card_id}:{action.get('action_ts') or body.get('trigger_id')}"
    room = await rooms.get(place, user)
    await room.press(Press(pressed, user, card_id, action.get("action_id") == APPROVE))


def _message(event: Payload, context: AsyncBoltContext) -> Message | None:
    """What a person said; None for programs' messages, edits and notices."""
    user = event.get("user")
    if event.get("subtype") not in PEOPLES_SUBTYPES or event.get("bot_id") or not _IS_USER.fullmatch(str(user)):
        return None
    if user in (context.bot_user_id, "USLACKBOT"):
        return None
    # What Slack delivers again, or in two kinds of events, has the same id of the writer's program, or time stamp.
    name = str(event.get("client_msg_id") or event["ts"])
    text = heard(str(event.get("text") or ""), context.bot_user_id or "")
    return Message(f"{user}:{name}"[:200], str(user), text, tuple(event.get("files") or ()))


def _from_elsewhere(body: Payload, context: AsyncBoltContext) -> bool:
    """Is it from a person of another company, in a channel that is shared with it? Only our own people are served."""
    theirs = body["event"].get("user_team")
    return bool(body.get("is_ext_shared_channel")) and theirs not in (None, context.team_id, context.enterprise_id)


async def _title(rooms: Rooms, place: Place, text: str) -> None:
    """An assistant thread is called after the first thing that was said in it."""
    title = one_line(text, LONGEST_TITLE)
    if not title:
        return
    if await asyncio.to_thread(mark, rooms.workspace, place, "heard", "title"):
        await cosmetic(
            rooms.slack.client.assistant_threads_setTitle(
                channel_id=place.channel, thread_ts=place.ts, title=escaped(title)
            )
        )


def _has_news(workspace: Workspace, thread_id: str, working: set[str]) -> bool:
    """Is a job of this thread's project at work, or did one end that the thread has not been told of?"""
    from agent.threads import open_thread
    from agent.watcher import endings_after

    try:
        thread = open_thread(workspace, "", thread_id, None)
    except LookupError:  # the workspace was cleared meanwhile
        return False
    return thread.project_id in working or bool(endings_after(workspace, thread.project_id, thread.told_event))
