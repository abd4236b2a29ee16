"""For how long a job has been at work: time between its attempts, as after a lost worker, does not count."""

from datetime import datetime

from sqlalchemy import func, select

from ..projects import EventRow, Workspace, now
from . import events, store


def seconds_at_work(workspace: Workspace, job_id: str) -> float:
    """Seconds that the job was worked on, in all its attempts. Of one that was cut off, until it last told anything."""
    starts = [
        row
        for row in events.events_since(workspace, job_id, kinds=("state",))
        if row.data.get("state") == store.State.RUNNING
    ]
    total = 0.0
    for index, start in enumerate(starts):
        if index + 1 < len(starts):
            end = _last_word(workspace, job_id, start.id, starts[index + 1].id)
        elif store.get(workspace, job_id).state == store.State.RUNNING:
            end = now()
        else:
            end = _last_word(workspace, job_id, start.id, None)
        total += max(0.0, ((end or start.at) - start.at).total_seconds())
    return total


def _last_word(workspace: Workspace, job_id: str, after: int, before: int | None) -> datetime | None:
    """When an attempt last told of its work; the job's states are also written by others, and later."""
    told = EventRow.kind.not_in(("state", "lost"))
    query = select(func.max(EventRow.at)).where(EventRow.job_id == job_id, EventRow.id > after, told)
    if before is not None:
        query = query.where(EventRow.id < before)
    with workspace.session() as session:
        return session.scalar(query)
