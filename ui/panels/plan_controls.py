"""The plan's values as controls: what each can be for this plan, how it is shown, and what a change of it asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from tools.plan_changes import LARGEST_RANK, MOST_STEPS
from trainer_core.plan import BASES, MemoryTier, Preset, TrainingPlan, steps_for
from trainer_core.recipes import RECIPES

from .. import words_plan as words
from .panel import Call, NotYet
from .plan_data import PlanShown

Span = tuple[float, float, float]  # smallest, largest, step
Choices = list[tuple[str, Any]]
FOR_CLIPS = frozenset({"frames", "first_frame_probability", "with_audio"})
USUAL_RANKS, USUAL_BATCHES = 128, 16  # a slider goes to these, or to the plan's own value


@dataclass(frozen=True)
class Control:
    """One value. Of `span` (a slider), `choices` (a list) and neither (a switch), one; `percent`: shown times 100."""

    field: str
    why: str | None = ""  # what explain_plan calls it, where that is another name; None: explained at another control
    span: Callable[[TrainingPlan], Span] | None = None
    choices: Callable[[PlanShown], Choices] | None = None
    percent: bool = False

    @property
    def explained_as(self) -> str | None:
        """The name under which it can be explained."""
        return self.field if self.why == "" else self.why

    def build(self) -> Component:
        """The control, empty until there is a plan."""
        label, info = words.CONTROLS[self.field]
        common: dict[str, Any] = {"label": label, "info": info, "elem_id": f"plan-{self.field}"}
        if self.span:
            return gr.Slider(0, 1, buttons=[], **common)
        return gr.Dropdown([], **common) if self.choices else gr.Checkbox(**common)

    def listen(self, component: Any) -> Any:
        """The event with which a person has made up their mind."""
        return component.release if self.span else component.input

    def drawn(self, shown: PlanShown) -> Any:
        """The plan's value, within what is possible for this plan."""
        plan = shown.plan
        if plan is None:
            return gr.skip()
        value, enabled = getattr(plan, self.field), bool(plan.clips) or self.field not in FOR_CLIPS
        info = words.CONTROLS[self.field][1] if enabled else words.NO_CLIPS
        if self.span:
            low, high, step = self.span(plan)
            times = 100 if self.percent else 1
            value = round(value * times, 1)
            return gr.update(minimum=low, maximum=high, step=step, value=value, info=info, interactive=enabled)
        if self.choices:
            return gr.update(choices=self.choices(shown), value=value, info=info, interactive=enabled)
        return gr.update(value=value, info=info, interactive=enabled)

    def change(self, value: object, shown: object) -> Call:
        """What the person's value asks for. Raises NotYet, without words where nothing is changed."""
        plan = shown.plan if isinstance(shown, PlanShown) else None
        if plan is None:
            raise NotYet(words.NO_PLAN)
        before = getattr(plan, self.field)
        if self.span:
            value = self._number(value, whole=isinstance(before, int))
        elif not isinstance(value, bool | int | float | str):
            raise NotYet(words.NO_VALUE)
        if value == before:
            raise NotYet(words.UNCHANGED)
        return "change_plan", {self.field: value}

    def _number(self, value: object, *, whole: bool) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MOST_STEPS * 1000:
            raise NotYet(words.NO_VALUE)
        return round(value) if whole else round(value / 100 if self.percent else value, 4)


def _steps(plan: TrainingPlan) -> Span:
    longest = steps_for(RECIPES[plan.recipe], plan.images + plan.clips, Preset.QUALITY, plan.base)
    return 10, min(MOST_STEPS, max(longest, plan.steps)), 10


def _edge(plan: TrainingPlan) -> Span:
    rules = BASES[plan.base]
    return rules.size_factor, rules.largest_edge, rules.size_factor


def _frames(plan: TrainingPlan) -> Span:
    rules = BASES[plan.base]
    return 1, rules.largest_frames, rules.frame_factor


def _up_to(field: str, usual: int) -> Callable[[TrainingPlan], Span]:
    return lambda plan: (1, max(usual, getattr(plan, field)), 1)


def _share(largest: int) -> Callable[[TrainingPlan], Span]:
    return lambda _plan: (0, largest, 5)


def _rates(shown: PlanShown) -> Choices:
    """The recommended learning rate and what is around it, and the plan's own."""
    assert shown.plan is not None
    usual = shown.advised.learning_rate if shown.advised else shown.plan.learning_rate
    found = {float(f"{usual * times:.6g}"): text for times, text in words.RATES.items()}
    found = found | {shown.plan.learning_rate: found.get(shown.plan.learning_rate, words.RATE_AS_IS)}
    return [(f"{rate:g} ({text})", rate) for rate, text in sorted(found.items())]


def _averages(shown: PlanShown) -> Choices:
    assert shown.plan is not None
    own = shown.plan.ema_decay
    found = words.AVERAGES | {own: words.AVERAGES.get(own, f"decay {own:g}")}
    return [(text, decay) for decay, text in sorted(found.items())]


def _tiers(_shown: PlanShown) -> Choices:
    return [(words.TIERS[tier], str(tier)) for tier in MemoryTier]


MAIN = (
    Control("steps", span=_steps),
    Control("rank", span=lambda plan: (1, min(LARGEST_RANK, max(USUAL_RANKS, plan.rank)), 1)),
    Control("learning_rate", choices=_rates),
    Control("frames", span=_frames),
    Control("width", why="resolution", span=_edge),
    Control("height", why=None, span=_edge),
)
MORE = (
    Control("held_out_share", span=_share(50), percent=True),
    Control("class_preservation", span=_share(100), percent=True),
    Control("batch_size", span=_up_to("batch_size", USUAL_BATCHES)),
    Control("gradient_accumulation", span=_up_to("gradient_accumulation", USUAL_BATCHES)),
    Control("caption_dropout", span=_share(50), percent=True),
    Control("first_frame_probability", span=_share(100), percent=True),
    Control("memory", choices=_tiers),
    Control("ema_decay", choices=_averages),
    Control("gradient_checkpointing"),
    Control("keep_aspect"),
    Control("with_audio"),
)
