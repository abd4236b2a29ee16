"""Long threads: the graph keeps the recent part of a thread, its chapter; what is older is kept here as rows.

LangGraph writes its whole state at every step, so a thread that grew without end would get slower with each turn.
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, message_to_dict, messages_from_dict
from sqlalchemy import JSON, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from trainer_core.projects import Table, Workspace

from .messages import recent, spoken

LONGEST = 60  # messages of a chapter before it is closed
KEPT = 24  # messages that the next one begins with


class Chapter(Table):
    """Which chapter a thread is in. Threads without a row are in their first."""

    __tablename__ = "chapters"
    thread_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(default=0)


class OldMessage(Table):
    """A message of a closed chapter, in order of `id`. `turn` counts the person's messages of the thread from 0."""

    __tablename__ = "thread_messages"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    thread_id: Mapped[str] = mapped_column(String(40), index=True)
    turn: Mapped[int] = mapped_column()
    body: Mapped[dict] = mapped_column(JSON)


def number_of(workspace: Workspace, thread_id: str) -> int:
    """The chapter that the thread is in."""
    with workspace.session() as session:
        row = session.get(Chapter, thread_id)
    return row.number if row else 0


def graph_thread(thread_id: str, number: int) -> str:
    """The name under which LangGraph keeps a chapter; the first one's is the thread's own."""
    return f"{thread_id}/{number}" if number else thread_id


def thread_of(graph_thread: str) -> str:
    """The thread to which a chapter with this name belongs."""
    return graph_thread.partition("/")[0]


def split(messages: Sequence[AnyMessage]) -> tuple[list[AnyMessage], list[AnyMessage]]:
    """(what is closed, what the next chapter begins with); nothing is closed while the chapter is short."""
    if len(messages) <= LONGEST:
        return [], list(messages)
    kept = recent(messages, KEPT)
    return list(messages[: len(messages) - len(kept)]), kept


def close(workspace: Workspace, thread_id: str, number: int, gone: Sequence[AnyMessage]) -> None:
    """Keep the messages of a chapter that is over, and go to chapter `number`; both or neither."""
    with workspace.session() as session:
        last = select(func.max(OldMessage.turn)).where(OldMessage.thread_id == thread_id)
        turn = session.scalar(last)
        turn = -1 if turn is None else turn
        for message in gone:
            turn += begins_turn(message)
            session.add(OldMessage(thread_id=thread_id, turn=max(turn, 0), body=message_to_dict(message)))
        session.merge(Chapter(thread_id=thread_id, number=number))


def closed_messages(workspace: Workspace, thread_id: str, turns: int | None = None) -> list[AnyMessage]:
    """Messages of closed chapters, oldest first; with `turns`, only of so many of the person's last messages."""
    query = select(OldMessage).where(OldMessage.thread_id == thread_id).order_by(OldMessage.id)
    with workspace.session() as session:
        if turns is not None:
            last = session.scalar(select(func.max(OldMessage.turn)).where(OldMessage.thread_id == thread_id))
            query = query.where(OldMessage.turn > (last or 0) - turns)
        bodies: list[Any] = [row.body for row in session.scalars(query)]
    return messages_from_dict(bodies)  # type: ignore[return-value]


def begins_turn(message: AnyMessage) -> bool:
    """True for a message in which the person said something; notes about events begin no turn."""
    return isinstance(message, HumanMessage) and bool(spoken(message))
