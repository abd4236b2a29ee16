"""The cards that are open in a thread: each is one message, and loses its buttons once nobody can answer it."""

import asyncio
from typing import TYPE_CHECKING

from slack_sdk.web.async_client import AsyncWebClient

from tools.context import Card
from trainer_core.projects import Workspace

from . import slack_words as words
from .slack_blocks import card_blocks, card_text, closed_card_blocks
from .slack_reply import cosmetic
from .slack_store import Place, forget, mark, marks

if TYPE_CHECKING:
    from .slack_store import SlackMark


class Cards:
    """Shows and closes the cards of one thread. What is open is remembered over a restart."""

    def __init__(self, client: AsyncWebClient, workspace: Workspace, place: Place) -> None:
        self._client, self._workspace, self._place = client, workspace, place

    async def show(self, card: Card) -> None:
        """Post the card, once."""
        if any(entry.name == card.id for entry in await self._open()):
            return
        answer = await self._client.chat_postMessage(
            channel=self._place.channel,
            thread_ts=self._place.ts,
            text=card_text(card),
            blocks=card_blocks(card),
            unfurl_links=False,
            unfurl_media=False,
        )
        value = card.model_dump_json()
        await asyncio.to_thread(mark, self._workspace, self._place, "card", card.id, str(answer["ts"]), value)

    async def latest(self) -> str:
        """The id of the card that was posted last and is open; empty where there is none."""
        return next((entry.name for entry in reversed(await self._open())), "")

    async def close(self, card_id: str, verdict: str) -> None:
        """Take the buttons away and say what became of the card. `verdict` is safe already."""
        for entry in await self._open():
            if entry.name == card_id:
                card = Card.model_validate_json(entry.value)
                await cosmetic(
                    self._client.chat_update(
                        channel=self._place.channel,
                        ts=entry.message_ts,
                        text=f"{card_text(card)} {verdict}",
                        blocks=closed_card_blocks(card, verdict),
                    )
                )
                await asyncio.to_thread(forget, self._workspace, self._place, "card", card_id)

    async def close_others(self, waiting: str | None) -> None:
        """Close every card but the one that waits."""
        for entry in await self._open():
            if entry.name != waiting:
                await self.close(entry.name, words.REPLACED if waiting else words.NO_LONGER_OPEN)

    async def _open(self) -> "list[SlackMark]":
        return await asyncio.to_thread(marks, self._workspace, self._place, "card")
