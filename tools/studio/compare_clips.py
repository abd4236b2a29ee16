"""The same prompt and seed on the base model, a LoRA, other LoRAs and earlier checkpoints, side by side in one clip."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import BASES
from trainer_core.projects import new_id
from trainer_core.training.candidates import LORA_FILE, candidates_of

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import Known, LoraStrength, newest_lora, one_base
from ..scored_loras import AS_TRAINED
from ..state import honesty, steps_of_run
from ..text import quoted
from .generate_clip import made_of, request_for
from .machine import check_machine, one_at_a_time, pipeline_of
from .side_by_side import beside, strip
from .stacks import Chosen, at_strength, full_prompt, loadable, named_at

if TYPE_CHECKING:
    from trainer_core.lora.stack import Stack

MOST = 4  # clips beside each other


class CompareClips(BaseModel):
    """What to put side by side."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="the scene in plain words, without the trigger word")
    ]
    with_trigger: Annotated[bool, Field(description="put the trigger word and class noun in front")] = True
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    without_too: Annotated[
        bool, Field(description="show each LoRA without its trigger word as well, to see what the word does")
    ] = False
    with_base: Annotated[bool, Field(description="show the base model alone too")] = True
    loras: Annotated[
        list[LoraStrength],
        Field(max_length=4, description="LoRAs to compare, each by itself; empty takes the newest"),
    ] = []
    steps: Annotated[
        list[int], Field(max_length=3, description="earlier checkpoints of the newest LoRA's run, by step number")
    ] = []


@dataclass(frozen=True)
class _Side:
    """One of the clips: what it is called, what is loaded for it, and whether the trigger words are said."""

    label: str
    stack: "Stack"
    triggered: bool


def compare_clips(context: ToolContext, arguments: CompareClips) -> ToolResult:
    """Make the clips with one prompt and one seed, and write them as one MP4 and one PNG."""
    loras = [named_at(context, entry) for entry in arguments.loras]
    newest = newest_lora(context) if arguments.steps or not loras else None
    if newest is not None and not loras:
        loras = [at_strength(context, newest, AS_TRAINED if arguments.steps else None)]  # steps alike
    base = one_base([known for known, _ in loras] + ([newest] if newest else []))
    if arguments.with_base + (len(arguments.steps) + len(loras)) * (1 + arguments.without_too) > MOST:
        raise ToolRefused(f"At most {MOST} clips fit beside each other. Leave some out.")
    sides = _sides(context, arguments, loras, newest, Chosen(tuple(loras), base))
    if len(sides) < 2:
        raise ToolRefused("There is only one clip to show, so nothing to compare it with. Name another LoRA or step.")
    check_machine(context, base)
    named = list({known.row.id: known for known, _ in loras}.values()) + ([newest] if newest else [])
    said = {spoken: full_prompt(arguments.prompt, named, with_trigger=spoken) for spoken in (True, False)}
    requests = {spoken: request_for(base, words, arguments.seed) for spoken, words in said.items()}
    prompt = said[arguments.with_trigger or arguments.without_too]
    from trainer_core.generation.generate import generate
    from trainer_core.generation.provenance import write_generated
    from trainer_core.lora.stack import with_stack

    clips = []
    for number, side in enumerate(sides, start=1):
        context.say(f"Making clip {number} of {len(sides)}: {side.label} …")
        with one_at_a_time, with_stack(pipeline_of(base), side.stack) as pipeline:
            clips.append((side.label, generate(pipeline, requests[side.triggered])))
    folder = context.workspace.pictures_folder(context.project_id) / "studio"
    name = new_id("compare")
    told = tuple(_told(side, said[side.triggered]) for side in sides)
    made = made_of(requests[sides[-1].triggered], base, ()).model_copy(update={"sides": told, "prompt": prompt})
    write_generated(folder / f"{name}.mp4", beside(clips), BASES[base].fps, made)
    sheet = strip(folder / f"{name}.png", clips)
    files = [str((folder / f"{name}.mp4").relative_to(context.workspace.home))]
    same = "Same seed" if arguments.without_too else "Same words and seed"
    text = (
        f"{same}, from left to right: {'; '.join(side.label for side in sides)}. Prompt: "
        f"{quoted(prompt, 300)} (seed {arguments.seed}). File: {files[0]}. {honesty(base)}"
    )
    data = {"prompt": prompt, "seed": arguments.seed, "sides": [side.label for side in sides]}
    return ToolResult(
        text=text.strip(), data=data, files=files, pictures=[str(sheet.relative_to(context.workspace.home))]
    )


def _sides(
    context: ToolContext,
    arguments: CompareClips,
    loras: list[tuple[Known, float]],
    newest: Known | None,
    choice: Chosen,
) -> list[_Side]:
    """The clips from left to right. Raises ToolRefused for a step that was not kept or a file that cannot be used."""
    spoken = arguments.with_trigger
    sides = [_Side("base model", (), spoken or arguments.without_too)] if arguments.with_base else []
    stacks = [_of_step(context, newest, step, choice) for step in sorted(set(arguments.steps))] if newest else []
    for known, strength in loras:
        label = f"{known.name} at {strength:g}"
        stacks.append((label, loadable(Chosen(((known, strength),), choice.base))))
    for label, stack in stacks:
        if arguments.without_too:
            of = f"{label}, " if len(stacks) > 1 else ""
            sides.append(_Side(f"{of}without the trigger word", stack, False))
            sides.append(_Side(f"{of}with the trigger word", stack, True))
        else:
            sides.append(_Side(label, stack, spoken))
    return sides


def _of_step(context: ToolContext, newest: Known, step: int, choice: Chosen) -> "tuple[str, Stack]":
    from trainer_core.lora.stack import Stacked, StackError, checked

    kept = _kept(context, newest)
    if step not in kept:
        there = ", ".join(map(str, kept)) or "none"
        raise ToolRefused(f"The LoRA of step {step} was not kept. Kept steps of {newest.name}: {there}.")
    label = f"{newest.row.trigger}, step {step}"
    try:
        return label, checked([Stacked(kept[step], AS_TRAINED, label)], choice.base)
    except StackError as error:
        raise ToolRefused(str(error)) from error


def _kept(context: ToolContext, newest: Known) -> dict[int, Path]:
    """The files of the run by step, the last one among them: the newest LoRA may be that of an earlier step."""
    steps = steps_of_run(context.workspace, newest.row.run_id)
    if steps is None or newest.row.run_id is None:
        return {}
    folder = context.workspace.run_folder(newest.row.run_id)
    kept = {each.step: each.path for each in candidates_of(folder)}
    return kept | ({steps: folder / LORA_FILE} if (folder / LORA_FILE).is_file() else {})


def _told(side: _Side, prompt: str) -> dict[str, Any]:
    loras = [{"name": one.name, "sha256": one.sha256, "strength": one.strength} for one in side.stack]
    return {"label": side.label, "prompt": prompt, "loras": loras}


TOOLS = (
    Tool(
        "compare_clips",
        "Put clips of the same prompt and seed side by side, labelled: the base model, the newest LoRA, other LoRAs, "
        "other strengths or earlier checkpoints.",
        CompareClips,
        compare_clips,
    ),
)
