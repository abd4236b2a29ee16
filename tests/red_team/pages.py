"""Is there live markup in what a person sees? Looks as a browser and as a terminal would, not at our own escaping."""

import io
import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from rich.console import Console

from agent.events import Card, Event
from ui.shell_view import ShellView
from ui.window_screen import Screen, card_markdown, progress_html

_FETCHING = ("src", "srcset", "poster", "background", "data", "action", "formaction", "xlink:href", "ping")
_DEAD = frozenset({"script", "iframe", "object", "embed", "form", "base", "meta", "link", "style", "svg", "math"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_CSS_FETCH = re.compile(r"url\s*\(|@import|expression\s*\(", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects what would run, fetch or restyle."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._allowed = allowed

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DEAD - self._allowed:
            self.found.append(f"<{tag}> is live")
        for name, value in attrs:
            target = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
            if name.startswith("on"):
                self.found.append(f"{name} of <{tag}> is live")
            if name in _FETCHING and not target.startswith(("data:image/", "data:video/", "#")):
                self.found.append(f"<{tag} {name}> would fetch {target[:60]}")
            if name in ("href", "xlink:href") and re.match(r"(javascript|vbscript|data|file):", target):
                self.found.append(f"<{tag}> links to {target[:60]}")
            if name == "style" and _CSS_FETCH.search(value or ""):
                self.found.append(f"the style of <{tag}> would fetch")

    handle_startendtag = handle_starttag


def live_markup(html: str, *, allowed: Iterable[str] = ()) -> list[str]:
    """What in a page would run, fetch from somewhere or send something. `allowed`: tags that our own page uses."""
    page = _Page(frozenset(allowed))
    page.feed(html)
    page.close()
    return page.found


def live_markdown(text: str) -> list[str]:
    """The same of Markdown as a window renders it, by a lenient renderer: HTML and every link pass through."""
    renderer = MarkdownIt("commonmark", {"html": True}).enable("table")
    renderer.validateLink = lambda _url: True  # the strict one would hide our fault
    found = live_markup(renderer.render(text))
    diagrams = [
        token.info for token in renderer.parse(text) if token.type == "fence" and "mermaid" in token.info.lower()
    ]
    return found + ["a diagram would be drawn, and can fetch pictures"] * len(diagrams)


def live_in_terminal(text: str) -> list[str]:
    """Control and direction characters that would reach a terminal."""
    return [f"the terminal gets {mark!r}" for mark in sorted(set(_CONTROL.findall(text)))]


def live_markup_of_events(events: Sequence[Event]) -> list[str]:
    """Everything live in the window's chat, its card and progress, and in the terminal."""
    screen, paper = Screen(), io.StringIO()
    shell = ShellView(Console(file=paper, highlight=False, width=100, force_terminal=False))
    found: list[str] = []
    for event in events:
        screen.apply(event)
        shell.show(event)
        if event.kind == "card":
            found += live_in_card(event.card)
        if event.kind == "progress":
            found += live_markup(progress_html(event))
    for message in screen.messages:
        if isinstance(message["content"], str):
            found += live_markdown(message["content"])
        found += live_markdown(str(message.get("metadata", {}).get("title", "")))
    return [*dict.fromkeys([*found, *live_in_terminal(paper.getvalue())])]


def live_in_card(card: Card) -> list[str]:
    """The same for a card."""
    return live_markdown(card_markdown(card))
