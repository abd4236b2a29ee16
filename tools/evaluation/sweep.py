"""Tries the checkpoints of a run at strength 1, then strengths of the best one, on the same few prompts and seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from .base_clips import AtStrength
from .calibration import load_calibration
from .choice import DEFINITION, Choice, certainly_out, choose, point_of
from .drawn_files import PHOTOGRAPHED, lines_hold
from .prompts import PromptCase
from .scorecard import ClipScore, Sweep, SweepPoint
from .scoring import ONE_SUBJECT
from .sweep_words import checkpoint_words, strength_words

MOST = {"first": 1, "new": 2, "leak": 2}  # prompts of each purpose
STRENGTHS = ((1.2,), (0.8, 0.6))  # upwards and downwards from 1; a way ends where it gets no better


@dataclass(frozen=True)
class Tried:
    """The LoRA file as training stood after `step` steps."""

    step: int
    lora: AtStrength
    weight_change: float | None = None  # median delta RMS of its layers

    def at(self, strength: float) -> "Tried":
        """The same file at another strength."""
        return replace(self, lora=replace(self.lora, strength=strength))


Make = Callable[[Sequence[PromptCase], Tried], list[ClipScore]]  # makes clips and measures them


@dataclass(frozen=True)
class Range:
    """Where the sweep takes place. `skip` is told how many clips will not be made after all."""

    cases: tuple[PromptCase, ...]
    base: Mapping[str, ClipScore]  # clips without the LoRA, by case id
    line: float  # resemblance from which on it counts as the subject
    make: Make
    skip: Callable[[int], None] = field(default=lambda clips: None)

    def parts(self) -> tuple[tuple[PromptCase, ...], tuple[PromptCase, ...]]:
        """The prompts with the trigger word, and those without."""
        called = tuple(case for case in self.cases if case.uses_trigger)
        return called, tuple(case for case in self.cases if not case.uses_trigger)


def sweep_cases(cases: Sequence[PromptCase]) -> tuple[PromptCase, ...]:
    """The few prompts that every point of the sweep is tried on: the first, two new scenes, two without the trigger."""
    return tuple(
        case
        for purpose, count in MOST.items()
        for case in [case for case in cases if case.purpose == purpose and case.on_base][:count]
    )


def most_clips(files: int, cases: int) -> int:
    """How many clips a sweep makes at most."""
    return cases * (files + sum(len(way) for way in STRENGTHS))


def cannot_judge(base: BaseModelName, recipe: RecipeName, drawn: float | None = None) -> str:
    """Why no checkpoint can be chosen by score on this material; empty where it can."""
    if recipe not in ONE_SUBJECT:
        return f"resemblance to one subject is what is scored, and a {recipe.value} has none"
    if base is not BaseModelName.MINI:
        return "the built-in embedder knows drawn characters only, so a score would mean nothing here"
    if not lines_hold(base, drawn):
        return f"{PHOTOGRAPHED}, so a score would mean nothing here"
    return ""


def unjudged(step: int, why: str, *, earlier: bool = True) -> Sweep:
    """The sweep that was not made: the last step at strength 1 stays. `earlier`: are files of earlier steps there?"""
    by_eye = "; earlier ones are kept, so compare them by eye" if earlier else ""
    return Sweep(
        checkpoints=(),
        strengths=(),
        best_step=step,
        best_strength=1.0,
        margin=None,
        definition=DEFINITION,
        words=f"Checkpoints and strengths were not compared: {why}. The last step ({step}) at strength 1 is used"
        f"{by_eye}.",
    )


def line_of_likeness() -> float:
    """The calibrated line between the same and another character, as the scorecard uses it."""
    stored = load_calibration()
    return stored.materials[stored.nearest_to_clips].threshold


def sweep(files: Sequence[Tried], within: Range) -> Sweep:
    """Try all files at strength 1, the last step first, then other strengths of the chosen one.

    `files` are at strength 1, the last of them after all steps. Where no clip without the trigger word can be compared
    nothing has a score, and the last file at strength 1 stays.
    """
    points: list[SweepPoint] = []
    for tried in sorted(files, key=lambda each: each.step, reverse=True):
        points.append(_point(tried, within, points))
    if all(point.score is None for point in points):
        last = max(file.step for file in files)
        why = "too few of the clips could be made"
        return unjudged(last, why, earlier=len(points) > 1).model_copy(update={"checkpoints": tuple(reversed(points))})
    of_steps = choose(points, within.line, lambda point: point.step)
    file = next(each for each in files if each.step == of_steps.chosen.step)
    strengths = _strengths(file, of_steps.chosen, within)
    of_strengths = choose(strengths, within.line, lambda point: abs(point.strength - 1) + point.strength / 1000)
    return Sweep(
        checkpoints=tuple(reversed(points)),
        strengths=tuple(sorted(strengths, key=lambda point: point.strength)),
        best_step=of_steps.chosen.step,
        best_strength=of_strengths.chosen.strength,
        margin=_margin(of_steps, of_strengths),
        definition=DEFINITION,
        words=f"{checkpoint_words(of_steps, points, within.line)} {strength_words(of_strengths, within.line)}",
    )


def _point(tried: Tried, within: Range, before: Sequence[SweepPoint]) -> SweepPoint:
    """Clips with the trigger word first: where they are bad enough, those without it need not be made."""
    called, without = within.parts()
    strength = tried.lora.strength
    clips = within.make(called, tried)
    begun = point_of(tried.step, strength, clips, within.base)
    if certainly_out(begun, before):
        within.skip(len(without))
        return begun
    return point_of(tried.step, strength, [*clips, *within.make(without, tried)], within.base)


def _strengths(file: Tried, chosen: SweepPoint, within: Range) -> list[SweepPoint]:
    """Strength 1 and those on both sides of it, nearest first, while the score still rises."""
    points = [chosen]
    for way in STRENGTHS:
        reached = chosen.score or 0.0
        for number, strength in enumerate(way, 1):
            points.append(_point(file.at(strength), within, points))
            score = points[-1].score
            if score is None or score <= reached:
                within.skip(len(within.cases) * (len(way) - number))
                break
            reached = score
    return points


def _margin(of_steps: Choice, of_strengths: Choice) -> float | None:
    """The best score over both lists minus the next: the point that is in both counts once."""
    scores = {(p.step, p.strength): p.score for c in (of_steps, of_strengths) for p in (c.best, c.next) if p}
    ranked = sorted((score for score in scores.values() if score is not None), reverse=True)
    return round(ranked[0] - ranked[1], 4) if len(ranked) > 1 else None
