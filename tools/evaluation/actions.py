"""What a finding asks for, as data: what the sidekick can do by itself, and what only the person can bring."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.plan import TrainingPlan
from trainer_core.recipes import RECIPES

from .scorecard import Scorecard

Kind = Literal[
    "change_plan", "write_captions", "new_trigger", "leave_out_repeats", "add_views", "add_files", "train_again"
]
MORE_FILES = 10  # of other kinds: a third to a half of a usual set
FEWEST_OF_A_VIEW = 2

VIEW_WORDS = {
    "front": "from the front",
    "three_quarter": "turned a little (three-quarter)",
    "profile": "from the side",
    "back": "from behind",
}


class Action(BaseModel):
    """One step. `change` are plan fields and new values; `views` how many files of which view to add."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    words: str
    by_sidekick: bool  # False: the person has to bring something
    change: dict[str, Any] = {}
    views: dict[str, int] = {}


Propose = Callable[[Scorecard, TrainingPlan], Action]


def write_captions(card: Scorecard, _plan: TrainingPlan) -> Action:
    """Captions get the trigger word where it is missing."""
    return Action(
        kind="write_captions", words=f"put the trigger word {card.trigger} into every caption", by_sidekick=True
    )


def new_trigger(card: Scorecard, _plan: TrainingPlan) -> Action:
    """Another trigger word, in project and captions."""
    return Action(
        kind="new_trigger",
        words=f"take a trigger word that means nothing yet in place of {card.trigger!r}, in the captions too",
        by_sidekick=True,
    )


def leave_out_repeats(_card: Scorecard, _plan: TrainingPlan) -> Action:
    """Files that repeat others are set aside."""
    return Action(kind="leave_out_repeats", words="set the repeated files aside; nothing is deleted", by_sidekick=True)


def add_different(_card: Scorecard, _plan: TrainingPlan) -> Action:
    """More files, unlike those that are there."""
    words = f"add about {MORE_FILES} files that differ in pose, view, place and light"
    return Action(kind="add_files", words=words, by_sidekick=False)


def add_backgrounds(_card: Scorecard, _plan: TrainingPlan) -> Action:
    """More files in front of other backgrounds."""
    words = f"add about {MORE_FILES} files in front of other backgrounds, or have the background changed in some"
    return Action(kind="add_files", words=words, by_sidekick=False)


def add_views(card: Scorecard, plan: TrainingPlan) -> Action:
    """Which views to add and how many: what the recipe needs less what is there, and where it looked least like it."""
    have = views_of(card)
    needs: dict[str, int] = {need.view: need.at_least for need in RECIPES[plan.recipe].views}
    lacking = {view: count - (have or {}).get(view, 0) for view, count in needs.items() if have is not None}
    wanted: dict[str, int] = {view: count for view, count in lacking.items() if count > 0}
    if not wanted:
        wanted = {view: max(FEWEST_OF_A_VIEW, needs.get(view, 0)) for view in _weak(card)}
    words = ", ".join(_more_of(view, count, have, needs) for view, count in wanted.items()) or "some from other sides"
    return Action(
        kind="add_views",
        words=f"add files: {words}. Where you have none, the base model can draw candidates for you to choose from",
        by_sidekick=False,
        views=wanted,
    )


def _more_of(view: str, count: int, have: dict[str, int] | None, needs: dict[str, int]) -> str:
    """'2 from behind (you have 0 of 2)'."""
    there = f" (you have {have.get(view, 0)} of {needs[view]})" if have is not None and view in needs else ""
    return f"{count} {VIEW_WORDS[view]}{there}"


def train_again(_card: Scorecard, _plan: TrainingPlan) -> Action:
    """The same once more."""
    return Action(kind="train_again", words="train again with the same plan", by_sidekick=True)


def views_of(card: Scorecard) -> dict[str, int] | None:
    """Files of the training set by view; None where nothing could tell. What drawings show is known for mini only."""
    if card.audited is not None and card.audited.views is not None:
        return card.audited.views
    return card.training_set.views if card.training_set else None


def _weak(card: Scorecard) -> list[str]:
    """The turned views in which likeness is below its line."""
    names = {"three_quarter": "identity_three-quarter", "profile": "identity_profile", "back": "identity_back"}
    measures = {view: card.measure(name) for view, name in names.items()}
    return [view for view, measure in measures.items() if measure is not None and measure.verdict == "poor"]
