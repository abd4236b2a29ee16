"""The rules of diagnosis as data: symptom, what must be measured for it, the cause, and the change that helps.

A rule's conditions compare a fact (facts.py) with a limit. A limit is either a line of the scorecard, which carries its
own source, or one of LIMITS. The table follows the symptoms of the Grix LoRA trainer guide and of DreamBooth (2023).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tools.audit.coverage import ONE_PLACE
from trainer_core.plan import BASES, TrainingPlan, steps_for
from trainer_core.recipes import RECIPES

Sign = Literal["<", ">"]
Confidence = Literal["high", "medium", "low"]
Change = Callable[[TrainingPlan, int | None], dict[str, Any] | None]  # plan, step with the lowest validation loss

GUIDE = "Grix LoRA trainer guide, symptom table"
_TABLE = "recipe table (Grix LoRA trainer guide)"
_OURS = "Sidekick's own line, no published one is known"

LIMITS: dict[str, tuple[float, str]] = {
    "nothing": (0.0, ""),
    "validation rise": (0.05, _OURS),  # above the lowest; noise and held-out files are fixed, so chance plays no part
    "validation fall": (0.005, _OURS),  # over the last quarter
    "learning rate high": (4.0, _OURS),
    "learning rate low": (0.25, _OURS),
    "rank small": (0.2, _OURS),
    "captions": (0.9, GUIDE),
    "view gap": (0.25, _OURS),
    "one background": (ONE_PLACE, "the audit's line for like backgrounds"),
    "variety": (0.5, _OURS),
    "copying": (0.95, _OURS),
    "burned": (0.15, _OURS),
    "movement": (0.5, _OURS),
    "one": (1.0, ""),
}
LINES = ("identity", "lift", "leak", "identity_views", "consistency")  # limits that come with the scorecard


@dataclass(frozen=True)
class Condition:
    """`fact` < or > the limit of that name."""

    fact: str
    sign: Sign
    limit: str


@dataclass(frozen=True)
class Rule:
    """All conditions must hold. `excludes` names rules that are silent when this one fires: it explains them."""

    id: str
    symptom: str
    when: tuple[Condition, ...]
    cause: str
    advice: str
    source: str
    confidence: Confidence
    change: Change | None = None
    excludes: tuple[str, ...] = ()
    supported_by: tuple[Condition, ...] = ()  # evidence that is shown, and raises the confidence, when it holds too


def _steps(plan: TrainingPlan, steps: float) -> dict[str, Any] | None:
    """A change of steps to a round number that the plan can take; None when that is what it has."""
    whole = min(20_000, max(plan.warmup_steps + 10, round(steps / 10) * 10))
    return {"steps": whole} if whole != plan.steps else None


def _more_steps(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    usual = steps_for(RECIPES[plan.recipe], plan.images + plan.clips, plan.preset, plan.base)
    return _steps(plan, max(1.3 * plan.steps, usual))


def _until_best(plan: TrainingPlan, best: int | None) -> dict[str, Any] | None:
    """As far as the lowest validation loss, but no less than half: early losses are coarse evidence."""
    return _steps(plan, min(max(best or 0.7 * plan.steps, 0.5 * plan.steps), 0.9 * plan.steps))


def _preserve_or_shorten(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    if plan.class_preservation < 1:
        return {"class_preservation": 1.0 if plan.class_preservation >= 0.5 else 0.5}
    return _steps(plan, 0.8 * plan.steps)


def _usual_learning_rate(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    return {"learning_rate": RECIPES[plan.recipe].learning_rate * BASES[plan.base].learning_rate_factor}


def _usual_rank(plan: TrainingPlan, _best: int | None) -> dict[str, Any] | None:
    rank = RECIPES[plan.recipe].rank
    return {"rank": rank, "alpha": float(rank)}


RULES: tuple[Rule, ...] = (
    Rule(
        id="damaged_file",
        symptom="the LoRA file cannot be used",
        when=(Condition("problems", ">", "nothing"),),
        cause="the file is truncated, damaged or made for another base model",
        advice="Train again, or take the last good checkpoint; the old file should not be shared.",
        source=GUIDE,
        confidence="high",
        excludes=("*",),
    ),
    Rule(
        id="empty_frames",
        symptom="clips have black or empty frames",
        when=(Condition("empty", ">", "nothing"),),
        cause="numbers in the model ran out of range while training",
        advice="Do not use this file. Train again with a fifth of the learning rate.",
        source="black video on LTX-2.3 (ai-toolkit issue 975); learning rate / 5 after NaN (LTX training notes)",
        confidence="medium",
        change=lambda plan, _best: {"learning_rate": plan.learning_rate / 5},
        excludes=("*",),
    ),
    Rule(
        id="captions_without_trigger",
        symptom="the trigger word does not call the subject",
        when=(Condition("captions", "<", "captions"),),
        cause="captions without the trigger word teach the subject without its name",
        advice="Let me write the captions again so that each has the trigger word, then train again.",
        source=GUIDE,
        confidence="high",
        excludes=("underfit", "leak"),
    ),
    Rule(
        id="learning_rate_high",
        symptom="training was too violent",
        when=(Condition("learning_rate", ">", "learning rate high"),),
        cause="the learning rate is far above the recipe's",
        advice="Go back to the recipe's learning rate.",
        source=_TABLE,
        confidence="high",
        change=_usual_learning_rate,
        excludes=("underfit", "overfit", "burned", "drift", "copying", "leak", "views", "rank_small"),
    ),
    Rule(
        id="learning_rate_low",
        symptom="training hardly changed the model",
        when=(Condition("learning_rate", "<", "learning rate low"), Condition("identity", "<", "identity")),
        cause="the learning rate is far below the recipe's",
        advice="Go back to the recipe's learning rate.",
        source=_TABLE,
        confidence="high",
        change=_usual_learning_rate,
        excludes=("underfit", "rank_small", "views", "drift"),
    ),
    Rule(
        id="rank_small",
        symptom="the LoRA is too small to hold the subject",
        when=(Condition("rank", "<", "rank small"), Condition("identity", "<", "identity")),
        cause="the rank is far below the recipe's",
        advice="Go back to the recipe's rank.",
        source=_TABLE,
        confidence="medium",
        change=_usual_rank,
        excludes=("underfit", "views", "drift"),
    ),
    Rule(
        id="overfit",
        symptom="it learns your files by heart instead of the subject",
        when=(Condition("validation_rise", ">", "validation rise"),),
        cause="training went on after the loss on the files kept aside had passed its lowest point",
        advice="Stop near the lowest point, or add more varied files.",
        source=f"{GUIDE}: fewer steps or an earlier checkpoint",
        confidence="medium",
        change=_until_best,
        excludes=("underfit", "copying", "burned"),
        supported_by=(Condition("variety", "<", "variety"), Condition("copying", ">", "copying")),
    ),
    Rule(
        id="copying",
        symptom="every clip looks like one of your files",
        when=(Condition("copying", ">", "copying"), Condition("variety", "<", "variety")),
        cause="too many steps on too few or too similar files",
        advice="Train fewer steps, or add more varied files.",
        source=GUIDE,
        confidence="low",
        change=lambda plan, _best: _steps(plan, 0.7 * plan.steps),
        excludes=("underfit",),
    ),
    Rule(
        id="underfit",
        symptom="the clips do not look enough like your pictures",
        when=(Condition("identity", "<", "identity"),),
        cause="too few training steps",
        advice="Train longer.",
        source=f"{GUIDE}: about 30 % more steps; at least the recipe's number",
        confidence="medium",
        change=_more_steps,
        excludes=("views", "drift"),
        supported_by=(Condition("validation_fall", ">", "validation fall"), Condition("lift", "<", "lift")),
    ),
    Rule(
        id="leak",
        symptom="the character comes without being called",
        when=(Condition("leak", ">", "leak"),),
        cause="the LoRA has changed what the ordinary word means",
        advice="Let class preservation hold the ordinary word; if it is on, raise it or train a little less.",
        source="DreamBooth (Ruiz et al. 2023), class preservation",
        confidence="medium",
        change=_preserve_or_shorten,
    ),
    Rule(
        id="views",
        symptom="it is not the same character from other sides",
        when=(Condition("identity_views", "<", "identity_views"), Condition("view_gap", ">", "view gap")),
        cause="your files do not show these sides often enough",
        advice="Add pictures of the sides that fail, at least five of each.",
        source=GUIDE,
        confidence="medium",
        supported_by=(Condition("missing_views", ">", "nothing"),),
    ),
    Rule(
        id="drift",
        symptom="the character changes inside a clip",
        when=(Condition("consistency", "<", "consistency"),),
        cause="too few steps, or too little variety in the files",
        advice="Train longer; more varied files help too.",
        source=GUIDE,
        confidence="low",
        change=_more_steps,
    ),
    Rule(
        id="burned",
        symptom="colours look burned",
        when=(Condition("burned_more", ">", "burned"),),
        cause="too many steps or too high a learning rate",
        advice="Use it at a lower strength, or train fewer steps.",
        source="LTX trainer documentation; ai-toolkit notes",
        confidence="low",
        change=lambda plan, _best: _steps(plan, 0.8 * plan.steps),
    ),
    Rule(
        id="still_video",
        symptom="clips hardly move any more",
        when=(Condition("moving_less", ">", "movement"), Condition("clips", "<", "one")),
        cause="the LoRA was taught with stills only",
        advice="Add a few clips of 3 to 8 seconds.",
        source="LTX trainer documentation",
        confidence="medium",
    ),
    Rule(
        id="one_background",
        symptom="the background may come along with the character",
        when=(Condition("one_background", ">", "one background"),),
        cause="most files have the same background",
        advice="Add pictures in front of other backgrounds, or name the background in the captions.",
        source=GUIDE,
        confidence="low",
    ),
)
