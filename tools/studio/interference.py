"""Do these LoRAs get in each other's way? Measured on their files and, where that is possible, on clips."""

from itertools import combinations
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import LoraStrength
from ..state import honesty
from .identity_drop import Drop, identity_drop
from .known_figures import beside_known
from .stacks import chosen, loadable


class MeasureInterference(BaseModel):
    """Which LoRAs are to be used together."""

    model_config = ConfigDict(extra="forbid")

    loras: Annotated[
        list[LoraStrength],
        Field(min_length=2, max_length=4, description="two to four LoRAs by id (list_loras), with their strengths"),
    ]
    with_clips: Annotated[
        bool,
        Field(description="also make a few clips alone and in the stack and measure what likeness is lost (slower)"),
    ] = True


def measure_interference(context: ToolContext, arguments: MeasureInterference) -> ToolResult:
    """The cosine between every two of them, and the loss of resemblance of each character in the stack."""
    choice = chosen(context, arguments.loras)
    stack = loadable(choice)
    if len(stack) < 2:
        raise ToolRefused("Only one of these has a strength above zero, so there is nothing that could interfere.")
    from trainer_core.lora.container import UnreadableFileError
    from trainer_core.lora.interference import interference

    lines: list[str] = []
    pairs: list[dict[str, Any]] = []
    context.say("Comparing the files layer by layer …")
    strengths = {one.file: one.strength for one in stack}
    for one, two in combinations(choice.used, 2):
        try:
            found = interference(one.file, two.file, (strengths[one.file], strengths[two.file]))
        except UnreadableFileError as error:
            raise ToolRefused(f"{one.name} and {two.name} cannot be compared. {error}") from error
        known = beside_known(choice.base, found.whole.cosine)
        lines.append(f"{one.name} and {two.name}: {found.words()}{f' {known}' if known else ''}")
        pairs.append({"loras": [one.row.id, two.row.id]} | found.model_dump(mode="json"))
    drops: list[Drop] = []
    if arguments.with_clips:
        for known_lora in choice.used:
            context.say(f"Trying {known_lora.name} alone and in the stack …")
            alone = next(one for one in stack if one.file == known_lora.file)
            drops.append(identity_drop(context, known_lora, alone, stack, choice.base))
        lines += [drop.words() for drop in drops]
    figures = [
        {"lora": drop.lora.row.id, "alone": drop.alone, "stacked": drop.stacked, "drop": drop.mean, "why": drop.why}
        for drop in drops
    ]
    return ToolResult(
        text="\n".join([*lines, honesty(choice.base)]).strip(), data={"pairs": pairs, "identity": figures}
    )


TOOLS = (
    Tool(
        "measure_interference",
        "Before stacking or merging LoRAs: measure whether they pull at the same weights (cosine of their changes) and "
        "how much of a character's likeness is lost in the stack, and say it in words.",
        MeasureInterference,
        measure_interference,
    ),
)
