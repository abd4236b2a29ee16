"""Going from step to step by hand. Where the project stands opens its step by itself; nobody is kept anywhere."""

from typing import Any

import gradio as gr

from .following import PRIVATE, Page
from .panels.panel import Clicks
from .window_screen import STEP_OF_STAGE

STEPS = max(STEP_OF_STAGE.values()) + 1


def connect_steps(page: Page, clicks: Clicks) -> None:
    """The stages at the top, the steps' own numbers, and the buttons that lead on."""
    page.stages.select(_asked, None, [page.steps], trigger_mode="multiple", **PRIVATE)
    for listen, step in clicks.turns:
        listen(_to(step), None, [page.steps], **PRIVATE)


def _asked(event: gr.EventData) -> Any:
    told = event._data if isinstance(event._data, dict) else {}
    step = told.get("step")
    there = isinstance(step, int) and not isinstance(step, bool) and 0 <= step < STEPS
    return gr.Walkthrough(selected=step) if there else gr.skip()


def _to(step: int) -> Any:
    return lambda: gr.Walkthrough(selected=step)
