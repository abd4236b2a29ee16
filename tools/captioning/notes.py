"""What is known of captions besides their words: which model gave them and what is doubtful. Kept by the dataset."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.dataset.records import write_atomically

FILE_NAME = "caption_notes.json"
VERSION = 1  # raise it when the question to the model changes: older captions are then asked for again


class Note(BaseModel):
    """One file's caption by `model`. `taught` is what it was for; no `caption` where the answer was of no use.

    `doubt` says in words why a person should look at it; empty where nothing is doubtful.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    taught: str
    caption: str = ""
    doubt: str = ""


class _Stored(BaseModel):
    version: int = VERSION
    notes: dict[str, Note] = {}


def load_notes(folder: Path) -> dict[str, Note]:
    """Notes by item id; none where the file is missing, damaged or of an older version."""
    try:
        stored = _Stored.model_validate_json((folder / FILE_NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
    return stored.notes if stored.version == VERSION else {}


def save_notes(folder: Path, notes: dict[str, Note]) -> None:
    """Keep the notes, in place of older ones; writes nothing where there were none and are none."""
    if notes or (folder / FILE_NAME).exists():
        write_atomically(folder / FILE_NAME, _Stored(notes=notes).model_dump_json(indent=1).encode())
