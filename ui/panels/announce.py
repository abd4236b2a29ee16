"""A training that runs or ends, told by the page's title and, where a person allowed it by a click, the browser."""

import html
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from tools.context import ToolContext

from .. import words_watch as words
from ..strings import printable
from .panel import Panel
from .watch_data import load_watched, running_of

SCRIPT = Path(__file__).with_name("announce.js")
STYLE = Path(__file__).with_name("orders.css")  # its button looks like those


@dataclass(frozen=True)
class News:
    """What the title says; `ended` names a run that is over, with the words for it."""

    title: str = ""
    ended: str = ""
    words: str = ""


def build_announce() -> Panel:
    """Must be built where it is always on the page: in a step that is not open its script would not run."""
    box = gr.HTML(
        elem_id="announce",
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )
    return Panel("announce", (box,), load_news, lambda news: (news_html(news),))


def load_news(context: ToolContext) -> News:
    """The newest training in a few words."""
    now = running_of(context)
    if now is None:
        return News()
    watched = load_watched(context)
    if not now.at_work:
        title = words.TITLE_DONE if watched.phase == "finished" else words.TITLE_FAILED
        return News(title, now.run_id, watched.words)
    percent = f"{watched.fraction:.0%} " if watched.fraction is not None and watched.phase == "training" else ""
    return News(percent + words.PHASES.get(watched.phase, words.WAITING))


def news_html(news: News) -> str:
    """For the script alone, but for the button, which is there while something runs."""

    def safe(text: str) -> str:
        return html.escape(printable(text, 300), quote=True)

    running = bool(news.title) and not news.ended
    button = f'<button type="button" class="notify" hidden>{words.NOTIFY}</button>' if running else ""
    return (
        f'<span hidden data-title="{safe(news.title)}" data-ended="{safe(news.ended)}" data-words="{safe(news.words)}" '
        f'data-on="{words.NOTIFY_ON}" data-off="{words.NOTIFY_OFF}"></span>{button}'
        '<span class="told" role="status"></span>'
    )
