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

from trainer_core.dataset.drafts import draft_in
from trainer_core.dataset.intake import MAX_FILES
from trainer_core.dataset.records import MAX_NAME, one_line
from trainer_core.projects import Workspace

from .context import ToolRefused
from .uploads import Upload, held, mark_added, register, uploads_of

FOLDER = "incoming"
ABANDONED_SECONDS = 86_400.0  # a draft as old as this is of a process that was killed
MOST_FOLDERS = 8  # folders in folders that are kept; deeper ones are put together
_BATCH = re.compile(r"[a-z0-9]{8,40}")


def take_over(workspace: Workspace, project_id: str, batch: str, files: Sequence[tuple[Path, str]]) -> Upload:
    """Copy files into the batch's folder, which waits as one upload. `files`: where each lies, and its own name.

    Names may hold folders ("cats/pip.png"); they come from outside and are made harmless. `batch` is 8 to 40 letters
    and digits that the sender made up. Raises ToolRefused in words, OSError when the disk is full.
    """
    if not _BATCH.fullmatch(batch) or not files:
        raise ToolRefused("These files did not arrive as they should. Please add them again.")
    incoming = _incoming(workspace, project_id)
    incoming.mkdir(parents=True, exist_ok=True)
    drafts: list[tuple[Path, str]] = []
    try:
        for path, name in files:
            draft = draft_in(incoming)
            try:
                _put(path, draft)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
            drafts.append((draft, name))
    except OSError:
        if drafts:  # those that arrived stay
            _moved_in(workspace, project_id, incoming / batch, drafts)
        raise
    return _moved_in(workspace, project_id, incoming / batch, drafts)


def _moved_in(workspace: Workspace, project_id: str, folder: Path, drafts: Sequence[tuple[Path, str]]) -> Upload:
    """Give the files their places in the batch's folder, which is made and registered where it is not."""
    try:
        with held(workspace, project_id):
            there = sum(path.is_file() for path in folder.rglob("*")) if folder.is_dir() else 0
            if there + len(drafts) > MAX_FILES:
                raise ToolRefused(
                    f"At most {MAX_FILES} files can be added at once. Those that arrived before are kept."
                )
            folder.mkdir(parents=True, exist_ok=True)
            [upload] = register(workspace, project_id, [folder])
            for draft, name in drafts:
                target = _free(folder.joinpath(*safe_parts(name)))
                target.parent.mkdir(parents=True, exist_ok=True)
                draft.rename(target)
            now = time.time_ns()
            os.utime(
                folder, ns=(now, now)
            )  # something came in, also where it lies deeper; the file system's clock lags
            return upload
    finally:
        for draft, _ in drafts:
            draft.unlink(missing_ok=True)


def safe_parts(name: str) -> list[str]:
    """The folders and the name of a file that was called so elsewhere: none leads out, is hidden, or is too long."""
    parts = [one_line(part, 1000).lstrip(". ").rstrip(". ") for part in name.replace("\\", "/").split("/")]
    kept = [part for part in (part.replace(":", " ").strip() for part in parts) if part] or ["file"]
    stem, ending = PurePosixPath(kept[-1]).stem, PurePosixPath(kept[-1]).suffix[:16]
    folders = [part[:60].rstrip(". ") or "folder" for part in kept[:-1]][-MOST_FOLDERS:]
    return [*folders, f"{stem[: MAX_NAME - 20]}{ending}"]


def mark_taken(workspace: Workspace, project_id: str, ids: Sequence[str], since: int) -> None:
    """These uploads are in the set now, which was begun at `since` (time.time_ns); their batches' folders are removed.

    A batch to which files came in after that goes on waiting.
    """
    incoming = _incoming(workspace, project_id)
    with held(workspace, project_id):
        growing = {
            entry.id
            for entry in uploads_of(workspace, project_id)
            if entry.file.parent == incoming and entry.file.is_dir() and entry.file.stat().st_mtime_ns >= since
        }
        mark_added(workspace, project_id, [name for name in ids if name not in growing])
        clear_taken(workspace, project_id)


def clear_taken(workspace: Workspace, project_id: str) -> None:
    """Remove the folders of batches that are in the set; the set has its own copies."""
    folder = _incoming(workspace, project_id)
    with held(workspace, project_id):
        waiting = {entry.file for entry in uploads_of(workspace, project_id) if not entry.added}
        for each in folder.iterdir() if folder.is_dir() else ():
            if each.name.startswith("."):  # a draft: its file is coming in
                if _age(each) > ABANDONED_SECONDS:
                    each.unlink(missing_ok=True)
            elif each not in waiting:
                shutil.rmtree(each, ignore_errors=True)


def _age(draft: Path) -> float:
    """Seconds since it was made here; a hard link has the modification time of the file that was handed over."""
    try:
        return time.time() - draft.stat().st_ctime
    except FileNotFoundError:  # it has its place by now
        return 0.0


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
