"""What one conversation looks like in the window: events in, messages and a few facts out. Knows no server."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import words_talk
from .strings import STAGES, arguments_words, one_line, printable, tool_title

if TYPE_CHECKING:
    from agent.events import Event, Progress
    from tools.context import Card

Message = dict[str, Any]  # as gr.Chatbot takes it: role, content, metadata
LONGEST_TOOL_TEXT = 4_000  # characters
STEP_OF_STAGE = {"recipe": 0, "dataset": 1, "plan": 2, "launch": 3, "training": 3, "results": 3}
_NOT_TO_THE_WEB = re.compile(r"\](?=\s*\(\s*(?!\s|https?://)|:\s*(?!\s|https?://)\S*:)", re.IGNORECASE)
_DIAGRAM = re.compile(r"([`~]{3,}[^\w\n]*)mermaid", re.IGNORECASE)  # drawings of it can hold pictures from the web


@dataclass
class Screen:
    """The messages so far, the card that waits, and the newest progress. `version` counts the changes."""

    messages: list[Message] = field(default_factory=list)
    card: "Card | None" = None
    progress: "Progress | None" = None
    stage: str = "recipe"
    version: int = 0
    turns: list[tuple[int, str]] = field(default_factory=list)  # (place among the messages, the person's own words)
    _streaming: bool = False
    _raw: str = ""  # the words that are streaming in, before they are made safe
    _tools: dict[str, Message] = field(default_factory=dict)

    def person(self, text: str, uploads: list[Path] | None = None, *, to_card: bool = False) -> None:
        """A person's turn, with the names of the files that came with it; an answer to a card is none."""
        if not to_card:
            self.turns.append((len(self.messages), text))
        names = "".join(f"\n- {markdown(path.name, 100)}" for path in (uploads or [])[:20])
        more = f"\n- and {len(uploads) - 20} more" if uploads and len(uploads) > 20 else ""
        self._add({"role": "user", "content": markdown(text) + (f"\n{names}{more}" if names else "")})

    def restore(self, events: "Sequence[Event]") -> None:
        """Show what was said before. A person's words right before a gated tool are the answer to its card."""
        for place, event in enumerate(events):
            after = events[place + 1] if place + 1 < len(events) else None
            if event.kind == "said" and event.role == "person":
                self.person(event.text, to_card=after is not None and _asked_first(after))
            else:
                self.apply(event)

    def turn_at(self, place: int) -> tuple[int, str] | None:
        """The person's turn that the message at this place is, or answers: (how many from the end, its words)."""
        before = [number for number, (start, _text) in enumerate(self.turns) if start <= place]
        return (len(self.turns) - before[-1], self.turns[before[-1]][1]) if before else None

    def stopped(self) -> None:
        """Nothing that was under way is waited for any more."""
        for message in self._tools.values():
            title = message["metadata"]["title"]
            message["metadata"] |= {"title": f"{title} (stopped)", "status": "done"}
        self._tools.clear()
        self._streaming = False
        if self.progress and not self.progress.job_id:
            self.progress = None
        self.version += 1

    def apply(self, event: "Event") -> None:
        """Take in one event of any kind."""
        if event.kind == "said":
            if event.role == "person":
                self.person(event.text)
            else:
                self._said(event.text, event.final)
        elif event.kind == "tool_started":
            self._streaming = False
            given = arguments_words(event.arguments)
            metadata = _named(event.id, event.name) | {"status": "pending"}
            self._tools[event.id] = {"role": "assistant", "content": markdown(given) or "...", "metadata": metadata}
            self._add(self._tools[event.id])
        elif event.kind == "tool_finished":
            self._finished(event.id, event.name, event.text, event.seconds, event.failed)
            if self.progress and not self.progress.job_id:
                self.progress = None  # it told of the tool that is done
            self._pictures([*event.pictures, *(path for path in event.files if path.suffix == ".mp4")])
        elif event.kind == "card":
            self.card = event.card
        elif event.kind == "progress":
            self.progress = event
            self._pictures([Path(path) for path in event.data.get("pictures", [])])
        elif event.kind == "problem":
            self._streaming = False
            self._add({"role": "assistant", "content": f"**That did not work.** {markdown(event.text)}"})
        self.version += 1

    def _said(self, text: str, final: bool) -> None:
        if not self._streaming:
            if not text.strip():
                return
            self._add({"role": "assistant", "content": ""})
            self._streaming = True
            self._raw = ""
        self._raw = text if final else self._raw + text
        self.messages[-1]["content"] = markdown(self._raw)
        if final:
            self._streaming = False

    def _finished(self, id_: str, name: str, text: str, seconds: float, failed: bool) -> None:
        message = self._tools.pop(id_, None)
        if message is None:  # a tool whose start was before this screen was made
            message = {"role": "assistant", "content": "", "metadata": _named(id_, name)}
            self._add(message)
        title = _named(id_, name)["title"] + (" (could not)" if failed else "")
        message["metadata"] |= {"title": title, "status": "done", "duration": round(seconds, 1)}
        given = "" if message["content"] in ("", "...") else f"*{message['content']}*\n\n"
        message["content"] = given + markdown(text, LONGEST_TOOL_TEXT)

    def _pictures(self, paths: list[Path]) -> None:
        shown = [{"path": str(path)} for path in paths if path.is_file()]
        if shown:
            self._add({"role": "assistant", "content": shown})

    def _add(self, message: Message) -> None:
        self.messages.append(message)
        self.version += 1


