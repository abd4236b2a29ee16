"""The budget: what is left of which limit, and the limits themselves, as `sidekick budget` sets them."""

from typing import Any

import gradio as gr

from trainer_core.budgets import Scope

from .. import words_settings as words
from ..handlers import PRIVATE
from ..people_door import person_of
from ..settings_door import MAY_NOT, Done, set_budget
from ..window_screen import markdown
from .panel import Panel
from .settings_data import Shown, Spent, load_spent
from .settings_fields import said_here, tell


def build_money(shown: gr.State) -> Panel:
    """What is left, and both limits."""
    gr.Markdown(f"### {words.BUDGET}\n{words.BUDGET_NOTE}")
    lines = gr.Markdown(elem_id="settings-spent", sanitize_html=True)
    with gr.Row():
        numbers = [
            gr.Number(label=title, minimum=0, elem_id=f"settings-limit-{scope}", min_width=200)
            for scope, title in (("person", words.YOURS), ("project", words.PROJECTS))
        ]
    keep = gr.Button(words.SAVE, size="sm", elem_id="settings-save-limits")
    said = said_here("settings-limits-of-money-said")
    keep.click(limits_saved, [shown, *numbers], [said], **PRIVATE)
    return Panel("spent", (lines, *numbers), load_spent, draw_spent)


def draw_spent(spent: Spent) -> tuple[Any, ...]:
    """The lines, and both limits."""
    lines = [markdown(line) for line in spent.lines] or [words.NO_BUDGET]
    shown = "  \n".join([*lines, *([spent.tokens] if spent.tokens else [])])
    return shown, *(gr.update(value=dollars) for _scope, dollars in spent.limits)


def limits_saved(now: object, mine: object, projects: object, request: gr.Request) -> str:
    """Set or take away both limits; what is as it was stays untouched."""
    if not isinstance(now, Shown) or not now.may:
        return tell(Done(MAY_NOT, failed=True))
    context, person = now.context, person_of(request)
    before = dict(load_spent(context).limits)
    wanted: tuple[tuple[Scope, str, object], ...] = (
        ("person", context.person, mine),
        ("project", context.project_id, projects),
    )
    told = []
    for scope, name, dollars in wanted:
        if dollars is not None and (isinstance(dollars, bool) or not isinstance(dollars, int | float)):
            return tell(Done(words.NOT_A_NUMBER, failed=True))
        if dollars != before[scope]:
            done = set_budget(person, context.workspace, scope, name, dollars)
            title = words.YOURS if scope == "person" else words.PROJECTS
            told.append(Done(f"{title}: {done.text}", done.failed))
    return "  \n".join(map(tell, told)) or words.AS_IT_WAS
