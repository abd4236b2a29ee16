"""What is known of a LoRA that is to be given away: how it came about and what was measured. No folder, no person."""

import json
from dataclasses import dataclass
from typing import Any

from trainer_core.consents import consents_of
from trainer_core.plan import BASES, BaseModelName, BaseRules, TrainingPlan
from trainer_core.recipes import RecipeName

from .context import ToolContext
from .evaluation.scorecard import Scorecard
from .library import Known
from .scored_loras import best_strength, scores_of
from .state import plan_of_run

MOST_PARENTS = 16


@dataclass(frozen=True)
class Parent:
    """A LoRA that went into a merged one. Its words are of its own file's header: they may be a stranger's."""

    title: str
    trigger: str
    strength: float
    sha256: str


@dataclass(frozen=True)
class LoraStory:
    """A LoRA with everything that its card says. None and empty where it is not known.

    scores are those of exactly this file; steps are how many were trained. consents counts those that stand.
    """

    known: Known
    base: BaseModelName
    rank: int | None
    steps: int | None
    plan: TrainingPlan | None
    scores: Scorecard | None
    method: str  # of merging
    parents: tuple[Parent, ...]
    description: str  # of a file from elsewhere, in its header's words
    reference: str  # what an in-context LoRA wants, in words
    times_smaller: int
    consents: int

    @property
    def rules(self) -> BaseRules:
        """What its base takes."""
        return BASES[self.base]

    @property
    def strength(self) -> float:
        """The strength that was measured to be best, else 1."""
        return best_strength(self.scores)

    @property
    def of_a_person(self) -> bool:
        """Was a face taught?"""
        return self.plan is not None and self.plan.recipe is RecipeName.FACE


def story_of(context: ToolContext, known: Known) -> LoraStory:
    """Everything about it, from the workspace and the file's header.

    Raises UnreadableFileError in words where the file cannot be read.
    """
    from trainer_core.lora.reference_use import reference_use  # loads torch
    from trainer_core.lora.shareable import read_header

    header = read_header(known.file)
    plan = plan_of_run(context.workspace, known.row.run_id)
    try:
        use = reference_use(header)
    except ValueError:
        use = None
    return LoraStory(
        known=known,
        base=BaseModelName(known.row.base),
        rank=_number(header.get("ss_network_dim")),
        steps=_number(header.get("ss_steps")),
        plan=plan,
        scores=scores_of(context, known),
        method=header.get("sidekick.merge_method", "").split(" ")[0],
        parents=_parents(header),
        description="" if plan else header.get("modelspec.description", ""),
        reference=use.words() if use else "",
        times_smaller=use.times_smaller if use else 1,
        consents=len(consents_of(context.workspace, known.project.id)),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 9 else None


def _parents(header: dict[str, str]) -> tuple[Parent, ...]:
    try:
        told: Any = json.loads(header.get("sidekick.merged_from", "[]"))
    except ValueError:
        return ()
    entries = [entry for entry in told if isinstance(entry, dict)] if isinstance(told, list) else []
    return tuple(
        Parent(
            title=str(entry.get("title", "")),
            trigger=str(entry.get("trigger", "")),
            strength=float(strength) if isinstance(strength := entry.get("strength"), int | float) else 1.0,
            sha256=str(entry.get("sha256", "")),
        )
        for entry in entries[:MOST_PARENTS]
    )