def _asked_first(event: "Event") -> bool:
    """Is it a tool that shows a card before it does anything?"""
    from tools.registry import TOOLS  # late: it brings all tools with it

    return event.kind == "tool_started" and event.name in TOOLS and TOOLS[event.name].gated


def _named(id_: str, name: str) -> dict[str, str]:
    """A tool's part of a message; a chat model may make up any name and id."""
    shown = {"title": tool_title(name), "id": id_}
    return {key: markdown(one_line(text, 80)) for key, text in shown.items()}


def markdown(text: str, limit: int = 20_000) -> str:
    """Words that may hold text from files: no HTML, no link but to the web, nothing fetched: no picture, no diagram."""
    safe = re.sub(r"!(?=\[)", "!\\\\", html.escape(printable(text, limit), quote=False))
    safe = _NOT_TO_THE_WEB.sub("&#93;", safe)
    safe = _DIAGRAM.sub(r"\1text", safe)
    return re.sub(r"(?m)^(- .*)\n(?=[^-\s])", r"\1\n\n", safe)  # a line after a list is not part of its last entry


def stages_html(current: str, step: int | None = None) -> str:
    """The way from the first word to the results, with the place where the project stands; each opens its step.

    `step` is the one that is opened with it, so that the page can see to it.
    """
    names = list(STAGES)
    at = names.index(current) if current in names else 0
    places = "".join(_place(name, number, at) for number, name in enumerate(names))
    opens = "" if step is None else f' data-open="{step}"'
    return f'<ol class="stages" aria-label="{words_talk.STATE}"{opens}>{places}</ol>'


def _place(name: str, number: int, at: int) -> str:
    looks = "done" if number < at else "now" if number == at else "ahead"
    current = ' aria-current="step"' if number == at else ""
    return (
        f'<li class="{looks}"><button type="button" data-step="{STEP_OF_STAGE[name]}"{current} '
        f'title="{words_talk.OPEN_STEP}">{html.escape(STAGES[name])}</button></li>'
    )


def bar_html(card_id: str, *, busy: bool) -> str:
    """On a narrow screen, which of the two sides is shown; what waits for a yes is told in words."""
    told = words_talk.ASKS if card_id else words_talk.WORKS if busy else ""
    note = f' <span class="told">{told}</span>' if told else ""
    return (
        f'<nav class="sides" aria-label="{words_talk.BAR}" data-card="{html.escape(card_id, quote=True)}">'
        f'<button type="button" data-side="work">{words_talk.WORK}</button>'
        f'<button type="button" data-side="talk">{words_talk.SIDEKICK}{note}</button></nav>'
    )


def progress_html(progress: "Progress | None") -> str:
    """The newest progress as a bar with words; empty when there is none."""
    if progress is None:
        return ""
    words = html.escape(printable(progress.text, 300))
    if progress.fraction is None:
        return f'<div class="work">{words}</div>'
    percent = round(100 * min(1.0, max(0.0, progress.fraction)))
    bar = f'role="progressbar" aria-valuenow="{percent}" aria-label="Progress"><span style="width:{percent}%"></span>'
    return f'<div class="work"><div class="bar" {bar}</div>{words}</div>'


def card_markdown(card: "Card | None") -> str:
    """What a person is asked to approve."""
    if card is None:
        return ""
    lines = "\n".join(f"- {markdown(line, 500)}" for line in card.lines)
    facts = f"**Time:** {markdown(card.time, 300)}  \n**Price:** {markdown(card.price, 300)}"
    return f"### {markdown(card.title, 200)}\n{facts}\n\n{lines}\n\n{markdown(card.expires, 200)}"
