"""How jobs are doing: progress edited in one message of the thread, endings told once, results uploaded."""

import asyncio
import hashlib
import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from trainer_core.jobs import store
from trainer_core.projects import Workspace

from .results import results_of
from .slack_blocks import mrkdwn, progress_text
from .slack_reply import NOT_TAKEN, cosmetic, post, reason
from .slack_store import Place, mark, marks
from .slack_uploads import upload

if TYPE_CHECKING:
    from agent.events import Event, Progress

log = logging.getLogger("sidekick.slack")
EDIT_SECONDS = 1.5  # chat.update takes about 50 calls a minute
LINES = 3
PATIENCE = (1, 5, 30, 120, 600)  # seconds


class News:
    """Tells one thread of its jobs. What has been told is remembered, also over a restart."""

    def __init__(self, client: AsyncWebClient, workspace: Workspace, place: Place, project_id: str) -> None:
        self._client, self._workspace, self._place, self._project = client, workspace, place, project_id
        self._lines: dict[str, str] = {}  # job and kind: its newest progress
        self._run = ""  # the newest job of the run that is told of: its progress has a message of its own
        self._message = ""
        self._shown = ""
        self._editor: asyncio.Task[None] | None = None
        self._told_any = False

    async def show(self, event: "Event") -> None:
        """One event of the watch."""
        await self._look_which_run()
        if event.kind == "progress":
            await self._progress(event)
        elif event.kind in ("said", "problem") and await self._is_new(event.text):
            self._told_any = True
            await self._edited()
            await self._post_patiently(event.text)

    async def finish(self, person: str) -> None:
        """No job is at work any more: the last progress is shown, and the results come."""
        await self._edited()
        if self._told_any:
            self._told_any = False
            results = await asyncio.to_thread(results_of, self._workspace, self._project, person)
            found = [path for path in (results.contact_sheet, results.lora) if path is not None]
            await upload(self._client, self._workspace, self._place, found)

    async def close(self) -> None:
        """Stop editing."""
        if self._editor is not None:
            self._editor.cancel()
            with suppress(asyncio.CancelledError):
                await self._editor
            self._editor = None

    async def _progress(self, event: "Progress") -> None:
        kind = "validation" if event.data.get("validation") else "work"
        self._lines.pop(f"{event.job_id} {kind}", None)  # the newest line comes last
        self._lines[f"{event.job_id} {kind}"] = progress_text(event.text, event.fraction)
        if self._editor is None or self._editor.done():
            self._editor = asyncio.create_task(self._edit())
        pictures = [Path(path) for path in event.data.get("pictures", [])]
        if pictures:
            await upload(self._client, self._workspace, self._place, pictures)

    async def _edit(self) -> None:
        """Bring the message up to date, until there is nothing new."""
        while True:
            text = "\n".join(list(self._lines.values())[-LINES:])
            if text == self._shown:
                return
            self._shown = text
            try:
                await self._put(text)
            except NOT_TAKEN as error:  # the next progress says more anyway
                log.info("slack did not take progress: %s", reason(error))
            await asyncio.sleep(EDIT_SECONDS)

    async def _post_patiently(self, text: str) -> None:
        """Post an announcement; it comes only once, so a connection that is gone for a while does not cost it."""
        for seconds in PATIENCE:
            try:
                return await post(self._client, self._place, text)
            except (aiohttp.ClientError, TimeoutError) as error:
                log.info("slack cannot be reached (%s); trying again in %s s", reason(error), seconds)
                await asyncio.sleep(seconds)
        return await cosmetic(post(self._client, self._place, text))

    async def _put(self, text: str) -> None:
        blocks = [{"type": "section", "text": mrkdwn(text)}]
        if self._message:
            await self._client.chat_update(channel=self._place.channel, ts=self._message, text=text, blocks=blocks)
            return
        answer = await self._client.chat_postMessage(
            channel=self._place.channel, thread_ts=self._place.ts, text=text, blocks=blocks, unfurl_links=False
        )
        self._message = str(answer["ts"])
        await asyncio.to_thread(mark, self._workspace, self._place, "progress", self._run, self._message)

    async def _edited(self) -> None:
        if self._editor is not None:
            await self._editor

    async def _look_which_run(self) -> None:
        """A new run gets a new message; one that was told of before a restart keeps its own."""
        jobs = await asyncio.to_thread(store.list_jobs, self._workspace, self._project)
        newest = jobs[-1].id if jobs else "none"
        if newest == self._run:
            return
        await self._edited()
        known = await asyncio.to_thread(marks, self._workspace, self._place, "progress")
        self._run, self._lines, self._shown = newest, {}, ""
        self._message = next((entry.message_ts for entry in known if entry.name == newest), "")

    async def _is_new(self, text: str) -> bool:
        """The same words about the same run are told once."""
        name = f"{self._run} {hashlib.sha256(text.encode()).hexdigest()[:32]}"
        return await asyncio.to_thread(mark, self._workspace, self._place, "told", name)
