"""The workspace: one folder and one database. Projects, plans, runs, LoRAs, jobs, approvals, money live here."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, String, create_engine, event, text
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex, CreateTable

from . import people_tables as _people_tables  # noqa: F401 - so that make_tables knows of them
from .tables import (
    Approval,
    ApprovalNote,
    BudgetLimit,
    Consent,
    EventRow,
    Job,
    Lora,
    PlanRow,
    Project,
    Run,
    Spending,
    StandingOrder,
    Table,
    new_id,
    now,
)

__all__ = [
    "Approval",
    "ApprovalNote",
    "BudgetLimit",
    "Consent",
    "EventRow",
    "Job",
    "Lora",
    "PlanRow",
    "Project",
    "Run",
    "Spending",
    "StandingOrder",
    "Table",
    "Workspace",
    "create_project",
    "get_project",
    "home_folder",
    "make_tables",
    "new_id",
    "now",
    "update_project",
]

_MAKING_TABLES = 0x51DD  # an advisory lock of PostgreSQL


_reading: ContextVar[Session | None] = ContextVar("reading", default=None)


def home_folder(home: Path | None = None) -> Path:
    """Where the workspace is: `home`, else SIDEKICK_HOME, else ~/.sidekick. Makes nothing."""
    return Path(home or os.environ.get("SIDEKICK_HOME") or Path.home() / ".sidekick").expanduser().resolve()


@dataclass(frozen=True)
class Workspace:
    """The folder that holds everything of one installation, and its database."""

    home: Path
    database_url: str

    @classmethod
    def open(cls, home: Path | None = None, database_url: str | None = None) -> "Workspace":
        """Open or make the workspace: `home`, else SIDEKICK_HOME, else ~/.sidekick.

        `database_url`: else SIDEKICK_DATABASE_URL, else a SQLite file in the folder. Raises RuntimeError when
        PostgreSQL is named and its driver is not installed.
        """
        folder = home_folder(home)
        folder.mkdir(parents=True, exist_ok=True)
        url = database_url or os.environ.get("SIDEKICK_DATABASE_URL") or f"sqlite:///{folder / 'sidekick.db'}"
        workspace = cls(folder, _with_driver(url))
        make_tables(workspace.engine)
        return workspace

    @cached_property
    def engine(self) -> Engine:
        """The database engine; SQLite waits for locks and writes ahead, so that worker and window can share it."""
        return _new_engine(self.database_url, "FULL")

    @cached_property
    def _passing_engine(self) -> Engine:
        sqlite = self.engine.dialect.name == "sqlite"
        return _new_engine(self.database_url, "NORMAL") if sqlite else self.engine

    @contextmanager
    def session(self, *, lasting: bool = True) -> Iterator[Session]:
        """A database session that commits on success and rolls back on an exception.

        Not `lasting`: a commit to SQLite does not wait for the disk. It outlives a crash of any process, and may be
        lost in one of the whole machine: for what means nothing after that, such as who is answering right now.
        """
        engine = self.engine if lasting else self._passing_engine
        shared = _reading.get()
        if shared is not None and shared.bind is engine:
            yield shared
            return
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Sessions that are opened in here, in this thread, are one: many small reads then cost half.

        For reading only: what is written in here is not there for others before the end.
        """
        with self.session() as session:
            before = _reading.set(session)
            try:
                yield
            finally:
                _reading.reset(before)

    def dataset_folder(self, project_id: str) -> Path:
        """Where a project's copies of files and its manifest live."""
        return self._folder("projects", project_id, "dataset")

    def pictures_folder(self, project_id: str) -> Path:
        """Where sheets drawn for a person lie, such as an audit's compass: the window may show what is in here."""
        return self._folder("pictures", project_id)

    def run_folder(self, run_id: str) -> Path:
        """Where a run's checkpoints, LoRA, clips and scorecard live."""
        return self._folder("runs", run_id)

    def exports_folder(self, project_id: str, lora_id: str) -> Path:
        """Where a LoRA's files lie that were made for download: the window may hand out what is in here."""
        return self._folder("exports", project_id, lora_id)

    def cache_folder(self) -> Path:
        """Encoded latents and embeddings, keyed by content and settings; safe to delete."""
        return self._folder("cache")

    def _folder(self, *parts: str) -> Path:
        if strange := [part for part in parts if part in ("", ".", "..") or Path(part).name != part or "\0" in part]:
            raise LookupError(f"{strange[0][:60]!r} is no id of anything in this workspace. Nothing was read.")
        folder = self.home.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _new_engine(url: str, synchronous: Literal["FULL", "NORMAL"]) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _prepare(connection, _record) -> None:  # type: ignore[no-untyped-def]
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA busy_timeout=15000")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA synchronous={synchronous}")

    return engine


def _with_driver(url: str) -> str:
    """PostgreSQL addresses as its own tools write them, with the driver that we use."""
    scheme, separator, rest = url.partition("://")
    if scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        return url
    if importlib.util.find_spec("psycopg") is None:
        raise RuntimeError(
            "The database is PostgreSQL, and its driver is not installed. Nothing was changed. Install it with: "
            "pip install 'lora-sidekick[postgres]'"
        )
    return f"postgresql+psycopg{separator}{rest}"


def make_tables(engine: Engine) -> None:
    """Make the tables that are missing; unlike create_all also when two processes open a new workspace at once."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # there, IF NOT EXISTS does not keep two from making one table
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING_TABLES})
        for table in Table.metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
        if engine.dialect.name == "postgresql":  # SQLite keeps texts of any length, whatever its table says
            _widen(connection)


def _widen(connection: Connection) -> None:
    """Give texts that an earlier version made narrower their present room; PostgreSQL rewrites no row for that."""
    lengths = text(
        "SELECT table_name, column_name, character_maximum_length FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND character_maximum_length IS NOT NULL"
    )
    there = {(row[0], row[1]): row[2] for row in connection.execute(lengths)}
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            room = column.type.length if isinstance(column.type, String) else None
            if room and there.get((table.name, column.name), room) < room:
                change = f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" TYPE VARCHAR({room})'
                connection.execute(text(change))


def create_project(workspace: Workspace, name: str, owner: str) -> Project:
    """A new, empty project."""
    project = Project(id=new_id("prj"), name=name, owner=owner)
    with workspace.session() as session:
        session.add(project)
    return project


def get_project(workspace: Workspace, project_id: str) -> Project:
    """The project. Raises LookupError in words for a person."""
    with workspace.session() as session:
        project = session.get(Project, project_id)
    if project is None:
        raise LookupError(f"There is no project {project_id!r} in this workspace.")
    return project


def update_project(workspace: Workspace, project_id: str, **fields: object) -> Project:
    """Set fields of a project."""
    with workspace.session() as session:
        project = session.get_one(Project, project_id)
        for name, value in fields.items():
            setattr(project, name, value)
    return project
