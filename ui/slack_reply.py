"""One answer as it comes: words and tools streamed into a message of the thread."""

import logging
import time
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_chat_stream import AsyncChatStream
from slack_sdk.web.async_client import AsyncWebClient

from . import slack_words as words
from .slack_store import Place
from .slack_text import escaped, markdown, pieces
from .strings import arguments_words, one_line, tool_title

if TYPE_CHECKING:
    from agent.events import Event, ToolFinished

log = logging.getLogger("sidekick.slack")
NOT_TAKEN = (SlackClientError, aiohttp.ClientError, TimeoutError)  # Slack refused, or could not be reached
FLUSH_SECONDS = 0.8  # chat.appendStream takes about 100 calls a minute
STATUS_SECONDS = 2.0
MOST_BYTES = 9000  # of one streamed message, with Slack's own markup for tasks; it refuses somewhat above 10,000
LONGEST_PIECE = 3000  # characters of one call
LONGEST_FIELD = 240  # characters; 256 are allowed for the texts of a task
Chunk = dict[str, Any]


async def post(client: AsyncWebClient, place: Place, text: str) -> None:
    """Post Markdown into the thread, in as many messages as it needs."""
    for piece in pieces(markdown(text)):
        await client.chat_postMessage(
            channel=place.channel,
            thread_ts=place.ts,
            text=piece[:300],
            blocks=[{"type": "markdown", "text": piece}],
            unfurl_links=False,
            unfurl_media=False,
        )


async def cosmetic(call: Any) -> None:
    """Await a call that only makes things nicer; Slack may refuse it, for instance outside of assistant threads."""
    try:
        await call
    except NOT_TAKEN as error:
        log.info("slack did not take something that is not needed: %s", reason(error))


def reason(error: Exception) -> str:
    """Slack's own code for an error, or what kind of error it is; never its text, which may hold an address."""
    return str(error.response.get("error")) if isinstance(error, SlackApiError) else type(error).__name__


