"""A person's yes to one exact thing: it is bound to plan, place, price ceiling and person, works once, and expires."""

import hashlib
import json
import math
from datetime import timedelta

from sqlalchemy import select, update

from .projects import Approval, Workspace, new_id, now

LONGEST_MINUTES = 24 * 60


class ApprovalMissing(Exception):
    """Nothing may be started: there is no valid yes. The message tells a person why and what to do."""


def fingerprint(plan_fingerprint: str, backend: str, price_ceiling: float | None, person: str) -> str:
    """SHA-256 of what is approved. `price_ceiling` in US dollars; None when the price is not known.

    Raises ValueError for a ceiling that is negative or not finite.
    """
    if price_ceiling is not None and not (math.isfinite(price_ceiling) and price_ceiling >= 0):
        raise ValueError(f"a price ceiling of {price_ceiling} makes no sense: it must be 0 or more")
    ceiling = None if price_ceiling is None else f"{price_ceiling:.4f}"
    return hashlib.sha256(json.dumps([plan_fingerprint, backend, ceiling, person]).encode()).hexdigest()


def grant(workspace: Workspace, fingerprint: str, person: str, minutes: float = 30) -> Approval:
    """Keep the person's yes for so many minutes. Raises ValueError for a time that is not between 0 and a day."""
    if not 0 < minutes <= LONGEST_MINUTES:
        raise ValueError(f"an approval lasts up to {LONGEST_MINUTES} minutes, not {minutes}")
    approval = Approval(
        id=new_id("apr"), fingerprint=fingerprint, person=person, expires_at=now() + timedelta(minutes=minutes)
    )
    with workspace.session() as session:
        session.add(approval)
    return approval


def consume(workspace: Workspace, fingerprint: str, person: str) -> None:
    """Use up the person's yes. Raises ApprovalMissing when there is none that is valid.

    One UPDATE takes every open yes to this fingerprint, so that a double click on "approve" starts one job, and of two
    processes that ask at the same time one gets it.
    """
    mine = (Approval.fingerprint == fingerprint, Approval.person == person)
    statement = (
        update(Approval)
        .where(*mine, Approval.used_at.is_(None), Approval.expires_at > now())
        .values(used_at=now())
        .execution_options(synchronize_session=False)
    )
    with workspace.session() as session:
        if session.execute(statement).rowcount:  # type: ignore[attr-defined]
            return
        known = session.scalars(select(Approval).where(*mine).order_by(Approval.created_at.desc()).limit(1)).first()
    if known is None:
        raise ApprovalMissing(
            "Nobody has approved exactly this: this plan, this place to run and this price, by you. Nothing was "
            "started. Look at the summary and approve it first."
        )
    reason = "was used already" if known.used_at is not None else "has expired"
    raise ApprovalMissing(f"The approval for this {reason}. Nothing was started. Approve it again to go on.")
