"""The studio: clips with one LoRA or several, with and without the trigger, from a picture; and those made before."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from tools.context import ToolRefused
from tools.scored_loras import AS_TRAINED
from tools.studio.shown import keep_shown

from .. import words_studio as words
from ..handlers import PRIVATE
from ..uploaded import checked_upload
from ..window_screen import markdown
from .library import SCRIPT, STYLE
from .panel import Clicks, Panel
from .studio_data import Studio, load
from .studio_form import (
    BEGIN,
    FOLLOW,
    LARGEST_SEED,
    ROWS,
    Settings,
    another_seed,
    comparing,
    making,
    measuring,
    settings_again,
)
from .studio_html import clip_html, history_html


@dataclass(frozen=True)
class Form:
    """The components that hold what is set; `inputs` in the order that the form's functions take."""

    prompt: gr.Textbox
    rows: list[gr.Row]
    loras: list[gr.Dropdown]
    strengths: list[gr.Slider]
    triggered: gr.Checkbox
    seed: gr.Number
    media: gr.Dropdown
    role: gr.Radio
    sound: gr.Checkbox

    @property
    def inputs(self) -> list[Any]:
        """prompt, LoRAs, strengths, trigger, seed, media, role, sound."""
        rest = (self.triggered, self.seed, self.media, self.role, self.sound)
        return [self.prompt, *self.loras, *self.strengths, *rest]

    @property
    def outputs(self) -> list[Any]:
        """What `_filled` gives updates for."""
        return [*self.inputs, *self.rows]


@dataclass(frozen=True)
class Begun:
    """What the form was last begun with, so that only what changed since is put into it."""

    prompt: str = ""
    strengths: dict[str, float] = field(default_factory=dict)  # by LoRA


def build(clicks: Clicks) -> Panel:
    """The form, the large clip and the clips made before."""
    studio, chosen, begun = gr.State(None), gr.State(None), gr.State(Begun())
    with gr.Column(elem_id="studio"):
        prompt = gr.Textbox(label=words.PROMPT, lines=2, max_lines=5, max_length=500, elem_id="studio-prompt")
        with gr.Row():
            make = gr.Button(words.MAKE, variant="primary", elem_id="studio-make", size="md", min_width=120)
            both = gr.Button(words.BOTH, elem_id="studio-both", size="md", min_width=120)
            base = gr.Button(words.BASE, elem_id="studio-base", size="md", min_width=120)
        large = _html("studio-clip")
        form, upload = _build_form(clicks, prompt)
        gr.Markdown(f"### {words.HISTORY}")
        history = _html("studio-history", script=True)
    clicks.act(make.click, making, form.inputs)
    clicks.act(both.click, lambda *values: comparing(*values, without_too=True), form.inputs)
    clicks.act(base.click, lambda *values: comparing(*values, without_too=False), form.inputs)
    page = [chosen, large, history]

    def arrive(now: object, seen: object, before: object, text: object, *picked: Any) -> tuple[Any, ...]:
        """New data: the newest clip is shown, and the form is begun where a person has not typed in it."""
        if not isinstance(now, Studio) or not isinstance(before, Begun):
            return tuple(gr.skip() for _ in (*page, begun, *form.outputs))
        newest = now.clips[0] if now.clips else None
        known = seen if isinstance(seen, tuple) else (None, None)  # (the clip that is shown, the newest then)
        clip = now.clip(known[0]) if newest and known[1] == newest.file else None
        clip = clip or newest
        state = (clip.file if clip else None, newest.file if newest else None)
        shown = gr.skip() if seen == state else clip_html(clip, now)
        untouched = not text or text == before.prompt
        after = Begun(now.prompt, {each.id: each.strength for each in now.loras})
        form_now = _choices(now, before, picked, untouched=untouched)
        return state, shown, history_html(now, state[0]), after, *form_now

    def pick(now: object, seen: object, event: gr.EventData) -> tuple[Any, ...]:
        told = event._data
        clip = now.clip(told.get("clip")) if isinstance(now, Studio) and isinstance(told, dict) else None
        if not isinstance(now, Studio) or clip is None:
            return tuple(gr.skip() for _ in (*page, *form.outputs))
        state = (clip.file, now.clips[0].file)
        again = settings_again(clip.told.made, now) if clip.told.made else None
        gr.Info(" ".join([words.FILLED, *again.notes]) if again else words.NO_WORDS)
        filled = _filled(again) if again else tuple(gr.skip() for _ in form.outputs)
        return state, clip_html(clip, now), history_html(now, clip.file), *filled

    def take(path: object, now: object) -> Any:
        if not isinstance(now, Studio):
            return gr.skip()
        try:
            file = checked_upload(path, now.context, words.NOT_ARRIVED)
            kept = keep_shown(now.context, file, file.name)
        except ToolRefused as refused:
            gr.Warning(markdown(str(refused)))
            return gr.skip()
        choices = [(kept.name, kept.id), *_media(now)]
        return gr.update(choices=choices, value=kept.id)

    arriving = [studio, chosen, begun, prompt, *form.loras, form.media]

    def begin_at(now: object, lora: object) -> Any:
        return now.strength_of(lora) if isinstance(now, Studio) else gr.skip()

    for lora, strength in zip(form.loras, form.strengths, strict=True):
        lora.input(begin_at, [studio, lora], [strength], **PRIVATE)
    studio.change(arrive, arriving, [*page, begun, *form.outputs], **PRIVATE)
    history.select(pick, [studio, chosen], [*page, *form.outputs], trigger_mode="multiple", **PRIVATE)
    upload.upload(take, [upload, studio], [form.media], **PRIVATE)
    return Panel("studio", (studio, make, both, base), load, _draw)


