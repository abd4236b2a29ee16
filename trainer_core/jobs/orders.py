"""Standing orders: what a person wants told or done during a training, with or without a window that watches.

The training process reads them itself, about once a second. An order belongs to its project: it holds for the training
that is at work, else for the next one, and for the one after a training that failed or was cancelled. It fires once.
"""

from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..projects import Job, StandingOrder, Workspace, new_id
from .events import add_event

MOST_STANDING = 20  # of one project


class Condition(StrEnum):
    """When an order fires; `value` is a share of the steps, a step's number or minutes at work, else None."""

    OVERFITTING = "overfitting"
    PROGRESS = "progress"
    STEP = "step"
    MINUTES = "minutes"
    PROBLEM = "problem"


class Action(StrEnum):
    TELL = "tell"
    STOP = "stop"


class OrderState(StrEnum):
    STANDING = "standing"
    FIRED = "fired"
    CANCELLED = "cancelled"
    OVER = "over"


def add(
    workspace: Workspace,
    *,
    project_id: str,
    person: str,
    condition: Condition,
    value: float | None,
    action: Action,
) -> StandingOrder:
    """A new order, or the one that stands already and says the same. Raises ValueError in words for a wrong value."""
    check(condition, value)
    wanted = standing(workspace, project_id)
    for order in wanted:
        if (order.condition, order.value, order.action) == (condition, value, action):
            return order
    if len(wanted) >= MOST_STANDING:
        raise ValueError(f"{MOST_STANDING} standing orders are in force already. Take some back first.")
    order = StandingOrder(
        id=new_id("ord"), project_id=project_id, person=person, condition=condition, value=value, action=action
    )
    with workspace.session() as session:
        session.add(order)
    return order


def check(condition: Condition, value: float | None) -> None:
    """Raises ValueError in words for a person when the condition cannot take this value."""
    if condition in (Condition.OVERFITTING, Condition.PROBLEM):
        if value is not None:
            raise ValueError(f"“{condition}” takes no number.")
        return
    if value is None:
        raise ValueError(f"“{condition}” needs a number: {_NEEDS[condition]}.")
    if condition is Condition.PROGRESS and not 0 < value < 1:
        raise ValueError("The share of the steps must be between 0 and 1, such as 0.5 for half time.")
    if condition is Condition.STEP and not (1 <= value <= 1_000_000 and value == int(value)):
        raise ValueError("The step must be a whole number from 1 on.")
    if condition is Condition.MINUTES and not 0 < value <= 60 * 24 * 365:
        raise ValueError("The minutes must be more than 0 and no more than a year.")


def standing(workspace: Workspace, project_id: str) -> list[StandingOrder]:
    """The project's orders that are in force, oldest first."""
    return [order for order in of_project(workspace, project_id) if order.state == OrderState.STANDING]


def of_project(workspace: Workspace, project_id: str) -> list[StandingOrder]:
    """All orders of the project, oldest first, those that have fired or were cancelled too."""
    query = select(StandingOrder).where(StandingOrder.project_id == project_id)
    with workspace.session() as session:
        return list(session.scalars(query.order_by(StandingOrder.created_at, StandingOrder.id)))


def cancel(workspace: Workspace, project_id: str, order_id: str | None = None) -> list[StandingOrder]:
    """Take one order back, or all of the project; returns those that were still in force."""
    gone = []
    for order in standing(workspace, project_id):
        if order_id is None or order.id == order_id:
            with workspace.session() as session:
                if _change(session, order.id, OrderState.CANCELLED):
                    gone.append(order)
    return gone


def fire(workspace: Workspace, order: StandingOrder, job: Job, *, step: int | None, words: str) -> bool:
    """The order's time has come: it is marked and told in the job's log in one transaction, once among all that ask."""
    with workspace.session() as session:
        if not _change(session, order.id, OrderState.FIRED, job_id=job.id, step=step, words=words):
            return False
        told = {"text": words, "order": order.id, "action": order.action, "step": step}
        add_event(session, job.id, "message", told)
    return True


def stopped_by(workspace: Workspace, job_id: str) -> StandingOrder | None:
    """The order that stopped this job, if one did."""
    query = select(StandingOrder).where(StandingOrder.job_id == job_id, StandingOrder.action == Action.STOP)
    with workspace.session() as session:
        return session.scalars(query.where(StandingOrder.state == OrderState.FIRED).limit(1)).first()


def close(workspace: Workspace, project_id: str) -> None:
    """The project's training has done all its steps: orders that never fired end with it."""
    for order in standing(workspace, project_id):
        with workspace.session() as session:
            _change(session, order.id, OrderState.OVER)


def moment(condition: str, value: float | None) -> str:
    """When an order fires, in words that go after 'tell you' or 'stop': 'at half time', 'if it starts to overfit'."""
    if condition == Condition.OVERFITTING:
        return "if it starts to overfit"
    if condition == Condition.PROBLEM or value is None:
        return "if something goes wrong"
    if condition == Condition.PROGRESS:
        return "at half time" if value == 0.5 else f"at {value:.0%} of the steps"
    if condition == Condition.STEP:
        return f"at step {value:.0f}"
    return f"after {value:g} minute{'' if value == 1 else 's'}"


_NEEDS = {
    Condition.PROGRESS: "a share of the steps, such as 0.5 for half time",
    Condition.STEP: "the step",
    Condition.MINUTES: "minutes since the start",
}


def _change(session: Session, order_id: str, state: OrderState, **values: object) -> bool:
    statement = update(StandingOrder).where(StandingOrder.id == order_id, StandingOrder.state == OrderState.STANDING)
    statement = statement.values(state=state, **values).execution_options(synchronize_session=False)
    return session.execute(statement).rowcount == 1  # type: ignore[attr-defined]
