"""Step 3: the plan in plain words, and the few values that people change most."""

from dataclasses import dataclass

import gradio as gr

from tools.context import ToolContext, ToolRefused
from tools.plans import ExplainPlan, explain_plan
from tools.state import facts_of, plan_of
from trainer_core.plan import Preset, TrainingPlan

from ..window_screen import markdown
from .panel import Call, Clicks, NotYet, Panel


@dataclass(frozen=True)
class Shown:
    """The plan and what the sidekick says about it; None before there is one."""

    plan: TrainingPlan | None
    words: str
    stale: bool = False


def build(clicks: Clicks) -> Panel:
    """The plan's words, presets, and values."""
    words = gr.Markdown(elem_id="plan-words")
    with gr.Row():
        propose = gr.Button("Propose a plan", elem_id="plan-propose", size="sm")
        undo = gr.Button("Undo the last change", elem_id="plan-undo", size="sm")
    preset = gr.Radio([str(each) for each in Preset], label="Preset", elem_id="plan-preset")
    with gr.Row():
        steps = gr.Number(label="Steps", precision=0, elem_id="plan-steps")
        rank = gr.Number(label="Rank", precision=0, elem_id="plan-rank")
    change = gr.Button("Change the plan", elem_id="plan-change", size="sm")
    clicks.act(propose.click, lambda: ("propose_plan", {}))
    clicks.act(undo.click, lambda: ("undo_plan", {}))
    clicks.act(preset.input, lambda name: ("change_plan", {"preset": name}), [preset])
    clicks.act(change.click, _change, [steps, rank])

    def draw(shown: Shown) -> tuple[object, ...]:
        plan = shown.plan
        values = (str(plan.preset), plan.steps, plan.rank) if plan else (None, None, None)
        return (_words(shown), *(gr.update(value=value, interactive=plan is not None) for value in values))

    return Panel("plan", (words, preset, steps, rank), load, draw)


def load(context: ToolContext) -> Shown:
    """The plan with its explanation."""
    try:
        plan = plan_of(context)
        facts = facts_of(context)
        return Shown(plan, explain_plan(context, ExplainPlan()).text, bool(facts.plan and facts.plan.stale))
    except ToolRefused as refused:
        return Shown(None, str(refused))


def _change(steps: object, rank: object) -> Call:
    wanted = {"steps": steps, "rank": rank}
    given = {name: int(value) for name, value in wanted.items() if isinstance(value, int | float)}
    if not given:
        raise NotYet("There is nothing to change yet: propose a plan first.")
    return "change_plan", given


def _words(shown: Shown) -> str:
    lead = "Files or captions have changed since; a change or a new proposal brings it up to date.\n\n"
    return (lead if shown.stale else "") + markdown(shown.words)