def _draw(now: Studio) -> tuple[Any, ...]:
    ready = bool(now.loras)
    return now, *(gr.update(interactive=ready),) * 3


def _build_form(clicks: Clicks, prompt: gr.Textbox) -> tuple[Form, gr.UploadButton]:
    rows, loras, strengths = [], [], []
    with gr.Accordion(words.LORAS, open=True, elem_id="studio-loras"):
        for number in range(ROWS):
            with gr.Row(visible=number == 0) as row:
                label = words.LORA if number == 0 else f"{words.LORA} {number + 1}"
                loras.append(gr.Dropdown(label=label, filterable=False, elem_id=f"studio-lora-{number + 1}"))
                strengths.append(
                    gr.Slider(0, 2, 1, step=0.05, label=words.STRENGTH, elem_id=f"studio-strength-{number + 1}")
                )
            rows.append(row)
        with gr.Row():
            more = gr.Button(words.ANOTHER, size="sm", elem_id="studio-another")
            along = gr.Button(words.ALONG, size="sm", elem_id="studio-along")
            clips = gr.Checkbox(False, label=words.WITH_CLIPS, elem_id="studio-along-clips")
    with gr.Accordion(words.PICTURE, open=False, elem_id="studio-picture"), gr.Row():
        media = gr.Dropdown(label=words.WHICH, elem_id="studio-media")
        role = gr.Radio(
            [(words.BEGIN, BEGIN), (words.FOLLOW, FOLLOW)], value=BEGIN, label=words.HOW, elem_id="studio-role"
        )
        upload = gr.UploadButton(
            words.ADD_PICTURE, file_types=["image", "video"], size="sm", elem_id="studio-upload", scale=0, min_width=160
        )
    with gr.Accordion(words.MORE, open=False, elem_id="studio-more"), gr.Row():
        seed = gr.Number(0, label=words.SEED, precision=0, minimum=0, maximum=LARGEST_SEED, elem_id="studio-seed")
        other = gr.Button(words.OTHER_SEED, size="sm", elem_id="studio-other-seed")
        triggered = gr.Checkbox(True, label=words.TRIGGERED, elem_id="studio-triggered")
        sound = gr.Checkbox(False, label=words.SOUND, elem_id="studio-sound")
    other.click(another_seed, None, [seed], **PRIVATE)
    more.click(_next_row, [*loras], rows, **PRIVATE)
    clicks.act(along.click, measuring, [*loras, *strengths, clips])
    return Form(prompt, rows, loras, strengths, triggered, seed, media, role, sound), upload


def _next_row(*picked: object) -> tuple[Any, ...]:
    """Rows with a LoRA stay, and one more is shown."""
    used = max((place for place, lora in enumerate(picked, 1) if lora), default=0)
    return tuple(gr.update(visible=True) if place <= used else gr.skip() for place in range(ROWS))


def _choices(now: Studio, before: Begun, picked: tuple[Any, ...], *, untouched: bool) -> tuple[Any, ...]:
    """Updates for the form when the data changed: choices, and values where nothing was set or it is gone."""
    *loras, media = picked
    ids = {each.id for each in now.loras}
    choices = [(words.NONE, ""), *((each.title, each.id) for each in now.loras)]
    kept = [lora if lora in ids else "" for lora in loras]
    if not any(kept) and now.loras and untouched:
        kept[0] = now.loras[0].id
    same = [  # a strength that a person set stays, until another one scores best
        one == last and before.strengths.get(one, AS_TRAINED) == now.strength_of(one)
        for one, last in zip(kept, loras, strict=True)
    ]
    known = {each.id for each in now.media}
    return (
        gr.update(value=now.prompt) if untouched else gr.skip(),
        *(gr.update(choices=choices, value=value) for value in kept),
        *(gr.skip() if alike else now.strength_of(one) for one, alike in zip(kept, same, strict=True)),
        *(gr.skip(),) * 2,
        gr.update(choices=_media(now), value=media if media in known else ""),
        *(gr.skip(),) * (2 + ROWS),
    )


def _media(now: Studio) -> list[tuple[str, str]]:
    return [(words.NONE, ""), *((markdown(each.title, 60), each.id) for each in now.media)]


def _filled(again: Settings) -> tuple[Any, ...]:
    """Updates for the form from a clip's settings."""
    return (
        again.prompt,
        *(lora or "" for lora, _ in again.loras),
        *(strength for _, strength in again.loras),
        again.triggered,
        again.seed,
        again.media or "",
        again.role,
        again.sound,
        *(gr.update(visible=place == 0 or bool(lora)) for place, (lora, _) in enumerate(again.loras)),
    )


def _html(name: str, *, script: bool = False) -> gr.HTML:
    return gr.HTML(
        elem_id=name,
        elem_classes="flush",
        css_template=Path(STYLE).read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8") if script else None,
        apply_default_css=False,
    )
