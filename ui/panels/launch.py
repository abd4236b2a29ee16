"""Step 4: launch and watch. The card itself is in the conversation; here are progress, results and the files."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from tools.context import ToolContext

from ..results import Results, results_of
from ..window_files import file_button
from ..window_screen import markdown
from .panel import Clicks, Panel


@dataclass(frozen=True)
class Made:
    """What the newest training left, and where it may be fetched from."""

    results: Results
    home: Path


def build(clicks: Clicks) -> Panel:
    """Launch, cancel, and what came of it."""
    with gr.Row():
        clicks.act(gr.Button("Launch", variant="primary", elem_id="launch").click, lambda: ("launch_training", {}))
        clicks.act(gr.Button("How is it going?", elem_id="status").click, lambda: ("training_status", {}))
        clicks.act(gr.Button("Cancel the training", elem_id="cancel").click, lambda: ("cancel_training", {}))
    gr.Markdown("Launch first shows a card with time and price in the conversation; only your yes there starts it.")
    sheet = gr.Image(
        label="Contact sheet",
        interactive=False,
        visible=False,
        elem_id="sheet",
        type="filepath",
        buttons=["download", "fullscreen"],
    )
    download = gr.DownloadButton("Download the LoRA", visible=False, elem_id="download", variant="primary")
    report = gr.DownloadButton("Get the report", visible=False, elem_id="report", size="sm")
    about = gr.Markdown(elem_id="about")

    def draw(made: Made) -> tuple[object, ...]:
        path = str(made.results.contact_sheet) if made.results.contact_sheet else None
        return (
            gr.Image(value=path, visible=path is not None),
            file_button(made.results.lora, made.home),
            file_button(made.results.report, made.home),
            _about(made.results),
        )

    return Panel("launch", (sheet, download, report, about), load, draw)


def load(context: ToolContext) -> Made:
    """The newest LoRA's files."""
    return Made(results_of(context.workspace, context.project_id, context.person), context.workspace.home)


def _about(results: Results) -> str:
    lines = []
    if results.lora:
        called = f"Trigger word: **{markdown(results.trigger, 80)}**  \n" if results.trigger else ""
        lines.append(f"{called}File: `{results.lora}`")
    if results.report:
        lines.append(
            f"Report: `{results.report}`  \nEvery score with its clips side by side, and why each finding was made. "
            "Open it in a browser."
        )
    return "\n\n".join(lines)
