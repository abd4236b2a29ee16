"""`sidekick audit`: what a folder is worth as training material, in words, as JSON, as a report with pictures."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trainer_core.recipes import RECIPES, RecipeName

from .strings import printable

if TYPE_CHECKING:  # tools load slowly: only when the command runs
    from tools.audit.model import Audit
    from tools.measuring import Pace

SECONDS_BETWEEN_WORDS = 5.0  # of progress, where the output is no terminal


@dataclass(frozen=True)
class Wanted:
    """What the command was asked for."""

    recipe: str
    as_json: bool = False
    html: Path | None = None
    trigger: str | None = None
    text: bool = False
    second_eye: bool = True


def run_audit(folder: Path, wanted: Wanted, home: Path | None) -> int:
    """Audit the files in a folder, in place. Exit code 1 when the set is blocked or could not be audited."""
    problem = _problem(folder, wanted)
    if problem:
        return _refuse(problem)
    from tools.audit.folder import audit_folder, memory_of
    from tools.audit.run import audit_text
    from tools.measuring import Stopped
    from tools.second_eye.model import VisionModelFailed, configured
    from trainer_core.projects import home_folder
    from trainer_core.settings import in_force

    show = _Progress()
    try:
        found = audit_folder(
            folder,
            RECIPES[RecipeName(wanted.recipe)],
            memory=memory_of(folder, home_folder(home)),
            trigger=wanted.trigger,
            text=wanted.text,
            second_eye=configured(in_force(home)) if wanted.second_eye else None,
            progress=show,
            say=lambda words: typer.echo(printable(words), err=True),
        )
    except VisionModelFailed as error:  # its address is none
        return _refuse(str(error))
    except (KeyboardInterrupt, Stopped):
        show.end()
        return _refuse("Stopped. What was measured is kept; the same command goes on from there.")
    show.end()
    audit = found.audit
    if wanted.as_json:
        typer.echo(audit.model_dump_json(indent=2).encode())  # UTF-8, whatever the terminal's encoding is
    else:
        typer.echo(_showable(printable(audit_text(audit), 100_000)))
    for note in found.notes:
        typer.echo(printable(note), err=True)
    if wanted.html and not _written(wanted.html, found.audit, found.paths):
        return 1
    return int(audit.verdict == "blocked")


def _problem(folder: Path, wanted: Wanted) -> str | None:
    """Why the command cannot even begin, in words."""
    if wanted.recipe not in list(RecipeName):
        return f"There is no recipe {printable(wanted.recipe, 40)!r}. There is: {', '.join(RecipeName)}."
    try:
        folder.stat()
    except OSError as error:
        why = "" if isinstance(error, FileNotFoundError) else f" ({error.strerror or error})"
        return f"There is no folder or file {printable(str(folder))!r} to look at{why}. Check the name and try again."
    if wanted.trigger and not wanted.trigger.isprintable():
        return "The trigger word holds characters that cannot be shown. Write it with letters and digits."
    if wanted.html and wanted.html.suffix.lower() not in (".html", ".htm"):  # a slip must not replace a picture
        return f"The report is a web page: {printable(wanted.html.name, 120)!r} does not end in .html. Name it so."
    if wanted.html and not wanted.html.expanduser().absolute().parent.is_dir():
        return f"There is no folder {printable(str(wanted.html.parent))!r} for the report. Make it or choose another."
    if wanted.text:
        from tools.vision.text_in_picture import available

        return " ".join(available()) or None
    return None


def _showable(words: str) -> str:
    """With a question mark for each letter of a file's name that the terminal's encoding does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    return words.encode(encoding, "replace").decode(encoding)


def _written(file: Path, audit: "Audit", paths: dict[str, Path]) -> bool:
    from tools.audit.report import html_report
    from trainer_core.dataset.records import write_atomically

    path = file.expanduser().absolute()
    try:
        write_atomically(path, html_report(audit, paths).encode("utf-8", "replace"))
    except OSError as error:
        typer.echo(f"The report could not be written to {path} ({error.strerror or error}).", err=True)
        return False
    typer.echo(f"The report with pictures is in {path}.", err=True)
    return True


class _Progress:
    """Progress on stderr: one line that changes in a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._told = time.monotonic()

    def __call__(self, pace: "Pace") -> None:
        if self._terminal:
            typer.echo(f"\r\x1b[KLooking at the files: {pace.words()}", err=True, nl=False)
        elif time.monotonic() - self._told > SECONDS_BETWEEN_WORDS:
            self._told = time.monotonic()
            typer.echo(f"Looking at the files: {pace.words()}", err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal:
            typer.echo("\r\x1b[K", err=True, nl=False)


def _refuse(words: str) -> int:
    typer.echo(words, err=True)
    return 1
