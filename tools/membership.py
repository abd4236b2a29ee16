"""Who may do what in a project that is shared: the one rule, through which every tool goes, whoever calls it.

Somebody who has signed in to the window ("web:...") sees only what is theirs or was shared with them. Others, such as
whoever owns this machine, were let in by their channel. An invitation "to look" binds everybody.
"""

from dataclasses import replace
from typing import Any

from trainer_core.people import display_name, is_web
from trainer_core.projects import get_project
from trainer_core.sharing import Role, projects_of, role_of

from .context import Card, Tool, ToolContext, ToolRefused, ToolResult
from .text import quoted

LOOKING = frozenset(
    {
        *("list_recipes", "show_captions", "explain_plan", "training_status", "show_scorecard", "diagnose", "look_up"),
        *("base_status", "list_loras", "verify_lora", "compare_runs", "list_standing_orders", "list_consents"),
        *("list_approvals", "revoke_approval", "show_budget"),
    }
)  # a tool that is not named here changes something
FOR_ANYBODY = frozenset({"join_project", "list_members", "remove_member"})  # of which each says for itself who may
READ_ONLY = (LOOKING | {"list_members"}) - {"revoke_approval"}  # after these everything is as it was


def may_see(context: ToolContext) -> bool:
    """May the person see anything of this project?"""
    return not is_web(context.person) or _role(context) is not None


def require_change(context: ToolContext) -> None:
    """Raises ToolRefused, in words, when the person may not change this project."""
    role = _role(context)
    if role is Role.LOOK:
        owner = quoted(display_name(context.workspace, get_project(context.workspace, context.project_id).owner), 80)
        raise ToolRefused(
            f"This project was shared with you to look at, so nothing was changed or started. {owner}, whose "
            "project it is, can invite you to change it too. In a project of your own you can do everything."
        )
    if role is None and is_web(context.person):
        raise ToolRefused("This project is not shared with you (any more). Nothing was read, changed or started.")


def require_look(context: ToolContext) -> None:
    """Raises ToolRefused, in words, when the person may not even look."""
    if not may_see(context):
        raise ToolRefused("This project is not shared with you (any more). Nothing was read, changed or started.")


def visible_projects(context: ToolContext) -> set[str] | None:
    """Ids of the projects of which the person may see something; None: no limit but the channel's own."""
    if not is_web(context.person):
        return None
    return {project.id for project, _role in projects_of(context.workspace, context.person)}


def held(tool: Tool) -> Tool:
    """The same tool, which asks first whether this person may use it in this project."""
    require = require_look if tool.name in LOOKING | FOR_ANYBODY else require_change

    def run(context: ToolContext, arguments: Any) -> ToolResult:
        require(context)
        return tool.run(context, arguments)

    inner = tool.card
    if inner is None:
        return replace(tool, run=run)

    def card(context: ToolContext, arguments: Any) -> Card | None:
        require(context)
        return inner(context, arguments)

    return replace(tool, run=run, card=card)


def _role(context: ToolContext) -> Role | None:
    return role_of(context.workspace, context.person, context.project_id)
