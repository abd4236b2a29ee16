"""Step 4: launch, watch, and what came of it. The card with time and price is in the conversation, as is the yes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from tools.context import ToolContext
from tools.resuming import run_to_go_on
from trainer_core.plan import TrainingPlan

from .. import words_watch as words
from ..results import Results, results_of
from ..window_files import file_button
from ..window_screen import markdown
from .orders import build_orders
from .panel import Answer, Clicks, Panel
from .plan_data import load_plan
from .samples import build_samples
from .watch import build_curves, build_log, build_progress
from .watch_data import running_of

TOOLS = frozenset(
    {"launch_training", "training_status", "cancel_training", "set_standing_order", "cancel_standing_order"}
)


@dataclass(frozen=True)
class Ready:
    """Whether a launch can be asked for, and from which step it would go on."""

    planned: bool = False
    stale: bool = False
    at_work: bool = False
    from_step: int | None = None


@dataclass(frozen=True)
class Made:
    """What the newest training left, and where it may be fetched from."""

    results: Results
    home: Path


def build(clicks: Clicks) -> tuple[Panel, ...]:
    """The whole step, as panels that are drawn each when it has changed."""
    asking = _build_asking(clicks)
    progress, samples, curves = build_progress(), build_samples(), build_curves()
    results = _build_results()
    orders, log = build_orders(clicks), build_log()
    return asking, progress, samples, curves, results, orders, log


def _build_asking(clicks: Clicks) -> Panel:
    """Launch, ask, cancel; and the sidekick's answer to it."""
    with gr.Row():
        launch = gr.Button(
            words.LAUNCH, variant="primary", size="md", elem_id="launch", interactive=False, min_width=140
        )
        how = gr.Button(words.HOW, size="md", elem_id="status", min_width=140)
        cancel = gr.Button(words.CANCEL, size="md", elem_id="cancel", variant="stop", visible=False, min_width=140)
    clicks.act(launch.click, lambda: ("launch_training", {}))
    clicks.act(how.click, lambda: ("training_status", {}))
    clicks.act(cancel.click, lambda: ("cancel_training", {}))
    hint = gr.Markdown(words.ASKS, elem_id="launch-hint")
    with gr.Accordion(words.ANSWER, open=True, visible=False, elem_id="launch-answer") as folded:
        answer = gr.Markdown(sanitize_html=True, elem_id="launch-answer-text")

    def draw(data: tuple[Ready, Answer | None]) -> tuple[Any, ...]:
        ready, said = data
        name = words.LAUNCH if ready.from_step is None else words.GO_ON.format(step=ready.from_step)
        return (
            gr.update(value=name, interactive=ready.planned and not ready.stale, visible=not ready.at_work),
            gr.update(visible=ready.at_work),
            _hint(ready),
            gr.update(visible=said is not None and not _is_over(said, ready)),
            markdown(said.text) if said else "",
        )

    outputs: tuple[Any, ...] = (launch, cancel, hint, folded, answer)
    return Panel("launch", outputs, load_ready, draw, TOOLS)


def _hint(ready: Ready) -> str:
    if ready.at_work:
        return words.BY_ITSELF
    return words.NO_PLAN if not ready.planned else words.STALE if ready.stale else words.ASKS


def _is_over(said: Answer, ready: Ready) -> bool:
    """That a training has started is no news when it has ended."""
    return said.tool == "launch_training" and not said.failed and not ready.at_work


def _build_results() -> Panel:
    sheet = gr.Image(
        label=words.SHEET,
        show_label=False,
        interactive=False,
        visible=False,
        elem_id="sheet",
        type="filepath",
        buttons=["download", "fullscreen"],
    )
    with gr.Row():
        download = gr.DownloadButton(words.DOWNLOAD, visible=False, elem_id="download", variant="primary")
        report = gr.DownloadButton(words.REPORT, visible=False, elem_id="report")
    about = gr.Markdown(elem_id="about")

    def draw(made: Made) -> tuple[object, ...]:
        path = str(made.results.contact_sheet) if made.results.contact_sheet else None
        return (
            gr.Image(value=path, visible=path is not None),
            file_button(made.results.lora, made.home),
            file_button(made.results.report, made.home),
            _about(made.results),
        )

    return Panel("results", (sheet, download, report, about), load_made, draw)


def load_ready(context: ToolContext) -> Ready:
    """What a launch would be now. Nothing is loaded, asked or reserved; the tool checks everything again."""
    shown, now = load_plan(context), running_of(context)
    at_work = now is not None and now.at_work
    stopped = None if shown.plan is None or at_work or now is None else _stopped(context, shown.plan)
    return Ready(shown.plan is not None, shown.stale, at_work, stopped)


def load_made(context: ToolContext) -> Made:
    """The newest LoRA's files."""
    return Made(results_of(context.workspace, context.project_id, context.person), context.workspace.home)


def _stopped(context: ToolContext, plan: TrainingPlan) -> int | None:
    stopped = run_to_go_on(context, plan)
    return stopped.step if stopped else None


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
