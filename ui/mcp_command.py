"""`sidekick mcp`: lets programs such as Claude Desktop or an editor use the sidekick's tools."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from .strings import PERSON

NEEDS = (
    "Programs reach Sidekick through a package that is not installed. Install it with: pip install "
    "'lora-sidekick[mcp]' (in a checkout: pip install -e '.[mcp]'). Nothing was started."
)


def run_mcp(home: Path | None, port: int | None, folders: Sequence[Path], *, new_token: bool = False) -> int:
    """Serve over stdin and stdout, or over HTTP on `port`, until the program goes away or Ctrl-C. Exit code 0 or 1."""
    try:
        import mcp.server.stdio  # noqa: F401
    except ImportError:
        return _refuse(NEEDS)
    wrong = [folder for folder in folders if not folder.expanduser().is_dir()]
    if wrong:
        return _refuse(f"There is no folder {str(wrong[0])!r}. Nothing was started.")
    from trainer_core.jobs.recover import recover
    from trainer_core.projects import Workspace

    from .mcp_server import Desk, build_server

    workspace = Workspace.open(home)
    for words in recover(workspace):
        _note(words)
    server = build_server(Desk(workspace, PERSON, [folder.expanduser().resolve() for folder in folders]))
    if port is None:
        asyncio.run(_over_stdio(server))
        return 0
    from .mcp_http import HOST, PATH, TokenRefused, listening, serve, token_for

    try:
        taken = listening(port)
        digest, token = token_for(workspace.home, fresh=new_token)
    except TokenRefused as refused:
        return _refuse(str(refused))
    except OSError:
        return _refuse(f"Port {port} is taken by another program. Try: sidekick mcp --http {port + 1}")
    _note(f"Programs reach Sidekick at http://{HOST}:{port}{PATH} (Ctrl-C ends it; a training that runs goes on).")
    _note(
        f"They must send this token; it is shown this once: {token}"
        if token
        else "They must send the token that was shown when it was made. A new one: sidekick mcp --http PORT --new-token"
    )
    serve(server, digest, taken)
    return 0


async def _over_stdio(server) -> None:  # type: ignore[no-untyped-def]
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (reads, writes):  # whatever else prints goes to stderr meanwhile
        await server.run(reads, writes, server.create_initialization_options())


def _note(words: str) -> None:
    """Never on stdout: that is where the program listens."""
    print(words, file=sys.stderr, flush=True)


def _refuse(words: str) -> int:
    _note(words)
    return 1
