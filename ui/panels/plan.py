"""Step 3: the plan in plain words. Each change goes through the sidekick's own tool, and its answer stands beside."""

import html
from pathlib import Path
from typing import Any

import gradio as gr

from tools.text import plural
from trainer_core.plan import BASES, BaseModelName, Preset, TrainingPlan

from .. import words_plan as words
from ..strings import printable
from ..window_screen import markdown
from .panel import Answer, Call, Clicks, Panel
from .plan_controls import MAIN, MORE, Control
from .plan_data import PlanShown, load_plan
from .plan_why import Why, build_why, connect_whys

STYLE = Path(__file__).with_name("plan.css")
SCRIPT = Path(__file__).with_name("plan.js")
TOOLS = frozenset({"propose_plan", "change_plan", "undo_plan", "apply_finding"})
SHORT_ANSWERS = frozenset({"change_plan", "undo_plan"})  # opened at once; a whole plan's words are folded


def build(clicks: Clicks) -> Panel:
    """The plan's head, its values, and what it takes."""
    shown = gr.State(None)
    head = gr.HTML(
        elem_id="plan-head",
        css_template=STYLE.read_text(encoding="utf-8"),
        js_on_load=SCRIPT.read_text(encoding="utf-8"),
        apply_default_css=False,
    )
    with gr.Row():
        propose = gr.Button(words.PROPOSE, elem_id="plan-propose", size="sm", min_width=140)
        undo = gr.Button(words.UNDO, elem_id="plan-undo", size="sm", min_width=100, interactive=False)
        refresh = gr.Button(words.REFRESH, elem_id="plan-refresh", size="sm", visible=False, variant="primary")
        launch = gr.Button(words.LAUNCH, elem_id="plan-launch", size="sm", visible=False, variant="primary")
    with gr.Accordion(words.ANSWER, open=True, visible=False, elem_id="plan-answer") as folded:
        answer = gr.Markdown(sanitize_html=True, elem_id="plan-answer-text")
    whys: list[Why] = []
    with gr.Column(visible=False, elem_id="plan-values") as values:
        preset, base = _build_kinds(clicks, shown, whys)
        knobs = _build_controls(clicks, MAIN, shown, whys)
        costs = gr.HTML(elem_id="plan-costs", css_template=STYLE.read_text(encoding="utf-8"), apply_default_css=False)
        whys.append(build_why("memory", "plan-memory-worked-out", words.MEMORY))
        with gr.Accordion(words.MORE, open=False, elem_id="plan-more"):
            knobs += _build_controls(clicks, MORE, shown, whys)
            gr.Markdown(words.SAID)
    connect_whys(whys, shown)
    clicks.act(propose.click, _propose, [shown])
    clicks.act(undo.click, lambda: ("undo_plan", {}))
    clicks.act(refresh.click, lambda: ("change_plan", {}))
    clicks.act(launch.click, lambda: ("launch_training", {}))

    def draw(data: tuple[PlanShown, Answer | None]) -> tuple[Any, ...]:
        now, said = data
        plan = now.plan
        there = plan is not None
        return (
            now,
            head_html(now),
            gr.update(value=words.AGAIN if there else words.PROPOSE, variant="secondary" if there else "primary"),
            gr.update(
                interactive=now.changes > 0, value=f"{words.UNDO} ({now.changes})" if now.changes else words.UNDO
            ),
            gr.update(visible=now.stale),
            gr.update(visible=there and not now.stale),
            gr.update(visible=said is not None, open=said is not None and (said.failed or said.tool in SHORT_ANSWERS)),
            markdown(said.text) if said else "",
            gr.update(visible=there),
            gr.update(value=str(plan.preset) if plan else None),
            gr.update(value=str(plan.base) if plan else None),
            costs_html(now),
            *(control.drawn(now) for control in (*MAIN, *MORE)),
            *(gr.update(open=False) for _ in whys),  # what they say is of the plan before
        )

    fixed = (shown, head, propose, undo, refresh, launch, folded, answer, values, preset, base, costs)
    outputs: tuple[Any, ...] = (*fixed, *knobs, *(why.fold for why in whys))
    return Panel("plan", outputs, load_plan, draw, TOOLS)


