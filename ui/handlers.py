"""What happens on a page: loading, ticking, talking, deciding and clicking. Every handler is private."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from .drawing import Drawing, Shown
from .panels.panel import Click, Clicks, NotYet
from .panels.talk import Talk
from .window_session import Session, Sessions

TICK_SECONDS = 1.0
WAIT_SECONDS = 0.2  # between two looks whether the sidekick has answered
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # a public handler would be an API
LOADING = "One moment, the window is still opening."
BUSY = "One moment, I am still answering."
CLOSED = "That question is no longer open, so nothing was started. Please look at it again."


@dataclass(frozen=True)
class Page:
    """The components that handlers listen to and draw. `thread` is kept in the browser, `shown` on the server."""

    window: gr.Blocks
    thread: gr.BrowserState
    shown: gr.State
    fresh: gr.Button
    talk: Talk
    outputs: list[Any]

    @property
    def all(self) -> list[Any]:
        """What every handler draws: the page, what it shows, and which thread it is."""
        return [self.thread, self.shown, *self.outputs]


def connect(page: Page, sessions: Sessions, drawing: Drawing, clicks: Clicks) -> None:
    """Connect everything that can be done on the page."""

    def view(session: Session, shown: Shown) -> tuple[tuple[Any, ...], Shown]:
        updates, now = drawing.updates(session, shown)
        return (session.conversation.thread_id, now, *updates), now

    async def follow(session: Session, shown: Shown) -> AsyncIterator[tuple[Any, ...]]:
        async for _ in session.updates():
            drawn, shown = view(session, shown)
            yield drawn
        yield view(session, shown)[0]

    async def load(thread_id: object) -> tuple[Any, ...]:
        return view(await sessions.get(thread_id), {})[0]

    async def begin() -> tuple[Any, ...]:
        return view(await sessions.get(None), {})[0]

    async def tick(thread_id: object, shown: Shown) -> tuple[Any, ...]:
        if not isinstance(thread_id, str):
            return tuple(gr.skip() for _ in page.all)
        session = await sessions.get(thread_id)
        if session.busy:
            return tuple(gr.skip() for _ in page.all)
        await session.refresh()
        return view(session, shown)[0]

    async def send(message: dict[str, Any] | None, thread_id: object, shown: Shown) -> AsyncIterator[tuple[Any, ...]]:
        if not isinstance(thread_id, str):  # before the page has its conversation, a message would begin another one
            gr.Info(LOADING)
            yield tuple(gr.skip() for _ in (box, *page.all))
            return
        given = message or {}
        text, uploads = str(given.get("text") or "").strip(), [Path(path) for path in given.get("files") or []]
        session = await sessions.get(thread_id)
        if not text and not uploads:
            yield tuple(gr.skip() for _ in (box, *page.all))  # a handler that yields nothing empties the page
            return
        if not session.send(text or "Here are my files.", uploads):
            gr.Info(BUSY)
            yield tuple(gr.skip() for _ in (box, *page.all))
            return
        emptied: Any = None  # once; what a person types meanwhile stays
        async for drawn in follow(session, shown):
            yield (emptied, *drawn)
            emptied = gr.skip()

    async def decide(thread_id: object, shown: Shown, approved: bool) -> AsyncIterator[tuple[Any, ...]]:
        session = await sessions.get(thread_id)
        if not session.decide(shown.get("card"), approved):
            gr.Warning(CLOSED)
            yield view(session, shown)[0]
            return
        async for drawn in follow(session, shown):
            yield drawn

    async def approve(thread_id: object, shown: Shown) -> AsyncIterator[tuple[Any, ...]]:
        async for drawn in decide(thread_id, shown, approved=True):
            yield drawn

    async def reject(thread_id: object, shown: Shown) -> AsyncIterator[tuple[Any, ...]]:
        async for drawn in decide(thread_id, shown, approved=False):
            yield drawn

    def clicked(click: Click, begin: Callable[[Session, Any], bool]) -> Callable[..., AsyncIterator[tuple[Any, ...]]]:
        async def handle(thread_id: object, shown: Shown, *values: Any) -> AsyncIterator[tuple[Any, ...]]:
            if not isinstance(thread_id, str):
                gr.Info(LOADING)
                yield tuple(gr.skip() for _ in page.all)
                return
            session = await sessions.get(thread_id)
            try:
                wanted = click.make(*values)
            except NotYet as why:
                if str(why):
                    gr.Info(str(why))
                yield view(session, {})[0]  # what was put in goes back to what is
                return
            while click.waits and session.busy:
                await asyncio.sleep(WAIT_SECONDS)
            if not begin(session, wanted):
                gr.Info(BUSY)
                yield view(session, {})[0]
                return
            async for drawn in follow(session, shown):
                yield drawn
            if click.then and begin(session, click.then):
                async for drawn in follow(session, {}):
                    yield drawn

        return handle

    shared: dict[str, Any] = {"concurrency_limit": None, **PRIVATE}
    both = [page.thread, page.shown]
    page.window.load(load, [page.thread], page.all, **PRIVATE)
    page.fresh.click(begin, None, page.all, **PRIVATE)
    box = page.talk.box
    box.submit(send, [box, *both], [box, *page.all], trigger_mode="multiple", **shared)
    page.talk.yes.click(approve, both, page.all, **shared)
    page.talk.no.click(reject, both, page.all, **shared)
    for click in clicks.acts:
        act = clicked(click, lambda session, call: session.act(*call))
        click.listen(act, [*both, *click.inputs], page.all, **shared)
    for click in clicks.says:
        say = clicked(click, lambda session, words: session.send(*words))
        click.listen(say, [*both, *click.inputs], page.all, **shared)
    gr.Timer(TICK_SECONDS).tick(tick, both, page.all, **shared)
