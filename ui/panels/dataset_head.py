"""The dataset panel's head: where the set stands in words, what to do next, and find and replace."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tools.audit.pictures.words import VERDICTS
from tools.captioning.replace import ReplaceInCaptions, replacements
from tools.text import plural

from .. import words_dataset as words
from ..handlers import PRIVATE
from ..window_screen import markdown
from .dataset_data import Dataset, Where, data_of
from .dataset_gallery import View
from .panel import Call, Clicks, NotYet

MOST_BLOCKED = 3  # reasons why a set cannot be trained that are said at the top
LONGEST = 200  # characters of what is found or put in its place


@dataclass(frozen=True)
class Steps:
    """The buttons of the head; which one stands out is what comes next."""

    look: gr.Button
    write: gr.Button
    undo: gr.Button
    advised: gr.Button
    on: gr.Button
    these: gr.Button

    @property
    def outputs(self) -> tuple[gr.Button, ...]:
        """What `step_buttons` gives updates for; `these` depends on the page's filter and is drawn with the gallery."""
        return self.look, self.write, self.undo, self.advised, self.on


def build_steps(clicks: Clicks, view: gr.State) -> Steps:
    """Look, write captions, undo, and set aside what is better left out or what the filter shows."""
    with gr.Row(elem_id="dataset-steps"):
        look = gr.Button(words.LOOK, size="sm", min_width=140, elem_id="dataset-look")
        write = gr.Button(words.CAPTION, size="sm", min_width=140, elem_id="dataset-write")
        undo = gr.Button(words.UNDO, size="sm", min_width=100, interactive=False, elem_id="dataset-undo")
        advised = gr.Button(words.ADVISED, size="sm", min_width=180, visible=False, elem_id="dataset-advised")
        on = gr.Button(words.GO_ON, size="sm", min_width=140, visible=False, variant="primary", elem_id="dataset-on")
        these = gr.Button(words.FINDING_ASIDE, size="sm", min_width=140, visible=False, elem_id="dataset-these")
    clicks.act(look.click, lambda: ("audit_dataset", {}))
    clicks.act(write.click, lambda: ("write_captions", {}))
    clicks.act(undo.click, lambda: ("undo_dataset_change", {}))
    clicks.act(advised.click, lambda: ("set_excluded", {"advised": True}))
    clicks.act(these.click, _these, [view])
    clicks.go(on.click, 2)
    return Steps(look, write, undo, advised, on, these)


def build_replace(clicks: Clicks, where: gr.State) -> gr.Accordion:
    """Find and replace; how many captions would change is told while one types."""
    with gr.Accordion(words.REPLACE_TITLE, open=False, visible=False, elem_id="dataset-replace") as box:
        with gr.Row():
            find = gr.Textbox(label=words.FIND, max_length=LONGEST, max_lines=1, elem_id="dataset-find")
            by = gr.Textbox(label=words.REPLACE_BY, max_length=LONGEST, max_lines=1, elem_id="dataset-by")
        whole = gr.Checkbox(True, label=words.WHOLE_WORDS, elem_id="dataset-whole-words")
        count = gr.Markdown(words.NOTHING_TO_FIND, elem_id="dataset-count")
        replace = gr.Button(words.REPLACE, size="sm", elem_id="dataset-replace-all")
    inputs = [find, by, whole, where]
    for listen in (find.change, by.change, whole.change, where.change):
        listen(_counted, inputs, [count], trigger_mode="always_last", **PRIVATE)
    clicks.act(replace.click, _replacing, [find, by, whole])
    return box


def head_words(data: Dataset, where: Where) -> str:
    """How many files there are, what the audit thinks of them, and what comes next."""
    manifest = data.manifest
    if not manifest.items:
        return words.NO_RECIPE if where.recipe is None else ""
    aside = len(data.groups.get(words.ASIDE, ()))
    lines = [f"{plural(manifest.images, 'picture')} and {plural(manifest.clips, 'clip')} in use, {aside} set aside."]
    if where.recipe is None:
        return " ".join([*lines, words.NO_RECIPE])
    if data.audit is None:
        return " ".join([*lines, words.NOT_LOOKED_AT])
    few, many = data.audit.recipe.images or data.audit.recipe.clips
    lines[0] = f"**{VERDICTS[data.audit.verdict]}.** {lines[0]} This recipe asks for {few} to {many}."
    bare = len(data.groups.get(words.UNCAPTIONED, ())) + len(data.groups.get(words.UNTRIGGERED, ()))
    blocked = [f"\n- {finding.text}" for finding in data.audit.findings if finding.level == "blocked"]
    if bare:
        lines.append(words.STILL_BARE.format(files=plural(bare, "file")))
    elif not blocked:
        lines.append(words.ALL_CAPTIONED)
    return " ".join(lines) + "".join(blocked[:MOST_BLOCKED])


def step_buttons(data: Dataset, where: Where) -> tuple[Any, ...]:
    """The step that comes next stands out; undo says what it takes back."""
    ready = bool(data.manifest.items) and where.recipe is not None
    to_look = ready and data.audit is None
    bare = words.UNCAPTIONED in data.groups or words.UNTRIGGERED in data.groups
    out = len(data.groups.get(words.BETTER_OUT, ()))
    return (
        gr.update(interactive=ready, variant="primary" if to_look else "secondary"),
        gr.update(interactive=ready, variant="primary" if ready and bare and not to_look else "secondary"),
        gr.update(interactive=data.change is not None, value=_undo_words(data.change)),
        gr.update(visible=out > 0, value=f"{words.ADVISED} ({out})"),
        gr.update(visible=ready and data.audit is not None and not bare),
    )


def these_button(view: View, data: Dataset) -> Any:
    """Shown where the filter is a finding with files in use."""
    used = {item.id for item in data.manifest.usable}
    count = sum(item_id in used for item_id in data.groups.get(view.show, ())) if view.show in data.findings else 0
    return gr.update(visible=count > 0, value=f"{words.FINDING_ASIDE} ({count})")


def _these(view: object) -> Call:
    if not isinstance(view, View) or view.show in words.FILTERS:
        raise NotYet(words.SELECT_FIRST)
    return "set_excluded", {"finding": view.show}


def _undo_words(change: str | None) -> str:
    if change is None:
        return words.UNDO
    return f"{words.UNDO}: {change if len(change) <= 40 else change[:39].rstrip() + '…'}"


def _counted(find: object, by: object, whole: object, where: object) -> str:
    text = " ".join(str(find or "").split())[:LONGEST]
    if not text or not isinstance(where, Where):
        return words.NOTHING_TO_FIND
    data = data_of(where)
    wanted = ReplaceInCaptions(find=text, replace=str(by or "")[:LONGEST], whole_words=whole is not False)
    found = replacements(data.manifest.usable, wanted, data.trigger)
    count = sum(each.kept_because is None for each in found)
    kept = len(found) - count
    more = f" {plural(kept, 'caption')} would stay as it is: the trigger word is never lost." if kept else ""
    return markdown(f"{plural(count, 'caption')} of {len(data.manifest.usable)} would change.{more}")


def _replacing(find: object, by: object, whole: object) -> Call:
    text = str(find or "").strip()[:LONGEST]
    if not text:
        raise NotYet(words.NOTHING_TO_FIND)
    wanted = {"find": text, "replace": str(by or "")[:LONGEST], "whole_words": whole is not False, "accept": True}
    return "replace_in_captions", wanted
