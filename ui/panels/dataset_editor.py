"""The part of the dataset panel that shows one file and changes it: caption, in use or not, split or whole."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from trainer_core.dataset.manifest import Item

from .. import words_dataset as words
from ..handlers import PRIVATE
from .dataset_data import Dataset, Where, data_of
from .dataset_detail import about_html, caption_html
from .dataset_gallery import View
from .dataset_upload import STYLE
from .panel import Call, Clicks, NotYet

LONGEST = 1000  # characters of a caption
Put = tuple[str, str] | None  # the item and caption that were last put into the box: what a person types stays


@dataclass(frozen=True)
class Editor:
    """Its components; `put` remembers on the server what this page's caption box was given."""

    column: gr.Column
    about: gr.HTML
    caption: gr.Textbox
    preview: gr.HTML
    aside: gr.Button
    split: gr.Button
    whole: gr.Button
    put: gr.State
    before: gr.Button
    after: gr.Button

    @property
    def outputs(self) -> list[Any]:
        """What `drawn` gives updates for, in this order."""
        return [self.column, self.about, self.caption, self.preview, self.aside, self.split, self.whole, self.put]


def build_editor(clicks: Clicks, view: gr.State, where: gr.State) -> Editor:
    """Everything about the chosen file; hidden while none is chosen."""
    style = STYLE.read_text(encoding="utf-8")
    with gr.Column(visible=False, elem_id="dataset-file") as column:
        about = gr.HTML(elem_id="dataset-about", elem_classes="flush", css_template=style, apply_default_css=False)
        caption = gr.Textbox(
            label=words.CAPTION_LABEL, lines=2, max_lines=6, max_length=LONGEST, elem_id="dataset-caption"
        )
        preview = gr.HTML(elem_id="dataset-preview", elem_classes="flush", css_template=style, apply_default_css=False)
        with gr.Row():
            before = gr.Button(words.BEFORE, size="sm", min_width=80, elem_id="dataset-before")
            save = gr.Button(words.SAVE, size="sm", min_width=120, variant="primary", elem_id="dataset-save")
            after = gr.Button(words.NEXT, size="sm", min_width=80, elem_id="dataset-next")
        with gr.Row():
            aside = gr.Button(words.LEAVE_OUT, size="sm", min_width=150, scale=0, elem_id="dataset-aside")
            split = gr.Button(words.SPLIT, size="sm", min_width=170, scale=0, visible=False, elem_id="dataset-split")
            whole = gr.Button(words.WHOLE, size="sm", min_width=170, scale=0, visible=False, elem_id="dataset-whole")
        put = gr.State(None)
    clicks.act(save.click, _saving, [view, caption])
    clicks.act(aside.click, _setting_aside, [view, where])
    clicks.act(split.click, lambda now: ("split_clips", {"items": [chosen(now)], "accept": True}), [view])
    clicks.act(whole.click, lambda now: ("split_clips", {"items": [chosen(now)], "undo": True}), [view])
    caption.change(_previewed, [caption, where, put], [preview], trigger_mode="always_last", **PRIVATE)
    return Editor(column, about, caption, preview, aside, split, whole, put, before, after)


def drawn(view: View, data: Dataset, where: Where, put: Put) -> tuple[Any, ...]:
    """The updates for the chosen file."""
    item = data.item(view.item)
    if item is None:
        return (gr.update(visible=False), *(gr.skip(),) * 6, None)
    kept = put == (item.id, item.caption)
    return (
        gr.update(visible=True),
        about_html(item, data, where),
        gr.skip() if kept else gr.update(value=item.caption),
        gr.skip() if kept else caption_html(item.caption, data.trigger, item.caption_source),
        gr.update(value=words.TAKE_BACK if item.excluded else words.LEAVE_OUT),
        _split_button(item, data),
        gr.update(visible=_is_split(item, data)),
        (item.id, item.caption),
    )


def chosen(view: object) -> str:
    """The id of the chosen file. Raises NotYet when there is none."""
    if not isinstance(view, View) or view.item is None:
        raise NotYet(words.SELECT_FIRST)
    return view.item


def _saving(view: object, caption: object) -> Call:
    text = str(caption or "").strip()
    if not text:
        raise NotYet(words.NO_CAPTION_TEXT)
    return "edit_caption", {"item": chosen(view), "caption": text[:LONGEST]}


def _setting_aside(view: object, where: object) -> Call:
    item_id = chosen(view)
    item = data_of(where).item(item_id) if isinstance(where, Where) else None
    return "set_excluded", {"items": [item_id], "excluded": item is None or not item.excluded}


def _previewed(caption: object, where: object, put: Put) -> str:
    """What is typed with the trigger marked; where the caption is as it was, also who wrote it."""
    if not isinstance(where, Where):
        return ""
    item = data_of(where).item(put[0]) if put is not None and put[1] == caption else None
    return caption_html(caption, where.trigger, item.caption_source if item else None)


def _split_button(item: Item, data: Dataset) -> Any:
    record = data.records.get(item.id)
    count = 0 if record is None or item.excluded else len(record.pieces)
    return gr.update(visible=count > 0, value=words.SPLIT.format(count=count))


def _is_split(item: Item, data: Dataset) -> bool:
    """Is it a clip whose pieces are in use, or one of these pieces?"""
    used = {each.piece_of for each in data.manifest.usable if each.piece_of}
    return item.id in used or item.piece_of in used
