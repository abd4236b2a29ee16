"""Tools that read the gates: what was approved and is open, taking a yes back, and what is left of a budget."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trainer_core import approvals, budgets
from trainer_core.approvals import Granted
from trainer_core.budgets import Budget, dollars_words

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .text import plural, quoted

MOST_SHOWN = 12


class RevokeApproval(BaseModel):
    """Which yes is taken back."""

    model_config = ConfigDict(extra="forbid")

    approval: Annotated[
        str | None, Field(max_length=60, description="its id (apr_...); left out: every open one of this project")
    ] = None


def list_approvals(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """What this person said yes to in this project, newest first, and what of it is still open."""
    given = approvals.list_granted(context.workspace, context.person, context.project_id, MOST_SHOWN)
    if not given:
        return ToolResult(text="You have approved nothing in this project yet.", data={"open": []})
    still = [each.id for each in given if each.open]
    head = (
        f"{plural(len(still), 'yes') if len(still) == 1 else f'{len(still)} yeses'} of yours not used yet; the latest:"
    )
    return ToolResult(text="\n".join([head, *(f"- {_line(each)}" for each in given)]), data={"open": still})


def revoke_approval(context: ToolContext, arguments: RevokeApproval) -> ToolResult:
    """Take back a yes that was not used; what has started is stopped with cancel_training instead."""
    given = approvals.list_granted(context.workspace, context.person, context.project_id)
    wanted = [each for each in given if each.open and arguments.approval in (None, each.id)]
    if not wanted:
        raise ToolRefused(
            "There is no open yes of yours to take back: a yes is used up as soon as something starts. To stop a "
            "training that is at work, say stop."
        )
    lines, gone = [], 0
    for each in wanted:
        what = quoted(each.about, 300) or each.id
        try:
            approvals.revoke(context.workspace, each.id, context.person)
        except LookupError:  # used or expired in this moment
            lines.append(f"Too late, it was used or has expired meanwhile: {what}")
            continue
        lines.append(f"Taken back: {what}")
        gone += 1
    if not gone:
        raise ToolRefused("\n".join(lines))
    return ToolResult(text="\n".join([*lines, "Nothing starts without a new yes."]), data={"revoked": gone})


def show_budget(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """The limits that hold for this person in this project, and what is left."""
    found = budgets.budgets_of(context.workspace, context.person, context.project_id)
    if not found:
        text = (
            "No budget is set for you or for this project. Training on this machine costs nothing. A limit is set in a "
            f"terminal, by a person: sidekick budget set DOLLARS --project {context.project_id}"
        )
        return ToolResult(text=text, data={"budgets": []})
    changed = "Only a person can change a limit, in a terminal: sidekick budget."
    data = [
        {"scope": each.scope, "limit": each.limit, "spent": each.spent, "reserved": each.reserved, "left": each.left}
        for each in found
    ]
    return ToolResult(text="\n".join([*map(budget_words, found), changed]), data={"budgets": data})


def budget_words(budget: Budget) -> str:
    """'Your budget: $12.40 of $20.00 left ($7.60 spent).'"""
    whose = "Your budget" if budget.scope == "person" else "This project's budget"
    aside = f", {dollars_words(budget.reserved)} set aside for runs at work" if budget.reserved else ""
    unknown = f"; the price of {plural(budget.unknown, 'launch')} is not known" if budget.unknown else ""
    over = f" It is {dollars_words(-budget.left)} over." if budget.left < 0 else ""
    left = dollars_words(max(0.0, budget.left))
    spent = f"{dollars_words(budget.spent)} spent{aside}{unknown}"
    return f"{whose}: {left} of {dollars_words(budget.limit)} left ({spent}).{over}"


def _line(given: Granted) -> str:
    state = (
        "taken back"
        if given.revoked_at
        else f"used on {given.used_at:%Y-%m-%d %H:%M} UTC"
        if given.used_at
        else f"open until {given.expires_at:%H:%M} UTC"
        if given.open
        else "expired"
    )
    return f"{given.id}: {quoted(given.about, 300) or 'no words were kept'} ({state})"


TOOLS = (
    Tool(
        "list_approvals",
        "List what the person said yes to and which yeses are not used yet.",
        NoArguments,
        list_approvals,
    ),
    Tool(
        "revoke_approval",
        "Take back a yes that the person gave and that was not used yet.",
        RevokeApproval,
        revoke_approval,
    ),
    Tool(
        "show_budget",
        "Show what is left of the person's and the project's budget. No tool can change a limit.",
        NoArguments,
        show_budget,
    ),
)