class Reply:
    """Shows the events of one turn. Nothing is posted before there is something to show."""

    def __init__(self, client: AsyncWebClient, place: Place, user: str) -> None:
        self._client, self._place, self._user = client, place, user
        self._stream: AsyncChatStream | None = None
        self._spent = 0  # weighted bytes of the message that is being streamed
        self._text = ""
        self._saying = False  # pieces of a text have come whose whole is still to come
        self._said_before = False
        self._tasks: dict[str, Chunk] = {}  # those that are still at work
        self._titled = False  # has the message that is being streamed a plan of tasks?
        self._flushed = self._status_at = float("-inf")

    async def show(self, event: "Event") -> None:
        """One event of any kind but a card."""
        if event.kind == "said" and event.role == "sidekick":
            await self._say(event.text, event.final)
        elif event.kind == "problem":
            await self._say(f"**That did not work.** {event.text}", True)
        elif event.kind == "tool_started":
            chunk = {"type": "task_update", "id": event.id, "title": tool_title(event.name), "status": "in_progress"}
            given = event.arguments.items()
            plain: dict[str, object] = {name: value for name, value in given if isinstance(value, str | int | float)}
            if details := arguments_words(plain, LONGEST_FIELD):  # lists are of ids, which say nothing to people
                chunk["details"] = escaped(details, LONGEST_FIELD)
            await self._task(chunk)
            self._tasks[event.id] = chunk
        elif event.kind == "tool_finished":
            await self._finished(event)
        elif event.kind == "progress":
            await self._progress(event.text)

    async def close(self) -> None:
        """Say what is left, and end the message."""
        await self._flush(all_of_it=True)
        for chunk in self._tasks.values():  # broken off: it is not known whether it was done
            await self._send([chunk | {"status": "error", "output": "Broken off."}])
        self._tasks.clear()
        await self._end()

    async def _say(self, text: str, final: bool) -> None:
        if final and self._saying:  # its pieces are on their way already
            self._saying = False
            await self._flush(all_of_it=True)
            return
        if not text.strip() and not self._saying:
            return
        if not self._saying and self._said_before:
            self._text += "\n\n"
        self._text += text
        self._saying, self._said_before = not final, True
        await self._flush(all_of_it=final)

    async def _finished(self, event: "ToolFinished") -> None:
        status = "error" if event.failed else "complete"
        output = escaped(one_line(event.text, LONGEST_FIELD), LONGEST_FIELD)
        chunk = {"type": "task_update", "id": event.id, "title": tool_title(event.name), "status": status}
        await self._task(chunk | ({"output": output} if output else {}))
        self._tasks.pop(event.id, None)

    async def _progress(self, text: str) -> None:
        """What a tool says meanwhile is the status line's."""
        now = time.monotonic()
        if now - self._status_at < STATUS_SECONDS:
            return
        self._status_at = now
        await cosmetic(
            self._client.assistant_threads_setStatus(
                channel_id=self._place.channel, thread_ts=self._place.ts, status=escaped(one_line(text, 100), 150)
            )
        )

    async def _task(self, chunk: Chunk) -> None:
        await self._flush(all_of_it=True)
        await self._send([chunk])

    async def _flush(self, *, all_of_it: bool) -> None:
        """Send the words that have come; while they come, not more often than Slack likes, and whole words only."""
        now = time.monotonic()
        if not all_of_it and now - self._flushed < FLUSH_SECONDS:
            return
        cut = len(self._text) if all_of_it else max(self._text.rfind(" "), self._text.rfind("\n")) + 1
        ready, self._text = self._text[:cut], self._text[cut:]
        if not ready:
            return
        self._flushed = now
        for piece in pieces(markdown(ready), LONGEST_PIECE):
            await self._send([{"type": "markdown_text", "text": piece}])

    async def _send(self, chunks: list[Chunk]) -> None:
        """Append to the message; a new one is begun when this one is full, too old, or not taken by Slack."""
        size = sum(_weight(chunk) for chunk in chunks)
        if self._stream is not None and self._spent + size > MOST_BYTES:
            await self._end()
        for attempt in (1, 2):
            fresh = self._stream is None
            try:
                await self._append(chunks)
                self._spent += size
                return
            except SlackApiError as refused:
                log.info("slack refused a piece of a stream: %s", reason(refused))
                await self._end()
                if fresh or attempt == 2:
                    break
        await self._without_stream(chunks)

    async def _append(self, chunks: list[Chunk]) -> None:
        if self._stream is None:
            # What Bolt's say_stream does. Buttons and restarts have no say_stream, and they are answered here as well.
            self._stream = await self._client.chat_stream(
                channel=self._place.channel,
                thread_ts=self._place.ts,
                recipient_team_id=self._place.team,
                recipient_user_id=self._user,
                task_display_mode="plan",
            )
            self._spent, self._titled = 0, False
        if any(chunk["type"] == "task_update" for chunk in chunks) and not self._titled:
            self._titled = True
            chunks = [{"type": "plan_update", "title": words.WORKING}, *chunks]
        await self._stream.append(chunks=chunks)

    async def _end(self) -> None:
        """End the message that is being streamed, if there is one; nothing in it stays at work."""
        stream, self._stream = self._stream, None
        if stream is None or stream.ts is None:
            return
        last = [chunk | {"status": "complete", "output": "Goes on below."} for chunk in self._tasks.values()]
        if self._titled:
            last.append({"type": "plan_update", "title": words.WORKED})
        try:
            await stream.stop(chunks=last)
        except SlackApiError as refused:  # too long with these, perhaps; what was said is there already
            log.info("slack refused the end of a stream: %s", reason(refused))
            await cosmetic(stream.stop())

    async def _without_stream(self, chunks: list[Chunk]) -> None:
        """Where Slack takes no stream, words are posted as they are; tasks are left out."""
        for chunk in chunks:
            if chunk["type"] == "markdown_text":
                await self._client.chat_postMessage(
                    channel=self._place.channel,
                    thread_ts=self._place.ts,
                    text=chunk["text"][:300],
                    blocks=[{"type": "markdown", "text": chunk["text"]}],
                    unfurl_links=False,
                    unfurl_media=False,
                )


def _weight(chunk: Chunk) -> int:
    """Bytes that a chunk takes up in the message, roughly; Slack counts the texts of tasks about twice."""
    single = sum(len(str(chunk.get(name, "")).encode()) for name in ("text", "title", "id"))
    return single + 2 * sum(len(str(chunk.get(name, "")).encode()) for name in ("details", "output"))
