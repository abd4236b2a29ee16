"""Standing orders and the budget: what holds while nobody watches, and how to take an order back."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from tools.context import ToolContext
from tools.gates import budget_words
from tools.standing_orders import words_of
from trainer_core import budgets
from trainer_core.jobs import orders

from .. import words_watch as words
from ..handlers import PRIVATE
from ..strings import printable
from .panel import Call, Clicks, NotYet, Panel

STYLE = Path(__file__).with_name("orders.css")
TELL_BACK = (
    "element.addEventListener('click', event => { const button = event.target.closest('button[data-order]'); "
    "if (button) trigger('select', { order: button.dataset.order }); });"
)
USUAL: dict[str, dict[str, Any]] = {
    words.HALF_TIME: {"when": "progress", "value": 0.5, "do": "tell"},
    words.OVERFIT: {"when": "overfitting", "do": "stop"},
    words.TROUBLE: {"when": "problem", "do": "tell"},
}


@dataclass(frozen=True)
class Held:
    """The orders in force, as (id, words), which of the usual ones are among them, and the budget's lines."""

    orders: tuple[tuple[str, str], ...] = ()
    usual: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()


def build_orders(clicks: Clicks) -> Panel:
    """The usual orders as buttons, the list with a button at each, and what is left of the budget."""
    box = gr.HTML(
        elem_id="orders",
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=TELL_BACK,
        apply_default_css=False,
    )
    with gr.Row(elem_id="orders-usual"):
        buttons = [gr.Button(name, size="sm", min_width=150, elem_id=f"order-{place}") for place, name in _numbered()]
    for name, button in zip(USUAL, buttons, strict=True):
        clicks.act(button.click, _setting(name))
    asked = gr.State((0, ""))
    box.select(_asked, [asked], [asked], **PRIVATE)
    clicks.act(asked.change, _taking_back, [asked], waits=True)

    def draw(held: Held) -> tuple[Any, ...]:
        return held_html(held), *(gr.update(interactive=name not in held.usual) for name in USUAL)

    return Panel("orders", (box, *buttons), load_held, draw)


def load_held(context: ToolContext) -> Held:
    """What stands and what is left, as it is now."""
    standing = orders.standing(context.workspace, context.project_id)
    keys = {(order.condition, order.value, order.action) for order in standing}
    usual = tuple(name for name, order in USUAL.items() if (order["when"], order.get("value"), order["do"]) in keys)
    left = budgets.budgets_of(context.workspace, context.person, context.project_id)
    return Held(
        tuple((order.id, words_of(order)) for order in standing), usual, tuple(budget_words(each) for each in left)
    )


def held_html(held: Held) -> str:
    """The budget's lines and the orders, each with its button."""
    budget = (
        "".join(f"<p>{html.escape(printable(line, 300))}</p>" for line in held.budget) or f"<p>{words.NO_BUDGET}</p>"
    )
    rows = "".join(
        f'<li><span>{html.escape(_capital(said))}</span> <button type="button" data-order="{html.escape(order_id)}" '
        f'aria-label="{words.TAKE_BACK}: {html.escape(said)}">{words.TAKE_BACK}</button></li>'
        for order_id, said in held.orders
    )
    listed = f"<ul>{rows}</ul>" if rows else f"<p>{words.NO_ORDERS}</p>"
    return f"<h4>{words.BUDGET}</h4>{budget}<h4>{words.ORDERS}</h4>{listed}"


def _asked(before: tuple[int, str], event: gr.EventData) -> tuple[int, str]:
    """Which order the browser says is to be taken back; counted, so that the same one can be asked for again."""
    told = event._data if isinstance(event._data, dict) else {}
    return before[0] + 1, str(told.get("order") or "")[:60]


def _taking_back(asked: tuple[int, str]) -> Call:
    if not asked[1].startswith("ord_"):  # without an id the tool would take all back
        raise NotYet(words.NO_SUCH_ORDER)
    return "cancel_standing_order", {"order": asked[1]}


def _setting(name: str):  # type: ignore[no-untyped-def]
    def make() -> Call:
        return "set_standing_order", dict(USUAL[name])

    return make


def _numbered() -> list[tuple[int, str]]:
    return list(enumerate(USUAL))


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]
