"""Pictures and clips that a generation begins with or is shown: named by id, read from this project's own files."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.manifest import path_of
from trainer_core.dataset.media import UnusableMedia, probe, read_frames, read_image
from trainer_core.dataset.records import MAX_NAME, one_line
from trainer_core.projects import new_id

from ..context import ToolContext, ToolRefused
from ..state import item_named, manifest_of
from ..text import quoted
from ..uploads import Upload, mark_added, register, uploads_of


@dataclass(frozen=True)
class Shown:
    """Frames (n, height, width, 3), uint8 RGB; `name` is for a person, `sha256` of the file."""

    frames: NDArray[np.uint8]
    name: str
    sha256: str


def read_shown(context: ToolContext, name: str, *, frames: int, fps: float) -> Shown:
    """A picture as one frame, a clip as up to `frames` frames at `fps`. Raises ToolRefused in words."""
    from trainer_core.training.records import sha256_of

    path, called = _path(context, name)
    try:
        info = probe(path)
        if info.kind == "image":
            picture = read_image(path)[None]
        else:
            there = max(1, min(frames, int(info.seconds * fps + 1e-3)))
            picture = read_frames(path, fps=fps, frames=there)
    except UnusableMedia as error:
        raise ToolRefused(f"{called} cannot be used. {error}") from error
    return Shown(picture, called, sha256_of(path))


def _path(context: ToolContext, name: str) -> tuple[Path, str]:
    """Where the item (itm_..., or its exact name) or upload (upl_...) lies, and what it is called."""
    if not name.startswith("upl_"):
        item = item_named(manifest_of(context), name)
        return path_of(context.workspace.dataset_folder(context.project_id), item), quoted(item.name, 60)
    upload = next((each for each in uploads_of(context.workspace, context.project_id) if each.id == name), None)
    if upload is None:
        raise ToolRefused(f"There is no upload called {quoted(name, 40)!r} in this project.")
    if upload.folder:
        raise ToolRefused(f"{quoted(upload.name, 60)} is a folder. Hand over one picture or clip.")
    return upload.source(), quoted(upload.name, 60)


def keep_shown(context: ToolContext, path: Path, name: str) -> Upload:
    """Keep a copy of a picture or clip that a person chose for a clip; it does not wait to come into the set.

    Raises ToolRefused in words when it is neither.
    """
    called = one_line(name, MAX_NAME) or "picture"
    try:
        probe(path)
    except UnusableMedia as error:
        raise ToolRefused(f"{quoted(called, 60)} cannot be used. {error}") from error
    folder = context.workspace.dataset_folder(context.project_id).parent / "shown"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{new_id('shown')}{path.suffix.lower()[:8]}"
    try:
        shutil.copyfile(path, kept)
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise ToolRefused(f"{quoted(called, 60)} could not be kept ({error.strerror or error}).") from error
    upload = register(context.workspace, context.project_id, [kept], names=[called])[0]
    mark_added(context.workspace, context.project_id, [upload.id])
    return upload
