"""Fields of the settings, and what a click on their buttons does: who asks is looked up, values are checked again."""

import gradio as gr

from .. import words_settings as words
from ..people_door import person_of
from ..settings_door import MAY_NOT, Done, drop, may_change_settings, save, state_words
from ..window_screen import markdown
from .settings_data import Shown


def box(name: str) -> gr.Textbox:
    """A setting that may be read."""
    named = words.SETTINGS[name]
    return gr.Textbox(
        label=named.title, info=named.about, max_lines=1, max_length=400, elem_id=f"settings-{named.short}"
    )


def secret_box(name: str) -> gr.Textbox:
    """A key: typed in, never filled."""
    named = words.SETTINGS[name]
    return gr.Textbox(
        label=named.title,
        info=named.about,
        type="password",
        max_length=600,
        html_attributes=gr.InputHTMLAttributes(autocomplete="new-password", spellcheck=False),
        elem_id=f"settings-{named.short}",
    )


def said_here(name: str) -> gr.Markdown:
    """Where a section says what came of a click."""
    return gr.Markdown(elem_id=name, elem_classes="settings-said", sanitize_html=True)


def tell(done: Done) -> str:
    """What came of it, for the page."""
    return f"**{markdown(done.text)}**" if done.failed else markdown(done.text)


def saved(now: object, request: gr.Request, values: dict[str, object], keys: dict[str, object]) -> Done:
    """Keep what was typed."""
    person = person_of(request)
    if not isinstance(now, Shown) or not (now.may and may_change_settings(person)):
        return Done(MAY_NOT, failed=True)
    if not all(value is None or isinstance(value, str) for value in (*values.values(), *keys.values())):
        return Done("That is no text. Nothing was changed.", failed=True)
    known = {each.name: each for each in now.told}
    wanted = {
        name: str(value or "")
        for name, value in values.items()
        if known[name].origin != "environment" or str(value or "").strip() != known[name].text
    }  # what a field shows because the environment says so is not kept a second time
    return save(person, wanted, {name: str(key or "") for name, key in keys.items()}, now.context.workspace.home)


def dropped(now: object, request: gr.Request, names: tuple[str, ...]) -> Done:
    """Forget these."""
    if not isinstance(now, Shown):
        return Done(MAY_NOT, failed=True)
    done = [drop(person_of(request), name, now.context.workspace.home) for name in names]
    return next(
        (each for each in done if each.failed), next((each for each in done if each.text == words.FORGOTTEN), done[0])
    )


def keys_words(now: Shown, names: tuple[str, ...]) -> str:
    """Of keys: whether there is one, for where, and its end."""
    if not now.may:
        return ""
    lines = [f"{words.SETTINGS[name].title}: {markdown(state_words(now.of(name)), 300)}." for name in names]
    return "  \n".join(lines)
