"""The same scene and seed on the base model, a LoRA, other LoRAs and earlier checkpoints, side by side in one clip.

Each clip's prompt calls what that clip's own LoRA was taught, and the base model's what the first LoRA was.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import BASES, BaseModelName
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
    """One of the clips: what it is called, what is loaded for it, and its whole prompt."""

    label: str
    stack: "Stack"
    prompt: str


def compare_clips(context: ToolContext, arguments: CompareClips) -> ToolResult:
    """Make the clips of one scene with one seed, and write them as one MP4 and one PNG."""
    loras = [named_at(context, entry) for entry in arguments.loras]
    newest = newest_lora(context) if arguments.steps or not loras else None
    if newest is not None and not loras:
        loras = [at_strength(context, newest, AS_TRAINED if arguments.steps else None)]  # steps alike
    base = one_base([known for known, _ in loras] + ([newest] if newest else []))
    if arguments.with_base + (len(arguments.steps) + len(loras)) * (1 + arguments.without_too) > MOST:
        raise ToolRefused(f"At most {MOST} clips fit beside each other. Leave some out.")
    everyone = [known for known, _ in loras] + ([newest] if newest else [])
    scene = full_prompt(arguments.prompt, everyone, with_trigger=False)
    sides = _sides(context, arguments, scene, loras, newest, base)
    if len(sides) < 2:
        raise ToolRefused("There is only one clip to show, so nothing to compare it with. Name another LoRA or step.")
    check_machine(context, base)
    from trainer_core.generation.generate import generate
    from trainer_core.generation.provenance import write_generated
    from trainer_core.lora.stack import with_stack

    clips = []
    for number, side in enumerate(sides, start=1):
        context.say(f"Making clip {number} of {len(sides)}: {side.label} …")
        with one_at_a_time, with_stack(pipeline_of(base), side.stack) as pipeline:
            clips.append((side.label, generate(pipeline, request_for(base, side.prompt, arguments.seed))))
    folder = context.workspace.pictures_folder(context.project_id) / "studio"
    name = new_id("compare")
    called = {side.prompt for side in sides if side.prompt != scene or not arguments.without_too}
    prompt = called.pop() if len(called) == 1 else scene  # what all share, where each LoRA has a prompt of its own
    made = made_of(request_for(base, prompt, arguments.seed), base, ())
    made = made.model_copy(update={"sides": tuple(map(_told, sides))})
    write_generated(folder / f"{name}.mp4", beside(clips), BASES[base].fps, made)
    sheet = strip(folder / f"{name}.png", clips)
    files = [str((folder / f"{name}.mp4").relative_to(context.workspace.home))]
    text = f"{_said(sides)} (seed {arguments.seed}). File: {files[0]}. {honesty(base)}"
    data = {
        "prompt": prompt,
        "prompts": [side.prompt for side in sides],
        "seed": arguments.seed,
        "sides": [side.label for side in sides],
    }
    return ToolResult(
        text=text.strip(), data=data, files=files, pictures=[str(sheet.relative_to(context.workspace.home))]
    )


def _sides(
    context: ToolContext,
    arguments: CompareClips,
    scene: str,
    loras: list[tuple[Known, float]],
    newest: Known | None,
    base: BaseModelName,
) -> list[_Side]:
    """The clips from left to right; `scene` is the person's words without trigger words.

    Raises ToolRefused for a step that was not kept or a file that cannot be used.
    """
    spoken = arguments.with_trigger or arguments.without_too
    steps = sorted(set(arguments.steps)) if newest else []
    stacks = [(newest, *_of_step(context, newest, step, base)) for step in steps if newest]
    for known, strength in loras:
        stacks.append((known, f"{known.name} at {strength:g}", loadable(Chosen(((known, strength),), base))))
    prompts = [full_prompt(scene, [known], with_trigger=spoken) for known, _label, _stack in stacks]
    sides = [_Side("base model", (), prompts[0])] if arguments.with_base else []
    for (_known, label, stack), prompt in zip(stacks, prompts, strict=True):
        if arguments.without_too:
            of = f"{label}, " if len(stacks) > 1 else ""
            sides.append(_Side(f"{of}without the trigger word", stack, scene))
            sides.append(_Side(f"{of}with the trigger word", stack, prompt))
        else:
            sides.append(_Side(label, stack, prompt))
    return sides


def _of_step(context: ToolContext, newest: Known, step: int, base: BaseModelName) -> "tuple[str, Stack]":
    from trainer_core.lora.stack import Stacked, StackError, checked

    kept = _kept(context, newest)
    if step not in kept:
        there = ", ".join(map(str, kept)) or "none"
        raise ToolRefused(f"The LoRA of step {step} was not kept. Kept steps of {newest.name}: {there}.")
    label = f"{newest.row.trigger}, step {step}"
    try:
        return label, checked([Stacked(kept[step], AS_TRAINED, label)], base)
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


def _told(side: _Side) -> dict[str, Any]:
    loras = [{"name": one.name, "sha256": one.sha256, "strength": one.strength} for one in side.stack]
    return {"label": side.label, "prompt": side.prompt, "loras": loras}


def _said(sides: list[_Side]) -> str:
    """What stands beside each other, and the prompt; each clip's own where they differ."""
    labels = "; ".join(side.label for side in sides)
    prompts = [side.prompt for side in sides]
    if len(set(prompts)) == 1:
        return f"Same words and seed, from left to right: {labels}. Prompt: {quoted(prompts[0], 300)}"
    each = "; ".join(f"“{quoted(prompt, 160)}”" for prompt in prompts)
    return f"Same scene and seed, from left to right: {labels}. Their prompts: {each}"


TOOLS = (
    Tool(
        "compare_clips",
        "Put clips of the same prompt and seed side by side, labelled: the base model, the newest LoRA, other LoRAs, "
        "other strengths or earlier checkpoints.",
        CompareClips,
        compare_clips,
    ),
)
