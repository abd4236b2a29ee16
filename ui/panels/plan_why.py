""" "Why?" beside each value: the sidekick's own explanation, worked out when it is unfolded. Writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import gradio as gr
from pydantic import ValidationError

from tools.context import ToolRefused
from tools.plans import ExplainPlan, explain_plan

from .. import words_plan as words
from ..handlers import PRIVATE
from ..window_screen import markdown
from .plan_data import PlanShown

LOOK_SECONDS = 0.3  # between two looks at what the tool tells of its progress


@dataclass(frozen=True)
class Why:
    """A folded explanation and the name of what it explains."""

    field: str
    fold: gr.Accordion
    text: gr.Markdown


def build_why(field: str, elem_id: str, label: str = words.WHY) -> Why:
    """Closed, and empty until it is opened."""
    with gr.Accordion(label, open=False, elem_id=elem_id, elem_classes="why") as fold:
        text = gr.Markdown(sanitize_html=True)
    return Why(field, fold, text)


def connect_whys(whys: list[Why], shown: gr.State) -> None:
    """Each is worked out when a person unfolds it."""
    for why in whys:
        why.fold.expand(explaining(why.field), [shown], [why.text], concurrency_limit=None, **PRIVATE)


def explaining(field: str) -> Callable[[object], AsyncIterator[str]]:
    """The handler for one value: first that it is worked out, then how far that is, then the words."""

    async def explain(shown: object) -> AsyncIterator[str]:
        if not isinstance(shown, PlanShown) or shown.plan is None:
            yield words.NOTHING_TO_EXPLAIN
            return
        told: list[str] = []
        context = replace(shown.context, say=told.append)
        task = asyncio.create_task(asyncio.to_thread(explain_plan, context, ExplainPlan(field=field)))
        yield words.WORKING
        seen = 0
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_SECONDS)
            if len(told) > seen:
                seen = len(told)
                yield markdown(told[-1])
        try:
            yield markdown(task.result().text)
        except (ToolRefused, ValidationError) as refused:
            yield markdown(str(refused)) if isinstance(refused, ToolRefused) else words.OTHER_VERSION

    return explain
