"""`sidekick budget`: limits on what may be spent. Only a person at this terminal can set one; no tool can."""

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .strings import PERSON, printable

if TYPE_CHECKING:
    from trainer_core.budgets import Budget

budget = typer.Typer(help="Limits on what may be spent, in US dollars.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Workspace folder (default: SIDEKICK_HOME, else ~/.sidekick).")]
Person = Annotated[str | None, typer.Option(help="Whose limit: a name as Sidekick knows it (default: you).")]
Project = Annotated[str | None, typer.Option(help="The limit of a project (prj_...) instead of a person's.")]
Everyone = Annotated[bool, typer.Option("--everyone", help="Of each person who has no limit of their own.")]


@budget.command()
def show(home: Home = None) -> None:
    """Show every limit, what was spent of it, and what is left."""
    from trainer_core.budgets import all_budgets
    from trainer_core.projects import Workspace

    found = all_budgets(Workspace.open(home))
    if not found:
        typer.echo("No limit is set. Set one with: sidekick budget set 20")
    for each in found:
        typer.echo(_words(each))


@budget.command("set")
def set_(
    dollars: Annotated[float, typer.Argument(help="The most that may be spent in all, in US dollars.")],
    person: Person = None,
    project: Project = None,
    everyone: Everyone = False,
    home: Home = None,
) -> None:
    """Set or change a limit. What was spent before counts."""
    from trainer_core.budgets import dollars_words, set_limit
    from trainer_core.projects import Workspace

    scope, name = _whose(person, project, everyone)
    _or_stop(lambda: set_limit(Workspace.open(home), scope, name, dollars, getpass.getuser()))
    typer.echo(f"{_title(scope, name)}: at most {dollars_words(dollars)} in all. Nothing starts that could go beyond.")


@budget.command()
def remove(person: Person = None, project: Project = None, everyone: Everyone = False, home: Home = None) -> None:
    """Take a limit away."""
    from trainer_core.budgets import remove_limit
    from trainer_core.projects import Workspace

    scope, name = _whose(person, project, everyone)
    if not remove_limit(Workspace.open(home), scope, name):
        _stop("There is no such limit, so nothing was changed. sidekick budget show lists those that there are.")
    typer.echo(f"{_title(scope, name)} is taken away. I still ask before anything is spent.")


@budget.command()
def settle(
    run: Annotated[str, typer.Argument(help="The run (run_...) that the bill is for.")],
    dollars: Annotated[float, typer.Argument(help="What it really cost, in US dollars.")],
    home: Home = None,
) -> None:
    """Enter what a run really cost, as its bill says."""
    from trainer_core import budgets
    from trainer_core.projects import Workspace

    _or_stop(lambda: budgets.settle(Workspace.open(home), run, dollars))
    typer.echo(f"{printable(run, 60)}: {budgets.dollars_words(dollars)} counted as spent.")


def _whose(person: str | None, project: str | None, everyone: bool) -> tuple[Literal["person", "project"], str]:
    if (person is not None) + (project is not None) + everyone > 1:
        _stop("Name one of --person, --project and --everyone. Nothing was changed.")
    if project is not None:
        return "project", project
    if everyone:
        from trainer_core.budgets import EVERYONE

        return "person", EVERYONE
    return "person", PERSON if person is None else person


def _title(scope: str, name: str) -> str:
    if scope == "project":
        return f"The limit of project {printable(name, 60)}"
    if name == "*":
        return "The limit for each other person"
    return "Your limit" if name == PERSON else f"The limit of {printable(name, 60)}"


def _words(each: "Budget") -> str:
    from trainer_core.budgets import EVERYONE, dollars_words

    limit = f"{_title(each.scope, each.name)}: at most {dollars_words(each.limit)}"
    if each.name == EVERYONE:
        return f"{limit}."
    unknown = f", {each.unknown} without a known price" if each.unknown else ""
    aside = f", {dollars_words(each.reserved)} set aside" if each.reserved else ""
    return f"{limit}; {dollars_words(each.spent)} spent{aside}{unknown}; {dollars_words(max(0.0, each.left))} left."


def _or_stop(action: Callable[[], None]) -> None:
    try:
        action()
    except (ValueError, LookupError) as error:
        _stop(f"{printable(str(error), 300)} Nothing was changed.")


def _stop(words: str) -> None:
    typer.echo(words, err=True)
    sys.exit(1)
