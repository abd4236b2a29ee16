"""The one door for generated clips to a file: each says in its own metadata that it was generated, and exactly how."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.dataset.decoding import opened
from trainer_core.dataset.media import write_clip
from trainer_core.dataset.sound import Sound
from trainer_core.plan import BaseModelName

MARK = "AI-generated"
LONGEST_DESCRIPTION = 100_000  # characters that are read of a file's own description


class UsedLora(BaseModel):
    """A LoRA in a clip. `sha256` is the file's."""

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str
    strength: float


class Made(BaseModel):
    """How a clip was made: the content of its description. Nothing in it names a folder.

    shown: what the clip began with or was shown beside: "image" or "reference", with the SHA-256 of the file. sides:
    where several clips stand beside each other, what each of them shows, from left to right.
    """

    model_config = ConfigDict(frozen=True)

    base: BaseModelName
    prompt: str
    seed: int
    loras: tuple[UsedLora, ...] = ()
    steps: int
    guidance: float
    width: int
    height: int
    frames: int
    fps: float
    with_sound: bool = False
    shown: dict[str, str] = {}
    sides: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What a file says of itself: was it marked as generated, how was it made, and by which program."""

    marked: bool
    made: Made | None
    program: str


def write_generated(
    path: Path, frames: NDArray[np.uint8], fps: float, made: Made, sound: Sound | None = None
) -> dict[str, str]:
    """Write a clip (n, height, width, 3) as MP4 with the mark and `made` as JSON; gives the metadata as written."""
    metadata = metadata_of(made)
    write_clip(path, frames, fps, metadata, sound)
    return metadata


def metadata_of(made: Made) -> dict[str, str]:
    """The entries of a generated file: `comment` is the mark that players show, `description` the JSON."""
    description = {"ai_generated": True, "program": program()} | made.model_dump(mode="json", exclude_defaults=True)
    return {"comment": MARK, "description": json.dumps(description, ensure_ascii=False)}


def read_provenance(path: Path) -> Provenance:
    """What a clip says of itself. Raises UnusableMedia when it cannot be opened. Its texts may be a stranger's."""
    with opened(path) as (container, _stream):
        entries = {name.lower(): str(value) for name, value in container.metadata.items()}
    text = entries.get("description", "")[:LONGEST_DESCRIPTION]
    try:
        values = json.loads(text)
        made = Made.model_validate({name: values[name] for name in Made.model_fields if name in values})
        known = str(values.get("program", ""))[:80]
    except (ValueError, TypeError, ValidationError):
        made, known = None, ""
    return Provenance(marked=entries.get("comment", "") == MARK, made=made, program=known)


@cache
def program() -> str:
    """'Sidekick 0.1.0'."""
    try:
        return f"Sidekick {version('lora-sidekick')}"
    except PackageNotFoundError:
        return "Sidekick"
