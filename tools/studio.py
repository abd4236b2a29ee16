"""The tool for trying a LoRA: one clip from a prompt."""

import re
import threading
from contextlib import nullcontext
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.media import write_clip
from trainer_core.jobs import store
from trainer_core.plan import BASES, BaseModelName
from trainer_core.projects import Lora, get_project, new_id

from .context import Tool, ToolContext, ToolRefused, ToolResult
from .state import base_missing, honesty, latest_lora
from .text import quoted

one_at_a_time = threading.Lock()  # the pipeline is shared, and a LoRA is loaded into it


class GenerateClip(BaseModel):
    """What to show."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="the scene in plain words, without the trigger word")
    ]
    with_trigger: Annotated[bool, Field(description="put the trigger word and class noun in front")] = True
    strength: Annotated[float, Field(ge=0, le=2, description="of the LoRA; 0 is the base model alone")] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


def generate_clip(context: ToolContext, arguments: GenerateClip) -> ToolResult:
    """Make one clip with the newest LoRA."""
    lora = latest_lora(context)
    if lora is None:
        raise ToolRefused("There is no finished LoRA in this project yet, so there is nothing to try. Train one first.")
    base = BaseModelName(lora.base)
    missing = base_missing(base)
    if missing:
        raise ToolRefused(missing)
    if base is not BaseModelName.MINI and store.list_jobs(context.workspace, states=(store.State.RUNNING,)):
        raise ToolRefused("A job is using the GPU at the moment. Ask for the clip again when it has ended.")
    from trainer_core.generation.generate import GenerateRequest, generate, with_lora  # loads torch

    prompt = _prompt(context, lora, arguments)
    context.say("Making the clip …")
    rules = BASES[base]
    pipeline = pipeline_of(base)
    request = GenerateRequest(
        prompt=prompt,
        seed=arguments.seed,
        width=rules.width,
        height=rules.height,
        frames=rules.frames,
        fps=rules.fps,
        steps=rules.sampling_steps,
        guidance=rules.guidance,
    )
    adapted = (
        with_lora(pipeline, context.workspace.home / lora.file, arguments.strength)
        if arguments.strength
        else nullcontext()
    )
    with one_at_a_time, adapted:
        frames = generate(pipeline, request)
    folder = context.workspace.run_folder(lora.run_id) if lora.run_id else context.workspace.home
    path = folder / "studio" / f"{new_id('clip')}.mp4"
    path.parent.mkdir(exist_ok=True)
    write_clip(path, frames, rules.fps)
    file = str(path.relative_to(context.workspace.home))
    text = (
        f"Made a clip: {quoted(prompt, 300)} (seed {arguments.seed}, strength {arguments.strength:g}). File: "
        f"{file}. {honesty(base)}"
    )
    return ToolResult(text=text.strip(), data={"prompt": prompt, "seed": arguments.seed}, files=[file])


def _prompt(context: ToolContext, lora: Lora, arguments: GenerateClip) -> str:
    words = re.sub(rf"\b{re.escape(lora.trigger)}\b,?\s*", "", quoted(arguments.prompt, 500))
    if not arguments.with_trigger:
        return words
    noun = get_project(context.workspace, context.project_id).noun
    subject = f"{lora.trigger}, a {noun}" if noun and noun not in words else lora.trigger
    return f"{subject}, {words}"


@lru_cache(maxsize=1)
def pipeline_of(base: BaseModelName) -> Any:
    """The base model, loaded once. Hold `one_at_a_time` while it is used."""
    from diffusers.utils import logging

    from trainer_core.base_models.registry import load_pipeline  # loads torch

    logging.disable_progress_bar()
    return load_pipeline(base)


TOOLS = (
    Tool(
        "generate_clip",
        "Make one test clip from a prompt with the newest LoRA (or, with strength 0, with the base model alone).",
        GenerateClip,
        generate_clip,
    ),
)
