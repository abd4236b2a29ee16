"""Who may see and change a project: its owner, and whoever came by an invitation that can be used once."""

import hashlib
import re
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from .passwords import ALPHABET, grouped_letters
from .people_tables import Invitation, Member
from .projects import Project, Workspace, get_project, new_id, now

INVITATION_DAYS = 7
MOST_OPEN = 50  # invitations of a project that wait at once
_CODE = re.compile(rf"join(-[{ALPHABET}]{{5}}){{5}}")


class Role(StrEnum):
    """What somebody may do in a project."""

    OWNER = "owner"
    CHANGE = "change"  # everything but sharing it
    LOOK = "look"


class SharingRefused(Exception):
    """An invitation or a member cannot be made, used or taken away. The message says why, in words."""


def role_of(workspace: Workspace, person: str, project_id: str) -> Role | None:
    """The person's part in the project; None for somebody who has none, or a project that there is not."""
    with workspace.session() as session:
        project = session.get(Project, project_id)
        if project is None:
            return None
        if project.owner == person:
            return Role.OWNER
        member = session.get(Member, (project_id, person))
    return Role(member.role) if member else None


def projects_of(workspace: Workspace, person: str) -> list[tuple[Project, Role]]:
    """The projects that are theirs or were shared with them, newest first."""
    query = (
        select(Project, Member)
        .outerjoin(Member, (Member.project_id == Project.id) & (Member.person == person))
        .where(or_(Project.owner == person, Member.person == person))
        .order_by(Project.created_at.desc(), Project.id)
    )
    with workspace.session() as session:
        rows = session.execute(query).all()
    return [(project, Role.OWNER if project.owner == person else Role(member.role)) for project, member in rows]


def members_of(workspace: Workspace, project_id: str) -> list[Member]:
    """Who came by invitation, the first first."""
    query = select(Member).where(Member.project_id == project_id).order_by(Member.since, Member.person)
    with workspace.session() as session:
        return list(session.scalars(query))


def invite(
    workspace: Workspace, project_id: str, role: Role, made_by: str, days: int = INVITATION_DAYS
) -> tuple[Invitation, str]:
    """An invitation and its code, which is told once and nowhere kept.

    Raises SharingRefused when `made_by` is not the owner or too many wait, ValueError for a role that cannot be given.
    """
    if role is Role.OWNER or not 1 <= days <= 90:
        raise ValueError("an invitation is to change or to look, for 1 to 90 days")
    _owner_only(workspace, project_id, made_by)
    if len(open_invitations(workspace, project_id)) >= MOST_OPEN:
        raise SharingRefused(f"{MOST_OPEN} invitations wait already. Take some back first.")
    code = "join-" + grouped_letters(5)
    invitation = Invitation(
        id=new_id("inv"),
        project_id=project_id,
        role=role.value,
        digest=_digest(code),
        made_by=made_by,
        expires_at=now() + timedelta(days=days),
    )
    with workspace.session() as session:
        session.add(invitation)
    return invitation, code


def open_invitations(workspace: Workspace, project_id: str) -> list[Invitation]:
    """Those that can still be used, oldest first."""
    query = select(Invitation).where(Invitation.project_id == project_id, *_still_open()).order_by(Invitation.made_at)
    with workspace.session() as session:
        return list(session.scalars(query))


def take_back(workspace: Workspace, project_id: str, invitation_id: str, person: str) -> None:
    """The invitation lets nobody in any more. Raises SharingRefused."""
    _owner_only(workspace, project_id, person)
    statement = update(Invitation).where(
        Invitation.id == invitation_id, Invitation.project_id == project_id, *_still_open()
    )
    with workspace.session() as session:
        done = session.execute(statement.values(taken_back_at=now()).execution_options(synchronize_session=False))
    if not done.rowcount:  # type: ignore[attr-defined]
        raise SharingRefused("There is no such invitation that waits in this project. Nothing was changed.")


def accept(workspace: Workspace, code: str, person: str) -> Member:
    """Come into the project by its code. Of two at the same time one comes in.

    Raises SharingRefused; an invitation that would change nothing for this person is not used up.
    """
    given = _CODE.search(code.casefold())
    if given is None:
        raise SharingRefused("That is no invitation: its code is join- and five groups of five letters.")
    with workspace.session() as session:
        found = session.scalar(select(Invitation).where(Invitation.digest == _digest(given[0]), *_still_open()))
    if found is None:
        raise SharingRefused(
            "That invitation lets nobody in: it was used, taken back, or is too old. Ask for a new one."
        )
    before = role_of(workspace, person, found.project_id)
    if before is Role.OWNER or before is Role.CHANGE or (before and before == found.role):
        raise SharingRefused("You are in that project already. The invitation was not used.")
    try:
        return _come_in(workspace, found, person)
    except IntegrityError:
        raise SharingRefused("You are in that project already.") from None


def remove_member(workspace: Workspace, project_id: str, member: str, person: str) -> None:
    """Somebody is in the project no more: taken out by its owner, or leaving. Raises SharingRefused."""
    if member != person:
        _owner_only(workspace, project_id, person)
    with workspace.session() as session:
        gone = session.execute(delete(Member).where(Member.project_id == project_id, Member.person == member))
    if not gone.rowcount:  # type: ignore[attr-defined]
        raise SharingRefused("That person was not invited to this project, so nothing was changed.")


def _come_in(workspace: Workspace, invitation: Invitation, person: str) -> Member:
    use = update(Invitation).where(Invitation.id == invitation.id, *_still_open())
    with workspace.session() as session:
        used = session.execute(use.values(used_by=person, used_at=now()).execution_options(synchronize_session=False))
        if not used.rowcount:  # type: ignore[attr-defined]
            raise SharingRefused("Somebody else has just used that invitation. Ask for a new one.")
        member = session.get(Member, (invitation.project_id, person))
        if member is None:
            member = Member(project_id=invitation.project_id, person=person, invited_by=invitation.made_by, role="")
            session.add(member)
        member.role = invitation.role
    return member


def _still_open():  # type: ignore[no-untyped-def]
    return Invitation.used_at.is_(None), Invitation.taken_back_at.is_(None), Invitation.expires_at > now()


def _owner_only(workspace: Workspace, project_id: str, person: str) -> None:
    if get_project(workspace, project_id).owner != person:
        raise SharingRefused("Only the owner of a project decides who comes in. Nothing was changed.")


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
