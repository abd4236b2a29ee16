"""Budgets: the most that a person and a project may spend in all, in US dollars, and what was spent of it.

Money is set aside before a run starts and settled when its job ends, in the same transaction as the job's state, so
that no crash leaves it hanging. Sums are of whole millionths of a dollar: they are exact.
"""

import math
import shlex
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from .projects import BudgetLimit, EventRow, Spending, Workspace, get_project, new_id, now

Scope = Literal["person", "project"]
EVERYONE = "*"  # as the name of a person's limit: each person who has none of their own
MILLIONTHS = 1_000_000
MOST_DOLLARS = 1_000_000.0
RESERVED, SETTLED, RELEASED = "reserved", "settled", "released"


class BudgetRefused(Exception):
    """A launch does not fit into a budget. The message tells a person the figures and what to do."""


@dataclass(frozen=True)
class Budget:
    """A limit and what there is of it, in US dollars. `unknown`: launches whose price nobody knows."""

    scope: Scope
    name: str  # the person, or the project's id
    limit: float
    spent: float
    reserved: float
    unknown: int

    @property
    def left(self) -> float:
        """What a launch may still cost; below zero when a bill was higher than its ceiling or the limit was lowered."""
        return (_millionths(self.limit) - _millionths(self.spent) - _millionths(self.reserved)) / MILLIONTHS


def set_limit(workspace: Workspace, scope: Scope, name: str, dollars: float, set_by: str) -> None:
    """Set or change a limit. Only for a person at their own keyboard: no tool may call this.

    Raises ValueError for an amount that makes no sense, LookupError for a project that does not exist.
    """
    if not (math.isfinite(dollars) and 0 <= dollars <= MOST_DOLLARS):
        raise ValueError(f"A limit is an amount from 0 to {MOST_DOLLARS:,.0f} dollars, not {dollars}.")
    if not name.strip():
        raise ValueError("A limit needs the person or the project that it is for.")
    if scope == "project":
        get_project(workspace, name)
    with workspace.session() as session:
        amount = round(dollars * MILLIONTHS)
        session.merge(BudgetLimit(scope=scope, name=name, amount=amount, set_by=set_by, set_at=now()))


def remove_limit(workspace: Workspace, scope: Scope, name: str) -> bool:
    """Take a limit away; False when there was none. What was spent stays on record."""
    with workspace.session() as session:
        limit = session.get(BudgetLimit, (scope, name))
        if limit is not None:
            session.delete(limit)
    return limit is not None


def all_budgets(workspace: Workspace) -> list[Budget]:
    """Every limit with what there is of it; nothing is spent of EVERYONE's itself, as each person has their own."""
    with workspace.session() as session:
        rows = session.scalars(select(BudgetLimit).order_by(BudgetLimit.scope, BudgetLimit.name)).all()
        return [_budget(session, row, row.name) for row in rows]


def budgets_of(workspace: Workspace, person: str, project_id: str) -> list[Budget]:
    """The limits that hold for this person in this project: none, one or two, the person's first."""
    with workspace.session() as session:
        return _budgets(session, person, project_id)


def check(workspace: Workspace, person: str, project_id: str, dollars: float | None) -> list[Budget]:
    """Would a launch for at most `dollars` fit? The budgets that it was held against; changes nothing.

    Raises BudgetRefused.
    """
    with workspace.session() as session:
        return _fits(session, person, project_id, dollars)


def reserve(
    workspace: Workspace, run_id: str, person: str, project_id: str, dollars: float | None, job_id: str | None = None
) -> None:
    """Set money aside for a launch: at most `dollars`, None when the price is not known; `job_id`'s end settles it.

    Raises BudgetRefused when it does not fit or this run has money set aside already, ValueError for an odd amount.
    """
    with workspace.session() as session:
        reserve_in(session, run_id, person, project_id, dollars, job_id)


def reserve_in(
    session: Session, run_id: str, person: str, project_id: str, dollars: float | None, job_id: str | None = None
) -> None:
    """The same together with what else the session does. Of launches at the same time each sees what others took."""
    if dollars is not None and not (math.isfinite(dollars) and dollars >= 0):
        raise ValueError(f"a price of {dollars} makes no sense: it must be 0 or more")
    # Writing before reading: SQLite gives its one write lock, PostgreSQL locks the rows, the person's always first.
    for which in _which(person, project_id):
        keep = update(BudgetLimit).where(*which).values(amount=BudgetLimit.amount, set_at=BudgetLimit.set_at)
        session.execute(keep.execution_options(synchronize_session=False))
    if session.scalar(select(Spending.id).where(Spending.run_id == run_id, Spending.state == RESERVED)):
        raise BudgetRefused(f"Money for {run_id} is set aside already, so it was not started a second time.")
    _fits(session, person, project_id, dollars)
    ceiling = None if dollars is None else _millionths(dollars)
    row = Spending(
        id=new_id("sum"), run_id=run_id, job_id=job_id, person=person, project_id=project_id, ceiling=ceiling
    )
    session.add(row)
    session.flush()


