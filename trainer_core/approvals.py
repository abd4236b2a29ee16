"""A person's yes to one exact thing: bound to plan, place, price, person, project and kind; works once; expires."""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from .projects import Approval, ApprovalNote, Workspace, new_id, now

LONGEST_MINUTES = 24 * 60
LONGEST_WORDS = 400  # characters of what was approved


class ApprovalMissing(Exception):
    """Nothing may be started: there is no valid yes. The message tells a person why and what to do."""


@dataclass(frozen=True)
class Granted:
    """One yes that was given. `about`: what it is for, in words; empty for those of earlier versions."""

    id: str
    person: str
    project_id: str | None
    about: str
    granted_at: datetime  # UTC
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def open(self) -> bool:
        """It can still be used."""
        return self.used_at is None and self.revoked_at is None and self.expires_at > now()


def fingerprint(
    plan_fingerprint: str, backend: str, price_ceiling: float | None, person: str, *, project_id: str, kind: str
) -> str:
    """SHA-256 of what is approved. `price_ceiling` in US dollars; None when the price is not known.

    `kind` says what is done with it, such as "training" or "download": a yes to one thing is none to another. Raises
    ValueError for a ceiling that is negative or not finite.
    """
    if price_ceiling is not None and not (math.isfinite(price_ceiling) and price_ceiling >= 0):
        raise ValueError(f"a price ceiling of {price_ceiling} makes no sense: it must be 0 or more")
    ceiling = None if price_ceiling is None else f"{price_ceiling:.4f}"
    parts = [kind, project_id, plan_fingerprint, backend, ceiling, person]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def grant(
    workspace: Workspace,
    fingerprint: str,
    person: str,
    minutes: float = 30,
    *,
    project_id: str | None = None,
    about: str = "",
) -> Approval:
    """Keep the person's yes for so many minutes. Raises ValueError for a time that is not between 0 and a day.

    `about`: what it is for, in words, for whoever lists the yeses later; cut at LONGEST_WORDS characters.
    """
    if not 0 < minutes <= LONGEST_MINUTES:
        raise ValueError(f"an approval lasts up to {LONGEST_MINUTES} minutes, not {minutes}")
    approval = Approval(
        id=new_id("apr"), fingerprint=fingerprint, person=person, expires_at=now() + timedelta(minutes=minutes)
    )
    with workspace.session() as session:
        session.add(approval)
        session.flush()
        session.add(ApprovalNote(approval_id=approval.id, project_id=project_id, about=about[:LONGEST_WORDS]))
    return approval


def consume(workspace: Workspace, fingerprint: str, person: str) -> None:
    """Use up the person's yes. Raises ApprovalMissing when there is none that is valid."""
    with workspace.session() as session:
        consume_in(session, fingerprint, person)


def consume_in(session: Session, fingerprint: str, person: str) -> None:
    """Use up the person's yes together with what else the session does: if that is refused, the yes stays.

    One UPDATE takes every open yes to this fingerprint, so that a double click on "approve" starts one job, and of two
    processes that ask at the same time one gets it. Raises ApprovalMissing.
    """
    if _close(session, (Approval.fingerprint == fingerprint, Approval.person == person)):
        return
    mine = select(Approval, ApprovalNote).where(Approval.fingerprint == fingerprint, Approval.person == person)
    known = session.execute(_with_notes(mine).order_by(Approval.created_at.desc()).limit(1)).first()
    if known is None:
        raise ApprovalMissing(
            "Nobody has approved exactly this: this plan, this place to run and this price, by you. Nothing was "
            "started. Look at the summary and approve it first."
        )
    given = _granted(known)
    reason = "was taken back" if given.revoked_at else "was used already" if given.used_at else "has expired"
    raise ApprovalMissing(f"The approval for this {reason}. Nothing was started. Approve it again to go on.")


def list_granted(workspace: Workspace, person: str, project_id: str | None = None, most: int = 50) -> list[Granted]:
    """The person's yeses, newest first; with `project_id`, of that project only."""
    query = _with_notes(select(Approval, ApprovalNote).where(Approval.person == person))
    if project_id is not None:
        query = query.where(ApprovalNote.project_id == project_id)
    with workspace.session() as session:
        rows = session.execute(query.order_by(Approval.created_at.desc(), Approval.id).limit(most)).all()
    return [_granted(row) for row in rows]


def revoke(workspace: Workspace, approval_id: str, person: str) -> None:
    """Take a yes back before it is used. Raises LookupError, in words, when the person has none open by this id."""
    with workspace.session() as session:
        if _close(session, (Approval.id == approval_id, Approval.person == person)):
            _note_revoked(session, [approval_id])
            return
    raise LookupError("That yes is not open: it was used, taken back or has expired, or it is not yours.")


def revoke_all(workspace: Workspace, fingerprint: str, person: str) -> int:
    """Take back every unused yes of the person's to this: how many. For a no that comes after a yes."""
    mine = (Approval.fingerprint == fingerprint, Approval.person == person)
    with workspace.session() as session:
        ids = session.scalars(select(Approval.id).where(*mine, Approval.used_at.is_(None))).all()
        closed = [each for each in ids if _close(session, (Approval.id == each, *mine))]
        _note_revoked(session, closed)
    return len(closed)


def _close(session: Session, which: tuple) -> int:
    """Mark open yeses as gone, in one UPDATE, and say how many: only one of all that ask gets each."""
    statement = update(Approval).where(*which, Approval.used_at.is_(None), Approval.expires_at > now())
    statement = statement.values(used_at=now()).execution_options(synchronize_session=False)
    return session.execute(statement).rowcount  # type: ignore[attr-defined]


def _note_revoked(session: Session, ids: list[str]) -> None:
    for approval_id in ids:
        note = session.get(ApprovalNote, approval_id)
        if note is None:  # granted by an earlier version
            session.add(ApprovalNote(approval_id=approval_id, project_id=None, about="", revoked_at=now()))
        else:
            note.revoked_at = now()


def _with_notes(query):  # type: ignore[no-untyped-def]
    return query.join(ApprovalNote, ApprovalNote.approval_id == Approval.id, isouter=True)


def _granted(row: Row) -> Granted:
    approval, note = row
    return Granted(
        id=approval.id,
        person=approval.person,
        project_id=note.project_id if note else None,
        about=note.about if note else "",
        granted_at=approval.created_at,
        expires_at=approval.expires_at,
        used_at=approval.used_at,
        revoked_at=note.revoked_at if note else None,
    )
