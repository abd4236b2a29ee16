"""One test clip to be made, and the plan of all of them."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer_core.dataset.records import MAX_CAPTION

from ...captioning.words import has_word

Purpose = Literal["first", "seen", "held_out", "new", "view", "reference", "leak"]

FIRST_SEED = 1000
LONGEST_PROMPT = MAX_CAPTION  # characters: a caption is tried as it was trained


class PromptCase(BaseModel):
    """One test clip to be made. `label` says in plain words what is tried; `on_base` also makes it without the LoRA.

    `reference` is the id of the file that is shown beside the prompt: itself, or its own partner where it has one.
    `nothing_moves` where the words ask that neither subject, place nor camera moves; older scorecards do not say it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    prompt: str
    uses_trigger: bool
    purpose: Purpose
    label: str
    seed: int
    on_base: bool = True
    view: str | None = None
    reference: str | None = None
    nothing_moves: bool = False


@dataclass(frozen=True)
class Shown:
    """A file that is shown beside a prompt (in-context LoRA): its id and, where it has a partner, its own caption."""

    item_id: str
    caption: str | None = None


@dataclass(frozen=True)
class Suite:
    """The test clips of one LoRA. `notes` say in words what could not be tried, and why."""

    cases: tuple[PromptCase, ...]
    notes: tuple[str, ...] = ()

    @property
    def on_base(self) -> tuple[PromptCase, ...]:
        """The cases that are made without the LoRA too."""
        return tuple(case for case in self.cases if case.on_base)

    @property
    def clips(self) -> int:
        """How many clips are made in all."""
        return len(self.cases) + len(self.on_base)

    def words(self) -> str:
        """How much work it is, for a person."""
        return f"{self.clips} test clips: {len(self.cases)} with the LoRA and {len(self.on_base)} without it."


def case(
    case_id: str,
    prompt: str,
    purpose: Purpose,
    label: str,
    *,
    seed: int = FIRST_SEED,
    on_base: bool = True,
    view: str | None = None,
    reference: str | None = None,
    nothing_moves: bool = False,
) -> PromptCase:
    """A case; only those of purpose "leak" are without the trigger word."""
    return PromptCase(
        id=case_id,
        prompt=shortened(prompt),
        uses_trigger=purpose != "leak",
        purpose=purpose,
        label=label,
        seed=seed,
        on_base=on_base,
        view=view,
        reference=reference,
        nothing_moves=nothing_moves,
    )


def with_trigger(caption: str, trigger: str, opening: str) -> str:
    """The caption as a prompt that calls the subject: `opening` is put in front where the trigger is missing, or stands
    so far back that it would be cut off."""
    prompt = shortened(caption)
    return prompt if has_word(prompt, trigger) else shortened(f"{opening}, {caption}")


def shortened(prompt: str) -> str:
    """At most LONGEST_PROMPT characters, cut between words where there are any."""
    if len(prompt) <= LONGEST_PROMPT:
        return prompt
    whole, space, _rest = prompt[: LONGEST_PROMPT + 1].rpartition(" ")
    return whole.rstrip(" ,;") if space and whole.strip() else prompt[:LONGEST_PROMPT]