def settle(workspace: Workspace, run_id: str, dollars: float) -> None:
    """The bill of a launch of the run is known: `dollars` count as spent, whatever was set aside or assumed.

    Of several launches of one run it is the latest that has no bill yet, or the latest where all have one.

    Raises LookupError when there is nothing to settle, ValueError for an odd amount.
    """
    if not (math.isfinite(dollars) and 0 <= dollars <= MOST_DOLLARS):
        raise ValueError(f"A bill of {dollars} makes no sense: it must be from 0 to {MOST_DOLLARS:,.0f} dollars.")
    with workspace.session() as session:
        query = select(Spending).where(Spending.run_id == run_id, Spending.state != RELEASED)
        row = session.scalars(query.order_by(Spending.billed, Spending.created_at.desc(), Spending.id).limit(1)).first()
        if row is None:
            raise LookupError(f"No money was set aside for a run called {run_id!r}, so there is nothing to settle.")
        row.state, row.paid, row.billed = SETTLED, _millionths(dollars), True


def release(workspace: Workspace, run_id: str) -> bool:
    """Give back what was set aside for a run that did not begin; False when nothing was."""
    with workspace.session() as session:
        return _change(session, Spending.run_id == run_id, {"state": RELEASED, "paid": 0})


def job_ended(session: Session, job_id: str) -> None:
    """In the transaction in which a job ends: release its money if it never ran, else count the whole ceiling.

    A bill comes later or never; until then the ceiling counts, since nothing unknown is priced at zero.
    """
    mine = Spending.job_id == job_id
    if not _ever_ran(session, job_id):
        _change(session, mine, {"state": RELEASED, "paid": 0})
    else:
        _change(session, mine, {"state": SETTLED, "paid": Spending.ceiling})


def dollars_words(dollars: float) -> str:
    """'$7.50'; four places below a cent."""
    return f"${dollars:,.2f}" if dollars == 0 or abs(dollars) >= 0.01 else f"${dollars:,.4f}"


def _millionths(dollars: float) -> int:
    return round(dollars * MILLIONTHS)


def _which(person: str, project_id: str) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    return (
        (BudgetLimit.scope == "person", BudgetLimit.name.in_((person, EVERYONE))),
        (BudgetLimit.scope == "project", BudgetLimit.name == project_id),
    )


def _budgets(session: Session, person: str, project_id: str) -> list[Budget]:
    found = []
    for name, which in zip((person, project_id), _which(person, project_id), strict=True):
        own_first = select(BudgetLimit).where(*which).order_by(BudgetLimit.name == EVERYONE)
        row = session.scalars(own_first.limit(1)).first()
        if row is not None:
            found.append(_budget(session, row, name))
    return found


def _budget(session: Session, limit: BudgetLimit, name: str) -> Budget:
    column = Spending.person if limit.scope == "person" else Spending.project_id
    mine = (column == name, Spending.state != RELEASED)
    # Summed by state; a settled row without a figure, or a reserved one without a ceiling, is unknown.
    amount = func.coalesce(Spending.paid, Spending.ceiling)
    query = select(Spending.state, func.sum(amount), func.count() - func.count(amount)).where(*mine)
    sums = {
        state: (int(total or 0), int(missing))
        for state, total, missing in session.execute(query.group_by(Spending.state))
    }
    return Budget(
        scope="person" if limit.scope == "person" else "project",
        name=name,
        limit=limit.amount / MILLIONTHS,
        spent=sums.get(SETTLED, (0, 0))[0] / MILLIONTHS,
        reserved=sums.get(RESERVED, (0, 0))[0] / MILLIONTHS,
        unknown=sum(missing for _total, missing in sums.values()),
    )


def _fits(session: Session, person: str, project_id: str, dollars: float | None) -> list[Budget]:
    budgets = _budgets(session, person, project_id)
    if dollars == 0:
        return budgets  # what costs nothing fits, even where nothing is left
    for budget in budgets:
        if reason := _refusal(budget, dollars):
            raise BudgetRefused(f"{reason} Nothing was started and nothing was spent.")
    return budgets


def _refusal(budget: Budget, dollars: float | None) -> str | None:
    whose, command = _whose(budget), f"--{budget.scope} {shlex.quote(budget.name)}"
    if dollars is None:
        return (
            f"Nobody knows what this would cost, and {whose} has a limit of {dollars_words(budget.limit)}. Choose a "
            "plan whose price is known, or take the limit away yourself in a terminal: "
            f"sidekick budget remove {command}."
        )
    if budget.unknown:
        return (
            f"What earlier launches cost is not known ({budget.unknown} without a price), so I cannot tell what is "
            f"left of {whose}. Enter the bill in a terminal: sidekick budget settle RUN DOLLARS."
        )
    if _millionths(dollars) <= _millionths(budget.left):
        return None
    return (
        f"This may cost {dollars_words(dollars)}, but of {whose} ({dollars_words(budget.limit)}) only "
        f"{dollars_words(max(0.0, budget.left))} is left: {dollars_words(budget.spent)} is spent and "
        f"{dollars_words(budget.reserved)} is set aside for runs at work. Ask for a cheaper plan, or raise the limit "
        f"yourself in a terminal: sidekick budget set DOLLARS {command}."
    )


def _whose(budget: Budget) -> str:
    return f"the budget of {budget.name}" if budget.scope == "person" else "this project's budget"


def _change(session: Session, which: ColumnElement[bool], values: dict) -> bool:
    statement = update(Spending).where(which, Spending.state == RESERVED).values(**values)
    return bool(session.execute(statement.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _ever_ran(session: Session, job_id: str) -> bool:
    query = select(EventRow.data).where(EventRow.job_id == job_id, EventRow.kind == "state")
    return any(data.get("state") == "running" for data in session.scalars(query))
