"""`sidekick people`: who may sign in to the window. Passwords are asked for, and never part of a command."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from .strings import PERSON, printable

people = typer.Typer(help="Who may sign in to the window, besides you at this machine.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Workspace folder (default: SIDEKICK_HOME, else ~/.sidekick).")]
Name = Annotated[str, typer.Argument(help="The name that they sign in with.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it, this once.")]
Done = TypeVar("Done")
RESTART = "A window that is open asks for names from its next start on: sidekick ui"


@people.command()
def add(
    name: Name,
    display: Annotated[str, typer.Option(help="What others read, such as: Anna Berg")] = "",
    generate: Generate = False,
    again: Annotated[bool, typer.Option("--again", help="Let somebody in who was removed before.")] = False,
    takes_over: Annotated[
        bool, typer.Option("--takes-over", help="The projects made on this machine without signing in become theirs.")
    ] = False,
    home: Home = None,
) -> None:
    """Let somebody in. Their password is asked for, or made with --generate."""
    from trainer_core import people as core
    from trainer_core.projects import Workspace

    workspace = Workspace.open(home)
    first = not core.people_of(workspace)
    _or_stop(lambda: core.normal_name(name))
    password = _password(generate=generate)
    person = _or_stop(lambda: core.add_person(workspace, name, password, printable(display, 200), again=again))
    typer.echo(f"{person.name} can sign in." + (f" Their password, shown this once: {password}" if generate else ""))
    if takes_over:
        count = core.hand_over_projects(workspace, PERSON, core.person_id(person.name))
        typer.echo(f"{count} project{'' if count == 1 else 's'} of this machine: now theirs.")
    if first:
        typer.echo(RESTART)


@people.command("list")
def list_(home: Home = None) -> None:
    """Who may sign in, and how many projects each has."""
    from trainer_core import people as core
    from trainer_core.projects import Workspace
    from trainer_core.sharing import Role, projects_of

    workspace = Workspace.open(home)
    found = core.people_of(workspace, removed=True)
    if not found:
        typer.echo("Only you, at this machine. Let somebody in with: sidekick people add NAME")
    for person in found:
        theirs = projects_of(workspace, core.person_id(person.name))
        own = sum(role is Role.OWNER for _project, role in theirs)
        state = f", removed on {person.disabled_at:%Y-%m-%d}" if person.disabled_at else ""
        typer.echo(
            f"{person.name} ({printable(person.display, 80)}): {own} of their own, {len(theirs) - own} shared with "
            f"them{state}"
        )


@people.command()
def remove(name: Name, home: Home = None) -> None:
    """Let somebody in no more. They are signed out at once; their projects are kept."""
    from trainer_core import people as core
    from trainer_core.projects import Workspace

    workspace = Workspace.open(home)
    _or_stop(lambda: core.remove_person(workspace, name))
    typer.echo(f"{printable(name, 80)} can sign in no more. Their projects are kept, and a training of theirs goes on.")
    if not core.people_of(workspace):
        typer.echo("That was the last one: the window's next start is for you alone, at this machine, without sign-in.")


@people.command()
def password(name: Name, generate: Generate = False, home: Home = None) -> None:
    """Give somebody a new password. They are signed out everywhere."""
    from trainer_core import people as core
    from trainer_core.projects import Workspace

    workspace = Workspace.open(home)
    secret = _password(generate=generate)
    _or_stop(lambda: core.set_password(workspace, name, secret))
    typer.echo(f"{printable(name, 80)} has a new password" + (f", shown this once: {secret}" if generate else "."))


def _password(*, generate: bool) -> str:
    from trainer_core.passwords import checked_password, new_password

    if generate:
        return new_password()
    given = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return _or_stop(lambda: checked_password(given))


def _or_stop(action: Callable[[], Done]) -> Done:
    from trainer_core.people import PersonRefused

    try:
        return action()
    except (ValueError, PersonRefused) as error:
        _stop(f"{printable(str(error), 400)} Nothing was changed.")


def _stop(words: str) -> NoReturn:
    typer.echo(words, err=True)
    sys.exit(1)
