"""Two runs of a project side by side: what was planned differently, each figure, and whether the difference says much.

A figure that is the mean of single clips can be compared clip by clip where both runs were asked the same words with
the same seeds: noise is then the half-width of the 95 % interval of the mean difference (Student's t over the pairs).
It tells how much the choice of clips matters; how much a second training of one plan would differ is not in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import TrainingPlan
from trainer_core.plan import diff as differences
from trainer_core.projects import Run

from .context import Tool, ToolContext, ToolRefused, ToolResult
from .evaluation import scorecard as scorecards
from .evaluation.scorecard import ClipScore, Measure, Scorecard
from .scored_loras import best_strength
from .state import plan_of_run, runs_of, steps_of_run
from .text import quoted

FEWEST = 4  # pairs of clips; the interval of fewer is too wide to say anything
# Two-sided 95 % of Student's t by degrees of freedom (standard tables); beyond 14 the next lower entry, so too wide
_T95 = (0, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14)
_Field = tuple[Callable[[ClipScore], float | None], Literal["lora", "base"]]


def _extra(name: str) -> Callable[[ClipScore], float | None]:
    return lambda clip: clip.extra.get(name)


# The figures that are the mean of one field of single clips, by the measure's id: the field, and with or without the
# LoRA. Of others (a largest value, differences, shares of some clips, a figure of all clips) no noise is known.
PER_CLIP: Mapping[str, _Field] = {
    "identity": (lambda clip: clip.identity, "lora"),
    "identity_base": (lambda clip: clip.identity, "base"),
    "identity_views": (lambda clip: clip.identity, "lora"),
    "consistency": (lambda clip: clip.consistency, "lora"),
    "moving": (lambda clip: clip.moving, "lora"),
    "moving_base": (lambda clip: clip.moving, "base"),
    "empty": (lambda clip: clip.empty, "lora"),
    "empty_base": (lambda clip: clip.empty, "base"),
    "burned": (lambda clip: clip.burned, "lora"),
    "burned_base": (lambda clip: clip.burned, "base"),
    "same_view": (_extra("same_view"), "lora"),
    "view_shown": (_extra("view_shown"), "lora"),
    "dinov2": (_extra("dinov2"), "lora"),
    "dinov2_base": (_extra("dinov2"), "base"),
    "dinov2_consistency": (_extra("dinov2_consistency"), "lora"),
    "face": (_extra("face"), "lora"),
    "face_seen": (_extra("face_seen"), "lora"),
    "clip_text": (_extra("clip_text"), "lora"),
    "clip_text_base": (_extra("clip_text"), "base"),
    "clip_consistency": (_extra("clip_consistency"), "lora"),
}
Sure = Literal["beyond the noise", "within the noise", "noise not known"]


class CompareRuns(BaseModel):
    """Which two."""

    model_config = ConfigDict(extra="forbid")

    first: Annotated[
        str | None, Field(max_length=60, description="id of a run (run_...); empty takes the scored one before")
    ] = None
    second: Annotated[
        str | None, Field(max_length=60, description="id of another run; empty takes the newest scored one")
    ] = None


@dataclass(frozen=True)
class Compared:
    """One figure of both. difference is second minus first; noise is a half-width in the same unit, None if unknown."""

    title: str
    unit: str
    first: float
    second: float
    noise: float | None
    pairs: int = 0

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first

    @property
    def sure(self) -> Sure:
        """Whether the difference is larger than the noise."""
        if self.noise is None:
            return "noise not known"
        return "beyond the noise" if abs(self.difference) > self.noise else "within the noise"


@dataclass(frozen=True)
class Comparison:
    """Two scored runs. `changes` say in words what was planned differently; `notes` what limits the comparison."""

    first: str
    second: str
    changes: tuple[str, ...]
    figures: tuple[Compared, ...]
    notes: tuple[str, ...]


def comparison(context: ToolContext, first: str | None, second: str | None) -> Comparison:
    """Both runs of this project with their figures. Raises ToolRefused in words."""
    one, two = _pair(context, first, second)
    cards = _card(context, one), _card(context, two)
    plans = plan_of_run(context.workspace, one.id), plan_of_run(context.workspace, two.id)
    figures = tuple(
        _compared(measure, other, cards)
        for measure in cards[0].measures
        if measure.value is not None and (other := cards[1].measure(measure.id)) is not None and other.value is not None
    )
    notes = (*_scored_at(context, *cards), *_notes(*cards))
    return Comparison(one.id, two.id, _changes(*plans), figures, notes)


def compare_runs(context: ToolContext, arguments: CompareRuns) -> ToolResult:
    """The comparison in words."""
    found = comparison(context, arguments.first, arguments.second)
    lines = [f"{found.first} against {found.second}:"]
    lines += [f"- planned differently: {change}" for change in found.changes] or ["- the plans are the same"]
    lines += [f"- {figure_words(each)}" for each in found.figures]
    rows = [
        {
            "title": each.title,
            "first": each.first,
            "second": each.second,
            "difference": round(each.difference, 6),
            "noise": each.noise,
        }
        for each in found.figures
    ]
    data = {"first": found.first, "second": found.second, "figures": rows}
    return ToolResult(text="\n".join([*lines, *found.notes]), data=data)


def figure_words(each: Compared) -> str:
    """'Looks like your pictures: 0.75, then 0.81: 0.06 more, beyond the noise (0.02 over 5 clips)'."""
    size = digits(abs(each.difference))
    change = f"{size} {'more' if each.difference > 0 else 'less'}" if float(size) else "no difference"
    noise = f" ({digits(each.noise)} over {each.pairs} clips)" if each.noise is not None else ""
    return f"{each.title}: {each.first:.3f}, then {each.second:.3f}: {change}, {each.sure}{noise}"


def digits(value: float) -> str:
    """Three decimals of what is not below 0; the fourth, with which figures are kept, where those are all noughts."""
    small = value < 0.0005 and round(value, 4)
    return f"{small:g}" if small else f"{value:.3f}"


def _pair(context: ToolContext, first: str | None, second: str | None) -> tuple[Run, Run]:
    runs = {run.id: run for run in runs_of(context)}
    for name in (first, second):
        if name is not None and name not in runs:
            raise ToolRefused(f"There is no run called {quoted(name, 60)!r} in this project.")
    scored = [run for run in runs.values() if (context.workspace.run_folder(run.id) / scorecards.FILE_NAME).is_file()]
    newest = runs[second] if second else next((run for run in reversed(scored) if run.id != first), None)
    if newest is None:
        raise ToolRefused("Two scored runs are needed to compare; there are not that many in this project.")
    before = runs[first] if first else next((run for run in reversed(scored) if run.id != newest.id), None)
    if before is None:
        raise ToolRefused("Two scored runs are needed to compare; there is only one in this project.")
    if before.id == newest.id:
        raise ToolRefused("That is the same run twice. Name two different ones.")
    return before, newest


def _card(context: ToolContext, run: Run) -> Scorecard:
    try:
        card = scorecards.load(context.workspace.run_folder(run.id))
    except scorecards.ScorecardDamaged as damaged:
        raise ToolRefused(str(damaged)) from damaged
    if card is None:
        raise ToolRefused(f"{run.id} has no scores yet, so it cannot be compared.")
    return card


def _changes(one: TrainingPlan | None, two: TrainingPlan | None) -> tuple[str, ...]:
    return tuple(change.words for change in differences(one, two)) if one and two else ()


def _compared(one: Measure, two: Measure, cards: tuple[Scorecard, Scorecard]) -> Compared:
    first, second = float(one.value or 0), float(two.value or 0)
    pairs = _pairs(one, two, cards)
    noise = None
    if len(pairs) >= FEWEST:
        apart = [b - a for a, b in pairs]
        noise = _T95[min(len(pairs) - 1, len(_T95) - 1)] * stdev(apart) / sqrt(len(pairs))
    return Compared(one.title, one.unit, first, second, noise, len(pairs))


def _pairs(one: Measure, two: Measure, cards: tuple[Scorecard, Scorecard]) -> list[tuple[float, float]]:
    """The single clips' values that both figures are the mean of; none where they are not, or were asked otherwise."""
    if one.id not in PER_CLIP:
        return []
    of, model = PER_CLIP[one.id]
    clips = [
        {clip.case.id: clip for clip in card.clips if clip.model == model and clip.case.id in measure.evidence}
        for measure, card in zip((one, two), cards, strict=True)
    ]
    if clips[0].keys() != clips[1].keys() or len(clips[0]) != len(one.evidence):
        return []
    asked = [[_asked(clip, card) for clip in each.values()] for each, card in zip(clips, cards, strict=True)]
    if sorted(asked[0]) != sorted(asked[1]):
        return []
    found = [(of(clip), of(clips[1][name])) for name, clip in clips[0].items()]
    pairs = [(a, b) for a, b in found if a is not None and b is not None]
    if not pairs or len(pairs) < len(found):
        return []
    means = fmean(a for a, _ in pairs), fmean(b for _, b in pairs)
    # an earlier version may have taken a figure otherwise; both are rounded to four digits
    same = all(abs(mean - (measure.value or 0)) < 2e-4 for mean, measure in zip(means, (one, two), strict=True))
    return pairs if same else []


