"""People of a workspace: names, passwords, sign-ins, who is in whose project, and what each may do there."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from typer.testing import CliRunner

from tests.rooms import new_context
from tools.context import ToolContext, ToolRefused
from tools.library import known_loras
from tools.membership import FOR_ANYBODY, LOOKING
from tools.registry import TOOLS
from tools.sharing import JoinProject, RemoveMember, ShareProject
from trainer_core import people, sharing
from trainer_core.passwords import hashed, matches, new_password
from trainer_core.people import PersonRefused, normal_name, person_id
from trainer_core.people_tables import Invitation, Person, SignIn
from trainer_core.projects import Lora, Workspace, create_project, new_id, now
from trainer_core.sharing import Role, SharingRefused
from ui.shell import application

PASSWORD = "a long enough password"
ANNA, BEN, CLEO = "web:anna", "web:ben", "web:cleo"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With three people, whose password is nobody's: it takes no time to hash."""
    found = Workspace.open(tmp_path / "home")
    with found.session() as session:
        session.add_all(Person(name=name, display=name.title(), password="none") for name in ("anna", "ben", "cleo"))
    return found


def context_of(workspace: Workspace, owner: str, person: str | None = None) -> ToolContext:
    """A new project of `owner`, as `person` sees it."""
    project = create_project(workspace, "Pip", owner)
    return ToolContext(workspace, project.id, person or owner)


def seen_by(context: ToolContext, person: str) -> ToolContext:
    return ToolContext(context.workspace, context.project_id, person)


@given(st.text(max_size=90))
@settings(max_examples=300, deadline=None)
def test_a_name_is_one_name_however_it_is_written(words: str) -> None:
    try:
        name = normal_name(words)
    except ValueError:
        return
    assert normal_name(name) == normal_name(f"  {name} ") == name
    assert not set(name) & set("/\\:<>\"' \n\0")
    assert person_id(words) == f"web:{name}"
    assert person_id(words) not in ("you", "demo")


@pytest.mark.parametrize(
    "words", ["", " ", "a b", "../x", "slack:T1:U1", "a/b", "-a", "a-", "x" * 65, "a\u202eb", "\0"]
)
def test_what_cannot_be_a_name_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        normal_name(words)


