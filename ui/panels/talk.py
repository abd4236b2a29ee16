"""The sidekick's side of the window: the chat, the card that waits, progress, and the box to type in."""

from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from ..strings import WELCOME

FILE_TYPES = [".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mov", ".txt", ".safetensors"]


@dataclass(frozen=True)
class Talk:
    """The components that the frame draws and listens to."""

    chat: gr.Chatbot
    card: gr.Column
    card_text: gr.Markdown
    yes: gr.Button
    no: gr.Button
    progress: gr.HTML
    box: gr.MultimodalTextbox
    about: gr.Markdown

    @property
    def outputs(self) -> tuple[Component | gr.Column, ...]:
        """What is drawn, in this order."""
        return self.chat, self.progress, self.card, self.card_text, self.about


def build() -> Talk:
    """Always there, beside every step and tab."""
    chat = gr.Chatbot(
        show_label=False,
        elem_id="chat",
        height="calc(100vh - 250px)",
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        feedback_options=None,
        buttons=[],
        placeholder=WELCOME,
        layout="bubble",
    )
    progress = gr.HTML(elem_id="progress")
    with gr.Column(visible=False, elem_id="card") as card:
        card_text = gr.Markdown(elem_id="card-text", sanitize_html=True)
        with gr.Row():
            yes = gr.Button("Yes", variant="primary", elem_id="approve")
            no = gr.Button("No", elem_id="reject")
    box = gr.MultimodalTextbox(
        show_label=False,
        placeholder="Say what you want to teach, or add your pictures and clips",
        file_count="multiple",
        file_types=FILE_TYPES,
        sources=["upload"],
        elem_id="box",
        autofocus=True,
    )
    about = gr.Markdown(elem_id="model")
    return Talk(chat, card, card_text, yes, no, progress, box, about)
