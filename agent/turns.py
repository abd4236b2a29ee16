"""One turn at a time in a thread, in all processes together; and a channel's event that comes twice acts once."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psutil
from sqlalchemy import ColumnElement, String, or_, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from trainer_core.projects import Table, Workspace, new_id, now

from .logs import log

BEAT_SECONDS = 10.0
LOST_SECONDS = 60.0  # an owner that has not been heard of for so long is gone
WAIT_SECONDS = 0.05


class Turn(Table):
    """Who is answering in a thread. `owner` is 'host pid token', empty when nobody is."""

    __tablename__ = "turns"
    thread_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(300), default="")
    beat: Mapped[datetime] = mapped_column(default=now)


class SeenEvent(Table):
    """A channel's event that has been taken up, such as a Slack message. Delivered again, it does nothing."""

    __tablename__ = "seen_events"
    thread_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)


@contextlib.asynccontextmanager
async def turn_of(workspace: Workspace, thread_id: str) -> AsyncIterator[None]:
    """Hold the thread; waits while another process answers in it, and takes over from one that has died."""
    owner = f"{socket.gethostname()} {os.getpid()} {new_id('own')}"
    while not await asyncio.to_thread(_take, workspace, thread_id, owner):
        await asyncio.sleep(WAIT_SECONDS)
    beating = asyncio.create_task(_beat(workspace, thread_id, owner))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.shield(asyncio.to_thread(_let_go, workspace, thread_id, owner))


def last_turn(workspace: Workspace, thread_id: str) -> datetime | None:
    """When the latest turn in the thread ended, of whatever process; None while one is under way or none was."""
    with workspace.session() as session:
        row = session.get(Turn, thread_id)
    return row.beat if row is not None and not row.owner else None


def first_time(workspace: Workspace, thread_id: str, event_id: str) -> bool:
    """Take an event up; False when that was done before."""
    try:
        with workspace.session() as session:
            session.add(SeenEvent(thread_id=thread_id, event_id=event_id[:200]))
    except IntegrityError:
        return False
    return True


def _take(workspace: Workspace, thread_id: str, owner: str) -> bool:
    if _written(workspace, thread_id, owner, Turn.owner == ""):
        return True
    with workspace.session() as session:
        row = session.get(Turn, thread_id)
        before = row.owner if row else None
    if before is None:
        try:
            with workspace.session() as session:
                session.add(Turn(thread_id=thread_id, owner=owner, beat=now()))
        except IntegrityError:  # another process was first
            return False
        return True
    free = Turn.owner.in_(["", before] if _has_died(before) else [""])
    return _written(workspace, thread_id, owner, or_(free, Turn.beat < now() - timedelta(seconds=LOST_SECONDS)))


def _has_died(owner: str) -> bool:
    """True when the owner was a process of this machine that is no more."""
    host, pid, *_token = [*owner.split(" "), "", ""]
    return host == socket.gethostname() and pid.isdigit() and not psutil.pid_exists(int(pid))


async def _beat(workspace: Workspace, thread_id: str, owner: str) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        try:
            await asyncio.to_thread(_written, workspace, thread_id, owner, Turn.owner == owner)
        except SQLAlchemyError as error:  # a database that is busy or away for a moment; the next beat may be in time
            log.warning("the turn's sign of life was not written: %s", type(error).__name__)


def _let_go(workspace: Workspace, thread_id: str, owner: str) -> None:
    _written(workspace, thread_id, "", Turn.owner == owner)


def _written(workspace: Workspace, thread_id: str, owner: str, where: ColumnElement[bool]) -> bool:
    """Whether the row was there as it should be, and now has this owner."""
    statement = update(Turn).where(Turn.thread_id == thread_id, where)
    with workspace.session(lasting=False) as session:
        return bool(session.execute(statement.values(owner=owner, beat=now())).rowcount)  # type: ignore[attr-defined]
