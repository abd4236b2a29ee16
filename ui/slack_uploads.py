"""Pictures and files of the sidekick's, put into the Slack thread, each once."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from trainer_core.projects import Workspace

from . import slack_words as words
from .slack_reply import NOT_TAKEN, cosmetic, post
from .slack_store import Place, forget, mark
from .strings import one_line

if TYPE_CHECKING:
    from agent.events import Event

log = logging.getLogger("sidekick.slack")
LARGEST = 1 << 30  # bytes; Slack takes files of up to 1 GB
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4")


@dataclass
class Outcome:
    """What the tools of a turn brought about, as files: what can be looked at, and the rest."""

    pictures: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def note(self, event: "Event") -> None:
        """Take in an event of any kind."""
        if event.kind == "tool_finished":
            shown = [path for path in event.files if path.suffix.lower() in PICTURES]
            self.pictures += [*event.pictures, *shown]
            self.files += [path for path in event.files if path not in shown]


async def upload(
    client: AsyncWebClient, workspace: Workspace, place: Place, files: Sequence[Path], *, again: bool = False
) -> None:
    """Upload what lies in the workspace folder into the thread; what was uploaded before is left out unless `again`.

    What cannot be uploaded is said in words, with the place where it lies.
    """
    for path in dict.fromkeys(files):
        if not await asyncio.to_thread(_ours, workspace, path):
            continue
        stat = path.stat()
        name = f"{path.relative_to(workspace.home)} {stat.st_size} {stat.st_mtime_ns}"[:400]
        fresh = await asyncio.to_thread(mark, workspace, place, "file", name)
        if not fresh and not again:
            continue
        if stat.st_size > LARGEST:
            await cosmetic(post(client, place, words.TOO_LARGE.format(name=path.name, path=path)))
            continue
        try:
            await client.files_upload_v2(
                file=str(path), filename=path.name, title=path.name, channel=place.channel, thread_ts=place.ts
            )
        except (*NOT_TAKEN, OSError) as error:
            log.warning("an upload to slack failed", exc_info=error)
            await asyncio.to_thread(forget, workspace, place, "file", name)  # it may work another time
            told = words.NOT_UPLOADED.format(name=path.name, path=path, why=_why(error))
            await cosmetic(post(client, place, told))


def _ours(workspace: Workspace, path: Path) -> bool:
    """Only what is in the workspace folder, and no link out of it, leaves this machine."""
    return path.is_file() and path.resolve().is_relative_to(workspace.home)


def _why(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        code = one_line(str(error.response.get("error") or "error"), 60)
        return "the app lacks the permission files:write" if code == "missing_scope" else code
    return "the connection to Slack broke off"
