"""Tools for standing orders: what a person wants told or done during a training, with every window closed too."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.dataset.buckets import FEWEST_TO_HOLD_OUT
from trainer_core.jobs import orders, store
from trainer_core.jobs.at_work import seconds_at_work
from trainer_core.jobs.orders import Action, Condition
from trainer_core.jobs.problems import step_of
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Job, PlanRow, StandingOrder, Workspace, get_project
from trainer_core.training.overfitting import FEWEST_LOSSES

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .state import plan_of_run
from .text import plural, quoted


class SetStandingOrder(BaseModel):
    """Arguments of set_standing_order."""

    model_config = ConfigDict(extra="forbid")

    when: Annotated[
        Condition,
        Field(
            description="What it waits for: overfitting (the validation loss turns), progress (a share of the steps), "
            "step, minutes (since the start of the training) or problem (NaN, stuck, lost)."
        ),
    ]
    value: Annotated[
        float | None,
        Field(description="Share 0..1 for progress (0.5 is half time), the step's number, or minutes; else left out."),
    ] = None
    do: Annotated[Action, Field(description="tell: a message; stop: end the training, with what it has kept.")]


class CancelStandingOrder(BaseModel):
    """Arguments of cancel_standing_order."""

    model_config = ConfigDict(extra="forbid")

    order: Annotated[str | None, Field(description="Id of one order, ord_...; left out: all of them.")] = None


def set_standing_order(context: ToolContext, arguments: SetStandingOrder) -> ToolResult:
    """Set an order for the training that is at work, or for the next one."""
    job = _at_work(context)
    if job is not None and (passed := _passed(context, job, arguments)):
        raise ToolRefused(passed)
    try:
        order = orders.add(
            context.workspace,
            project_id=context.project_id,
            person=context.person,
            condition=arguments.when,
            value=arguments.value,
            action=arguments.do,
        )
    except ValueError as error:
        raise ToolRefused(str(error)) from error
    which = "the training that is at work" if job else "the next training"
    lines = [f"I will {words_of(order)} [{order.id}]. It holds for {which}, also when every window is closed."]
    lines += _doubts(context, job, order)
    return ToolResult(text=" ".join(lines), data={"order": order.id})


def list_standing_orders(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """The orders in force, and what became of the others."""
    lines = [
        _line(order) for order in orders.of_project(context.workspace, context.project_id)[-orders.MOST_STANDING :]
    ]
    return ToolResult(text="\n".join(lines) or "There are no standing orders.")


def cancel_standing_order(context: ToolContext, arguments: CancelStandingOrder) -> ToolResult:
    """Take an order back, or all."""
    gone = orders.cancel(context.workspace, context.project_id, arguments.order)
    if not gone:
        which = (
            f"no standing order {quoted(arguments.order, 40)!r} in force" if arguments.order else "no standing order"
        )
        raise ToolRefused(f"There is {which}, so there is nothing to take back.")
    lines = [f"Taken back: {words_of(order)} [{order.id}]." for order in gone]
    return ToolResult(text="\n".join(lines), data={"orders": [order.id for order in gone]})


def words_of(order: StandingOrder) -> str:
    """'stop the training if it starts to overfit', 'tell you at half time'."""
    what = "stop the training" if order.action == Action.STOP else "tell you"
    return f"{what} {orders.moment(order.condition, order.value)}"


def stopped_words(workspace: Workspace, job: Job) -> str:
    """'stopped at step 9 of 32 because it started to overfit, as you asked'; empty where no order stopped the job."""
    order = orders.stopped_by(workspace, job.id)
    if order is None:
        return ""
    plan = plan_of_run(workspace, job.run_id)
    at = f" at step {order.step}" + (f" of {plan.steps}" if plan else "") if order.step is not None else ""
    why = {
        Condition.OVERFITTING: " because it started to overfit",
        Condition.PROBLEM: " because something went wrong",
        Condition.MINUTES: f" {orders.moment(order.condition, order.value)}",
    }.get(Condition(order.condition), "")
    return f"stopped{at}{why}, as you asked"


def _passed(context: ToolContext, job: Job, wanted: SetStandingOrder) -> str | None:
    """Why this moment of the training that is at work cannot be waited for any more; None when it can."""
    value, step = wanted.value, step_of(context.workspace, job.id) or 0
    plan = plan_of_run(context.workspace, job.run_id)
    if value is None or plan is None:
        return None
    at = {Condition.STEP: value, Condition.PROGRESS: value * plan.steps}.get(wanted.when)
    if at is not None and at <= step:
        return f"The training is at step {step} of {plan.steps} already, so that moment has passed. Nothing was set."
    minutes = seconds_at_work(context.workspace, job.id) / 60
    if wanted.when == Condition.MINUTES and value <= minutes:
        return f"The training has been at work for {minutes:.0f} minutes already. Nothing was set."
    return None


def _doubts(context: ToolContext, job: Job | None, order: StandingOrder) -> list[str]:
    """What keeps the order from ever firing, as far as the plan shows it."""
    plan = plan_of_run(context.workspace, job.run_id) if job else _current_plan(context)
    if plan is None:
        return []
    if order.condition == Condition.STEP and (order.value or 0) > plan.steps:
        return [f"Note: the plan has {plan.steps} steps, so it would end before that."]
    if order.condition != Condition.OVERFITTING:
        return []
    if plan.held_out_share == 0 or plan.images + plan.clips < FEWEST_TO_HOLD_OUT:
        return [
            "Note: this plan keeps no files aside, so overfitting cannot be seen. It takes at least "
            f"{FEWEST_TO_HOLD_OUT} files and a held-out share above 0."
        ]
    checks = math.ceil(plan.steps / plan.validation_every)
    if checks < FEWEST_LOSSES:
        return [
            f"Note: the validation loss is measured {plural(checks, 'time')} in this plan, and overfitting shows from "
            f"the {FEWEST_LOSSES}th time on, so this cannot fire in it."
        ]
    return [f"It is looked at every {plan.validation_every} steps, from the {FEWEST_LOSSES}th time on."]


def _line(order: StandingOrder) -> str:
    became = {
        orders.OrderState.STANDING: "in force",
        orders.OrderState.FIRED: f"done{f' at step {order.step}' if order.step is not None else ''}",
        orders.OrderState.CANCELLED: "taken back",
        orders.OrderState.OVER: "over, the training ended without it",
    }[orders.OrderState(order.state)]
    return f"- {words_of(order)} [{order.id}]: {became}"


def _current_plan(context: ToolContext) -> TrainingPlan | None:
    plan_id = get_project(context.workspace, context.project_id).plan_id
    with context.workspace.session() as session:
        row = session.get(PlanRow, plan_id) if plan_id else None
    return TrainingPlan.model_validate(row.body) if row else None


def _at_work(context: ToolContext) -> Job | None:
    """The project's training that has not ended."""
    unfinished = store.list_jobs(context.workspace, context.project_id, states=store.UNFINISHED)
    return next((job for job in unfinished if job.trains), None)


TOOLS = (
    Tool(
        "set_standing_order",
        "Remember what to tell or stop during a training, such as 'stop if it starts to overfit' or 'tell me at half "
        "time'. It holds with every window closed, for the training at work or the next one.",
        SetStandingOrder,
        set_standing_order,
    ),
    Tool(
        "list_standing_orders",
        "The standing orders in force, and what became of the others.",
        NoArguments,
        list_standing_orders,
    ),
    Tool(
        "cancel_standing_order",
        "Take back one standing order by its id, or all of them. The training goes on.",
        CancelStandingOrder,
        cancel_standing_order,
    ),
)
