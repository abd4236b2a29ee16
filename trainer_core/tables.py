"""The tables of the workspace's database, the time they are written in, and the ids of their rows."""

import secrets
from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .plan import LONGEST_TRIGGERS


def now() -> datetime:
    """The present, in UTC, without a time zone: SQLite keeps none."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id(kind: str) -> str:
    """An id such as 'run_3f9a1c0b2d'; kinds: prj, plan, job, run, lora, apr, thr, con, sum."""
    return f"{kind}_{secrets.token_hex(5)}"


class Table(DeclarativeBase):
    """Base of all tables."""


class Project(Table):
    """One subject being taught."""

    __tablename__ = "projects"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(200))
    recipe: Mapped[str | None] = mapped_column(String(20))
    trigger: Mapped[str | None] = mapped_column(String(40))
    noun: Mapped[str | None] = mapped_column(String(60))  # class noun, such as "cat"
    plan_id: Mapped[str | None] = mapped_column(String(40))  # the current plan
    created_at: Mapped[datetime] = mapped_column(default=now)


class PlanRow(Table):
    """A training plan as proposed or changed; `previous` is the plan it was changed from."""

    __tablename__ = "plans"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    previous: Mapped[str | None] = mapped_column(String(40))
    body: Mapped[dict] = mapped_column(JSON)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Job(Table):
    """A unit of work. `task` is an entry point 'package.module:function'; `after` names a job that must succeed first.

    state: queued, running, succeeded, failed, cancelled.
    """

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    run_id: Mapped[str | None] = mapped_column(String(40))
    task: Mapped[str] = mapped_column(String(200))
    arguments: Mapped[dict] = mapped_column(JSON)
    backend: Mapped[str] = mapped_column(String(20), default="local")
    after: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="queued")
    attempt: Mapped[int] = mapped_column(default=0)
    pid: Mapped[int | None] = mapped_column()
    host: Mapped[str | None] = mapped_column(String(200))  # the pid means nothing on another machine
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column()  # what a person is told
    result: Mapped[dict | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @property
    def trains(self) -> bool:
        """True for a run's training; its scoring comes `after` it, and a download belongs to no run."""
        return self.run_id is not None and self.after is None


class EventRow(Table):
    """One event of a job, in order of `id`. `kind`: state, progress, validation, checkpoint, message, result."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_job_kind", "job_id", "kind"),)  # the newest of a kind, among 100,000 events
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    data: Mapped[dict] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(default=now)


class Run(Table):
    """A plan, its jobs and what came of them. Files are under `Workspace.run_folder(id)`."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    train_job: Mapped[str | None] = mapped_column(String(40))
    evaluate_job: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)  # of its latest start: a stopped run can be gone on with


class Lora(Table):
    """A verified LoRA file; `file` is relative to the workspace folder."""

    __tablename__ = "loras"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    run_id: Mapped[str | None] = mapped_column(String(40))
    trigger: Mapped[str] = mapped_column(String(LONGEST_TRIGGERS))  # a merged one's words with ", " between them
    base: Mapped[str] = mapped_column(String(20))
    file: Mapped[str] = mapped_column(String(400))
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Approval(Table):
    """A person's one-use yes to a fingerprint of (plan, backend, price ceiling, person)."""

    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    person: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column()
    used_at: Mapped[datetime | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(default=now)


class ApprovalNote(Table):
    """What an approval was for, in words. A table of its own: approvals of earlier versions have no note."""

    __tablename__ = "approval_notes"
    approval_id: Mapped[str] = mapped_column(ForeignKey("approvals.id"), primary_key=True)
    project_id: Mapped[str | None] = mapped_column(String(40), index=True)
    about: Mapped[str] = mapped_column(String(400))
    revoked_at: Mapped[datetime | None] = mapped_column()


class BudgetLimit(Table):
    """The most that a person or a project may spend in all. Amounts of money are whole millionths of a US dollar."""

    __tablename__ = "budget_limits"
    scope: Mapped[str] = mapped_column(String(10), primary_key=True)  # person or project
    name: Mapped[str] = mapped_column(String(200), primary_key=True)  # the person, or the project's id
    amount: Mapped[int] = mapped_column(BigInteger)
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Spending(Table):
    """Money of one launch of a run: set aside before it starts, settled after. None is an amount that is not known.

    state: reserved, settled, released.
    """

    __tablename__ = "spendings"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    run_id: Mapped[str] = mapped_column(String(40), index=True)
    job_id: Mapped[str | None] = mapped_column(String(40), index=True)  # whose end settles it
    person: Mapped[str] = mapped_column(String(200), index=True)
    project_id: Mapped[str] = mapped_column(String(40), index=True)
    ceiling: Mapped[int | None] = mapped_column(BigInteger)
    paid: Mapped[int | None] = mapped_column(BigInteger)
    billed: Mapped[bool] = mapped_column(
        default=False
    )  # `paid` is a bill's figure, and not the ceiling for want of one
    state: Mapped[str] = mapped_column(String(10), default="reserved")
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Consent(Table):
    """That the person shown agreed to be trained, as somebody says: who, when, for which project, in which words."""

    __tablename__ = "consents"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    person_shown: Mapped[str] = mapped_column(String(200))
    statement: Mapped[str] = mapped_column(String(1000))
    minor: Mapped[bool] = mapped_column(default=False)
    said_by: Mapped[str] = mapped_column(String(200))
    said_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_by: Mapped[str | None] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = mapped_column()


class StandingOrder(Table):
    """What a person wants told or done during a training, whoever watches; see trainer_core.jobs.orders.

    state: standing, fired, cancelled, over (the training it was for has ended without it).
    """

    __tablename__ = "standing_orders"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"), index=True)
    person: Mapped[str] = mapped_column(String(200))
    condition: Mapped[str] = mapped_column(String(20))
    value: Mapped[float | None] = mapped_column()
    action: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="standing")
    job_id: Mapped[str | None] = mapped_column(String(40))  # in which it fired
    step: Mapped[int | None] = mapped_column()  # at which it fired
    words: Mapped[str | None] = mapped_column()  # what was told then
    created_at: Mapped[datetime] = mapped_column(default=now)
