"""The window's frame: the work on the left in steps and tabs, the sidekick always on the right, one project in both."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from .drawing import Drawing
from .freshness import build_freshness
from .handlers import Page, connect
from .panels import announce, dataset, launch, library, people, plan, recipe, settings, studio, talk
from .panels.panel import Clicks, Panel
from .skipping import SkippingBlocks
from .window_screen import stages_html
from .window_sessions import Sessions

STORAGE_KEY = "sidekick-thread"
BROWSER_SECRET = "sidekick"  # obscures the thread's id in the browser's storage; guards nothing
SCRIPT = Path(__file__).parent / "panels" / "steps.js"
STEPS = ("Recipe", "Dataset", "Plan", "Launch & watch")


def build_window(sessions: Sessions) -> gr.Blocks:
    """The window's layout and handlers. Every handler is private: nothing can be launched around the card."""
    clicks = Clicks()
    with SkippingBlocks(
        title="Sidekick", fill_width=True, analytics_enabled=False, delete_cache=(3600, 86400)
    ) as window:
        thread = gr.BrowserState(None, storage_key=STORAGE_KEY, secret=BROWSER_SECRET)
        shown = gr.State({})
        with gr.Row(elem_id="top"):
            gr.Markdown("## Sidekick", elem_id="title")
            stages = gr.HTML(
                stages_html("recipe"),
                elem_id="stages",
                padding=False,
                js_on_load=SCRIPT.read_text(encoding="utf-8"),
                apply_default_css=False,
            )
            news = announce.build_announce()
            fresh = gr.Button("New subject", size="sm", elem_id="new", scale=0, min_width=120)
        bar = talk.build_bar()
        with gr.Row(elem_id="room"):
            with gr.Column(scale=3, min_width=320, elem_id="work"):
                steps, panels = _work(clicks)
            with gr.Column(scale=2, min_width=320, elem_id="side"):
                talking = talk.build(clicks, bar)
        panels = (*panels, news)
        sessions.panels = panels
        outputs = [stages, steps, *talking.outputs, *(each for panel in panels for each in panel.outputs)]
        page = Page(window, thread, shown, build_freshness(), fresh, stages, steps, talking, outputs)
        connect(page, sessions, Drawing(panels), clicks)
    _show_progress_in_few(window, page)
    return window


def _show_progress_in_few(window: gr.Blocks, page: Page) -> None:
    """A handler at work shows in the chat and in the box to type in; one that nobody has asked for shows nowhere.

    Unless told otherwise gradio gives every output the state of every handler that has it: 447 of the 1,020 ms
    that the browser works when a page with files opens.
    """
    for handler in window.fns.values():
        by_itself = any(component == page.mark._id for component, _event in handler.targets)
        talks = page.talk.chat in handler.outputs and not by_itself
        handler.show_progress_on = [page.talk.chat, page.talk.box] if talks else [page.mark]


def _work(clicks: Clicks) -> tuple[gr.Walkthrough, Sequence[Panel]]:
    """The four steps and the other tabs; each panel is a file of its own."""
    with gr.Tabs(elem_id="tabs"):
        with gr.Tab("Work", id="work"), gr.Walkthrough(selected=0, elem_id="steps") as steps:
            with gr.Step(STEPS[0], id=0, elem_id="step-0"):
                first = recipe.build(clicks)
            with gr.Step(STEPS[1], id=1, elem_id="step-1"):
                second = dataset.build(clicks)
            with gr.Step(STEPS[2], id=2, elem_id="step-2"):
                third = plan.build(clicks)
            with gr.Step(STEPS[3], id=3, elem_id="step-3"):
                fourth = launch.build(clicks)
        with gr.Tab("Studio", id="studio-tab"):
            fifth = studio.build(clicks)
        with gr.Tab("Library", id="library-tab"):
            sixth = library.build(clicks)
        with gr.Tab("People", id="people-tab"):
            seventh = people.build(clicks)
        with gr.Tab("Settings", id="settings-tab"):
            eighth = settings.build(clicks)
    return steps, (first, second, third, *fourth, fifth, sixth, seventh, *eighth)