def test_a_password_is_kept_as_a_hash_of_its_own(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    person = people.add_person(workspace, " Anna ", PASSWORD)
    assert (person.name, person.display) == ("anna", "Anna")
    assert PASSWORD not in person.password
    assert people.password_is(workspace, "ANNA", PASSWORD)
    assert not people.password_is(workspace, "anna", PASSWORD + "x")
    assert hashed(PASSWORD) != person.password
    assert not matches("", None)
    assert len(new_password()) == 23
    with pytest.raises(PersonRefused, match="already"):
        people.add_person(workspace, "anna", PASSWORD)
    with pytest.raises(PersonRefused, match="owns this machine"):
        people.add_person(workspace, "Sidekick", PASSWORD)
    with pytest.raises(ValueError, match="10 to 200"):
        people.add_person(workspace, "ben", "short")


def test_a_sign_in_outlives_a_restart_but_no_new_password_and_no_removal(workspace: Workspace) -> None:
    secret = people.sign_in(workspace, ANNA)
    restarted = Workspace.open(workspace.home)
    found = people.signed_in(restarted, secret)
    assert found is not None
    assert found.person == ANNA
    assert secret not in found.digest
    assert people.signed_in(workspace, secret + "x") is None
    people.sign_out(workspace, secret)
    assert people.signed_in(workspace, secret) is None
    secret = people.sign_in(workspace, ANNA)
    people.set_password(workspace, "anna", PASSWORD)
    assert people.signed_in(workspace, secret) is None
    secret = people.sign_in(workspace, ANNA)
    people.remove_person(workspace, "Anna")
    assert people.signed_in(workspace, secret) is None
    assert people.signed_in(workspace, people.sign_in(workspace, ANNA)) is None
    assert not people.password_is(workspace, "anna", PASSWORD)
    assert [each.name for each in people.people_of(workspace)] == ["ben", "cleo"]


def test_a_sign_in_ends_by_itself(workspace: Workspace) -> None:
    secret = people.sign_in(workspace, ANNA)
    with workspace.session() as session:
        session.execute(update(SignIn).values(expires_at=now() - timedelta(seconds=1)))
    assert people.signed_in(workspace, secret) is None


def test_somebody_else_does_not_get_the_projects_of_who_left(workspace: Workspace) -> None:
    people.remove_person(workspace, "ben")
    with pytest.raises(PersonRefused, match="--again"):
        people.add_person(workspace, "ben", PASSWORD)
    assert people.add_person(workspace, "ben", PASSWORD, again=True).disabled_at is None


def test_a_workspace_from_before_there_were_people_opens(tmp_path: Path) -> None:
    context = new_context(tmp_path)
    with context.workspace.session() as session:
        for table in ("people", "sign_ins", "members", "invitations"):
            session.execute(text(f"DROP TABLE {table}"))
    again = Workspace.open(tmp_path)
    assert people.people_of(again) == []
    assert sharing.role_of(again, context.person, context.project_id) is Role.OWNER


def test_an_invitation_lets_one_person_in_once(workspace: Workspace) -> None:
    context = context_of(workspace, ANNA)
    made, code = sharing.invite(workspace, context.project_id, Role.LOOK, ANNA)
    assert code not in made.digest
    with pytest.raises(SharingRefused, match="in that project already"):
        sharing.accept(workspace, code, ANNA)  # the owner does not use it up
    assert sharing.accept(workspace, f" My code: {code.upper()}. ", BEN).role == "look"
    with pytest.raises(SharingRefused, match="used"):
        sharing.accept(workspace, code, CLEO)
    assert sharing.role_of(workspace, BEN, context.project_id) is Role.LOOK
    assert sharing.role_of(workspace, CLEO, context.project_id) is None
    assert [(project.id, role) for project, role in sharing.projects_of(workspace, BEN)] == [
        (context.project_id, Role.LOOK)
    ]
    _made, better = sharing.invite(workspace, context.project_id, Role.CHANGE, ANNA)
    assert sharing.accept(workspace, better, BEN).role == "change"


def test_an_old_or_withdrawn_invitation_lets_nobody_in(workspace: Workspace) -> None:
    context = context_of(workspace, ANNA)
    made, code = sharing.invite(workspace, context.project_id, Role.CHANGE, ANNA)
    with pytest.raises(SharingRefused, match="Only the owner"):
        sharing.take_back(workspace, context.project_id, made.id, BEN)
    other = context_of(workspace, BEN)
    with pytest.raises(SharingRefused, match="no such invitation"):
        sharing.take_back(workspace, other.project_id, made.id, BEN)  # an id of another project
    sharing.take_back(workspace, context.project_id, made.id, ANNA)
    late, old = sharing.invite(workspace, context.project_id, Role.CHANGE, ANNA)
    with workspace.session() as session:
        session.execute(update(Invitation).where(Invitation.id == late.id).values(expires_at=now()))
    for dead in (code, old, "join-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa", "", "join-"):
        with pytest.raises(SharingRefused):
            sharing.accept(workspace, dead, BEN)
    assert sharing.members_of(workspace, context.project_id) == []
    with pytest.raises(SharingRefused, match="Only the owner"):
        sharing.invite(workspace, context.project_id, Role.LOOK, BEN)


async def test_of_two_at_the_same_time_one_comes_in(workspace: Workspace) -> None:
    context = context_of(workspace, ANNA)
    _made, code = sharing.invite(workspace, context.project_id, Role.LOOK, ANNA)
    both = [asyncio.to_thread(sharing.accept, workspace, code, person) for person in (BEN, CLEO)]
    came = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(each, SharingRefused) for each in came) == 1
    assert len(sharing.members_of(workspace, context.project_id)) == 1


def arguments_for(name: str) -> object:
    """Something for a tool that must not even look at it."""
    return TOOLS[name].arguments.model_construct()


