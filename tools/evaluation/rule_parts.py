"""What a rule of diagnosis is made of: conditions on facts, limits with their sources, and changes of the plan.

A rule's conditions compare a fact (facts.py) with a limit. A limit is either a line of the scorecard, which carries its
own source, or one of LIMITS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tools.audit.caption_content import LOOKS_SHARE
from tools.audit.coverage import ONE_PLACE
from trainer_core.plan import BASES, Preset, TrainingPlan, steps_for
from trainer_core.recipes import RECIPES
from trainer_core.training.overfitting import RISE

from .actions import Propose
from .calibration import load_calibration

Sign = Literal["<", ">"]
Confidence = Literal["high", "medium", "low"]
Change = Callable[[TrainingPlan, int | None], dict[str, Any] | None]  # plan, step with the lowest validation loss

GUIDE = "Grix LoRA trainer guide, symptom table"
TABLE = "recipe table (Grix LoRA trainer guide)"
RATE = f"{TABLE}; mini's learning rate is 20 times LTX-2.3's, found by trying"
_OURS = "Sidekick's own line, no published one is known"

LIMITS: dict[str, tuple[float, str]] = {
    "nothing": (0.0, ""),
    "validation rise": (RISE, _OURS),  # above the lowest; noise and held-out files are fixed, so chance plays no part
    "validation fall": (0.005, _OURS),  # over the last quarter
    "learning rate high": (4.0, _OURS),
    "learning rate low": (0.25, _OURS),
    "rank small": (0.2, _OURS),
    "steps few": (0.6, _OURS),
    "steps many": (2.0, _OURS),
    "no effect": (0.005, _OURS),
    "ordinary word": (0.0, ""),
    "repeats": (0.3, _OURS),
    "place": (0.2, _OURS),
    "looks in captions": (LOOKS_SHARE, "the audit's line for captions that describe looks"),
    "captions": (0.9, f"{_OURS}: the guide wants it in every caption"),
    "view gap": (0.25, _OURS),
    "view shown": (0.34, f"{_OURS}: at most a third of the sides that are asked for"),
    "one background": (ONE_PLACE, "the audit's line for like backgrounds"),
    "movement": (0.5, _OURS),
    "one": (1.0, ""),
    "empty frames": (0.05, f"{_OURS}: more than one clip in twenty; a fade from black is a frame or two"),
    "two places": (0.5, f"{_OURS}: two of the three clips"),
    **{name: (line.value, line.source) for name, line in load_calibration().lines.items()},  # copying, variety, burned
}
LINES = ("identity", "lift", "leak", "identity_views", "consistency", "face")  # limits that come with the scorecard


@dataclass(frozen=True)
class Condition:
    """`fact` < or > the limit of that name. A guard keeps a rule silent elsewhere; it is no sign of the trouble."""

    fact: str
    sign: Sign
    limit: str
    guard: bool = False


@dataclass(frozen=True)
class Rule:
    """All of `when` must hold, and one of `any_of` where there are some. `excludes` names rules that are silent when
    this one fires: it explains them. `actions` are done besides `change`, and before it."""

    id: str
    symptom: str
    when: tuple[Condition, ...]
    cause: str
    advice: str
    source: str
    confidence: Confidence
    change: Change | None = None
    actions: tuple[Propose, ...] = ()
    any_of: tuple[Condition, ...] = ()
    excludes: tuple[str, ...] = ()
    supported_by: tuple[Condition, ...] = ()  # evidence that is shown, and raises the confidence, when it holds too


def usual_steps(plan: TrainingPlan, preset: Preset = Preset.STANDARD) -> float:
    """The steps that the rule gives for this many files, in which the plan's batches see as many samples as the base's
    own batches do there."""
    steps = steps_for(RECIPES[plan.recipe], plan.images + plan.clips, preset, plan.base)
    return steps * BASES[plan.base].batch_size / (plan.batch_size * plan.gradient_accumulation)


def with_steps(plan: TrainingPlan, steps: float) -> dict[str, Any] | None:
    """A change of steps to a round number that the plan can take; None when that is no step in the wanted direction."""
    whole = min(20_000, max(plan.warmup_steps + 10, round(steps / 10) * 10))
    return {"steps": whole} if (whole - plan.steps) * (steps - plan.steps) > 0 else None


def more_steps(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    """30 % more, and at least what the rule says for this many files."""
    return with_steps(plan, max(1.3 * plan.steps, usual_steps(plan)))


def until_best(plan: TrainingPlan, best: int | None) -> dict[str, Any] | None:
    """As far as the lowest validation loss, which is coarse evidence when it lies early: so no less than half, or than
    the rule says for this many files where that is less than half."""
    fewest = min(0.5 * plan.steps, usual_steps(plan))
    return with_steps(plan, min(max(best or 0.7 * plan.steps, fewest), 0.9 * plan.steps))


def preserve_or_shorten(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    """More class preservation while there is room for it, else fewer steps."""
    if plan.class_preservation < 1:
        return {"class_preservation": 1.0 if plan.class_preservation >= 0.5 else 0.5}
    return with_steps(plan, 0.8 * plan.steps)


def usual_learning_rate(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    """The recipe's."""
    return {"learning_rate": RECIPES[plan.recipe].learning_rate * BASES[plan.base].learning_rate_factor}


def usual_rank(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    """The recipe's, and alpha with it."""
    rank = RECIPES[plan.recipe].rank
    return {"rank": rank, "alpha": float(rank)}
