"""Is what a page shows still so? The page asks once a second, and draws only when something is new.

A handler of gradio would do, but each call of one makes the page walk over all of its components: a page that lay open
took 27 % of a core in Chromium (benchmarks/README.md).
"""

import html
from pathlib import Path

import gradio as gr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .people_door import person_asking
from .window_session import Session
from .window_sessions import Sessions

PATH = "/fresh"
SCRIPT = Path(__file__).with_suffix(".js")


def build_freshness() -> gr.HTML:
    """What the page shows, for its script, which triggers `select` when the server has something else."""
    return gr.HTML(
        elem_id="fresh", padding=False, js_on_load=SCRIPT.read_text(encoding="utf-8"), apply_default_css=False
    )


def freshness_html(session: Session, settled: int) -> str:
    """Which conversation the page shows, and how far. `settled`: the turn after which it was drawn once more."""
    thread = html.escape(session.conversation.thread_id, quote=True)
    return f'<span hidden data-thread="{thread}" data-mark="{session.mark(settled)}"></span>'


def freshness_route(sessions: Sessions) -> Route:
    """GET with a thread's id gives {"mark": what a page shows that shows everything}; null when it is not theirs."""

    async def answer(request: Request) -> JSONResponse:
        person, thread = person_asking(request), request.query_params.get("thread")
        session = await sessions.theirs(thread, person) if person and thread else None
        if session is None:
            return JSONResponse({"mark": None})
        await session.refresh()
        return JSONResponse({"mark": session.mark(session.turns)})

    return Route(PATH, answer)