def test_whoever_may_look_changes_and_starts_nothing(workspace: Workspace) -> None:
    owner = context_of(workspace, ANNA)
    _made, code = sharing.invite(workspace, owner.project_id, Role.LOOK, ANNA)
    sharing.accept(workspace, code, BEN)
    guest, stranger = seen_by(owner, BEN), seen_by(owner, CLEO)
    for name, tool in TOOLS.items():
        with pytest.raises(ToolRefused, match="not shared with you"):
            tool.run(stranger, arguments_for(name))
        if name in LOOKING | FOR_ANYBODY:
            continue
        with pytest.raises(ToolRefused, match="to look at, so nothing was changed or started"):
            tool.run(guest, arguments_for(name))
        if tool.card is not None:
            with pytest.raises(ToolRefused, match="to look at"):
                tool.card(guest, arguments_for(name))


def test_every_tool_that_only_looks_is_there() -> None:
    assert set(TOOLS) >= LOOKING | FOR_ANYBODY
    assert not [name for name in LOOKING if TOOLS[name].gated]


def test_people_share_by_the_sidekick_s_own_tools(workspace: Workspace) -> None:
    owner, ben = context_of(workspace, ANNA), context_of(workspace, BEN)
    said = TOOLS["share_project"].run(owner, ShareProject(role="change")).text
    code = next(word for word in said.split() if word.startswith("join-"))
    joined = TOOLS["join_project"].run(ben, JoinProject(code=code))
    assert joined.data == {"project": owner.project_id, "role": "change"}
    assert "Anna" in joined.text
    guest = seen_by(owner, BEN)
    listed = TOOLS["list_members"].run(guest, TOOLS["list_members"].arguments())
    assert listed.data == {"owner": ANNA, "members": {BEN: "change"}}
    with pytest.raises(ToolRefused, match="Only the owner"):
        TOOLS["share_project"].run(guest, ShareProject())
    with pytest.raises(ToolRefused, match="Only the owner"):
        TOOLS["remove_member"].run(guest, RemoveMember(person=ANNA))
    with pytest.raises(ToolRefused, match="either"):
        TOOLS["remove_member"].run(owner, RemoveMember())
    assert "Ben" in TOOLS["remove_member"].run(owner, RemoveMember(person=BEN)).text
    with pytest.raises(ToolRefused, match="not shared with you"):
        TOOLS["list_members"].run(guest, TOOLS["list_members"].arguments())


def test_a_guest_sees_no_lora_of_the_owner_s_other_projects(workspace: Workspace) -> None:
    shared, private = context_of(workspace, ANNA), context_of(workspace, ANNA)
    with workspace.session() as session:
        for context in (shared, private):
            lora = Lora(
                id=new_id("lora"), project_id=context.project_id, trigger="t", base="mini", file="x", sha256="0"
            )
            session.add(lora)
    _made, code = sharing.invite(workspace, shared.project_id, Role.CHANGE, ANNA)
    sharing.accept(workspace, code, BEN)
    assert len(known_loras(shared)) == 2
    assert {each.project.id for each in known_loras(seen_by(shared, BEN))} == {shared.project_id}


def test_people_are_managed_in_a_terminal(tmp_path: Path) -> None:
    def run(*words: str, typed: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(application, ["people", *words, "--home", str(tmp_path)], input=typed)
        return done.exit_code, done.output

    context = new_context(tmp_path)
    assert "Only you" in run("list")[1]
    code, said = run("add", "Anna", "--takes-over", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert code == 0
    assert PASSWORD not in said
    assert "1 project of this machine" in said
    workspace = Workspace.open(tmp_path)
    assert sharing.role_of(workspace, ANNA, context.project_id) is Role.OWNER
    assert run("add", "anna", "--generate")[0] == 1
    assert "1 of their own" in run("list")[1]
    shown = run("password", "anna", "--generate")[1].split()[-1]
    assert people.password_is(workspace, "anna", shown)
    assert run("remove", "anna")[0] == 0
    assert "removed on" in run("list")[1]
    code, said = run("remove", "nobody")
    assert code == 1
    assert "nobody called" in said
    assert run("add", "a b", "--generate")[0] == 1
