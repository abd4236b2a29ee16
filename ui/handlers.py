"""What happens on a page: loading, looking again, talking, deciding and clicking. Every handler is private."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import gradio as gr

from knowledge.loading import warm_up
from tools.context import ToolRefused

from .drawing import NEW_PAGE, Drawing, Shown
from .following import BUSY, LOADING, PRIVATE, SHARED, Following, Page
from .freshness import question_of
from .going_back import connect_going_back
from .moving import connect_moving
from .panels.panel import Click, Clicks, NotYet
from .people_door import person_of
from .steps import connect_steps
from .uploaded import checked_upload
from .window_screen import markdown
from .window_session import Session
from .window_sessions import Sessions

__all__ = ["BUSY", "LOADING", "PRIVATE", "Page", "connect"]

WAIT_SECONDS = 0.2  # between two looks whether the sidekick has answered
PATIENCE_SECONDS = 3.0  # a click or a message waits so long for an answer's last words, and is refused only then
NOT_ARRIVED = "A file did not arrive as it should. Please take it out and add it again."
CLOSED = "That question is no longer open, so nothing was started. Please look at it again."


def connect(page: Page, sessions: Sessions, drawing: Drawing, clicks: Clicks) -> None:
    """Connect everything that can be done on the page."""
    following = Following(drawing)
    view, follow = following.view, following.follow

    async def load(thread_id: object, request: gr.Request) -> tuple[Any, ...]:
        warm_up()
        session = await sessions.latest(thread_id, person_of(request))
        await session.refresh()  # it may have been open, and looked at by nobody, for hours
        return view(session, NEW_PAGE)

    async def begin(request: gr.Request) -> tuple[Any, ...]:
        return view(await sessions.get(None, person_of(request)), {})

    async def look(thread_id: object, shown: Shown, request: gr.Request, event: gr.EventData) -> tuple[Any, ...]:
        if not isinstance(thread_id, str):
            return page.nothing
        session = await sessions.get(thread_id, person_of(request))
        asked, lost = question_of(event)
        if following.is_followed(session, shown):
            return following.heard(session, shown, page.nothing, asked)
        return following.answer(session, shown, asked, lost=lost)

    async def send(
        message: dict[str, Any] | None, thread_id: object, shown: Shown, request: gr.Request
    ) -> AsyncIterator[tuple[Any, ...]]:
        if not isinstance(thread_id, str):  # before the page has its conversation, a message would begin another one
            gr.Info(LOADING)
            yield (gr.skip(), *page.nothing)
            return
        given = message or {}
        text, named = str(given.get("text") or "").strip(), given.get("files") or []
        session = await sessions.get(thread_id, person_of(request))
        try:
            uploads = [checked_upload(path, session.context, NOT_ARRIVED) for path in named]
        except ToolRefused as refused:
            gr.Warning(markdown(str(refused)))
            yield (gr.skip(), *page.nothing)
            return
        if not text and not uploads:
            yield (gr.skip(), *page.nothing)  # a handler that yields nothing empties the page
            return
        await _until_answered(session, PATIENCE_SECONDS)
        if not session.send(text or "Here are my files.", uploads, shown.get("card")):
            gr.Info(BUSY)
            yield (gr.skip(), *page.nothing)
            return
        emptied: Any = None  # once; what a person types meanwhile stays
        async for drawn in follow(session, shown):
            yield (emptied, *drawn)
            emptied = gr.skip()

    async def decide(thread_id: object, shown: Shown, person: str, approved: bool) -> AsyncIterator[tuple[Any, ...]]:
        session = await sessions.get(thread_id, person)
        if not session.decide(shown.get("card"), approved):
            gr.Warning(CLOSED)
            yield view(session, shown)
            return
        async for drawn in follow(session, shown):
            yield drawn

    async def approve(thread_id: object, shown: Shown, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        async for drawn in decide(thread_id, shown, person_of(request), approved=True):
            yield drawn

    async def reject(thread_id: object, shown: Shown, request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        async for drawn in decide(thread_id, shown, person_of(request), approved=False):
            yield drawn

    def clicked(click: Click, begin: Callable[[Session, Any], bool]) -> Callable[..., AsyncIterator[tuple[Any, ...]]]:
        async def handle(
            request: gr.Request, thread_id: object, shown: Shown, *values: Any
        ) -> AsyncIterator[tuple[Any, ...]]:
            if not isinstance(thread_id, str):
                gr.Info(LOADING)
                yield page.nothing
                return
            session = await sessions.get(thread_id, person_of(request))
            try:
                wanted = click.make(*values)
            except NotYet as why:
                if str(why):
                    gr.Info(str(why))
                yield view(session, {})  # what was put in goes back to what is
                return
            await _until_answered(session, None if click.waits else PATIENCE_SECONDS)
            if not begin(session, wanted):
                gr.Info(BUSY)
                yield view(session, {})
                return
            async for drawn in follow(session, shown):
                yield drawn
            if click.then and begin(session, click.then):
                async for drawn in follow(session, {}):
                    yield drawn

        return handle

    both = [page.thread, page.shown]
    page.window.load(load, [page.thread], page.all, **PRIVATE)
    page.fresh.click(begin, None, page.all, **PRIVATE)
    box = page.talk.box
    box.submit(send, [box, *both], [box, *page.all], trigger_mode="multiple", **SHARED)
    page.talk.yes.click(approve, both, page.all, **SHARED)
    page.talk.no.click(reject, both, page.all, **SHARED)
    for click in clicks.acts:
        act = clicked(click, lambda session, call: session.act(*call))
        click.listen(act, [*both, *click.inputs], page.all, **SHARED)
    for click in clicks.says:
        say = clicked(click, lambda session, words: session.send(*words))
        click.listen(say, [*both, *click.inputs], page.all, **SHARED)
    connect_going_back(page, sessions, following)
    connect_moving(page, sessions, following, clicks)
    connect_steps(page, clicks)
    page.mark.select(look, both, page.all, **SHARED)


async def _until_answered(session: Session, seconds: float | None) -> None:
    """Until the sidekick has answered, or so many seconds have passed."""
    until = time.monotonic() + (math.inf if seconds is None else seconds)
    while session.busy and time.monotonic() < until:
        await asyncio.sleep(WAIT_SECONDS)
