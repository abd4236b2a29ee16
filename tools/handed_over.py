"""Files that come in one after another, such as from a browser: kept in a folder until the set takes them in.

They keep their names and folders, so that a caption beside its picture and the two halves of a pair find each other,
and what has arrived stays when the rest does not come.
"""

import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from trainer_core.dataset.intake import MAX_FILES
from trainer_core.dataset.records import MAX_NAME, one_line
from trainer_core.projects import Workspace

from .context import ToolRefused
from .uploads import Upload, register, uploads_of

FOLDER = "incoming"
MOST_FOLDERS = 8  # folders in folders that are kept; deeper ones are put together
_BATCH = re.compile(r"[a-z0-9]{8,40}")


def take_over(workspace: Workspace, project_id: str, batch: str, files: Sequence[tuple[Path, str]]) -> Upload:
    """Copy files into the batch's folder, which waits as one upload. `files`: where each lies, and its own name.

    Names may hold folders ("cats/pip.png"); they come from outside and are made harmless. `batch` is 8 to 40 letters
    and digits that the sender made up. Raises ToolRefused in words, OSError when the disk is full.
    """
    if not _BATCH.fullmatch(batch) or not files:
        raise ToolRefused("These files did not arrive as they should. Please add them again.")
    folder = _incoming(workspace, project_id) / batch
    there = sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 0
    if there + len(files) > MAX_FILES:
        raise ToolRefused(f"At most {MAX_FILES} files can be added at once. Those that arrived before are kept.")
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [entry for entry in uploads_of(workspace, project_id) if not entry.added and entry.file == folder]
    upload = waiting[0] if waiting else register(workspace, project_id, [folder])[0]  # first, so that it is not cleared
    for path, name in files:
        target = _free(folder.joinpath(*safe_parts(name)))
        target.parent.mkdir(parents=True, exist_ok=True)
        _put(path, target)
    os.utime(folder)  # something came in, also where it lies deeper
    return upload


def safe_parts(name: str) -> list[str]:
    """The folders and the name of a file that was called so elsewhere: none leads out, is hidden, or is too long."""
    parts = [one_line(part, 1000).lstrip(". ").rstrip(". ") for part in name.replace("\\", "/").split("/")]
    kept = [part for part in (part.replace(":", " ").strip() for part in parts) if part] or ["file"]
    stem, ending = PurePosixPath(kept[-1]).stem, PurePosixPath(kept[-1]).suffix[:16]
    folders = [part[:60].rstrip(". ") or "folder" for part in kept[:-1]][-MOST_FOLDERS:]
    return [*folders, f"{stem[: MAX_NAME - 20]}{ending}"]


def clear_taken(workspace: Workspace, project_id: str) -> None:
    """Remove the folders of batches that are in the set; the set has its own copies."""
    folder = _incoming(workspace, project_id)
    waiting = {entry.file for entry in uploads_of(workspace, project_id) if not entry.added}
    for each in folder.iterdir() if folder.is_dir() else ():
        if each not in waiting:
            shutil.rmtree(each, ignore_errors=True)


def waiting_files(workspace: Workspace, project_id: str, quiet_for: float = 0.0) -> int:
    """How many files were handed over and are not in the set yet; not those to which some came in `quiet_for` seconds.

    A file or folder that is gone by now does not count.
    """
    count, until = 0, time.time() - quiet_for
    for entry in uploads_of(workspace, project_id):
        if not entry.added and not entry.is_lora and entry.file.exists() and entry.file.stat().st_mtime <= until:
            count += sum(path.is_file() for path in entry.file.rglob("*")) if entry.folder else 1
    return count


def _incoming(workspace: Workspace, project_id: str) -> Path:
    return (workspace.dataset_folder(project_id).parent / FOLDER).resolve()


def _put(path: Path, target: Path) -> None:
    """A second name for the file where both lie on one disk, else a copy: others may hand over the same file."""
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)


def _free(path: Path) -> Path:
    """The path, or one with a number where there is another file of this name, as folders were put together."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return free
