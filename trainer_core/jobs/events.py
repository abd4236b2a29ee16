"""The log of a job: what happened, in order, for every window that watches it."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..projects import EventRow, Workspace
from .redact import redact

LONGEST_TEXT = 4_000  # characters
LONGEST_LIST = 10_000  # entries
_FIGURES = frozenset({"step", "steps", "left", "loss", "eta_seconds"})
_LARGEST_FIGURE = 1e12


def emit(workspace: Workspace, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Add an event. `data` becomes plain JSON (see `plain`). Raises TypeError for what JSON cannot hold."""
    with workspace.session() as session:
        add_event(session, job_id, kind, data)


def add_event(session: Session, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Add an event inside a session, so that it is written together with the change that it tells of."""
    session.add(EventRow(job_id=job_id, kind=kind, data=plain(data)))


def events_since(
    workspace: Workspace, job_id: str, after_id: int = 0, *, kinds: Collection[str] | None = None
) -> list[EventRow]:
    """The job's events with an id above `after_id`, oldest first; of some kinds, or all.

    A long job has far more progress than anything else: whoever does not need it should name what is needed.
    """
    query = select(EventRow).where(EventRow.job_id == job_id, EventRow.id > after_id).order_by(EventRow.id)
    if kinds is not None:
        query = query.where(EventRow.kind.in_(tuple(kinds)))
    with workspace.session() as session:
        return list(session.scalars(query))


def latest(workspace: Workspace, job_id: str, kind: str) -> EventRow | None:
    """The job's newest event of this kind."""
    query = select(EventRow).where(EventRow.job_id == job_id, EventRow.kind == kind).order_by(EventRow.id.desc())
    with workspace.session() as session:
        return session.scalars(query.limit(1)).first()


def sound_progress(data: Mapping[str, Any]) -> dict[str, Any]:
    """A progress event's data for those who show it: figures that are none are left out, and so is any file.

    Our worker writes neither; what a remote machine or a damaged row says is not believed.
    """
    shown = {key: value for key, value in data.items() if key != "pictures"}
    return {key: value for key, value in shown.items() if key not in _FIGURES or _is_figure(value)}


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST_FIGURE


def plain(value: Any) -> Any:
    """The value as JSON that any database takes: no NaN or infinity, no secrets, capped texts and lists."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {redact(str(key))[:200]: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in list(value)[:LONGEST_LIST]]
    if isinstance(value, str | Path):
        text = redact(str(value)).replace("\x00", "")
        return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " ..."
    if hasattr(value, "item"):  # a number of numpy or torch
        return plain(value.item())
    raise TypeError(f"an event cannot hold a {type(value).__name__}")
