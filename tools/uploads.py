"""Files that a person handed over: the conversation keeps the paths, the model only sees ids."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from pydantic import BaseModel

from trainer_core.dataset.drafts import held_by
from trainer_core.dataset.records import write_atomically
from trainer_core.projects import Workspace, new_id

from .text import quoted

LORA_ENDINGS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")  # the others are refused, in words that say why


class Upload(BaseModel):
    """One file or folder. `name` is for display only."""

    id: str
    name: str
    path: str
    folder: bool
    added: bool = False

    @property
    def file(self) -> Path:
        """Where it lies."""
        return Path(self.path)

    def source(self) -> Path:
        """Where to read it from. Raises FileNotFoundError, in words, when it is gone or leads elsewhere by now."""
        name = quoted(self.name, 60)
        try:
            real = self.file.resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:  # gone, links in a circle, a damaged table
            raise FileNotFoundError(f"{name} is not where it was any more. Hand it over again.") from error
        if real != self.file:
            raise FileNotFoundError(
                f"{name} has become a link to another place since it was handed over, so it was not read. Hand the "
                "file itself over."
            )
        return real

    @property
    def is_lora(self) -> bool:
        """Is it named like a LoRA file? Whether it is one, only its verification tells."""
        return not self.folder and self.path.lower().endswith(LORA_ENDINGS)


def _file(workspace: Workspace, project_id: str) -> Path:
    return workspace.dataset_folder(project_id).parent / "uploads.json"


def held(workspace: Workspace, project_id: str) -> AbstractContextManager[None]:
    """Hold the table of what was handed over, and the folders of batches, from reading to writing. Raises TableBusy."""
    return held_by(_file(workspace, project_id).with_suffix(".lock"))


def uploads_of(workspace: Workspace, project_id: str) -> list[Upload]:
    """Everything handed over in this project, oldest first."""
    file = _file(workspace, project_id)
    if not file.exists():
        return []
    return [Upload.model_validate(entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def register(
    workspace: Workspace, project_id: str, paths: Sequence[Path], names: Sequence[str] | None = None
) -> list[Upload]:
    """Give files or folders an id; `names`: what each is called, where that is not its file's name.

    What was handed over already and waits keeps its id. Raises FileNotFoundError, in words, when one is not there.
    """
    with held(workspace, project_id):
        return _registered(workspace, project_id, paths, names or [path.name for path in paths])


def _registered(workspace: Workspace, project_id: str, paths: Sequence[Path], names: Sequence[str]) -> list[Upload]:
    known = uploads_of(workspace, project_id)
    waiting = {entry.path: entry for entry in known if not entry.added}
    entries, fresh = [], []
    for path, called in zip(paths, names, strict=True):
        resolved = path.expanduser().resolve()
        if not resolved.exists():
            raise FileNotFoundError(
                f"I can't find {path.name!r}. Nothing was added; check the name and hand it over again."
            )
        if resolved in (Path("/"), Path.home()):
            raise FileNotFoundError(
                f"{path} is a whole disk or home folder, so it was not handed over. Name the folder in it that has the "
                "pictures or clips."
            )
        entry = waiting.get(str(resolved))
        if entry is None:
            entry = Upload(id=new_id("upl"), name=called or resolved.name, path=str(resolved), folder=resolved.is_dir())
            waiting[entry.path] = entry
            fresh.append(entry)
        entries.append(entry)
    _save(workspace, project_id, known + fresh)
    return entries


def mark_added(workspace: Workspace, project_id: str, ids: Sequence[str]) -> None:
    """Remember that these uploads are in the dataset now."""
    with held(workspace, project_id):
        uploads = uploads_of(workspace, project_id)
        marked = [entry.model_copy(update={"added": entry.added or entry.id in ids}) for entry in uploads]
        _save(workspace, project_id, marked)


def _save(workspace: Workspace, project_id: str, uploads: list[Upload]) -> None:
    content = json.dumps([entry.model_dump() for entry in uploads], indent=1).encode()
    write_atomically(_file(workspace, project_id), content, private=True)
