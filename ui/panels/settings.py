"""The settings: who answers, limits, where training runs, notifications. Keys are typed in and never shown again.

Its handlers write by themselves and not through the conversation, for whatever is said or clicked there is kept in the
thread, and a key must not be. Every value is checked by the settings' own rules, and so is who is asking.
"""

from typing import Any

import gradio as gr

from .. import words_settings as words
from ..handlers import PRIVATE
from ..people_door import person_of
from ..settings_door import MAY_NOT, Done, try_model
from ..window_screen import markdown
from .panel import Clicks, Panel
from .settings_data import Shown, load_settings
from .settings_fields import box, dropped, keys_words, said_here, saved, secret_box, tell
from .settings_machine import build_machine
from .settings_money import build_money
from .settings_news import TOKENS, build_news

MODEL = ("OPENAI_BASE_URL", "SIDEKICK_MODEL")
MORE = ("SIDEKICK_VISION_MODEL", "SIDEKICK_EMBEDDING_MODEL")
LIMITS = ("SIDEKICK_DAILY_TOKENS", "SIDEKICK_MESSAGE_TOKENS", "SIDEKICK_MODEL_SECONDS")
KEY = "OPENAI_API_KEY"


def build(_clicks: Clicks) -> tuple[Panel, Panel]:
    """The tab: what is set, and what was spent."""
    shown = gr.State(None)
    who = gr.Markdown(elem_id="settings-who", sanitize_html=True)
    with gr.Column(visible=False, elem_id="settings-all") as everything:
        model, fields = _build_model(shown)
        more = _build_group(shown, "more", words.MORE, MORE, words.MORE_NOTE)
        limits = _build_group(shown, "limits", words.LIMITS, LIMITS, "")
        spent = build_money(shown)
        build_machine(shown)
        slack = build_news(shown)
        gr.Markdown(f"### {words.PROGRAMS}\n{words.PROGRAMS_NOTE}")
    boxes = {**fields, **more, **limits}

    def draw(now: Shown) -> tuple[Any, ...]:
        return (
            now,
            _who(now),
            gr.update(visible=now.may),
            keys_words(now, (KEY,)),
            keys_words(now, TOKENS),
            *(_field(now, name) for name in boxes),
        )

    outputs = (shown, who, everything, model, slack, *boxes.values())
    return Panel("settings", outputs, load_settings, draw), spent


def _build_model(shown: gr.State) -> tuple[gr.Markdown, dict[str, gr.Textbox]]:
    """Address, model and key, with a button that really asks."""
    boxes = {name: box(name) for name in MODEL}
    key = secret_box(KEY)
    state = gr.Markdown(elem_id="settings-key-state", sanitize_html=True)
    with gr.Row():
        keep = gr.Button(words.SAVE, variant="primary", size="sm", min_width=110, elem_id="settings-save-model")
        attempt = gr.Button(words.TRY, size="sm", min_width=110, elem_id="settings-try")
        forget = gr.Button(words.FORGET_KEY, size="sm", min_width=110, elem_id="settings-forget-key")
        guided = gr.Button(words.GUIDED_AGAIN, size="sm", min_width=110, elem_id="settings-guided")
    said = said_here("settings-model-said")

    def saving(now: object, address: object, name: object, secret: object, request: gr.Request) -> tuple[Any, ...]:
        values = dict(zip(MODEL, (address, name), strict=True))
        return tell(saved(now, request, values, {KEY: secret})), ""

    def back(now: object, request: gr.Request) -> str:
        return tell(saved(now, request, dict.fromkeys(MODEL, ""), {}))

    def forgetting(now: object, request: gr.Request) -> str:
        return tell(dropped(now, request, (KEY,)))

    async def asked(now: object, request: gr.Request) -> str:
        if not isinstance(now, Shown) or not now.may or person_of(request) != now.context.person:
            return tell(Done(MAY_NOT, failed=True))
        trial = await try_model(now.context.workspace)
        return tell(Done(trial.words, failed=not trial.works))

    keep.click(saving, [shown, *boxes.values(), key], [said, key], **PRIVATE)
    forget.click(forgetting, [shown], [said], **PRIVATE)
    guided.click(back, [shown], [said], **PRIVATE)
    attempt.click(lambda: words.TRYING, None, [said], **PRIVATE).then(asked, [shown], [said], **PRIVATE)
    return state, boxes


def _build_group(shown: gr.State, name: str, title: str, names: tuple[str, ...], note: str) -> dict[str, gr.Textbox]:
    """Settings that few people need, folded away."""
    with gr.Accordion(title, open=False, elem_id=f"settings-{name}"):
        if note:
            gr.Markdown(note)
        boxes = {each: box(each) for each in names}
        keep = gr.Button(words.SAVE, size="sm", elem_id=f"settings-save-{name}")
        said = said_here(f"settings-{name}-said")

    def saving(request: gr.Request, now: object, *values: object) -> str:
        return tell(saved(now, request, dict(zip(names, values, strict=False)), {}))

    keep.click(saving, [shown, *boxes.values()], [said], **PRIVATE)
    return boxes


def _who(now: Shown) -> str:
    if not now.may:
        return words.MAY_NOT
    head = f"### {words.WHO}\n"
    problem = f"\n\n**{markdown(now.problem)}**" if now.problem else ""
    if now.model == "guided":
        return head + words.GUIDED + problem
    return head + words.ANSWERS.format(model=markdown(now.model, 80), host=markdown(now.host, 80)) + problem


def _field(now: Shown, name: str) -> Any:
    """A field holds what holds; where the environment says so, that stands beside it."""
    if not now.may:
        return gr.update(value="")
    told, about = now.of(name), words.SETTINGS[name].about
    note = f" {words.BY_ENVIRONMENT.format(name=name)}" if told.origin == "environment" else ""
    return gr.update(value=told.text, info=about + note)
