"""A LoRA file from elsewhere becomes one of the project's: copied, verified, registered."""

import re
import shutil
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import LONGEST_TRIGGERS, TRIGGER_PATTERN
from trainer_core.projects import new_id

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import known_loras, loras_folder, register_lora
from ..text import plural, quoted
from ..uploads import mark_added
from .lora_uploads import lora_upload


class AddLora(BaseModel):
    """Which handed-over file to add."""

    model_config = ConfigDict(extra="forbid")

    upload: Annotated[
        str | None,
        Field(max_length=60, description="id of a handed-over .safetensors (upl_...); empty takes the one given last"),
    ] = None
    trigger: Annotated[
        str | None,
        Field(max_length=32, description="the word that calls it, where the person knows it and the file does not say"),
    ] = None


def add_lora(context: ToolContext, arguments: AddLora) -> ToolResult:
    """Copy the file into the workspace, verify the copy, and register it. The original is not touched."""
    if arguments.trigger and not re.fullmatch(TRIGGER_PATTERN, arguments.trigger):
        raise ToolRefused(
            f"{quoted(arguments.trigger, 40)!r} can't be a trigger word: it needs 3 to 32 letters, digits or "
            "underscores and starts with a letter."
        )
    upload = lora_upload(context, arguments.upload)
    name = quoted(upload.name, 60)
    from trainer_core.lora.inspect import verify  # loads torch

    context.say("Checking the file and copying it …")
    report = verify(upload.file)  # before a copy is made of something huge or strange
    base = report.base_guess
    if not report.ok or base is None or report.sha256 is None:
        problems = " ".join(report.problems) or "It fits no base model that Sidekick knows."
        raise ToolRefused(f"{name} was not added. {problems} The original was not touched.")
    for known in known_loras(context):
        if known.row.sha256 == report.sha256:
            raise ToolRefused(f"{name} is here already, as {known.name}. It was not added again.")
    lora_id = new_id("lora")
    path = loras_folder(context) / f"added-{lora_id}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(upload.file, path)
        if verify(path).sha256 != report.sha256:
            raise ToolRefused(f"{name} was not added: it changed while it was copied. Hand it over again.")
    except (ToolRefused, OSError):
        path.unlink(missing_ok=True)
        raise
    trigger = arguments.trigger or ", ".join(_triggers(report.trigger))
    register_lora(context, path, lora_id=lora_id, trigger=trigger, base=base, sha256=report.sha256)
    mark_added(context.workspace, context.project_id, [upload.id])
    called = (
        f"Its trigger word is {quoted(trigger, LONGEST_TRIGGERS)}."
        if trigger
        else "It names no trigger word, so none is written."
    )
    if not arguments.trigger and (report.trigger or "").endswith("…"):
        room = f"{LONGEST_TRIGGERS} characters"
        called += f" Its header names more than one LoRA can be called by ({room}); the rest was left out."
    notes = "".join(f"\nNote: {quoted(note, 300)}" for note in report.notes)
    text = (
        f"Added {name} as {lora_id}: sound, for {base.value}, {plural(report.modules, 'layer')}, rank {report.rank}. "
        f"{called} The original was not touched.{notes}"
    )
    data = {"lora": lora_id, "base": base.value, "rank": report.rank, "trigger": trigger, "sha256": report.sha256}
    return ToolResult(text=text, data=data)


def _triggers(phrase: str | None) -> list[str]:
    """The words of a header's trigger phrase that can be triggers; a stranger's sentence is none."""
    words = [word.strip() for word in (phrase or "").split(",")]
    return [word for word in words if re.fullmatch(TRIGGER_PATTERN, word)]


TOOLS = (
    Tool(
        "add_lora",
        "Take in a LoRA file that the person handed over (.safetensors from anywhere), after checking it, so that "
        "clips can be made with it.",
        AddLora,
        add_lora,
    ),
)