def _build_kinds(clicks: Clicks, shown: gr.State, whys: list[Why]) -> tuple[gr.Radio, gr.Radio]:
    """The preset and the base model."""
    with gr.Row():
        with gr.Column(min_width=260), gr.Group(elem_classes="knob"):
            choices = [(words.PRESETS[each], str(each)) for each in Preset]
            preset = gr.Radio(choices, label=words.PRESET, info=words.PRESET_INFO, elem_id="plan-preset")
            whys.append(build_why("preset", "plan-why-preset"))
        with gr.Column(min_width=260), gr.Group(elem_classes="knob"):
            models = [(words.BASES[each], str(each)) for each in BaseModelName]
            base = gr.Radio(models, label=words.BASE, info=words.BASE_INFO, elem_id="plan-base")
            whys.append(build_why("base", "plan-why-base"))
    for name, component in (("preset", preset), ("base", base)):
        clicks.act(component.input, Control(name).change, [component, shown], waits=True)
    return preset, base


def _build_controls(clicks: Clicks, controls: tuple[Control, ...], shown: gr.State, whys: list[Why]) -> list[Any]:
    """The controls, each with its explanation, two beside each other where there is room."""
    built = []
    for first in range(0, len(controls), 2):
        with gr.Row():
            for control in controls[first : first + 2]:
                with gr.Column(min_width=260), gr.Group(elem_classes="knob"):
                    component = control.build()
                    if control.explained_as:
                        whys.append(build_why(control.explained_as, f"plan-why-{control.field}"))
                clicks.act(control.listen(component), control.change, [component, shown], waits=True)
                built.append(component)
    return built


def _propose(shown: object) -> Call:
    """A fresh plan, on the base that was chosen."""
    plan = shown.plan if isinstance(shown, PlanShown) else None
    return "propose_plan", {"base": str(plan.base)} if plan else {}


def head_html(now: PlanShown) -> str:
    """The plan in a sentence, whether it is up to date, and where it differs from the recommendation."""
    if now.plan is None:
        return f'<p class="lead">{html.escape(now.problem or words.NO_PLAN)}</p>'
    stale = f'<p class="stale">{words.STALE}</p>' if now.stale else ""
    rows = "".join(f"<li>{html.escape(printable(each.replace('->', '→'), 200))}</li>" for each in now.differs)
    differs = f"<p>{words.DIFFERS}</p><ul>{rows}</ul>" if rows else f"<p>{words.AS_ADVISED}</p>"
    return f'<div class="head">{_lead(now.plan, now)}{stale}<div class="beside">{differs}</div></div>'


def _lead(plan: TrainingPlan, now: PlanShown) -> str:
    files = " and ".join(
        words_ for words_ in (_counted(plan.images, "picture"), _counted(plan.clips, "clip")) if words_
    )
    rules, here = BASES[plan.base], now.backends[0]
    honesty = f'<p class="honest">{html.escape(rules.honesty)}</p>' if rules.honesty else ""
    return (
        f'<p class="lead">A <b>{html.escape(str(plan.recipe))}</b> LoRA on {html.escape(rules.title)}, called by the '
        f"trigger word <b>{html.escape(plan.trigger)}</b>, from {files}. "
        f"Each file is seen about {now.looks:.0f} times. <b>{html.escape(here.time.capitalize())}</b>, "
        f"<b>{html.escape(here.price)}</b>.</p>{honesty}"
    )


def _counted(count: int, noun: str) -> str:
    return plural(count, noun) if count else ""


def costs_html(now: PlanShown) -> str:
    """What the plan takes on each backend, as a table with where the figures come from."""
    heads = "".join(f'<th scope="col">{column}</th>' for column in words.COLUMNS)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(each.name)}</th><td>{html.escape(each.time)}</td>'
        f"<td>{html.escape(each.price)}</td><td>{html.escape(each.memory)}</td></tr>"
        f'<tr class="note"><td colspan="4">{html.escape(each.note)}</td></tr>'
        for each in now.backends
    )
    return f"<h4>{words.COSTS}</h4><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
