"""Which conversations there are, and how far each has been told about jobs."""

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from trainer_core.projects import Table, Workspace, create_project, get_project, make_tables, new_id, now


class Thread(Table):
    """One conversation. `told_event` is the newest job event that the thread has been told about."""

    __tablename__ = "threads"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(40), index=True)
    person: Mapped[str] = mapped_column(String(200))
    told_event: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


def open_thread(workspace: Workspace, person: str, thread_id: str | None, project_id: str | None) -> Thread:
    """The thread with this id, or a new one; a new one without a project gets a new project.

    Raises LookupError for an unknown thread or project.
    """
    make_tables(workspace.engine)  # this table is declared later than the workspace may have been opened
    with workspace.session() as session:
        known = session.get(Thread, thread_id) if thread_id else None
    if known is not None:
        return known
    if thread_id is not None:
        raise LookupError(f"There is no conversation {thread_id!r} in this workspace. Start a new one instead.")
    project = get_project(workspace, project_id) if project_id else create_project(workspace, "New project", person)
    thread = Thread(id=new_id("thr"), project_id=project.id, person=person)
    with workspace.session() as session:
        session.add(thread)
    return thread


def find_thread(workspace: Workspace, thread_id: str) -> Thread | None:
    """The conversation with this id, whoever's it is."""
    with workspace.session() as session:
        return session.get(Thread, thread_id)


def threads_of(workspace: Workspace, person: str | None = None) -> list[Thread]:
    """Conversations, newest first."""
    make_tables(workspace.engine)
    query = select(Thread).order_by(Thread.created_at.desc(), Thread.id)
    if person is not None:
        query = query.where(Thread.person == person)
    with workspace.session() as session:
        return list(session.scalars(query))


def tell(workspace: Workspace, thread_id: str, event_id: int) -> None:
    """Remember that the thread knows of everything up to this event."""
    with workspace.session() as session:
        thread = session.get_one(Thread, thread_id)
        thread.told_event = max(thread.told_event, event_id)


def told_event(workspace: Workspace, thread_id: str) -> int:
    """The newest event that the thread knows of."""
    with workspace.session() as session:
        return session.get_one(Thread, thread_id).told_event
