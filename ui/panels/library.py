"""The library: LoRAs and runs with their cards and scores, two runs compared, and everything to take away."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from tools.compare_runs import comparison
from tools.context import ToolContext, ToolRefused
from tools.export_card import words_of
from tools.export_facts import story_of
from tools.library import lora_named
from tools.shelf import Shelf, ShelfLora, shelf_of

from .. import words_library as words
from ..handlers import PRIVATE
from ..window_files import file_button
from .library_tables import comparison_html, escaped, loras_html, runs_html
from .panel import Call, Clicks, NotYet, Panel

STYLE = Path(__file__).with_name("shelf.css")
SCRIPT = Path(__file__).with_name("picks.js")


@dataclass(frozen=True)
class Library:
    """What stands in the library, and where. Kept on the server, so it can be trusted."""

    shelf: Shelf
    context: ToolContext
    pair: tuple[str, str] | None  # the newest two scored runs, the earlier one first
    compared: str  # those two as a table

    @property
    def home(self) -> Path:
        """The workspace's folder."""
        return self.context.workspace.home


@dataclass(frozen=True)
class Detail:
    """The components about the chosen LoRA; `outputs` in the order of `detail`."""

    column: gr.Column
    trigger: gr.Textbox
    file: gr.DownloadButton
    card: gr.DownloadButton
    package: gr.DownloadButton
    sheet: gr.Image
    about: gr.Markdown

    @property
    def outputs(self) -> list[Any]:
        """What `_detail` gives updates for."""
        return [self.column, self.trigger, self.file, self.card, self.package, self.sheet, self.about]


def build(clicks: Clicks) -> Panel:
    """LoRAs, the chosen one, runs, and two of them compared."""
    library, chosen = gr.State(None), gr.State(None)
    listed = _html("library-loras", script=True)
    about = _build_detail(clicks, chosen)
    gr.Markdown(f"### {words.RUNS}")
    runs = _html("library-runs")
    with gr.Column(visible=False, elem_id="library-compare") as compare:
        gr.Markdown(f"### {words.COMPARE}")
        with gr.Row():
            first = gr.Dropdown(label=words.FIRST, elem_id="library-first", filterable=False)
            second = gr.Dropdown(label=words.SECOND, elem_id="library-second", filterable=False)
        compared = _html("library-compared")

    def shown(now: object, picked: object) -> tuple[Any, ...]:
        if not isinstance(now, Library):
            return tuple(gr.skip() for _ in detail)
        lora = now.shelf.lora(picked) or now.shelf.first
        name = lora.id if lora else None
        return name, loras_html(now.shelf, name), *_detail(lora, now)

    def pick(now: object, picked: object, event: gr.EventData) -> tuple[Any, ...]:
        told = event._data
        asked = told.get("lora") if isinstance(told, dict) else None
        return shown(now, asked if isinstance(now, Library) and now.shelf.lora(asked) else picked)

    detail = [chosen, listed, *about.outputs]
    library.change(shown, [library, chosen], detail, **PRIVATE)
    listed.select(pick, [library, chosen], detail, trigger_mode="multiple", **PRIVATE)

    def against(now: object, one: object, two: object) -> str:
        """What comes from the browser may be anything."""
        if not isinstance(now, Library) or not (isinstance(one, str) and isinstance(two, str)):
            return ""
        return _table(now.context, one, two)

    boxes = [library, first, second]
    gr.on([first.input, second.input], against, boxes, [compared], trigger_mode="always_last", **PRIVATE)

    def draw(found: Library) -> tuple[Any, ...]:
        choices = [(run.title, run.id) for run in found.shelf.runs if run.judged is not None]
        before, newest = found.pair or (None, None)
        return (
            found,
            runs_html(found.shelf.runs, found.home),
            gr.update(visible=found.pair is not None),
            gr.update(choices=choices, value=before),
            gr.update(choices=choices, value=newest),
            found.compared,  # drawn here: a box that is not on the screen yet does not tell of its change
        )

    return Panel("library", (library, runs, compare, first, second, compared), load, draw)


