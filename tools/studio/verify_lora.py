"""Is this LoRA file sound? For one of ours again, or for one from anywhere."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.plan import BASES, LONGEST_TRIGGERS, BaseModelName

from ..context import Tool, ToolContext, ToolRefused, ToolResult
from ..library import lora_named, newest_lora
from ..text import quoted, safe_block
from .lora_uploads import lora_upload


class VerifyLora(BaseModel):
    """Which file to look into."""

    model_config = ConfigDict(extra="forbid")

    lora: Annotated[
        str | None, Field(max_length=60, description="id of a LoRA (lora_...); neither id: the newest LoRA")
    ] = None
    upload: Annotated[
        str | None, Field(max_length=60, description="id of a handed-over file (upl_...), from anywhere")
    ] = None


def verify_lora(context: ToolContext, arguments: VerifyLora) -> ToolResult:
    """Look into the file: whole, finite, which base it fits, rank, trigger, and what is wrong with it in words."""
    if arguments.lora and arguments.upload:
        raise ToolRefused("Name either a LoRA or an upload, not both.")
    from trainer_core.lora.inspect import verify  # loads torch

    context.say("Reading the file …")
    lines = []
    if arguments.upload:
        upload = lora_upload(context, arguments.upload)
        report = verify(upload.file)
        lines.append(report.words().replace(report.file, quoted(upload.name, 80), 1))
    else:
        known = lora_named(context, arguments.lora) if arguments.lora else newest_lora(context)
        report = verify(known.file, BaseModelName(known.row.base))
        lines.append(report.words())
        if report.sha256 and report.sha256 != known.row.sha256:
            lines.append("Note: this is not the file that was registered under this id; it was changed or replaced.")
    if report.ok and report.base_guess:
        lines.append(f"It can be used with {BASES[report.base_guess].title}.")
    if report.trigger:
        lines.append(f"Its header gives the trigger word as {quoted(report.trigger, LONGEST_TRIGGERS)}.")
    elif report.ok:
        lines.append("Its header names no trigger word; ask whoever made it which words call it.")
    if arguments.upload and report.ok:
        lines.append("It is not in the project yet: add it to make clips with it.")
    fields = {"ok", "problems", "notes", "rank", "modules", "bytes", "sha256", "trigger", "base_guess", "matched_share"}
    return ToolResult(text=safe_block("\n".join(lines)), data=report.model_dump(mode="json", include=fields))


TOOLS = (
    Tool(
        "verify_lora",
        "Check a LoRA file, one of ours or a handed-over .safetensors from anywhere: is it whole, which base model it "
        "fits, rank, trigger word, and any problem in plain words.",
        VerifyLora,
        verify_lora,
    ),
)
