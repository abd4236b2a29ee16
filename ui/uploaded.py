"""A file that a browser says it has uploaded: only what this person has uploaded is ever touched."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from gradio.utils import get_upload_folder
from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, mapped_column

from tools.context import ToolContext, ToolRefused
from tools.membership import require_change
from trainer_core.projects import Table, Workspace, make_tables, now

REMEMBERED_DAYS = 2  # gradio deletes uploads after a day


class WindowUpload(Table):
    """Who has uploaded a file to the window. Two people who upload the same file both have."""

    __tablename__ = "window_uploads"
    path: Mapped[str] = mapped_column(String(700), primary_key=True)
    person: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)


def keep_uploads(workspace: Workspace, person: str, paths: Sequence[str]) -> None:
    """Write down that this person has uploaded these files."""
    _prepare(workspace)
    with workspace.session() as session:
        session.execute(delete(WindowUpload).where(WindowUpload.at < now() - timedelta(days=REMEMBERED_DAYS)))
        for path in {str(Path(path).resolve()) for path in paths}:
            session.merge(WindowUpload(path=path, person=person, at=now()))


def has_uploaded(workspace: Workspace, person: str, real: Path) -> bool:
    """Is it a file that this person has uploaded? `real` is resolved."""
    if not real.is_relative_to(Path(get_upload_folder()).resolve()):
        return False
    _prepare(workspace)
    with workspace.session() as session:
        return session.get(WindowUpload, (str(real), person)) is not None


@lru_cache(maxsize=64)
def _prepare(workspace: Workspace) -> None:
    """This table is declared later than the workspace may have been opened."""
    make_tables(workspace.engine)


def checked_upload(path: object, context: ToolContext, refusal: str) -> Path:
    """Where it lies. Raises ToolRefused with these words when it is anything else than a file this person uploaded,
    and in other words when they may not add files to this project."""
    require_change(context)
    if not isinstance(path, str | Path):
        raise ToolRefused(refusal)
    try:
        real = Path(path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise ToolRefused(refusal) from error
    if not real.is_file() or not has_uploaded(context.workspace, context.person, real):
        raise ToolRefused(refusal)
    return real
