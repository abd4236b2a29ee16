"""The clips that were made in the studio: newest first, each with what its own file says of how it was made."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from trainer_core.dataset.media import UnusableMedia
from trainer_core.generation.provenance import Provenance, read_provenance

from ..context import ToolContext
from ..state import runs_of

MOST = 48


@dataclass(frozen=True)
class MadeClip:
    """`file` is relative to the workspace; `told` is what the file says, whose texts may be a stranger's."""

    file: str
    stamp: int  # when it was written, in nanoseconds
    told: Provenance = field(hash=False)  # the file and its stamp say which clip it is


def clips_made(context: ToolContext, most: int = MOST) -> tuple[MadeClip, ...]:
    """The project's newest clips and comparisons. Files that are no clips any more are left out."""
    workspace = context.workspace
    folders = [
        workspace.pictures_folder(context.project_id),
        *(workspace.run_folder(run.id) for run in runs_of(context)),
    ]
    found = [
        (path.stat().st_mtime_ns, path)
        for folder in folders
        for path in (folder / "studio").glob("*.mp4")
        if path.is_file() and not path.is_symlink()
    ]
    clips = []
    for stamp, path in sorted(found, reverse=True)[:most]:
        told = _told(path, stamp)
        if told is not None:
            clips.append(MadeClip(str(path.relative_to(workspace.home)), stamp, told))
    return tuple(clips)


@lru_cache(maxsize=1024)
def _told(path: Path, _stamp: int) -> Provenance | None:
    try:
        return read_provenance(path)
    except UnusableMedia:
        return None
