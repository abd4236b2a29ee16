"""Step 2: the files. They come in, are looked at, get their captions, and each can be opened, changed or set aside."""

import time
from typing import Any

import gradio as gr

from tools.context import ToolRefused
from tools.small_copies import made, small_copy
from tools.text import plural

from .. import words_dataset as words
from ..handlers import PRIVATE
from ..window_screen import markdown
from .dataset_charts import charts_html
from .dataset_data import Dataset, Where, data_of, load_where
from .dataset_editor import Editor, Put, build_editor, drawn
from .dataset_gallery import SCRIPT, View, beside, gallery_html, ids_of_page, settled, turned
from .dataset_head import Steps, build_replace, build_steps, head_words, step_buttons, these_button
from .dataset_upload import STYLE, arrive, build_box, known_html
from .panel import Call, Clicks, Panel

SECONDS_FOR_TILES = 0.5  # in which small copies are made before a page of tiles is shown; the rest follows
TAKE_IN: Call = ("add_files", {})  # all that waits
LOOK: Call = ("audit_dataset", {})


def build(clicks: Clicks) -> Panel:
    """The box for files, the head, charts, the gallery, the chosen file, and find and replace."""
    style = STYLE.read_text(encoding="utf-8")
    where, view = gr.State(None), gr.State(View())
    _build_upload(clicks, where)
    with gr.Row(visible=False, elem_id="dataset-waiting") as waiting:
        waits = gr.Markdown()
        take = gr.Button(words.TAKE_IN, size="sm", scale=0, min_width=120, elem_id="dataset-take-in")
    clicks.act(take.click, lambda: TAKE_IN, then=LOOK)
    head = gr.Markdown(elem_id="dataset-head")
    steps = build_steps(clicks, view)
    with gr.Accordion(words.CHARTS, open=True, visible=False, elem_id="dataset-charts") as varied:
        charts = gr.HTML(css_template=style, apply_default_css=False, elem_classes="flush")
    gallery = gr.HTML(
        elem_id="dataset-gallery",
        elem_classes="flush",
        css_template=style,
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )
    editor = build_editor(clicks, view, where)
    replacing = build_replace(clicks, where)
    known = gr.HTML(elem_id="dataset-known-box")
    _connect(where, view, gallery, editor, steps)

    def draw(found: Where) -> tuple[Any, ...]:
        data = data_of(found)
        told = words.WAITING.format(files=plural(found.waiting, "file"))
        return (
            found,
            gr.update(visible=found.waiting > 0),
            told,
            markdown(head_words(data, found)),
            *step_buttons(data, found),
            gr.update(visible=data.audit is not None),
            charts_html(data, found),
            known_html(data),
            gr.update(visible=bool(data.manifest.items)),
            gr.skip(),  # the gallery follows the page's own view: see _connect
        )

    def begin(found: Where) -> tuple[Any, ...]:
        """The gallery too, from its beginning: a second sooner than when it waits for the browser to have the rest."""
        tiles = gallery_html(View(), data_of(found), found.pictures, made(found.pictures))
        return (*draw(found)[:-1], tiles)

    outputs = (where, waiting, waits, head, *steps.outputs, varied, charts, known, replacing, gallery)
    return Panel("dataset", outputs, load_where, draw, begin=begin)


def _build_upload(clicks: Clicks, where: gr.State) -> None:
    box, complete = build_box(), gr.State(0)

    def arrived(count: int, now: Where, event: gr.EventData) -> int:
        try:
            return count + 1 if arrive(event._data, now) else count
        except ToolRefused as refused:
            gr.Warning(markdown(str(refused)))
            return count

    box.upload(arrived, [complete, where], [complete], trigger_mode="multiple", concurrency_limit=1, **PRIVATE)
    clicks.act(complete.change, lambda _count: TAKE_IN, [complete], waits=True, then=LOOK)


def _connect(where: gr.State, view: gr.State, gallery: gr.HTML, editor: Editor, steps: Steps) -> None:
    """What happens on this page alone: nothing is written but small copies."""

    def shown(now: object, seen: View, put: Put) -> tuple[Any, ...]:
        if not isinstance(now, Where):
            return tuple(gr.skip() for _ in outputs)
        data = data_of(now)
        seen = settled(seen, data)
        _make_tiles(seen, data, now)
        tiles = gallery_html(seen, data, now.pictures, made(now.pictures))
        return seen, tiles, these_button(seen, data), *drawn(seen, data, now, put)

    def turn(now: object, seen: View, put: Put, event: gr.EventData) -> tuple[Any, ...]:
        return shown(now, turned(seen, event._data, data_of(now)) if isinstance(now, Where) else seen, put)

    def step(by: int):  # type: ignore[no-untyped-def]
        def handle(now: object, seen: View, put: Put) -> tuple[Any, ...]:
            return shown(now, beside(seen, data_of(now), by) if isinstance(now, Where) else seen, put)

        return handle

    inputs = [where, view, editor.put]
    outputs = [view, gallery, steps.these, *editor.outputs]
    where.change(shown, inputs, outputs, **PRIVATE)
    gallery.select(turn, inputs, outputs, trigger_mode="multiple", **PRIVATE)
    editor.before.click(step(-1), inputs, outputs, **PRIVATE)
    editor.after.click(step(1), inputs, outputs, **PRIVATE)


def _make_tiles(view: View, data: Dataset, where: Where) -> None:
    """The small copies of this page first, for a moment; a thread makes all of them meanwhile."""
    until = time.monotonic() + SECONDS_FOR_TILES
    for item_id in ids_of_page(view, data):
        item = data.item(item_id)
        if item is not None and time.monotonic() < until:
            small_copy(where.dataset, where.pictures, item)
