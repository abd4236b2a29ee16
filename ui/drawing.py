"""From a session to what one page must draw: only what it does not show already."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from .panels.panel import Panel
from .strings import model_words
from .window_screen import card_markdown, progress_html, stages_html
from .window_session import Session

Shown = dict[str, Any]  # what a page shows: version, stage, card and each panel's data; kept on the server
STEP_OF_STAGE = {"recipe": 0, "dataset": 1, "plan": 2, "launch": 3, "training": 3, "results": 3}


class Drawing:
    """Draws for all pages. The order is the frame's: stages, steps, the conversation, then each panel's outputs."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        self._panels = panels

    def updates(self, session: Session, shown: Shown) -> tuple[tuple[Any, ...], Shown]:
        """The updates for all outputs, and what the page shows with them."""
        screen = session.screen
        now: Shown = {"version": (screen.version, session.busy), "stage": screen.stage, **session.parts}
        now["card"] = screen.card.id if screen.card else None
        talk = self._talk(session) if now["version"] != shown.get("version") else (gr.skip(),) * 5
        moved = screen.stage != shown.get("stage")
        where = (
            (stages_html(screen.stage), gr.Walkthrough(selected=STEP_OF_STAGE.get(screen.stage, 0)))
            if moved
            else (gr.skip(), gr.skip())
        )
        return (*where, *talk, *(each for panel in self._panels for each in _of_panel(panel, session, shown))), now

    def _talk(self, session: Session) -> tuple[Any, ...]:
        screen = session.screen
        return (
            screen.messages,
            progress_html(screen.progress),
            gr.Column(visible=screen.card is not None and not session.busy),
            card_markdown(screen.card),
            model_words(session.conversation.model_name),
        )


def _of_panel(panel: Panel, session: Session, shown: Shown) -> tuple[Any, ...]:
    data = session.parts.get(panel.name)
    if data is None or data == shown.get(panel.name):
        return (gr.skip(),) * len(panel.outputs)
    return panel.draw(data)
