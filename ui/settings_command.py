"""`sidekick settings`: what is set and where it comes from, without the window. Keys are asked for, never shown."""

import asyncio
import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import words_settings as words
from .strings import PERSON, printable

settings = typer.Typer(help="The language model, its key, limits and Slack's tokens.", no_args_is_help=True)

Home = Annotated[Path | None, typer.Option(help="Workspace folder (default: SIDEKICK_HOME, else ~/.sidekick).")]
Name = Annotated[str, typer.Argument(help=f"One of: {', '.join(words.SHORT)}.")]


@settings.command()
def show(home: Home = None) -> None:
    """Show every setting and where it comes from. Of a key only when it was set and its last two characters."""
    from trainer_core.settings import read, told

    from .settings_door import state_words

    known = told(home)
    for name, named in words.SETTINGS.items():
        typer.echo(printable(f"{named.short}: {state_words(known[name])}", 500))
    if problem := read(home).problem:
        typer.echo(problem, err=True)


@settings.command("set")
def set_(
    name: Name,
    value: Annotated[str | None, typer.Argument(help="The value; leave it out for a key, which is asked for.")] = None,
    home: Home = None,
) -> None:
    """Set one setting. A key is asked for without showing it, or read from a pipe."""
    from trainer_core.projects import home_folder
    from trainer_core.settings_rules import SECRETS

    from .settings_door import Done, save

    full, folder = _full(name), home_folder(home)
    if full in SECRETS:
        if value is not None:
            _stop(words.NOT_ON_THE_LINE)
        done = save(PERSON, {}, {full: _asked(words.SETTINGS[full].title)}, folder)
    elif value is None or not value.strip():
        done = Done(f"Say the value as well: sidekick settings set {words.SETTINGS[full].short} VALUE", failed=True)
    else:
        done = save(PERSON, {full: value}, {}, folder)
    _tell(done.text, failed=done.failed)


@settings.command()
def forget(name: Name, home: Home = None) -> None:
    """Forget one setting or key."""
    from trainer_core.projects import home_folder

    from .settings_door import drop

    done = drop(PERSON, _full(name), home_folder(home))
    _tell(done.text, failed=done.failed)


@settings.command("try")
def try_(home: Home = None) -> None:
    """Ask the language model one short question and say what came. Exit code 1 when it cannot be used."""
    from trainer_core.projects import Workspace

    from .settings_door import try_model

    trial = asyncio.run(try_model(Workspace.open(home)))
    _tell(trial.words, failed=not trial.works)


def _asked(title: str) -> str:
    told = getpass.getpass(f"{title} (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    if not told.strip():
        _stop("Nothing was typed, so nothing was changed.")
    return told


def _full(name: str) -> str:
    full = words.SHORT.get(name, name)
    if full not in words.SETTINGS:
        _stop(f"There is no setting {printable(name, 60)!r}. There are: {', '.join(words.SHORT)}. Nothing was changed.")
    return full


def _tell(text: str, *, failed: bool) -> None:
    if failed:
        _stop(printable(text, 1000))
    typer.echo(printable(text, 1000))


def _stop(text: str) -> None:
    typer.echo(text, err=True)
    sys.exit(1)
