"""The suite of one trained LoRA: which captions it saw, which were kept aside, and what is shown beside a prompt."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainer_core.dataset.buckets import samples_of, split_held_out
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.plan import ReferenceKind, TrainingPlan
from trainer_core.recipes import RECIPES, RecipeName

from ...text import quoted
from .cases import PromptCase, Shown, Suite
from .suites import suite
from .voices import voice_of

if TYPE_CHECKING:
    from tools.audit.model import Audit


def suite_for(manifest: Manifest, plan: TrainingPlan, noun: str, audit: "Audit | None" = None) -> Suite:
    """The test clips for a LoRA that was trained with `plan` on this dataset, with notes on what cannot be tried."""
    trained, kept_aside = _split(manifest, plan)
    shown, notes = _shown(trained, kept_aside, plan, audit)
    captions, held_out = [item.caption for item in trained], [item.caption for item in kept_aside]
    cases = suite(RECIPES[plan.recipe], plan.trigger, noun, captions, plan.base, held_out=held_out, shown=shown)
    cannot = voice_of(plan.base).cannot.get(plan.recipe)
    return Suite(
        tuple(cases), (*_of_captions(captions, held_out, cases), *notes, *((cannot,) if cannot is not None else ()))
    )


def _split(manifest: Manifest, plan: TrainingPlan) -> tuple[list[Item], list[Item]]:
    """(trained on, kept aside), as training splits the files; each file once, in the manifest's order."""
    samples, _notes = samples_of(manifest, plan)
    _training, held_out = split_held_out(samples, plan.held_out_share, plan.seed)
    used, aside = {sample.item_id for sample in samples}, {sample.item_id for sample in held_out}
    return (
        [item for item in manifest.usable if item.id in used - aside],
        [item for item in manifest.usable if item.id in aside],
    )


def _of_captions(captions: Sequence[str], held_out: Sequence[str], cases: Sequence[PromptCase]) -> list[str]:
    purposes = {case.purpose for case in cases}
    if "seen" not in purposes:
        return ["Your files have no captions, so the LoRA was tried with my own prompts only."]
    if "held_out" in purposes:
        return []
    if not held_out:
        why = "no file was kept aside while training"
    elif not any(caption.strip() for caption in held_out):
        why = "the files that were kept aside have no captions"
    else:
        why = "the files that were kept aside have the same captions as the others"
    return [f"Whether it does better on captions that it was trained on cannot be told: {why}."]


def _shown(
    trained: Sequence[Item], kept_aside: Sequence[Item], plan: TrainingPlan, audit: "Audit | None"
) -> tuple[list[Shown], list[str]]:
    """What is shown beside prompts, and what a person should know about it."""
    if plan.reference is ReferenceKind.PAIR:
        return _pairs(trained, kept_aside)
    if plan.reference is ReferenceKind.SAME_SUBJECT:
        return _pictures_of_subject(trained, audit)
    if plan.recipe is RecipeName.FACE:
        return [], [
            "It was tried with words alone: a picture beside the prompt helps only a LoRA that was trained with one, "
            "and this one was not. To have that, say “with references” before the next training."
        ]
    return [], []


def _pairs(trained: Sequence[Item], kept_aside: Sequence[Item]) -> tuple[list[Shown], list[str]]:
    paired = [item for item in (*kept_aside, *trained) if item.reference is not None]
    if not paired:
        return [], ["It was trained with pairs, but no file has its partner any more: tried with words alone."]
    note = "It was trained with pairs: the clips from words alone show what it does without the picture to start from."
    return [Shown(item.id, item.caption) for item in paired[:2]], [note]


def _pictures_of_subject(trained: Sequence[Item], audit: "Audit | None") -> tuple[list[Shown], list[str]]:
    """The first picture from the front, for every prompt, so that the clips can be compared."""
    pictures = [item for item in trained if item.info.kind == "image"]
    if not pictures:
        return [], ["It was trained with pictures of the subject beside it, but none is left: tried with words alone."]
    views = {entry.id: entry.view.class_ for entry in audit.items if entry.usable} if audit else {}
    front = next((item for item in pictures if views.get(item.id) == "front"), None)
    chosen = front or pictures[0]
    unsure = f"Shown beside the prompt: {quoted(chosen.name, 60)}. No picture is known to be from the front."
    return [Shown(chosen.id)] * 2, [] if front else [unsure]
