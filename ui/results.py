"""What a project has to show for itself, as files on this machine."""

from dataclasses import dataclass
from pathlib import Path

from tools.context import ToolContext
from tools.evaluation.run_files import report_of
from tools.state import latest_lora
from trainer_core.projects import Workspace


@dataclass(frozen=True)
class Results:
    """The newest LoRA and what its evaluation left; None where it is not there (yet)."""

    lora: Path | None = None
    trigger: str = ""
    base: str = ""
    contact_sheet: Path | None = None
    report: Path | None = None
    scorecard: Path | None = None


def results_of(workspace: Workspace, project_id: str, person: str) -> Results:
    """The files of the project's newest LoRA."""
    lora = latest_lora(ToolContext(workspace, project_id, person))
    if lora is None:
        return Results()
    folder = workspace.run_folder(lora.run_id) if lora.run_id else None
    return Results(
        lora=_existing(workspace.home / lora.file),
        trigger=lora.trigger,
        base=lora.base,
        contact_sheet=_existing(folder / "contact_sheet.png") if folder else None,
        report=report_of(folder) if folder else None,
        scorecard=_existing(folder / "scorecard.json") if folder else None,
    )


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
