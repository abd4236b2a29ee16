"""Tools for standing orders: what a person wants told or done during a training, with every window closed too."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core.jobs import orders, store
from trainer_core.jobs.orders import Action, Condition
from trainer_core.projects import Job, StandingOrder, Workspace

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .state import plan_of_run
from .text import quoted


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
    which = "the training that is at work" if _at_work(context) else "the next training"
    text = f"I will {words_of(order)} [{order.id}]. It holds for {which}, also when every window is closed."
    return ToolResult(text=text, data={"order": order.id})


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
    """'stopped at step 120 of 320 as you asked, if it starts to overfit', of a job that an order stopped; else ''."""
    order = orders.stopped_by(workspace, job.id)
    if order is None:
        return ""
    plan = plan_of_run(workspace, job.run_id)
    at = f" at step {order.step}" + (f" of {plan.steps}" if plan else "") if order.step is not None else ""
    return f"stopped{at} as you asked, {orders.moment(order.condition, order.value)}"


def _line(order: StandingOrder) -> str:
    became = {
        orders.OrderState.STANDING: "in force",
        orders.OrderState.FIRED: f"done{f' at step {order.step}' if order.step is not None else ''}",
        orders.OrderState.CANCELLED: "taken back",
        orders.OrderState.OVER: "over, the training ended without it",
    }[orders.OrderState(order.state)]
    return f"- {words_of(order)} [{order.id}]: {became}"


def _at_work(context: ToolContext) -> Job | None:
    """The project's training that has not ended."""
    unfinished = store.list_jobs(context.workspace, context.project_id, states=store.UNFINISHED)
    return next((job for job in unfinished if job.run_id and job.after is None), None)


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
