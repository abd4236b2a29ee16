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
from .window_sessions import Sessions

PATH = "/fresh"
SCRIPT = Path(__file__).with_suffix(".js")


def build_freshness() -> gr.HTML:
    """What the page shows, for its script, which triggers `select` when the server has something else."""
    return gr.HTML(
        elem_id="fresh", padding=False, js_on_load=SCRIPT.read_text(encoding="utf-8"), apply_default_css=False
    )


def freshness_html(thread: str, mark: str, asked: int) -> str:
    """Which conversation the page shows, and how far. `asked`: the page's question that this answers; without it, an
    answer with nothing new would not change the page, and the script would wait for it."""
    named = html.escape(thread, quote=True)
    return f'<span hidden data-thread="{named}" data-mark="{mark}" data-asked="{asked}"></span>'


def question_of(event: gr.EventData) -> tuple[int, bool]:
    """The number of the page's question, and whether it has waited in vain for what was drawn: it may be anything."""
    told = event._data if isinstance(event._data, dict) else {}
    asked = told.get("asked")
    return (asked if isinstance(asked, int) and not isinstance(asked, bool) else 0), told.get("lost") is True


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
