"""Which files the window may fetch, and who: what was made, by people who see its project. Not the database."""

import time
from functools import lru_cache
from pathlib import Path

import gradio as gr

from tools.context import ToolContext
from tools.membership import may_see
from trainer_core.people import is_web
from trainer_core.projects import Run, Workspace

from .uploaded import has_uploaded

REMEMBERED = 2.0  # seconds for which a person's view of a project is taken as it was: a page asks for many pictures


def served(home: Path) -> tuple[Path, ...]:
    """The folders of a workspace from which the window may fetch."""
    return home / "runs", home / "pictures", home / "exports"


def may_fetch(workspace: Workspace, person: str, path: str) -> bool:
    """May this person fetch this file? What they uploaded themselves, and what was made in projects that they see."""
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return False
    moment = int(time.monotonic() / REMEMBERED)
    for folder in served(workspace.home):
        if not real.is_relative_to(folder.resolve()):
            continue
        owner, *inner = real.relative_to(folder.resolve()).parts or ("",)
        if not inner or not is_web(person):
            return bool(inner)  # whoever owns the machine sees what is on it
        project = _project_of_run(workspace, owner, moment) if folder.name == "runs" else owner
        return project is not None and _sees(workspace, person, project, moment)
    return has_uploaded(workspace, person, real)


def file_button(file: Path | None, home: Path) -> gr.DownloadButton:
    """A button for a file that may be fetched; hidden where there is none, or where it lies or leads elsewhere."""
    there = file is not None and any(file.resolve().is_relative_to(each.resolve()) for each in served(home))
    return gr.DownloadButton(value=str(file) if there else None, visible=there)


@lru_cache(maxsize=4096)
def _project_of_run(workspace: Workspace, run_id: str, _moment: int) -> str | None:
    with workspace.session() as session:
        run = session.get(Run, run_id)
    return run.project_id if run else None


@lru_cache(maxsize=4096)
def _sees(workspace: Workspace, person: str, project_id: str, _moment: int) -> bool:
    return may_see(ToolContext(workspace, project_id, person))
