"""The command line. Every command imports what it needs when it runs, so that `sidekick --help` is quick."""

import logging
import os
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .budget import budget
from .people_command import people
from .settings_command import settings

application = typer.Typer(
    help="Teach a character, face, style, motion or effect to LTX-2.3 by talking.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
lora = typer.Typer(help="Look at LoRA files.", no_args_is_help=True)
mini = typer.Typer(help="The small practice model that ships with Sidekick.", no_args_is_help=True)
application.add_typer(lora, name="lora")
application.add_typer(mini, name="mini")
application.add_typer(budget, name="budget")
application.add_typer(settings, name="settings")
application.add_typer(people, name="people")

Home = Annotated[Path | None, typer.Option(help="Workspace folder (default: SIDEKICK_HOME, else ~/.sidekick).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@application.command()
def demo(
    home: Annotated[
        Path | None, typer.Option(help="Workspace for the demo (default: SIDEKICK_HOME, else demo-output here).")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Train only a little: to check an installation.")] = False,
) -> None:
    """Watch the whole way, unattended, on drawings that Sidekick makes itself. No key, no network, no GPU."""
    from .demo import run_demo

    folder = home or Path(os.environ.get("SIDEKICK_HOME") or "demo-output")
    raise typer.Exit(run_demo(folder.expanduser().resolve(), short=short))


@application.command()
def chat(
    folder: Annotated[
        Path | None, typer.Argument(help="Your pictures and clips. They are copied, never changed.")
    ] = None,
    home: Home = None,
    new: Annotated[
        bool, typer.Option("--new", help="Start a new conversation instead of going on with the last.")
    ] = False,
    project: Annotated[
        str | None, typer.Option(help="Go on with the latest conversation about this project (prj_...).")
    ] = None,
) -> None:
    """Talk to the sidekick in this terminal."""
    from .chat import run_chat

    if folder is not None and not folder.expanduser().exists():
        _stop(f"There is no folder or file {str(folder)!r}. Nothing was started; check the name and try again.")
    raise typer.Exit(run_chat(home, folder.expanduser().resolve() if folder else None, new=new, project=project))


@application.command()
def ui(
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port of the window on this machine.", min=1, max=65535)] = 7860,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's need people who sign in.")
    ] = "127.0.0.1",
    share: Annotated[
        bool, typer.Option("--share/--no-share", help="Also open a public link; people must sign in there.")
    ] = False,
    proxy_header: Annotated[
        str | None,
        typer.Option("--behind-proxy-header", help="Header in which a proxy names the person: X-Forwarded-User."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="Address of that proxy, such as 10.0.0.0/8; can be given several times.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = False,
) -> None:
    """Open the sidekick as a window in your browser."""
    from trainer_core.projects import Workspace

    from .people_access import AccessRefused, access_of

    workspace, password = Workspace.open(home), os.environ.get("SIDEKICK_PASSWORD") or None
    try:
        access = access_of(
            workspace,
            host=host,
            share=share,
            password=password,
            header=proxy_header,
            proxies=tuple(trusted_proxy or ()),
        )
    except AccessRefused as refused:
        _stop(str(refused))
    from .window import run_window

    run_window(workspace, access, host=host, port=port, share=share, open_browser=open_browser)


@application.command()
def slack(home: Home = None) -> None:
    """Talk to people in Slack. Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN; docs/slack.md shows how to get them."""
    from .slack import run_slack

    raise typer.Exit(run_slack(home))


@application.command()
def mcp(
    home: Home = None,
    http: Annotated[
        int | None,
        typer.Option(help="Serve on this port of this machine instead of stdin and stdout.", min=1, max=65535),
    ] = None,
    files: Annotated[
        list[Path] | None, typer.Option(help="A folder from which the program may hand over files; several times.")
    ] = None,
    new_token: Annotated[bool, typer.Option("--new-token", help="With --http: make a new token, and show it.")] = False,
) -> None:
    """Let programs that speak MCP (Claude Desktop, editors) use the sidekick. docs/mcp.md shows how to add it."""
    from .mcp_command import run_mcp

    raise typer.Exit(run_mcp(home, http, files or [], new_token=new_token))


@application.command()
def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Say what this machine can do, and what each missing piece would add."""
    from .doctor import examine, print_report

    report = examine(home)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        print_report(report)
    raise typer.Exit(0 if report.ready else 1)


@application.command()
def audit(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures and clips. Nothing in it is changed.")],
    recipe: Annotated[str, typer.Option(help="character, face, style, motion or effect")] = "character",
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option(help="Also write a report with pictures into this file.")] = None,
    trigger: Annotated[str | None, typer.Option(help="The trigger word that captions should have.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Also look for words and watermarks; slow.")] = False,
    second_eye: Annotated[
        bool,
        typer.Option(help="Let the vision model that SIDEKICK_VISION_MODEL names look too; it is sent the pictures."),
    ] = True,
    home: Home = None,
) -> None:
    """Look at a folder as training material. Works alone, without a project; a second time only new files are read."""
    from .audit_command import Wanted, run_audit

    wanted = Wanted(recipe, as_json=as_json, html=html, trigger=trigger, text=text, second_eye=second_eye)
    raise typer.Exit(run_audit(folder.expanduser(), wanted, home))


@lora.command("verify")
def lora_verify(
    file: Annotated[Path, typer.Argument(help="A .safetensors file.")],
    base: Annotated[str | None, typer.Option(help="The model that it must fit: mini or ltx-2.3.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a LoRA file: complete, finite, and for which model. Exit code 1 when it is not sound."""
    from .checks import verify_file

    raise typer.Exit(verify_file(file.expanduser(), base, as_json=as_json))


@mini.command("build")
def mini_build(
    folder: Annotated[Path, typer.Argument(help="Where to keep what is made on the way.")] = Path("mini-build"),
    part: Annotated[str, typer.Option(help="model, or embedder: the part that compares characters.")] = "model",
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: a GPU where there is one.")] = "auto",
) -> None:
    """Train mini from nothing on characters that Sidekick draws. Takes hours on a CPU; stops and resumes at will."""
    from .checks import build_mini

    raise typer.Exit(build_mini(folder.expanduser().resolve(), part, device))


def main() -> None:
    """Run the command line. A person never sees a stack trace: it goes to a log, without secrets."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # libraries' own progress bars would run through the conversation
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns of kernels that are not needed
    try:
        application()
    except Exception as error:  # the last resort of the whole program
        _stop(_words_and_log(error))


def _stop(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise SystemExit(1)


def _words_and_log(error: Exception) -> str:
    from tempfile import gettempdir

    from trainer_core.jobs.redact import redact

    from .strings import NOTHING_LOST, log_error, one_line

    log = log_error(error, Path(os.environ.get("SIDEKICK_HOME") or gettempdir()))
    where = f" Details are in {log}." if log else ""
    return f"That did not work: {one_line(redact(str(error)), 400) or type(error).__name__}. {NOTHING_LOST}{where}"


if __name__ == "__main__":
    main()
