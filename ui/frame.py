"""The window's frame: the work on the left in steps and tabs, the sidekick always on the right, one project in both."""

from collections.abc import Sequence

import gradio as gr

from .drawing import Drawing
from .handlers import Page, connect
from .panels import announce, dataset, launch, library, plan, recipe, studio, talk
from .panels.panel import Clicks, Panel
from .window_screen import stages_html
from .window_session import Sessions

STORAGE_KEY = "sidekick-thread"
BROWSER_SECRET = "sidekick"  # obscures the thread's id in the browser's storage; guards nothing
STEPS = ("Recipe", "Dataset", "Plan", "Launch & watch")


def build_window(sessions: Sessions) -> gr.Blocks:
    """The window's layout and handlers. Every handler is private: nothing can be launched around the card."""
    clicks = Clicks()
    with gr.Blocks(title="Sidekick", fill_height=True, analytics_enabled=False, delete_cache=(3600, 86400)) as window:
        thread = gr.BrowserState(None, storage_key=STORAGE_KEY, secret=BROWSER_SECRET)
        shown = gr.State({})
        with gr.Row(elem_id="top"):
            gr.Markdown("## Sidekick", elem_id="title")
            stages = gr.HTML(stages_html("recipe"), elem_id="stages")
            news = announce.build_announce()
            fresh = gr.Button("New subject", size="sm", elem_id="new", scale=0, min_width=120)
        with gr.Row(elem_id="room", scale=1):
            with gr.Column(scale=3, min_width=320, elem_id="work"):
                steps, panels = _work(clicks)
            with gr.Column(scale=2, min_width=320, elem_id="side"):
                talking = talk.build()
        panels = (*panels, news)
        sessions.panels = panels
        outputs = [stages, steps, *talking.outputs, *(each for panel in panels for each in panel.outputs)]
        page = Page(window, thread, shown, fresh, talking, outputs)
        connect(page, sessions, Drawing(panels), clicks)
    return window


def _work(clicks: Clicks) -> tuple[gr.Walkthrough, Sequence[Panel]]:
    """The four steps and the other tabs; each panel is a file of its own."""
    with gr.Tabs(elem_id="tabs"):
        with gr.Tab("Work", id="work"), gr.Walkthrough(selected=0, elem_id="steps") as steps:
            with gr.Step(STEPS[0], id=0):
                first = recipe.build(clicks)
            with gr.Step(STEPS[1], id=1):
                second = dataset.build(clicks)
            with gr.Step(STEPS[2], id=2):
                third = plan.build(clicks)
            with gr.Step(STEPS[3], id=3):
                fourth = launch.build(clicks)
        with gr.Tab("Studio", id="studio-tab"):
            fifth = studio.build(clicks)
        with gr.Tab("Library", id="library-tab"):
            sixth = library.build(clicks)
    return steps, (first, second, third, *fourth, fifth, sixth)
