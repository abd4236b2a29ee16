"""Why this checkpoint and this strength, in words for a person."""

from collections.abc import Iterable, Sequence

from ..text import plural
from .choice import Choice
from .scorecard import SweepPoint


def checkpoint_words(choice: Choice, points: Sequence[SweepPoint], line: float) -> str:
    """A sentence or two about the checkpoint that is used."""
    step = choice.chosen.step
    if len(points) == 1:
        return f"No earlier step was kept to compare with, so the last one ({step}) is used."
    if len(choice.alike) == 1:
        others = "the other steps" if choice.next is None else f"step {choice.next.step}"
        return f"Step {step} of {max(point.step for point in points)} scores best: {_by(choice, others)}."
    alike = _listed(str(each) for each in sorted(point.step for point in choice.alike))
    said = f"Steps {alike} cannot be told apart: {_chance(choice)}."
    if step == min(point.step for point in choice.alike):
        longer = "longer training that cannot be seen to help may copy more"
        return f"{said} The earliest of them, step {step}, is used: {longer}."
    return f"{said} {_passed_over(choice, line)} So step {step} is used."


def strength_words(choice: Choice, line: float) -> str:
    """A sentence or two about the strength to use it at."""
    strength = choice.chosen.strength
    if len(choice.alike) == 1:
        others = "the others that were tried" if choice.next is None else f"strength {choice.next.strength:g}"
        used = "" if strength == 1 else f" Use the LoRA at {strength:g}."
        return f"Strength {strength:g} scores best: {_by(choice, others)}.{used}"
    alike = _listed(f"{each:g}" for each in sorted(point.strength for point in choice.alike))
    said = f"Strengths {alike} cannot be told apart: {_chance(choice)}."
    if strength == 1:
        return f"{said} So strength 1 is used."
    passed = f" {_passed_over(choice, line)}" if any(point.strength == 1 for point in choice.alike) else ""
    return f"{said}{passed} Use the LoRA at {strength:g}."


def _by(choice: Choice, others: str) -> str:
    best = choice.best.score or 0.0
    if choice.margin is None:
        return f"{best:.2f}, and {others} came nowhere near"
    return f"{best:.2f}, {choice.margin:.2f} more than {others}, where {choice.chance:.2f} could be chance"


def _chance(choice: Choice) -> str:
    best, clips = choice.best.score or 0.0, len(choice.best.clips)
    if choice.chance == float("inf"):
        return f"the best has {best:.2f}, and {plural(clips, 'clip')} are too few to tell chance from more"
    return (
        f"the best has {best:.2f}, and up to {choice.chance:.2f} between two of them could be chance on "
        f"{plural(clips, 'clip')} each"
    )


def _passed_over(choice: Choice, line: float) -> str:
    if choice.short:
        return f"Those before it look less like your pictures than {line:.2f}, where it counts as your subject."
    return f"None looks enough like your pictures yet ({line:.2f} counts as your subject), so the best score decides."


def _listed(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
