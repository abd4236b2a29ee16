"""Consent of people whose faces are trained: who said so, when, for which project and person, in which words."""

from sqlalchemy import select, update

from .projects import Consent, Workspace, new_id, now


def record(
    workspace: Workspace, project_id: str, person_shown: str, statement: str, said_by: str, *, minor: bool = False
) -> Consent:
    """Keep what `said_by` states: that the person shown agreed. `minor`: a guardian agreed for them.

    Raises ValueError when the name or the statement is empty.
    """
    shown, words = person_shown.strip()[:200], statement.strip()[:1000]
    if not shown or not words:
        raise ValueError("a consent needs the person who is shown, and the words in which it was given")
    consent = Consent(
        id=new_id("con"), project_id=project_id, person_shown=shown, statement=words, minor=minor, said_by=said_by
    )
    with workspace.session() as session:
        session.add(consent)
    return consent


def consents_of(workspace: Workspace, project_id: str, *, withdrawn: bool = False) -> list[Consent]:
    """The project's consents that stand, oldest first; with `withdrawn`, those that were taken back as well."""
    query = select(Consent).where(Consent.project_id == project_id).order_by(Consent.said_at, Consent.id)
    if not withdrawn:
        query = query.where(Consent.withdrawn_at.is_(None))
    with workspace.session() as session:
        return list(session.scalars(query))


def withdraw(workspace: Workspace, project_id: str, consent_id: str, person: str) -> None:
    """Take a consent back; it stays on record as withdrawn. Raises LookupError, in words, when none stands."""
    statement = (
        update(Consent)
        .where(Consent.id == consent_id, Consent.project_id == project_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now(), withdrawn_by=person)
        .execution_options(synchronize_session=False)
    )
    with workspace.session() as session:
        if session.execute(statement).rowcount:  # type: ignore[attr-defined]
            return
    raise LookupError("There is no consent by that id that stands in this project.")
