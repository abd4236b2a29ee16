"""Files from the chat's box: each comes alone, but a caption must find its picture and a pair its other half."""

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from tools.context import ToolContext
from tools.handed_over import take_over
from tools.uploads import LORA_ENDINGS


def kept_together(context: ToolContext, files: Sequence[Path]) -> list[Path]:
    """What is handed over for these files: one folder with copies of them, and each LoRA file by itself.

    A single file stays as it is. Raises ToolRefused in words, OSError when the disk is full.
    """
    loras = [file for file in files if file.name.lower().endswith(LORA_ENDINGS)]
    media = [file for file in files if file not in loras]
    if len(media) < 2:
        return list(files)
    folder = take_over(context.workspace, context.project_id, token_hex(8), [(file, file.name) for file in media]).file
    return [folder, *loras]
