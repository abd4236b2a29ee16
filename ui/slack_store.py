"""What the Slack bot must remember over a restart: which thread belongs to whom, and what was posted in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from trainer_core.projects import Table, Workspace, now


@dataclass(frozen=True)
class Place:
    """A Slack thread: ids of the Slack workspace and the channel, and the time stamp of the thread's first message."""

    team: str
    channel: str
    ts: str

    @property
    def key(self) -> str:
        """The place as one word."""
        return f"{self.team}:{self.channel}:{self.ts}"


class SlackThread(Table):
    """A Slack thread, the Slack user who began it, and the conversation that goes on in it (None before any word)."""

    __tablename__ = "slack_threads"
    team: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    ts: Mapped[str] = mapped_column(String(40), primary_key=True)
    user: Mapped[str] = mapped_column(String(40))
    thread_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.team, self.channel, self.ts)


class SlackMark(Table):
    """Something that was done in a thread and is not to be done again, or a message that may have to be edited.

    `kind`: heard (a message), turn (one that is being answered), told (an announcement), file (an upload), card (an
    open one; `value` is the card as JSON) or progress.
    """

    __tablename__ = "slack_marks"
    __table_args__ = (UniqueConstraint("place", "kind", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    place: Mapped[str] = mapped_column(String(130))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(400))
    message_ts: Mapped[str] = mapped_column(String(40), default="")
    value: Mapped[str] = mapped_column(Text, default="")


def thread_at(workspace: Workspace, place: Place, user: str) -> SlackThread:
    """The thread at this place; the first to ask for it becomes its person."""
    key = (place.team, place.channel, place.ts)
    with workspace.session() as session:
        known = session.get(SlackThread, key)
    if known is not None:
        return known
    try:
        with workspace.session() as session:
            session.add(SlackThread(team=place.team, channel=place.channel, ts=place.ts, user=user))
    except IntegrityError:  # another message of the same thread was quicker
        pass
    with workspace.session() as session:
        return session.get_one(SlackThread, key)


def find_thread(workspace: Workspace, place: Place) -> SlackThread | None:
    """The thread at this place, if anybody has spoken in it."""
    with workspace.session() as session:
        return session.get(SlackThread, (place.team, place.channel, place.ts))


def known_threads(workspace: Workspace) -> list[SlackThread]:
    """Every thread in which a conversation has begun, oldest first."""
    query = select(SlackThread).where(SlackThread.thread_id.is_not(None)).order_by(SlackThread.created_at)
    with workspace.session() as session:
        return list(session.scalars(query))


def threads_with(workspace: Workspace, kind: str) -> list[SlackThread]:
    """The threads in which something of this kind is remembered."""
    with workspace.session() as session:
        keys = set(session.scalars(select(SlackMark.place).where(SlackMark.kind == kind)))
    return [row for row in known_threads(workspace) if row.place.key in keys] if keys else []


def bind(workspace: Workspace, place: Place, thread_id: str) -> None:
    """Remember which conversation goes on at this place."""
    with workspace.session() as session:
        session.get_one(SlackThread, (place.team, place.channel, place.ts)).thread_id = thread_id


def mark(workspace: Workspace, place: Place, kind: str, name: str, message_ts: str = "", value: str = "") -> bool:
    """Remember this; False when it had been remembered before (its message and value then stay as they were)."""
    return _keep(workspace, SlackMark(place=place.key, kind=kind, name=name, message_ts=message_ts, value=value))


def mark_all(workspace: Workspace, place: Place, kinds: Sequence[str], name: str) -> bool:
    """Remember all of these together, or none and False when one had been remembered before."""
    return _keep(workspace, *(SlackMark(place=place.key, kind=kind, name=name) for kind in kinds))


def _keep(workspace: Workspace, *fresh: SlackMark) -> bool:
    try:
        with workspace.session() as session:
            session.add_all(fresh)
    except IntegrityError:
        return False
    return True


def marks(workspace: Workspace, place: Place, kind: str) -> list[SlackMark]:
    """What is remembered of this kind, oldest first."""
    query = select(SlackMark).where(SlackMark.place == place.key, SlackMark.kind == kind).order_by(SlackMark.id)
    with workspace.session() as session:
        return list(session.scalars(query))


def forget(workspace: Workspace, place: Place, kind: str, name: str) -> None:
    """Remember this no longer."""
    gone = delete(SlackMark).where(SlackMark.place == place.key, SlackMark.kind == kind, SlackMark.name == name)
    with workspace.session() as session:
        session.execute(gone)
