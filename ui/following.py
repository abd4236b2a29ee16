"""How a page is drawn while the sidekick answers: one handler follows the turn, the others leave that to it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from .drawing import Drawing, Shown
from .freshness import freshness_html
from .panels.talk import Talk
from .window_session import REFRESH_SECONDS, Session

Drawn = tuple[Any, ...]
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # a public handler would be an API
SHARED: dict[str, Any] = {"concurrency_limit": None, **PRIVATE}
LOADING = "One moment, the window is still opening."
BUSY = "One moment, I am still answering."


@dataclass(frozen=True)
class Page:
    """The components that handlers listen to and draw. `thread` is kept in the browser, `shown` on the server."""

    window: gr.Blocks
    thread: gr.BrowserState
    shown: gr.State
    mark: gr.HTML
    fresh: gr.Button
    stages: gr.HTML
    steps: gr.Walkthrough
    talk: Talk
    outputs: list[Any]

    @property
    def all(self) -> list[Any]:
        """What every handler draws: the page, what it shows, and which thread it is."""
        return [self.thread, self.shown, self.mark, *self.outputs]

    @property
    def nothing(self) -> Drawn:
        """Leaves everything as it is. A handler must yield it, not nothing: that would empty the page."""
        return tuple(gr.skip() for _ in self.all)


class Following:
    """Draws one session on one page."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    def view(self, session: Session, shown: Shown) -> Drawn:
        """What the page does not show yet."""
        return self._view(session, shown)[0]

    async def follow(self, session: Session, shown: Shown) -> AsyncIterator[Drawn]:
        """The turn that was begun, until its end."""
        async for _ in session.updates():
            drawn, shown = self._view(session, shown, follows=session.turns if session.busy else None)
            yield drawn
        if shown.get("follows") is None and "version" in shown:
            return  # the page has all of it. gradio's page loses an update that a skip follows too soon after it
        await asyncio.sleep(REFRESH_SECONDS)
        yield self.view(session, shown)

    def answer(self, session: Session, shown: Shown, asked: int, *, lost: bool) -> Drawn:
        """What a page that asks by itself does not show yet; its mark is always told, so that it knows of the answer.

        Where an earlier drawing never came onto the screen (`lost`), all of it is drawn, as for a page that is loaded.
        """
        thread, now, _mark, *updates = self.view(session, {}) if lost else self._look_again(session, shown)
        return (thread, now, self._mark(session, now, asked), *updates)

    def heard(self, session: Session, shown: Shown, nothing: Drawn, asked: int) -> Drawn:
        """The answer while another handler draws the turn: nothing but that the question was heard."""
        return (*nothing[:2], self._mark(session, shown, asked), *nothing[3:])

    def _look_again(self, session: Session, shown: Shown) -> Drawn:
        """After each turn what it changed is drawn once more: updates that came in quick succession, or from two
        handlers, may have been lost or overtaken on their way into the page, and what is older would stay.
        """
        if session.busy or shown.get("settled") == session.turns:
            return self.view(session, shown)
        since = shown.get("settled_changes") or {}
        same = {name: shown.get(name) for name, count in session.changes.items() if since.get(name) == count}
        settled = {"settled": session.turns, "settled_changes": dict(session.changes)}
        return self.view(session, same | {"stage": shown.get("stage")} | settled)

    def is_followed(self, session: Session, shown: Shown) -> bool:
        """Does another handler of this page draw this turn already?"""
        return session.busy and shown.get("follows") == session.turns

    def _view(self, session: Session, shown: Shown, follows: int | None = None) -> tuple[Drawn, Shown]:
        updates, now = self._drawing.updates(session, shown)
        settled = shown.get("settled", 0 if session.busy else session.turns)  # what showed nothing is drawn whole
        changes = shown.get("settled_changes") or dict(session.changes)
        now |= {"follows": follows, "settled": settled, "settled_changes": changes, "mark": session.mark(settled)}
        mark = gr.skip() if now["mark"] == shown.get("mark") else self._mark(session, now, asked=0)
        return (session.conversation.thread_id, now, mark, *updates), now

    def _mark(self, session: Session, shown: Shown, asked: int) -> str:
        return freshness_html(session.conversation.thread_id, str(shown.get("mark", "")), asked)
