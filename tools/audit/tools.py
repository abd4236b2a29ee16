"""The tool that looks at the dataset."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.manifest import path_of
from trainer_core.projects import get_project
from trainer_core.settings import in_force

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..measuring import Pace
from ..second_eye.look_again import look_again
from ..second_eye.model import VisionModelFailed, configured
from ..state import manifest_of, recipe_of
from ..vision import text_in_picture
from . import run
from .pictures import write_pictures

SECONDS_BETWEEN_WORDS = 2.0  # of progress


class LookAtFiles(BaseModel):
    """How to look."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[bool, Field(description="also look for words and watermarks in the pictures; slow")] = False
    second_eye: Annotated[
        bool, Field(description="let the vision model look too, where the person named one; false keeps it out")
    ] = True


def audit_dataset(context: ToolContext, arguments: LookAtFiles) -> ToolResult:
    """Measure every file and the set as a whole."""
    recipe = recipe_of(context)
    if not manifest_of(context).items:
        raise ToolRefused("There are no files to look at yet. Ask the person to attach pictures, clips or a folder.")
    folder = context.workspace.dataset_folder(context.project_id)
    trigger = get_project(context.workspace, context.project_id).trigger
    if arguments.text and (missing := text_in_picture.available()):
        raise ToolRefused(" ".join(missing))
    problem = _ask_second_eye(context, folder) if arguments.second_eye else None
    audit = run.audit_dataset(folder, recipe, trigger=trigger, text=arguments.text, progress=_telling(context))
    findings = [finding.model_dump(mode="json", include={"id", "level", "text", "files"}) for finding in audit.findings]
    shown = write_pictures(audit, run.paths_of(folder), context.workspace.pictures_folder(context.project_id))
    pictures = [str(path.relative_to(context.workspace.home)) for path in shown.values()]
    text = "\n".join([run.audit_text(audit), *([problem] if problem else [])])
    return ToolResult(text=text, data={"verdict": audit.verdict, "findings": findings}, pictures=pictures)


def _telling(context: ToolContext) -> Callable[[Pace], None]:
    """Progress in words, not more often than a person reads."""
    told = 0.0

    def progress(pace: Pace) -> None:
        nonlocal told
        if pace.done == pace.total or time.monotonic() - told >= SECONDS_BETWEEN_WORDS:
            told = time.monotonic()
            context.say(f"Looking at the new files: {pace.words()}")

    return progress


def _ask_second_eye(context: ToolContext, folder: Path) -> str | None:
    """Show new files to the vision model, if the person named one; what went wrong, in words."""
    files = [(item, path_of(folder, item)) for item in manifest_of(context).items]
    try:
        model = configured(in_force(context.workspace.home))
        if model is not None:
            look_again(folder, model, files, say=context.say)
    except (VisionModelFailed, OSError) as error:
        return f"There is no second opinion: {error}"
    return None


TOOLS = (
    Tool(
        "audit_dataset",
        "Measure every file (views, shots, light, size, sharpness, duplicates, clip length, cuts, backgrounds) and say "
        "what is wrong, what is missing and how many of it to add.",
        LookAtFiles,
        audit_dataset,
    ),
)
