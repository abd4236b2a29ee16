"""Who is signed in, their projects, and who else is in this one: by invitation, to look or to change."""

from dataclasses import dataclass

import gradio as gr

from tools.context import ToolContext
from tools.sharing import ROLE_WORDS
from tools.text import quoted
from trainer_core.people import display_name, is_web, people_of
from trainer_core.projects import Project
from trainer_core.sharing import Role, members_of, open_invitations, projects_of, role_of

from .. import words_people as words
from ..window_screen import markdown
from .panel import Answer, Call, Clicks, NotYet, Panel

Choice = tuple[str, str]  # what is read, and the id behind it
SMALL = ".sign-out { font-size: var(--text-sm); padding: 4px 12px; float: right; }"
LISTENS = frozenset({"share_project", "join_project", "remove_member"})
MOST = 200  # projects that the list shows
SIGN_OUT = f'<form method="post" action="sign-out"><button type="submit" class="sign-out">{words.LEAVE}</button></form>'


@dataclass(frozen=True)
class People:
    """What this part shows."""

    name: str = ""  # of who has signed in; empty for whoever sits at this machine
    anybody: bool = False  # does anybody else sign in here?
    projects: tuple[Choice, ...] = ()
    here: str = ""
    owner: bool = False
    members: tuple[Choice, ...] = ()


def build(clicks: Clicks) -> Panel:
    """The part about people."""
    with gr.Row():
        about = gr.Markdown(elem_id="people-about", sanitize_html=True)
        leave = gr.HTML(SIGN_OUT, css_template=SMALL, visible=False, elem_id="people-leave", padding=False)
    told = gr.Markdown(visible=False, elem_id="people-told", sanitize_html=True, container=True)
    projects = gr.Dropdown(label=words.PROJECTS, filterable=False, elem_id="people-projects")
    show = gr.Button(words.OPEN, size="sm", elem_id="people-open")
    with gr.Column(visible=False, elem_id="people-share") as sharing:
        gr.Markdown(f"### {words.SHARE}\n{words.SHARE_NOTE}")
        role = gr.Radio(list(words.ROLES), value="look", label=words.ROLE, elem_id="people-role")
        invite = gr.Button(words.INVITE, size="sm", variant="primary", elem_id="people-invite")
    with gr.Column(visible=False, elem_id="people-inside") as inside:
        members = gr.Dropdown(label=words.MEMBERS, filterable=False, elem_id="people-members")
        remove = gr.Button(words.REMOVE, size="sm", elem_id="people-remove")
    gr.Markdown(f"### {words.JOIN}")
    code = gr.Textbox(label=words.CODE, max_length=200, elem_id="people-code")
    join = gr.Button(words.JOIN_IT, size="sm", elem_id="people-join")
    clicks.move(show.click, _picked, [projects])
    clicks.act(invite.click, lambda kind: ("share_project", {"role": kind}), [role])
    clicks.act(remove.click, _removing, [members])
    clicks.act(join.click, _joining, [code])

    def draw(found: tuple[People, Answer | None]) -> tuple[object, ...]:
        now, answer = found
        return (
            _about(now),
            gr.update(visible=bool(now.name)),
            gr.update(value=markdown(answer.text) if answer else "", visible=answer is not None),
            gr.update(choices=list(now.projects), value=now.here),
            gr.update(visible=now.owner),
            gr.update(visible=now.owner and bool(now.members)),
            gr.update(choices=list(now.members), value=None),
        )

    return Panel("people", (about, leave, told, projects, sharing, inside, members), load, draw, LISTENS)


def load(context: ToolContext) -> People:
    """Who is here now."""
    workspace, person = context.workspace, context.person
    owner = role_of(workspace, person, context.project_id) is Role.OWNER
    return People(
        name=display_name(workspace, person) if is_web(person) else "",
        anybody=bool(people_of(workspace)),
        projects=tuple(_title(context, *each) for each in projects_of(workspace, person)[:MOST]),
        here=context.project_id,
        owner=owner,
        members=_members(context) if owner else (),
    )


def _title(context: ToolContext, known: Project, role: Role) -> Choice:
    what = " ".join(each for each in (known.name, f"({known.trigger})" if known.trigger else "") if each)
    whose = "" if role is Role.OWNER else f", {quoted(display_name(context.workspace, known.owner), 60)}"
    return f"{quoted(what, 80)}, {known.created_at:%Y-%m-%d}{whose}", known.id


def _members(context: ToolContext) -> tuple[Choice, ...]:
    people = [
        (f"{quoted(display_name(context.workspace, each.person), 60)} {ROLE_WORDS[Role(each.role)]}", each.person)
        for each in members_of(context.workspace, context.project_id)
    ]
    waiting = [
        (f"{words.WAITING}: {ROLE_WORDS[Role(each.role)]}, until {each.expires_at:%Y-%m-%d}", each.id)
        for each in open_invitations(context.workspace, context.project_id)
    ]
    return tuple(people + waiting)


def _about(now: People) -> str:
    if now.name:
        return words.SIGNED_IN_AS.format(name=markdown(now.name, 80))
    return "" if now.anybody else words.ONLY_YOU


def _picked(project: object) -> str:
    if not isinstance(project, str) or not project:
        raise NotYet(words.PICK_PROJECT)
    return project


def _removing(chosen: object) -> Call:
    if not isinstance(chosen, str) or not chosen:
        raise NotYet(words.PICK_MEMBER)
    return "remove_member", {"invitation" if chosen.startswith("inv_") else "person": chosen}


def _joining(code: object) -> Call:
    if not isinstance(code, str) or not code.strip():
        raise NotYet(words.CODE_FIRST)
    return "join_project", {"code": code.strip()}
