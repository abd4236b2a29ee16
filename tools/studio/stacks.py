"""From ids and strengths to a stack that can be loaded, and the prompt that calls everything in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer_core.plan import BaseModelName

from ..captioning.templates import a
from ..captioning.words import has_word
from ..context import ToolContext, ToolRefused
from ..library import Known, LoraStrength, lora_named, newest_lora, one_base
from ..scored_loras import best_strength, scores_of
from ..text import quoted

if TYPE_CHECKING:
    from trainer_core.lora.stack import Stack


@dataclass(frozen=True)
class Chosen:
    """LoRAs in the order in which they were named, with strengths, and their base."""

    loras: tuple[tuple[Known, float], ...]
    base: BaseModelName

    @property
    def used(self) -> list[Known]:
        """Those with a strength above zero."""
        return [known for known, strength in self.loras if strength]

    def words(self) -> str:
        """'chr_x7kq (lora_1) at 1, sty_q2ab (lora_2) at 0.6', or that it is the base alone."""
        used = [f"{known.name} at {strength:g}" for known, strength in self.loras if strength]
        return ", ".join(used) or "the base model alone"


def chosen(
    context: ToolContext, stack: Sequence[LoraStrength], lora: str | None = None, strength: float | None = None
) -> Chosen:
    """What the arguments name: a stack, one LoRA, or the newest. Raises ToolRefused in words."""
    if stack and lora:
        raise ToolRefused("Name either one LoRA or a stack, not both. In a stack every LoRA has its own strength.")
    if not stack:
        found = lora_named(context, lora) if lora else newest_lora(context)
        return Chosen((at_strength(context, found, strength),), one_base([found]))
    loras = tuple(named_at(context, entry) for entry in stack)
    return Chosen(loras, one_base([known for known, _ in loras]))


def named_at(context: ToolContext, entry: LoraStrength) -> tuple[Known, float]:
    """The LoRA that an entry names and its strength. Raises ToolRefused in words."""
    return at_strength(context, lora_named(context, entry.lora), entry.strength)


def at_strength(context: ToolContext, known: Known, strength: float | None) -> tuple[Known, float]:
    """The LoRA at this strength; where none was said, at what scored best, else as trained."""
    return known, best_strength(scores_of(context, known)) if strength is None else strength


def loadable(choice: Chosen) -> "Stack":
    """The stack, its files verified now. Raises ToolRefused when one is damaged, changed or does not go with others."""
    from trainer_core.lora.stack import Stacked, StackError, checked  # loads torch

    entries = [Stacked(known.file, strength, known.name, known.row.trigger) for known, strength in choice.loras]
    try:
        stack = checked(entries, choice.base)
    except StackError as error:
        raise ToolRefused(str(error)) from error
    registered = {known.file: known for known, _ in choice.loras}
    for one in stack:
        if one.sha256 != registered[one.file].row.sha256:
            raise ToolRefused(
                f"The file of {one.name} is not the one that was registered: somebody changed or replaced it. It was "
                "not used. Hand it over and add it as a LoRA of its own if the change was meant."
            )
    return stack


def full_prompt(words: str, loras: Sequence[Known], *, with_trigger: bool) -> str:
    """The person's words with every LoRA's trigger in front, each once, or with all of them taken out."""
    said = quoted(words, 500)
    triggers = [(known, word) for known in loras for word in known.triggers]
    for _, word in triggers:
        said = re.sub(rf"\b{re.escape(word)}\b,?\s*", "", said).strip()
    if not with_trigger:
        return said
    subjects = [_subject(known, word, said) for known, word in triggers]
    return ", ".join([*dict.fromkeys(subjects), said])


def _subject(known: Known, trigger: str, said: str) -> str:
    """'chr_x7kq, a cat' for the project's own subject where the words do not name it; else the trigger."""
    noun = known.project.noun
    own = known.row.run_id is not None or trigger == known.project.trigger
    if own and noun and not has_word(said.lower(), noun.lower()):
        return f"{trigger}, {a(noun)}"
    return trigger
