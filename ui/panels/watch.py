"""How the training goes: progress in figures, the losses as curves, and the log. None of it needs a click."""

import html
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from .. import words_watch as words
from ..strings import printable
from .panel import Panel
from .watch_data import Curves, Log, Watched, load_curves, load_log, load_watched

STYLE = Path(__file__).with_name("watch.css")
SERIES = {words.SERIES_TRAINING: "#6366f1", words.SERIES_VALIDATION: "#d97706"}
FEWEST_POINTS = 5  # before there is a curve: two make any line


def build_progress() -> Panel:
    """Phases, the bar and the figures."""
    box = gr.HTML(elem_id="watch-progress", css_template=STYLE.read_text(encoding="utf-8"), apply_default_css=False)
    return Panel("watch", (box,), load_watched, lambda watched: (watched_html(watched),))


def build_curves() -> Panel:
    """Both losses in one plot."""
    with gr.Column(visible=False, elem_id="watch-curves") as room:
        plot = gr.LinePlot(
            x=words.AXIS_STEP,
            y=words.AXIS_LOSS,
            color=words.AXIS_WHICH,
            color_map=SERIES,
            height=360,
            label=words.CURVES,
            tooltip="all",
            elem_id="watch-plot",
        )
        gr.Markdown(words.CURVES_HINT, elem_id="watch-hint")

    def draw(curves: Curves) -> tuple[Any, ...]:
        there = max(len(curves.training), len(curves.validation)) >= FEWEST_POINTS
        return gr.update(visible=there), frame_of(curves) if there else None

    outputs: tuple[Any, ...] = (room, plot)
    return Panel("curves", outputs, load_curves, draw)


def build_log() -> Panel:
    """What happened, with the worker's own words folded away."""
    with gr.Accordion(words.LOG, open=False, elem_id="watch-log"):
        box = gr.HTML(css_template=STYLE.read_text(encoding="utf-8"), apply_default_css=False, elem_id="watch-lines")
    return Panel("log", (box,), load_log, lambda log: (log_html(log),))


def frame_of(curves: Curves) -> pd.DataFrame:
    """The plot's table: a row for each point."""
    named = ((words.SERIES_TRAINING, curves.training), (words.SERIES_VALIDATION, curves.validation))
    rows = [(step, value, name) for name, points in named for step, value in points]
    return pd.DataFrame(rows, columns=[words.AXIS_STEP, words.AXIS_LOSS, words.AXIS_WHICH])


def watched_html(watched: Watched) -> str:
    """Where it is, in words, as a bar and in figures."""
    if not watched.phase:
        return f'<p class="empty">{words.NOTHING}</p>'
    trouble = f'<p class="trouble" role="alert">{_safe(watched.trouble, 600)}</p>' if watched.trouble else ""
    bar = ""
    if watched.fraction is not None:
        percent = round(100 * watched.fraction)
        bar = (
            f'<div class="bar" role="progressbar" aria-label="Progress" aria-valuenow="{percent}" aria-valuemin="0" '
            f'aria-valuemax="100"><span style="width:{percent}%"></span></div>'
        )
    figures = "".join(f"<div><dt>{name}</dt><dd>{_safe(value, 60)}</dd></div>" for name, value in watched.figures)
    said = f'<p class="said">{_safe(watched.words, 1200)}</p>' if watched.words else ""
    listed = f"<dl>{figures}</dl>" if figures else ""
    return f"{_phases(watched.phase)}{bar}{said}{trouble}{listed}"


def _phases(phase: str) -> str:
    """The way of a run; the one that it is in stands out. One that failed or was cancelled has none."""
    if phase in ("failed", "cancelled"):
        return f'<p class="ended">{words.FAILED if phase == "failed" else words.CANCELLED}</p>'
    names = list(words.PHASES)
    at = names.index(phase) if phase in names else -1
    parts = []
    for place, name in enumerate(names):
        looks = "done" if place < at or phase == "finished" else "now" if place == at else "ahead"
        current = ' aria-current="step"' if place == at else ""
        parts.append(f'<li class="{looks}"{current}>{words.PHASES[name]}</li>')
    return f'<ol class="phases" aria-label="How far it is">{"".join(parts)}</ol>'


def log_html(log: Log) -> str:
    """The lines, newest first, and the end of the worker's log; all of it is only text."""
    rows = "".join(f"<li><time>{at}</time> {_safe(text, 600)}</li>" for at, text in reversed(log.lines))
    lines = f'<ul class="lines" tabindex="0" aria-label="{words.LOG}">{rows}</ul>' if rows else f"<p>{words.NO_LOG}</p>"
    tail = f'<details><summary>{words.TECHNICAL}</summary><pre tabindex="0">{_safe(log.tail, 6000)}</pre></details>'
    return lines + (tail if log.tail else "")


def _safe(text: str, limit: int) -> str:
    return html.escape(printable(text, limit))
