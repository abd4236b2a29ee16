"""The figures that a diagnosis looks at, from scorecard, plan, audit and validation losses; unknown is None."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from wordfreq import zipf_frequency

from trainer_core.plan import BASES, TrainingPlan
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training import overfitting

from .actions import VIEW_WORDS, views_of
from .audited import AuditedSet, audited
from .rule_parts import usual_steps
from .scorecard import Scorecard

if TYPE_CHECKING:
    from tools.audit.model import Audit

Losses = Sequence[tuple[int, float]]
FEWEST_MOVING = 3  # test clips that move on the base model; from fewer nothing can be said of movement
HARDLY_ANY = 0.05  # of the files whose view is known: a single misread file shall not hide that a view is missing
OF_FILES = ("captions", "one_background", "repeats", "looks_in_captions", "missing_views", "few_of_view")
CHANGED = "files or captions were changed since this LoRA was trained, so they say nothing about it"


class Fact(BaseModel):
    """A measured figure and how a person calls it. `shown` is the value in words; `why` says why it is not known."""

    model_config = ConfigDict(frozen=True)

    title: str
    value: float | None
    form: Literal["figure", "percent", "count"] = "figure"
    why: str = ""

    @property
    def shown(self) -> str:
        """The value for a person."""
        return "not known" if self.value is None else self.in_words(self.value)

    def in_words(self, value: float) -> str:
        """A value of this kind for a person."""
        if self.form == "count":
            return f"{value:.0f}"
        if self.form == "percent":
            return f"{value:.0%}" if abs(value) >= 0.0095 or value == 0 else f"{value:.1%}"
        return f"{value:.2f}" if 0.0095 <= abs(value) < 100 or value == 0 else f"{value:.2g}"


def gather(scorecard: Scorecard, plan: TrainingPlan, audit: "Audit | None", losses: Losses) -> dict[str, Fact]:
    """All facts by name."""
    facts = {
        name: _measured(scorecard, name, title)
        for name, title in (
            ("identity", "likeness with the trigger word"),
            ("lift", "likeness gained by training"),
            ("face", "likeness of the face, to a face recogniser"),
            ("leak", "likeness gained without the trigger word"),
            ("identity_views", "likeness in turned views"),
            ("consistency", "steadiness through the clip"),
            ("copying", "likeness to the nearest training picture, as a whole picture"),
            ("place_followed", "clips in the place that was asked for"),
            ("effect", "change of one step's answer by the LoRA, as a share of it"),
        )
    }
    facts["not_finite"] = Fact(
        title="numbers in the file that are NaN or infinite:", value=float(scorecard.lora_not_finite), form="count"
    )
    facts["all_zero"] = Fact(title="layers that change nothing", value=float(scorecard.lora_all_zero), form="percent")
    facts["problems"] = Fact(title="problems of the file:", value=float(len(scorecard.lora_problems)), form="count")
    recipe = RECIPES[plan.recipe]
    usual = recipe.learning_rate * BASES[plan.base].learning_rate_factor
    facts["learning_rate"] = Fact(title="learning rate (1 is the recipe's)", value=plan.learning_rate / usual)
    files, longest = plan.images + plan.clips, max(usual_steps(plan), usual_steps(plan, plan.preset))
    facts["steps"] = Fact(title=f"steps (1 is the rule's for {files} files)", value=plan.steps / usual_steps(plan))
    facts["steps_beyond"] = Fact(
        title=f"steps (1 is the most that the rule gives for {files} files with this preset)",
        value=plan.steps / longest,
    )
    facts["trigger_frequency"] = Fact(
        title=f"how common {plan.trigger!r} is as a word (Zipf scale, 0 is unknown)",
        value=zipf_frequency(plan.trigger.lower(), "en"),
    )
    facts["rank"] = Fact(title="rank (1 is the recipe's)", value=plan.rank / recipe.rank)
    facts["face_recipe"] = Fact(title="face recipe", value=float(plan.recipe is RecipeName.FACE), form="count")
    facts["clips"] = Fact(title="clips in the training set:", value=float(plan.clips), form="count")
    facts |= _course(losses)
    captions = scorecard.training_set
    named = captions.captions_with_trigger / captions.captions if captions and captions.captions else None
    facts["captions"] = Fact(
        title="captions with the trigger word", value=named, form="percent", why="the files have no captions"
    )
    facts["empty_more"] = _difference(scorecard, "empty", "empty_base", "empty frames, more than before training")
    facts["burned_more"] = _difference(scorecard, "burned", "burned_base", "burned colours, more than before training")
    facts["still"] = _still(scorecard)
    ours, before = scorecard.value("variety"), scorecard.value("variety_base")
    facts["variety"] = Fact(
        title="difference between scenes, as a share of before training",
        value=ours / before if ours is not None and before else None,
        form="percent",
        why="too few scenes were made",
    )
    facts["view_gap"] = _view_gap(scorecard)
    facts["view_shown"] = Fact(
        title="clips that show the side that was asked for",
        value=scorecard.value("view_shown"),
        form="percent",
        why="which side the clips show could not be read",
    )
    facts["place_lost"] = _difference(
        scorecard, "place_followed_base", "place_followed", "clips that lost the place that was asked for"
    )
    facts |= _from_audit(scorecard.audited or (audited(audit) if audit else None))
    facts |= _views(scorecard, plan)
    if scorecard.files_changed:
        facts |= {name: facts[name].model_copy(update={"value": None, "why": CHANGED}) for name in OF_FILES}
    return facts


def _still(scorecard: Scorecard) -> Fact:
    fact = _measured(scorecard, "still", "clips that stand still where they moved before training", "percent")
    measure = scorecard.measure("still")
    if measure is None or measure.value is None or len(measure.evidence) >= FEWEST_MOVING:
        return fact
    why = f"only {len(measure.evidence)} of the test clips move on the base model, too few to tell"
    return fact.model_copy(update={"value": None, "why": why})


def best_step(losses: Losses) -> int | None:
    """The step with the lowest validation loss."""
    return min(losses, key=lambda entry: entry[1])[0] if losses else None


def _course(losses: Losses) -> dict[str, Fact]:
    why = "there were too few validation losses"
    fall = None
    values = [loss for _, loss in overfitting.usable(losses)]
    if (rise := overfitting.rise_of(losses)) is not None:
        last, earlier = values[-1], values[-1 - max(1, len(values) // 4)]
        fall = (earlier - last) / earlier
    return {
        "validation_rise": Fact(title="validation loss, rise from its lowest", value=rise, form="percent", why=why),
        "validation_fall": Fact(
            title="validation loss, fall over the last quarter", value=fall, form="percent", why=why
        ),
    }


def _measured(
    scorecard: Scorecard, name: str, title: str, form: Literal["figure", "percent", "count"] = "figure"
) -> Fact:
    """A measure of the scorecard; where it has no value, the reason is the measure's own."""
    return Fact(title=title, value=scorecard.value(name), form=form, why=_why(scorecard, name))


