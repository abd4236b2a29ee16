"""A LoRA file that a person handed over: found by its upload id, and never opened otherwise than with care."""

from ..context import ToolContext, ToolRefused
from ..text import quoted
from ..uploads import Upload, uploads_of


def lora_upload(context: ToolContext, name: str | None) -> Upload:
    """The upload with this id; without one, the LoRA file that was handed over last. Raises ToolRefused in words."""
    uploads = uploads_of(context.workspace, context.project_id)
    if name is None:
        found = [each for each in uploads if each.is_lora]
        if not found:
            raise ToolRefused("No LoRA file was handed over. The person can attach a .safetensors file to a message.")
        return found[-1]
    upload = next((each for each in uploads if each.id == name), None)
    if upload is None:
        raise ToolRefused(f"There is no upload called {quoted(name, 40)!r} in this project.")
    if upload.folder:
        raise ToolRefused(f"{quoted(upload.name, 60)} is a folder. Hand over the .safetensors file itself.")
    try:
        upload.source()
    except FileNotFoundError as gone:
        raise ToolRefused(str(gone)) from gone
    return upload
