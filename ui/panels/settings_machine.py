"""Where training runs: what `sidekick doctor` finds on this machine, looked up when a person asks."""

import asyncio

import gradio as gr

from .. import words_settings as words
from ..handlers import PRIVATE
from ..people_door import person_of
from ..settings_door import MAY_NOT, may_change_settings
from ..window_screen import markdown
from .settings_data import Shown


def build_machine(shown: gr.State) -> None:
    """A button, and what was found."""
    gr.Markdown(f"### {words.PLACES}\n{words.PLACES_NOTE}")
    look = gr.Button(words.LOOK, size="sm", elem_id="settings-look")
    found = gr.Markdown(elem_id="settings-machine", sanitize_html=True)

    async def looked(now: object, request: gr.Request) -> str:
        if not isinstance(now, Shown) or not may_change_settings(person_of(request)):
            return MAY_NOT
        from ..doctor import examine

        report = await asyncio.to_thread(examine, now.context.workspace.home)
        rows = [
            f"- **{markdown(check.name, 80)}** ({words.MARKS[check.state]}): {markdown(check.found, 400)}"
            + (f" It would add: {markdown(check.adds, 200)}." if check.adds and check.state == "absent" else "")
            for check in report.checks
        ]
        return "\n".join(rows)

    look.click(lambda: words.LOOKING, None, [found], **PRIVATE).then(looked, [shown], [found], **PRIVATE)
