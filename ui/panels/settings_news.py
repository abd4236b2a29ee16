"""Notifications: those of this browser, and Slack's tokens."""

import html
import importlib.util
import json
from pathlib import Path
from typing import Any

import gradio as gr

from .. import words_settings as words
from ..handlers import PRIVATE
from .settings_fields import dropped, said_here, saved, secret_box, tell

SCRIPT = Path(__file__).with_name("settings_browser.js")
STYLE = Path(__file__).with_name("orders.css")  # its buttons look like those
TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")


def build_news(shown: gr.State) -> gr.Markdown:
    """This browser's notifications, and Slack's tokens."""
    gr.Markdown(f"### {words.NEWS}\n**{words.BROWSER}**")
    gr.HTML(
        f'<div data-words="{html.escape(json.dumps(words.BROWSER_WORDS), quote=True)}">'
        '<p class="told" role="status"></p>'
        + "".join(
            f'<button type="button" class="{each}" hidden>{words.BROWSER_WORDS[each]}</button> '
            for each in ("allow", "stop", "test")
        )
        + "</div>",
        elem_id="settings-browser",
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )
    gr.Markdown(
        f"**{words.SLACK}**  \n{words.SLACK_NOTE}"
        + ("" if importlib.util.find_spec("slack_bolt") else f"\n\n{words.NO_SLACK}")
    )
    secrets = [secret_box(name) for name in TOKENS]
    state = gr.Markdown(elem_id="settings-slack-state", sanitize_html=True)
    with gr.Row():
        keep = gr.Button(words.SAVE, size="sm", min_width=110, elem_id="settings-save-slack")
        forget = gr.Button(words.FORGET_TOKENS, size="sm", min_width=110, elem_id="settings-forget-slack")
    said = said_here("settings-slack-said")

    def saving(now: object, bot: object, app: object, request: gr.Request) -> tuple[Any, ...]:
        return tell(saved(now, request, {}, dict(zip(TOKENS, (bot, app), strict=True)))), "", ""

    def dropping(now: object, request: gr.Request) -> str:
        return tell(dropped(now, request, TOKENS))

    keep.click(saving, [shown, *secrets], [said, *secrets], **PRIVATE)
    forget.click(dropping, [shown], [said], **PRIVATE)
    return state
