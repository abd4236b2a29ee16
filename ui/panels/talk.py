"""The sidekick's side of the window: the chat, what it is doing, the card that waits, and the box to type in."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from gradio.components import Component

from .. import words_talk as words
from ..strings import WELCOME
from ..suggestions import MOST
from ..window_screen import bar_html
from .panel import Clicks, NotYet, Words

DRAFT = Path(__file__).with_name("draft.js")
FILE_TYPES = [".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mov", ".txt", ".safetensors"]
LONGEST_HINT = 200  # characters
BAR_SCRIPT = Path(__file__).with_name("bar.js")


@dataclass(frozen=True)
class Talk:
    """The components that the frame draws and listens to."""

    chat: gr.Chatbot
    progress: gr.HTML
    stop: gr.Button
    card: gr.Column
    card_text: gr.Markdown
    yes: gr.Button
    no: gr.Button
    hints: tuple[gr.Button, ...]
    box: gr.MultimodalTextbox
    about: gr.Markdown
    bar: gr.HTML

    @property
    def outputs(self) -> tuple[Component | gr.Column, ...]:
        """What is drawn, in this order."""
        return self.chat, self.progress, self.stop, self.card, self.card_text, self.about, self.bar, *self.hints


def build(clicks: Clicks, bar: gr.HTML) -> Talk:
    """Always there, beside every step and tab; on narrow screens `bar` changes between the two sides."""
    chat = gr.Chatbot(
        label=words.CHAT,
        show_label=False,
        elem_id="chat",
        height="100%",
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        feedback_options=None,
        buttons=[],
        editable="user",
        placeholder=WELCOME,
        layout="bubble",
    )
    with gr.Row(elem_id="doing"):
        progress = gr.HTML(elem_id="progress", padding=False)
        stop = gr.Button(words.STOP, size="sm", scale=0, min_width=72, visible=False, elem_id="stop")
    with gr.Column(visible=False, elem_id="card") as card:
        card_text = gr.Markdown(elem_id="card-text", sanitize_html=True)
        with gr.Row():
            yes = gr.Button(words.YES, variant="primary", elem_id="approve")
            no = gr.Button(words.NO, elem_id="reject")
    with gr.Row(elem_id="hints"):
        hints = tuple(gr.Button("", size="sm", visible=False, min_width=60, elem_id=f"hint-{n}") for n in range(MOST))
    box = gr.MultimodalTextbox(
        label=words.BOX,
        show_label=False,
        placeholder=words.PLACEHOLDER,
        file_count="multiple",
        file_types=FILE_TYPES,
        sources=["upload"],
        elem_id="box",
        autofocus=True,
    )
    gr.HTML(js_on_load=DRAFT.read_text(encoding="utf-8"), elem_id="draft", padding=False, apply_default_css=False)
    about = gr.Markdown(elem_id="model")
    for hint in hints:
        clicks.say(hint.click, _said, [hint])
    return Talk(chat, progress, stop, card, card_text, yes, no, hints, box, about, bar)


def build_bar() -> gr.HTML:
    """Seen on narrow screens alone. It must stand outside of both sides."""
    script = BAR_SCRIPT.read_text(encoding="utf-8")
    return gr.HTML(bar_html("", busy=False), elem_id="bar", padding=False, js_on_load=script, apply_default_css=False)


def _said(hint: object) -> Words:
    text = str(hint or "").strip()[:LONGEST_HINT]
    if not text:
        raise NotYet("")
    return text, []
