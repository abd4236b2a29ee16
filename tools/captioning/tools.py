"""Tools for captions: write, read out, edit."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset import manifest as manifests
from trainer_core.projects import get_project
from trainer_core.settings import in_force

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..dataset_history import recorded
from ..second_eye.model import VisionModelFailed, configured
from ..state import item_named, manifest_of, recipe_of
from ..text import plural, quoted
from . import captions
from .replace import TOOLS as REPLACE_TOOLS
from .words import has_word


class EditCaption(BaseModel):
    """A person's own words for one file."""

    model_config = ConfigDict(extra="forbid")

    item: Annotated[str, Field(description="the file's id (itm_...) or its exact name")]
    caption: Annotated[
        str, Field(description="the new caption; the trigger word is put in front when it is missing", max_length=1000)
    ]


class ShowCaptions(BaseModel):
    """Which captions to read out."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=50, description="how many")] = 6


class WriteCaptions(BaseModel):
    """How to write them."""

    model_config = ConfigDict(extra="forbid")

    by_model: Annotated[
        bool,
        Field(description="let the vision model look, where the person named one; false shows it nothing"),
    ] = True


def write_captions(context: ToolContext, arguments: WriteCaptions) -> ToolResult:
    """Caption every usable file, by a vision model if there is one; captions that a person wrote stay."""
    recipe = recipe_of(context)
    project = get_project(context.workspace, context.project_id)
    if not manifest_of(context).usable:
        raise ToolRefused("There are no usable files to caption yet.")
    context.say("Writing captions from what is measured in each file …")
    folder = context.workspace.dataset_folder(context.project_id)
    assert project.trigger is not None  # choosing a recipe makes one
    try:
        model = configured(in_force(context.workspace.home)) if arguments.by_model else None
    except VisionModelFailed as failure:
        raise ToolRefused(str(failure)) from failure
    noun = project.noun or recipe.noun
    with recorded(folder, "writing captions", but_not_by_a_person=True):
        written = captions.write_captions(folder, project.trigger, noun, recipe, model=model, say=context.say)
    own = _with_the_trigger(folder, project.trigger)
    items = manifests.load(folder).usable
    lines = [
        f"Captioned {plural(len(written.captions), 'file')}; "
        f"{sum(has_word(item.caption, project.trigger) for item in items)} have the trigger word {project.trigger}. "
        "Captions written by a person were kept.",
    ]
    if own:
        lines.append(f"In {plural(own, 'caption')} of yours the trigger word was missing: it stands in front now.")
    if model is not None:
        lines.append(f"{model.shown_name} described {plural(written.by_model, 'file')}.")
    if written.fallen_back:
        name, why = written.fallen_back[0]
        lines.append(
            f"{plural(len(written.fallen_back), 'file')} could not be described. The caption of {quoted(name, 40)} "
            f"says only what was measured: {quoted(why, 200)}"
        )
    lines += ["For example:", *(f"- {quoted(item.name, 40)}: {quoted(item.caption, 160)}" for item in items[:4])]
    doubts = captions.spot_check(folder, project.trigger, recipe=recipe)
    return ToolResult(
        text="\n".join(lines + _read_first(doubts)),
        data={"captioned": len(written.captions), "read_first": [check.item_id for check in doubts]},
    )


def _with_the_trigger(folder: Path, trigger: str) -> int:
    """Put the trigger in front of a person's captions where it is missing; how many these were.

    A caption without it trains nothing that can be called up, and no plan is made before all have it.
    """
    with recorded(folder, f"the trigger word {trigger} in front of your captions"):
        lacking = [
            item
            for item in manifests.load(folder).usable
            if item.caption and item.caption_source == "person" and not has_word(item.caption, trigger)
        ]
        words = {item.id: (captions.with_trigger(item.caption, trigger), item.caption_source) for item in lacking}
        if words:
            manifests.set_captions(folder, words)
    return len(words)


def show_captions(context: ToolContext, arguments: ShowCaptions) -> ToolResult:
    """Read some captions out, with the ids that edit_caption takes, and say which ones to read first."""
    items = manifest_of(context).usable
    if not items:
        raise ToolRefused("There are no usable files yet, so there are no captions.")
    shown = items[: arguments.count]
    lines = [
        f"- {item.id} {quoted(item.name, 40)}: {quoted(item.caption, 200) or '(no caption yet)'}" for item in shown
    ]
    project = get_project(context.workspace, context.project_id)
    doubts: list[captions.SpotCheck] = []
    if project.recipe and project.trigger:
        folder = context.workspace.dataset_folder(context.project_id)
        doubts = captions.spot_check(folder, project.trigger, recipe=recipe_of(context))
    head = f"{len(shown)} of {plural(len(items), 'caption')}:"
    return ToolResult(
        text="\n".join([head, *lines, *_read_first(doubts)]),
        data={"read_first": [check.item_id for check in doubts]},
    )


def _read_first(doubts: list[captions.SpotCheck]) -> list[str]:
    """Lines about the least certain captions."""
    if not doubts:
        return []
    lines = [
        f"- {check.item_id} {quoted(check.name, 40)}: {quoted(check.caption, 160)} ({quoted(check.why, 160)})"
        for check in doubts
    ]
    return ["Please read these first, they are the least certain:", *lines]


def edit_caption(context: ToolContext, arguments: EditCaption) -> ToolResult:
    """Put a person's words in place of a caption."""
    project = get_project(context.workspace, context.project_id)
    item = item_named(manifest_of(context), arguments.item)
    words = quoted(arguments.caption, 1000)
    if project.trigger:
        words = captions.with_trigger(words, project.trigger)
    folder = context.workspace.dataset_folder(context.project_id)
    with recorded(folder, f"the caption of {quoted(item.name, 60)}"):
        manifests.set_caption(folder, item.id, words, "person")
    return ToolResult(text=f"The caption of {quoted(item.name, 60)} is now: {words}", data={"item": item.id})


TOOLS = (
    Tool(
        "write_captions",
        "Write a caption with the trigger word for every usable file: what the person's vision model sees, where there "
        "is one, else measured facts.",
        WriteCaptions,
        write_captions,
    ),
    Tool("show_captions", "Read out captions with the ids of their files.", ShowCaptions, show_captions),
    Tool("edit_caption", "Replace one file's caption with the person's words.", EditCaption, edit_caption),
    *REPLACE_TOOLS,
)
