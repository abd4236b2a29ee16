"""The tables of people: who may come in, who is signed in, who works on whose project, and who is invited."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from .tables import Table, now


class Person(Table):
    """Somebody who signs in to the window. Removed people stay on record with `disabled_at`."""

    __tablename__ = "people"
    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # as trainer_core.people.normal_name gives it
    display: Mapped[str] = mapped_column(String(200))
    password: Mapped[str] = mapped_column(String(300))  # a hash with its salt and cost
    created_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None] = mapped_column()


class SignIn(Table):
    """One browser that is signed in. Of its secret only a digest is kept, so the table lets nobody in."""

    __tablename__ = "sign_ins"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(200), index=True)
    stamp: Mapped[str] = mapped_column(String(64), default="")  # see trainer_core.people.stamp_of
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column()


class Member(Table):
    """Somebody who was invited to a project and came. `role`: change or look."""

    __tablename__ = "members"
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    person: Mapped[str] = mapped_column(String(200), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(10))
    invited_by: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime] = mapped_column(default=now)


class Invitation(Table):
    """A one-use way into a project. Of its code only a digest is kept."""

    __tablename__ = "invitations"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    role: Mapped[str] = mapped_column(String(10))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column()
    used_by: Mapped[str | None] = mapped_column(String(200))
    used_at: Mapped[datetime | None] = mapped_column()
    taken_back_at: Mapped[datetime | None] = mapped_column()
