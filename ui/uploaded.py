"""A file that a browser says it has uploaded: only what lies in the folder of uploads is ever touched."""

from pathlib import Path

from gradio.utils import get_upload_folder

from tools.context import ToolRefused


def checked_upload(path: object, refusal: str) -> Path:
    """Where it lies. Raises ToolRefused with these words when it is anything else than an uploaded file."""
    if not isinstance(path, str):
        raise ToolRefused(refusal)
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise ToolRefused(refusal) from error
    if not real.is_file() or not real.is_relative_to(Path(get_upload_folder()).resolve()):
        raise ToolRefused(refusal)
    return real
