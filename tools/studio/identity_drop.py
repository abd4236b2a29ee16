"""What a stack costs a character: its resemblance alone and in the stack, on the same prompts and seeds."""

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from trainer_core.plan import BaseModelName
from trainer_core.recipes import RECIPES, RecipeName

from ..captioning.templates import a
from ..context import ToolContext
from ..library import Known
from ..state import plan_of_run
from .generate_clip import request_for
from .machine import check_machine, one_at_a_time, pipeline_of

if TYPE_CHECKING:
    from trainer_core.lora.stack import Stack, Stacked

PROMPTS, SEEDS = 3, 2  # six clips alone, and as many in the stack
ONE_SUBJECT = (RecipeName.CHARACTER, RecipeName.FACE)


@dataclass(frozen=True)
class Drop:
    """Resemblance (mean cosine to the training files, -1 to 1) of each clip alone and in the stack, pair by pair.

    Where it cannot be told, both are empty and `why` says why.
    """

    lora: Known
    alone: tuple[float, ...] = ()
    stacked: tuple[float, ...] = ()
    why: str = ""

    @property
    def mean(self) -> float | None:
        """Mean of alone minus stacked: positive where the stack costs resemblance."""
        if not self.alone:
            return None
        return sum(a - b for a, b in zip(self.alone, self.stacked, strict=True)) / len(self.alone)

    def words(self) -> str:
        """In a sentence, with the spread."""
        if self.mean is None:
            return f"{self.lora.name}: {self.why}"
        apart = [a - b for a, b in zip(self.alone, self.stacked, strict=True)]
        change = f"{abs(self.mean):.3f} {'lower' if self.mean >= 0 else 'higher'}"
        return (
            f"{self.lora.name}: resemblance {sum(self.alone) / len(self.alone):.3f} alone, "
            f"{sum(self.stacked) / len(self.stacked):.3f} in the stack, so {change} on average over {len(apart)} clips "
            f"with the same prompts and seeds (single clips: from {_signed(-max(apart))} to {_signed(-min(apart))})."
        )


def identity_drop(context: ToolContext, known: Known, alone: "Stacked", stack: "Stack", base: BaseModelName) -> Drop:
    """Make the clips and measure them with the built-in embedder, where it holds: characters and faces on mini."""
    if base is not BaseModelName.MINI:
        return Drop(known, why="the built-in measure of resemblance holds for mini's drawn characters only.")
    plan = plan_of_run(context.workspace, known.row.run_id)
    if plan is None:
        return Drop(known, why="it was not trained here, so there are no training files to compare clips with.")
    if plan.recipe not in ONE_SUBJECT:
        return Drop(known, why=f"resemblance is not a measure of {a(plan.recipe.value)}; look at the clips.")
    from ..evaluation import embedder, measures
    from ..evaluation.prompts import suite
    from ..evaluation.reference import read_reference

    try:
        reference = read_reference(context.workspace.dataset_folder(known.project.id), plan.trigger)
    except ValueError as error:
        return Drop(known, why=str(error))
    check_machine(context, base)
    recipe = RECIPES[plan.recipe]
    cases = suite(recipe, plan.trigger, known.project.noun or recipe.noun, (), base)
    plain = [case for case in cases if case.purpose in ("first", "new") and case.reference is None][:PROMPTS]
    figures: dict[str, list[float]] = {"alone": [], "stacked": []}
    from trainer_core.generation.generate import generate
    from trainer_core.lora.stack import with_stack

    for key, loaded in (("alone", (alone,)), ("stacked", stack)):
        with one_at_a_time, with_stack(pipeline_of(base), loaded) as pipeline:
            for case, more in product(plain, range(SEEDS)):
                frames = generate(pipeline, request_for(base, case.prompt, case.seed + more))
                figures[key].append(round(measures.identity(embedder.embed(frames), reference.prototype), 4))
    return Drop(known, tuple(figures["alone"]), tuple(figures["stacked"]))


def _signed(value: float) -> str:
    return f"{value:+.3f}"
