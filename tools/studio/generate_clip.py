"""One clip from a prompt: with any LoRA or several at once; from words, from a first picture or with a reference."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import BASES, BaseModelName
from trainer_core.projects import new_id

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import LoraStrength, Strength
from ..state import honesty
from ..text import quoted
from .machine import check_machine, one_at_a_time, pipeline_of
from .shown import Shown, read_shown
from .stacks import Chosen, chosen, full_prompt, loadable

if TYPE_CHECKING:
    from trainer_core.dataset.sound import Sound
    from trainer_core.generation.generate import GenerateRequest
    from trainer_core.lora.stack import Stack

_ID = "an id (itm_... of the set, upl_... of an upload), never a path"


class GenerateClip(BaseModel):
    """What to show."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="the scene in plain words, without the trigger word")
    ]
    with_trigger: Annotated[bool, Field(description="put the trigger word and class noun in front")] = True
    strength: Strength = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    lora: Annotated[
        str | None, Field(max_length=60, description="another LoRA than the newest: its id (lora_...) from list_loras")
    ] = None
    stack: Annotated[
        list[LoraStrength],
        Field(
            max_length=4, description="several LoRAs at once (character + style + motion); instead of lora, strength"
        ),
    ] = []
    image: Annotated[str | None, Field(max_length=130, description=f"a picture that the clip begins with: {_ID}")] = (
        None
    )
    reference: Annotated[
        str | None,
        Field(max_length=130, description=f"what an in-context LoRA follows: a picture or clip, {_ID}"),
    ] = None
    with_sound: Annotated[bool, Field(description="with sound, where the base model has a voice")] = False


@dataclass(frozen=True)
class _Order:
    """Everything that is decided before the model is asked."""

    request: "GenerateRequest"
    choice: Chosen
    stack: "Stack"
    image: Shown | None
    reference: Shown | None
    sound: bool


def generate_clip(context: ToolContext, arguments: GenerateClip) -> ToolResult:
    """Make one clip and keep it as an MP4 that says how it was made."""
    order, notes = _order(context, arguments)
    context.say("Making the clip …")
    frames, sound = _made(order)
    from trainer_core.generation.provenance import write_generated  # loads torch

    path = _folder(context, order.choice) / "studio" / f"{new_id('clip')}.mp4"
    made = made_of(order.request, order.choice.base, order.stack, image=order.image, reference=order.reference)
    write_generated(path, frames, order.request.fps, made.model_copy(update={"with_sound": order.sound}), sound)
    file = str(path.relative_to(context.workspace.home))
    named = arguments.lora or arguments.stack
    how = f"; {order.choice.words()}" if named else f", strength {order.choice.loras[0][1]:g}"
    text = f"Made a clip: {quoted(order.request.prompt, 300)} (seed {arguments.seed}{how}). File: {file}."
    data = {
        "prompt": order.request.prompt,
        "seed": arguments.seed,
        "loras": [{"id": known.row.id, "strength": strength} for known, strength in order.choice.loras],
    }
    return ToolResult(text=" ".join([text, *notes, honesty(order.choice.base)]).strip(), data=data, files=[file])


def _folder(context: ToolContext, choice: Chosen) -> Path:
    """The run's folder where one LoRA of a run of this project made the clip, else the project's pictures."""
    if len(choice.loras) == 1:
        known = choice.loras[0][0]
        if known.row.run_id and known.project.id == context.project_id:
            return context.workspace.run_folder(known.row.run_id)
    return context.workspace.pictures_folder(context.project_id)


