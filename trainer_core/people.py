"""The people of a workspace: their names, their passwords, and the browsers in which they are signed in.

A person's id is text: "you" is whoever uses this machine, "slack:TEAM:USER" comes from Slack, and "web:NAME" has signed
in to the window, or was named by a proxy that has checked who it is.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from .passwords import checked_password, hashed, matches
from .people_tables import Person, SignIn
from .projects import Project, Workspace, now

WEB = "web:"
SIGN_IN_DAYS = 30
MACHINE = "sidekick"  # the name under which whoever owns the machine signs in; nobody else can have it
_NAME = re.compile(r"\w(?:[\w.@+-]{0,62}\w)?", re.UNICODE)


class PersonRefused(Exception):
    """What was asked for a person cannot be done. The message says why, in words."""


def normal_name(text: str) -> str:
    """The name as it is kept: the same for 'Anna', ' anna ' and full-width letters.

    Raises ValueError, in words, for what cannot be a name.
    """
    name = _folded(unicodedata.normalize("NFKC", text).strip())
    if not _NAME.fullmatch(name) or len(name) > 64 or _folded(name) != name:
        raise ValueError("A name has 1 to 64 letters, digits and . _ - + @, and letters or digits at both ends.")
    return name


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())


def person_id(name: str) -> str:
    """'web:anna'. Raises ValueError for what cannot be a name."""
    return WEB + normal_name(name)


def is_web(person: str) -> bool:
    """Is it somebody who signs in to the window, and so sees nothing but what is theirs or was shared with them?"""
    return person.startswith(WEB)


def people_of(workspace: Workspace, *, removed: bool = False) -> list[Person]:
    """Everybody who may sign in, by name; with `removed` those who may no more as well."""
    query = select(Person).order_by(Person.name)
    if not removed:
        query = query.where(Person.disabled_at.is_(None))
    with workspace.session() as session:
        return list(session.scalars(query))


def find_person(workspace: Workspace, name: str) -> Person | None:
    """The person by that name, also a removed one; None for a name that nobody has."""
    try:
        kept = normal_name(name)
    except ValueError:
        return None
    with workspace.session() as session:
        return session.get(Person, kept)


def add_person(workspace: Workspace, name: str, password: str, display: str = "", *, again: bool = False) -> Person:
    """Let somebody in. `again`: they were removed before, and have their projects back.

    Raises ValueError for an odd name or password, PersonRefused when the name is taken.
    """
    kept = normal_name(name)
    if kept == MACHINE:
        raise PersonRefused(f"{MACHINE!r} is the name for whoever owns this machine. Choose another name.")
    words, secret = " ".join(display.split())[:200] or name.strip(), hashed(checked_password(password))
    try:
        with workspace.session() as session:
            before = session.get(Person, kept)
            if before is None:
                person = Person(name=kept, display=words, password=secret)
                session.add(person)
                return person
            if before.disabled_at is None:
                raise PersonRefused(f"There is a {kept!r} already. For a new password: sidekick people password {kept}")
            if not again:
                raise PersonRefused(
                    f"There was a {kept!r} before, whose projects are kept. To let the same person in again, add "
                    "--again; somebody else needs another name."
                )
            before.display, before.password, before.disabled_at = words, secret, None
            return before
    except IntegrityError:
        raise PersonRefused(f"There is a {kept!r} already.") from None


def remove_person(workspace: Workspace, name: str) -> None:
    """They are signed out everywhere and cannot sign in; their projects are kept. Raises PersonRefused."""
    with workspace.session() as session:
        person = session.get(Person, _known(workspace, name))
        assert person is not None  # _known has just seen it
        person.disabled_at = now()
        session.execute(delete(SignIn).where(SignIn.person == WEB + person.name))


def set_password(workspace: Workspace, name: str, password: str) -> None:
    """A new password; whoever is signed in under the old one must sign in again. Raises PersonRefused, ValueError."""
    secret = hashed(checked_password(password))
    with workspace.session() as session:
        person = session.get(Person, _known(workspace, name))
        assert person is not None
        person.password = secret
        session.execute(delete(SignIn).where(SignIn.person == WEB + person.name))


def password_is(workspace: Workspace, name: str, password: str) -> bool:
    """Is this the password of somebody who may come in? Takes the same time whether or not there is such a person."""
    person = find_person(workspace, name)
    there = person is not None and person.disabled_at is None
    return matches(password, person.password if person and there else None)


def display_name(workspace: Workspace, person: str) -> str:
    """What a person is called in words."""
    if not is_web(person):
        return "whoever owns this machine" if person == "you" else person
    known = find_person(workspace, person.removeprefix(WEB))
    return known.display if known else person.removeprefix(WEB)


def hand_over_projects(workspace: Workspace, person: str, heir: str) -> int:
    """All projects of one person become another's; how many. The conversations stay whose they are."""
    with workspace.session() as session:
        projects = session.scalars(select(Project).where(Project.owner == person)).all()
        for project in projects:
            project.owner = heir
    return len(projects)


def sign_in(workspace: Workspace, person: str, credential: str = "") -> str:
    """A new secret for a browser, good for SIGN_IN_DAYS and as long as `credential` stays the same."""
    secret = secrets.token_urlsafe(32)
    row = SignIn(
        digest=_digest(secret),
        person=person,
        stamp=stamp_of(secret, credential),
        expires_at=now() + timedelta(days=SIGN_IN_DAYS),
    )
    with workspace.session() as session:
        session.execute(delete(SignIn).where(SignIn.expires_at < now()))
        session.add(row)
    return secret


def signed_in(workspace: Workspace, secret: str) -> SignIn | None:
    """Whose browser it is; None for a secret that is unknown or over, or of somebody who was removed."""
    with workspace.session() as session:
        found = session.get(SignIn, _digest(secret))
        if found is None or found.expires_at <= now():
            return None
        if is_web(found.person):
            person = session.get(Person, found.person.removeprefix(WEB))
            if person is None or person.disabled_at is not None:
                return None
    return found


def sign_out(workspace: Workspace, secret: str) -> None:
    """This browser is signed out."""
    with workspace.session() as session:
        session.execute(delete(SignIn).where(SignIn.digest == _digest(secret)))


def stamp_of(secret: str, credential: str) -> str:
    """Ties a sign-in to a password that the table does not hold: another password, another stamp."""
    return hmac.new(secret.encode(), credential.encode(), hashlib.sha256).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _known(workspace: Workspace, name: str) -> str:
    person = find_person(workspace, name)
    if person is None or person.disabled_at is not None:
        raise PersonRefused(f"There is nobody called {name.strip()[:80]!r}. sidekick people list shows who there is.")
    return person.name