def _why(scorecard: Scorecard, name: str) -> str:
    """Why a measure has no value; empty where it has one."""
    measure = scorecard.measure(name)
    if measure is None or (measure.value is None and not measure.validity):
        return "it was not measured in this run"
    return measure.validity.rstrip(".") if measure.value is None else ""


def _difference(scorecard: Scorecard, more: str, less: str, title: str) -> Fact:
    a, b = scorecard.value(more), scorecard.value(less)
    why = _why(scorecard, more) or _why(scorecard, less)
    return Fact(title=title, value=None if a is None or b is None else a - b, form="percent", why=why)


def _view_gap(scorecard: Scorecard) -> Fact:
    views = [scorecard.value(f"identity_{view}") for view in ("three-quarter", "profile", "back")]
    known = [value for value in views if value is not None]
    front = scorecard.value("identity")
    return Fact(
        title="likeness lost in the worst turned view",
        value=front - min(known) if known and front is not None else None,
        why="no turned views were made",
    )


def _from_audit(figures: AuditedSet | None) -> dict[str, Fact]:
    why = "the files were not audited" if figures is None else "the audit could not tell this"
    return {
        "one_background": Fact(
            title="files with the same background",
            value=figures.largest_background if figures else None,
            form="percent",
            why=why,
        ),
        "repeats": Fact(
            title="files that repeat another one",
            value=figures.repeats / figures.files if figures and figures.files else None,
            form="percent",
            why=why,
        ),
        "looks_in_captions": Fact(
            title="captions that describe what always stays the same",
            value=figures.looks_in_captions if figures else None,
            form="percent",
            why=why,
        ),
    }


def _views(scorecard: Scorecard, plan: TrainingPlan) -> dict[str, Fact]:
    views = views_of(scorecard) or {}
    known = sum(count for view, count in views.items() if view != "unknown")
    needs = [need for need in RECIPES[plan.recipe].views if need.view != "front"]
    missing = [need.view for need in needs if views.get(need.view, 0) < HARDLY_ANY * known]
    named = f" ({', '.join(VIEW_WORDS[view] for view in missing)})" if known and missing else ""
    few = sum(views.get(need.view, 0) < need.at_least for need in needs)
    why = "from which side your files show the subject could not be told"
    return {
        "missing_views": Fact(
            title=f"sides without a file{named}:",
            value=float(len(missing)) if known else None,
            form="count",
            why=why,
        ),
        "few_of_view": Fact(
            title="kinds of turned views of which your files have fewer than the recipe asks for:",
            value=float(few) if known else None,
            form="count",
            why=why,
        ),
    }
