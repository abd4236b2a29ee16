"""Stop an answer, ask for another one, or say it differently: the last two go on in a new conversation from there."""

import html
from collections.abc import AsyncIterator

import gradio as gr

from . import words_talk as words
from .drawing import Shown
from .following import BUSY, LOADING, SHARED, Drawn, Following, Page
from .people_door import person_of
from .window_sessions import Sessions

LONGEST = 8000  # characters of what is said instead


def connect_going_back(page: Page, sessions: Sessions, following: Following) -> None:
    """The button that stops, and the chat's own retry and edit."""

    async def stop(thread_id: object, request: gr.Request) -> None:
        if isinstance(thread_id, str):
            session = await sessions.get(thread_id, person_of(request))
            if not session.stop():
                gr.Info(words.NOTHING_TO_STOP)

    async def again(
        thread_id: object, shown: Shown, request: gr.Request, place: object, text: str | None
    ) -> AsyncIterator[Drawn]:
        if not isinstance(thread_id, str):
            gr.Info(LOADING)
            yield page.nothing
            return
        session = await sessions.get(thread_id, person_of(request))
        forked = await sessions.again(session, place, text) if isinstance(place, int) else None
        if forked is None:
            gr.Info(BUSY if session.busy else words.NOT_AGAIN)
            yield following.view(session, {})  # what the browser has changed goes back to what is
            return
        async for drawn in following.follow(forked, {**shown, "version": None}):
            yield drawn

    async def retry(thread_id: object, shown: Shown, request: gr.Request, event: gr.RetryData) -> AsyncIterator[Drawn]:
        async for drawn in again(thread_id, shown, request, _place(event.index), None):
            yield drawn

    async def edit(thread_id: object, shown: Shown, request: gr.Request, event: gr.EditData) -> AsyncIterator[Drawn]:
        text = html.unescape(event.value if isinstance(event.value, str) else "").strip()[:LONGEST]
        async for drawn in again(thread_id, shown, request, _place(event.index) if text else None, text):
            yield drawn

    both = [page.thread, page.shown]
    page.talk.stop.click(stop, [page.thread], None, **SHARED)
    page.talk.chat.retry(retry, both, page.all, **SHARED)
    page.talk.chat.edit(edit, both, page.all, **SHARED)


def _place(index: object) -> object:
    """Of a message, as the browser names it."""
    return index[0] if isinstance(index, list | tuple) and index else index
