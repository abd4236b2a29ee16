"""Tools that share a project: an invitation, coming in by one, who is in it, and taking somebody out."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_core import sharing
from trainer_core.people import display_name
from trainer_core.projects import get_project
from trainer_core.sharing import Role, SharingRefused

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .text import quoted

ROLE_WORDS = {
    Role.OWNER: "owns it",
    Role.CHANGE: "can change and launch",
    Role.LOOK: "can look",
}


class ShareProject(BaseModel):
    """What the invited person may do, and for how long the invitation waits."""

    model_config = ConfigDict(extra="forbid")

    role: Annotated[
        Literal["change", "look"],
        Field(description="change: everything but sharing it, also launching; look: nothing can be changed or started"),
    ] = "look"
    days: Annotated[int, Field(ge=1, le=90, description="how long the invitation waits")] = sharing.INVITATION_DAYS


class JoinProject(BaseModel):
    """An invitation that somebody gave to this person."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=200, description="the code, as it was given: join-...")]


class RemoveMember(BaseModel):
    """Who is taken out, or which invitation is taken back; exactly one of them."""

    model_config = ConfigDict(extra="forbid")

    person: Annotated[
        str | None, Field(max_length=200, description="an id that list_members shows, such as web:anna; 'me' to leave")
    ] = None
    invitation: Annotated[
        str | None, Field(max_length=60, description="an id that list_members shows (inv_...), to take it back")
    ] = None


def share_project(context: ToolContext, arguments: ShareProject) -> ToolResult:
    """Make an invitation that lets one person into this project."""
    role = Role(arguments.role)
    try:
        made, code = sharing.invite(context.workspace, context.project_id, role, context.person, arguments.days)
    except SharingRefused as refused:
        raise ToolRefused(str(refused)) from refused
    name = quoted(get_project(context.workspace, context.project_id).name, 80)
    text = (
        f"An invitation to {name}. Whoever uses it first {ROLE_WORDS[role]}:\n\n{code}\n\n"
        f"Give it to one person whom you trust with this project's files. They open Sidekick's window under their own "
        f"name and enter it under People, or say it in a conversation.\n\n"
        f"It works once, until {made.expires_at:%Y-%m-%d %H:%M} UTC. To take it back, remove "
        f"invitation {made.id}."
    )
    return ToolResult(text=text, data={"invitation": made.id, "role": role.value})


def join_project(context: ToolContext, arguments: JoinProject) -> ToolResult:
    """Come into a project by an invitation."""
    try:
        member = sharing.accept(context.workspace, arguments.code, context.person)
    except SharingRefused as refused:
        raise ToolRefused(str(refused)) from refused
    project = get_project(context.workspace, member.project_id)
    role = Role(member.role)
    may = "look at it" if role is Role.LOOK else "change it and launch in it"
    owner = quoted(display_name(context.workspace, project.owner), 80)
    return ToolResult(
        text=f"You are in {quoted(project.name, 80)} now, which belongs to {owner}: you can {may}. Open it under "
        "People. This conversation stays about its own project.",
        data={"project": project.id, "role": role.value},
    )


def list_members(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Who is in this project, and which invitations wait."""
    project = get_project(context.workspace, context.project_id)
    members = sharing.members_of(context.workspace, context.project_id)
    waiting = sharing.open_invitations(context.workspace, context.project_id)
    lines = [f"- {_named(context, project.owner)} {ROLE_WORDS[Role.OWNER]}"]
    lines += [f"- {_named(context, each.person)} {ROLE_WORDS[Role(each.role)]}" for each in members]
    if project.owner == context.person:
        lines += [
            f"- {each.id}: an invitation that waits until {each.expires_at:%Y-%m-%d %H:%M} UTC; whoever uses it "
            f"{ROLE_WORDS[Role(each.role)]}"
            for each in waiting
        ]
    count = f"{len(members) + 1} people" if members else "one person"
    head = f"{quoted(project.name, 80)}: {count}."
    data = {"owner": project.owner, "members": {each.person: each.role for each in members}}
    return ToolResult(text="\n".join([head, *lines]), data=data)


def remove_member(context: ToolContext, arguments: RemoveMember) -> ToolResult:
    """Take a person out of this project, or an invitation back."""
    if (arguments.person is None) == (arguments.invitation is None):
        raise ToolRefused("Say either whom to take out, or which invitation to take back. list_members shows both.")
    workspace, project_id = context.workspace, context.project_id
    try:
        if arguments.invitation is not None:
            sharing.take_back(workspace, project_id, arguments.invitation, context.person)
            return ToolResult(text="The invitation is taken back: it lets nobody in any more.")
        person = context.person if arguments.person == "me" else arguments.person or ""
        sharing.remove_member(workspace, project_id, person, context.person)
    except SharingRefused as refused:
        raise ToolRefused(str(refused)) from refused
    if person == context.person:
        return ToolResult(text="You have left this project. What you did in it stays there.")
    return ToolResult(
        text=f"{_named(context, person)} can see nothing of this project any more. A training that "
        "they started goes on."
    )


def _named(context: ToolContext, person: str) -> str:
    """'Anna (web:anna)'; to the person themselves 'You'."""
    if person == context.person:
        return f"You ({quoted(person, 80)})"
    return f"{quoted(display_name(context.workspace, person), 80)} ({quoted(person, 80)})"


TOOLS = (
    Tool(
        "share_project",
        "Make a code that lets one other person into this project, to look or to change. Only the owner can.",
        ShareProject,
        share_project,
    ),
    Tool("join_project", "Come into another person's project with the code they gave.", JoinProject, join_project),
    Tool("list_members", "Who is in this project, and which invitations wait.", NoArguments, list_members),
    Tool(
        "remove_member",
        "Take a person out of this project, leave it, or take an invitation back. Nothing is deleted.",
        RemoveMember,
        remove_member,
    ),
)
