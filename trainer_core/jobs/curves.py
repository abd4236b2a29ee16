"""The course of a figure over a long log of events, thinned in the database: a window needs no 100,000 points."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, func, literal, or_, select

from ..projects import EventRow, Workspace

Point = tuple[int, float]  # step, value


def newest_id(workspace: Workspace, job_ids: Sequence[str]) -> int:
    """The id of the newest event of these jobs, 0 for none. As long as it stays, so does all that they tell."""
    query = select(func.max(EventRow.id)).where(EventRow.job_id.in_(job_ids))
    with workspace.session() as session:
        return session.scalar(query) or 0


def thinned(workspace: Workspace, job_ids: Sequence[str], kind: str, most: int) -> list[dict[str, Any]]:
    """The data of at most `most` + 1 events of each job, oldest first, spread evenly; the newest is always among them.

    One seek in the index for each, however many events lie between.
    """
    found: list[dict[str, Any]] = []
    with workspace.session() as session:
        for job_id in job_ids:
            these = (EventRow.job_id == job_id, EventRow.kind == kind)
            first, last = (session.scalar(select(end(EventRow.id)).where(*these)) for end in (func.min, func.max))
            if first is None or last is None:
                continue
            start = select(literal(first, Integer).label("id")).cte("places", recursive=True)
            width = math.ceil((last - first + 1) / most)
            places = start.union_all(select(start.c.id + width).where(start.c.id + width <= last))
            next_one = select(func.min(EventRow.id)).where(*these, EventRow.id >= places.c.id).scalar_subquery()
            chosen = EventRow.id.in_(select(next_one).select_from(places))
            rows = select(EventRow.data).where(or_(chosen, EventRow.id == last)).order_by(EventRow.id)
            found += session.scalars(rows)
    return found


def last_of(workspace: Workspace, job_ids: Sequence[str], kinds: Sequence[str], most: int) -> list[EventRow]:
    """The newest `most` events of these kinds together, oldest first."""
    # By + 0 the database sorts the few of these kinds; otherwise SQLite would read through all the others from the end.
    newest = (EventRow.id + 0).desc()
    these = (EventRow.job_id.in_(job_ids), EventRow.kind.in_(kinds))
    chosen = select(EventRow.id).where(*these).order_by(newest).limit(most)
    with workspace.session() as session:
        return list(session.scalars(select(EventRow).where(EventRow.id.in_(chosen)).order_by(EventRow.id)))


def curve(told: Sequence[dict[str, Any]], name: str = "loss") -> tuple[Point, ...]:
    """The figure by step. After a restart from a checkpoint the steps come again: the newer ones replace the older."""
    points: list[Point] = []
    for data in told:
        step, value = data.get("step"), data.get(name)
        if isinstance(step, bool) or not isinstance(step, int) or not isinstance(value, int | float):
            continue
        while points and points[-1][0] >= step:
            points.pop()
        points.append((step, float(value)))
    return tuple(points)