def _asked(clip: ClipScore, card: Scorecard) -> tuple[str, str, int]:
    """What a clip was asked, the trigger aside: a new plan may have a new one."""
    return clip.case.id, clip.case.prompt.replace(card.trigger, ""), clip.case.seed


def _scored_at(context: ToolContext, *cards: Scorecard) -> list[str]:
    """That the LoRAs whose figures these are stand at different steps or strengths, where scoring chose among them."""
    if not any(card.sweep for card in cards):
        return []  # each is the last step of its plan at strength 1
    first, second = (_step_and_strength(context, card) for card in cards)
    return [f"{cards[0].run_id} was scored at {first}, {cards[1].run_id} at {second}."] if first != second else []


def _step_and_strength(context: ToolContext, card: Scorecard) -> str:
    step = card.sweep.best_step if card.sweep else steps_of_run(context.workspace, card.run_id)
    return f"{f'step {step}' if step else 'its last step'} and strength {best_strength(card):g}"


def _notes(one: Scorecard, two: Scorecard) -> list[str]:
    notes = []
    if one.base != two.base:
        notes.append(f"They are for different base models ({one.base.value}, {two.base.value}).")
    if one.recipe != two.recipe:
        notes.append("They were taught with different recipes.")
    if one.training_set and two.training_set and one.training_set.pictures != two.training_set.pictures:
        notes.append("The files were not the same, and figures are measured against the files of each run.")
    notes.append(
        "The noise is of the clips that were made. How much a second training of the same plan would differ was not "
        "measured."
    )
    return notes


TOOLS = (
    Tool(
        "compare_runs",
        "Two scored runs side by side: what was planned differently, each figure of both, the difference, and whether "
        "it is beyond the noise where that is known.",
        CompareRuns,
        compare_runs,
    ),
)
