"""From a session to what one page must draw: only what it does not show already."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from .panels.panel import Panel
from .strings import model_words
from .suggestions import MOST, suggestions
from .window_screen import STEP_OF_STAGE, bar_html, card_markdown, progress_html, stages_html
from .window_session import Session

Shown = dict[str, Any]  # what a page shows: version, stage, card and each panel's data; kept on the server
NEW_PAGE: Shown = {"new": True}  # what a page shows that was just loaded
_STAYS = {("dataset", "plan"), ("training", "launch")}  # stages between which nobody is led to another step
TALK = 7  # outputs of the conversation besides the suggestions


class Drawing:
    """Draws for all pages. The order is the frame's: stages, steps, the conversation, then each panel's outputs."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels = panels

    def updates(self, session: Session, shown: Shown) -> tuple[tuple[Any, ...], Shown]:
        """The updates for all outputs, and what the page shows with them."""
        screen = session.screen
        now: Shown = {"version": (screen.version, session.busy), "stage": screen.stage, **session.parts}
        now["card"] = screen.card.id if screen.card else None
        told = suggestions(screen.stage, session.parts.get("dataset"), card=screen.card is not None)
        now["hints"] = () if session.busy else told
        talk = self._talk(session) if now["version"] != shown.get("version") else (gr.skip(),) * TALK
        hints = _hints(now["hints"]) if now["hints"] != shown.get("hints") else (gr.skip(),) * MOST
        where = _where(screen.stage, shown.get("stage"))
        parts = (each for panel in self._panels for each in _of_panel(panel, session, shown))
        return (*where, *talk, *hints, *parts), now

    def _talk(self, session: Session) -> tuple[Any, ...]:
        screen = session.screen
        asks = screen.card is not None and not session.busy
        return (
            screen.messages,
            progress_html(screen.progress),
            gr.Button(visible=session.busy),
            gr.Column(visible=asks),
            card_markdown(screen.card),
            model_words(session.conversation.model_name),
            bar_html(screen.card.id if screen.card and asks else "", busy=session.busy),
        )


def _where(stage: str, before: str | None) -> tuple[Any, Any]:
    """The stages, and the step that belongs to a new one.

    Whoever was among the files stays there when the captions are complete, to look at them; whoever watched a training
    that was stopped can go on with it there; and a plan is looked at before it is launched.
    """
    if stage == before:
        return gr.skip(), gr.skip()
    stays = (before, stage) in _STAYS
    step = STEP_OF_STAGE["plan" if stage == "launch" else stage] if stage in STEP_OF_STAGE else 0
    return (stages_html(stage), gr.skip()) if stays else (stages_html(stage, step), gr.Walkthrough(selected=step))


def _hints(said: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(gr.Button(value=text, visible=True) for text in said) + (gr.Button(visible=False),) * (
        MOST - len(said)
    )


def _of_panel(panel: Panel, session: Session, shown: Shown) -> tuple[Any, ...]:
    data = session.parts.get(panel.name)
    if data is None or data == shown.get(panel.name):
        return (gr.skip(),) * len(panel.outputs)
    return panel.begin(data) if panel.begin and shown == NEW_PAGE else panel.draw(data)