def _order(context: ToolContext, arguments: GenerateClip) -> tuple[_Order, list[str]]:
    """The order and what a person should know about it. Raises ToolRefused in words."""
    if arguments.image and arguments.reference:
        raise ToolRefused("Give either a first picture or a reference; both at once cannot be used.")
    choice = chosen(context, arguments.stack, arguments.lora, arguments.strength)
    check_machine(context, choice.base)
    stack = loadable(choice)
    rules = BASES[choice.base]
    image = read_shown(context, arguments.image, frames=1, fps=rules.fps) if arguments.image else None
    reference = None
    if arguments.reference:
        _check_reference(stack, arguments)
        reference = read_shown(context, arguments.reference, frames=rules.frames, fps=rules.fps)
    named = [known for known, _ in choice.loras]
    prompt = full_prompt(arguments.prompt, named, with_trigger=arguments.with_trigger)
    sound, notes = arguments.with_sound, _notes(stack, reference)
    if sound and choice.base is BaseModelName.MINI:
        sound = False
        notes.append("mini has no voice, so the clip is silent.")
    return _Order(request_for(choice.base, prompt, arguments.seed), choice, stack, image, reference, sound), notes


def request_for(base: BaseModelName, prompt: str, seed: int) -> "GenerateRequest":
    """A clip of the base's own size and length."""
    from trainer_core.generation.generate import GenerateRequest  # loads torch

    rules = BASES[base]
    return GenerateRequest(
        prompt=prompt,
        seed=seed,
        width=rules.width,
        height=rules.height,
        frames=rules.frames,
        fps=rules.fps,
        steps=rules.sampling_steps,
        guidance=rules.guidance,
    )


def made_of(
    request: "GenerateRequest",
    base: BaseModelName,
    stack: "Stack",
    *,
    image: Shown | None = None,
    reference: Shown | None = None,
) -> Any:
    """How a clip was made, for its file."""
    from trainer_core.generation.provenance import Made, UsedLora

    shown = {kind: each.sha256 for kind, each in (("image", image), ("reference", reference)) if each}
    return Made(
        base=base,
        prompt=request.prompt,
        seed=request.seed,
        loras=tuple(UsedLora(name=one.name, sha256=one.sha256, strength=one.strength) for one in stack),
        steps=request.steps,
        guidance=request.guidance,
        width=request.width,
        height=request.height,
        frames=request.frames,
        fps=request.fps,
        shown=shown,
    )


def _check_reference(stack: "Stack", arguments: GenerateClip) -> None:
    if not any(one.reference for one in stack):
        raise ToolRefused(
            "A reference was given, but no LoRA that is used was trained with references: showing it one would do "
            "nothing good. Give the picture as the first one (image), or leave it out."
        )
    if arguments.with_sound:
        raise ToolRefused("A clip with a reference is made without sound. Ask again without sound.")


def _notes(stack: "Stack", reference: Shown | None) -> list[str]:
    wanting = next((one for one in stack if one.reference), None)
    if wanting is None or wanting.reference is None or reference is not None:
        return []
    return [f"{wanting.name} was given no reference. {wanting.reference.words()}"]


def _made(order: _Order) -> "tuple[NDArray[np.uint8], Sound | None]":
    from trainer_core.generation import generate, in_context
    from trainer_core.lora.stack import with_stack

    with one_at_a_time:
        pipeline = pipeline_of(order.choice.base)
        with with_stack(pipeline, order.stack):
            if order.reference is not None:
                use = next(one.reference for one in order.stack if one.reference)
                try:
                    return in_context.generate_in_context(
                        pipeline, order.request, order.reference.frames, times_smaller=use.times_smaller
                    ), None
                except ValueError as error:
                    raise ToolRefused(str(error)) from error
            if order.image is not None:
                first = order.image.frames[0]
                if order.sound:
                    return in_context.generate_from_image_with_sound(pipeline, order.request, first)
                return in_context.generate_from_image(pipeline, order.request, first), None
            if order.sound:
                return generate.generate_with_sound(pipeline, order.request)
            return generate.generate(pipeline, order.request), None


TOOLS = (
    Tool(
        "generate_clip",
        "Make one test clip from a prompt: with the newest LoRA, another one, a stack of several with a strength each, "
        "or (strength 0) the base model alone; from words, from a first picture, or with a reference.",
        GenerateClip,
        generate_clip,
    ),
)