def load(context: ToolContext) -> Library:
    """What stands there now."""
    shelf = shelf_of(context)
    scored = [run.id for run in shelf.runs if run.judged is not None]
    pair = (scored[1], scored[0]) if len(scored) > 1 else None
    own = ToolContext(context.workspace, context.project_id, context.person)
    return Library(shelf, own, pair, _table(own, *pair) if pair else "")


def _table(context: ToolContext, one: str, two: str) -> str:
    """The two runs side by side, or why they cannot be compared."""
    try:
        return comparison_html(comparison(context, one, two))
    except ToolRefused as refused:
        return f'<p class="empty">{escaped(str(refused), 500)}</p>'


def _build_detail(clicks: Clicks, chosen: gr.State) -> Detail:
    with gr.Column(visible=False, elem_id="library-lora") as column:
        trigger = gr.Textbox(label=words.TRIGGER, interactive=False, buttons=["copy"], elem_id="library-trigger")
        with gr.Row():
            make = gr.Button(words.GET_FILE, size="sm", elem_id="library-make-file")
            pack = gr.Button(words.GET_PACKAGE, size="sm", elem_id="library-make-package")
            check = gr.Button(words.CHECK, size="sm", elem_id="library-check")
        with gr.Row():
            file = _download(words.DOWNLOAD_FILE, "library-file")
            card = _download(words.DOWNLOAD_CARD, "library-card")
            package = _download(words.DOWNLOAD_PACKAGE, "library-package")
        sheet = gr.Image(
            label="Contact sheet", show_label=False, interactive=False, visible=False, type="filepath",
            elem_id="library-sheet", buttons=["download", "fullscreen"],
        )  # fmt: skip
        with gr.Accordion(words.ABOUT, open=True):
            about = gr.Markdown(elem_id="library-about", sanitize_html=True)
    clicks.act(make.click, lambda lora: _exporting(lora, "file"), [chosen])
    clicks.act(pack.click, lambda lora: _exporting(lora, "package"), [chosen])
    clicks.act(check.click, lambda lora: ("verify_lora", {"lora": _picked(lora)}), [chosen])
    return Detail(column, trigger, file, card, package, sheet, about)


def _detail(lora: ShelfLora | None, now: Library) -> tuple[Any, ...]:
    """Updates for the chosen LoRA."""
    if lora is None:
        return (gr.update(visible=False), *(gr.skip(),) * 6)
    made = {Path(name).suffix: now.home / name for name in lora.ready}
    own = now.home / lora.file if lora.there else None
    run = now.shelf.run(lora.run)
    sheet = now.home / run.sheet if run and run.sheet else None
    return (
        gr.update(visible=True),
        gr.update(value=lora.trigger, visible=bool(lora.trigger)),
        file_button(made.get(".safetensors") or own, now.home),
        file_button(made.get(".md"), now.home),
        file_button(made.get(".zip"), now.home),
        gr.update(value=str(sheet) if sheet else None, visible=sheet is not None),
        _about(lora, now.context),
    )


def _about(lora: ShelfLora, context: ToolContext) -> str:
    """The LoRA's card. Its own words are made harmless where it is written."""
    from trainer_core.lora.container import UnreadableFileError

    try:
        card = words_of(story_of(context, lora_named(context, lora.id)))
    except (ToolRefused, UnreadableFileError) as error:
        return escaped(str(error), 500)
    return re.sub(r"(?m)^#(#?) ", r"###\1 ", card)  # smaller headings than a page of its own has


def _exporting(lora: object, target: str) -> Call:
    return "export_lora", {"lora": _picked(lora), "target": target}


def _picked(lora: object) -> str:
    if not isinstance(lora, str):
        raise NotYet(words.PICK_FIRST)
    return lora


def _download(label: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(label, visible=False, size="sm", variant="primary", elem_id=name)


def _html(name: str, *, script: bool = False) -> gr.HTML:
    return gr.HTML(
        elem_id=name,
        elem_classes="flush",
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8") if script else None,
        apply_default_css=False,
    )
