"""The window: the same conversation in a browser, with gradio, and the work beside it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported
os.environ["FORWARDED_ALLOW_IPS"] = ""  # read by uvicorn: no header may say whom a request comes from

import gradio as gr
from starlette.middleware import Middleware

from trainer_core.jobs.recover import recover
from trainer_core.projects import Workspace

from .frame import build_window
from .freshness import freshness_route
from .looks import theme
from .people_access import ALONE, Access, Way, is_loopback
from .people_door import Door, person_asking
from .people_guard import Guard
from .window_files import served
from .window_sessions import Sessions

LARGEST_UPLOAD = "2gb"
PAGES_REMEMBERED = 100  # gradio keeps half a megabyte or more of each page that was ever opened; one more is drawn anew
STYLE = Path(__file__).with_name("window.css")


def launch_options(sessions: Sessions, access: Access = ALONE) -> dict[str, Any]:
    """How the window of these sessions is served: through the door, which knows who is asking; uploads are capped.

    gradio itself would hand out `allowed_paths` to everybody; what the door lets through is ui.window_files.may_fetch.
    """
    folders = [str(folder) for folder in served(sessions.workspace.home)]
    gr.set_static_paths(folders)  # shown from where they lie: a copy would be nobody's
    return {
        "allowed_paths": folders,
        "app_kwargs": {
            "middleware": [Middleware(Door, guard=Guard(sessions.workspace, access))],
            "routes": [freshness_route(sessions)],
        },
        "auth_dependency": person_asking,
        "max_file_size": LARGEST_UPLOAD,
        "state_session_capacity": PAGES_REMEMBERED,
        "theme": theme(),
        "css": STYLE.read_text(encoding="utf-8"),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "show_error": False,
    }


def run_window(workspace: Workspace, access: Access, *, host: str, port: int, share: bool, open_browser: bool) -> None:
    """Serve the window until Ctrl-C."""
    from agent.conversation import Conversation

    for words in recover(workspace):
        print(words)
    sessions = Sessions(workspace, Conversation.open)
    window = build_window(sessions)
    print(_where(access, host, port))
    try:
        window.launch(
            server_name=host,
            server_port=port,
            share=share,
            inbrowser=open_browser,
            quiet=not share,
            **launch_options(sessions, access),
        )
    except OSError:
        print(f"Port {port} is taken by another program. Try: sidekick ui --port {port + 1}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        asyncio.run(sessions.close())


def _where(access: Access, host: str, port: int) -> str:
    """The address in words, who may come in, and what is not safe about it."""
    lines = [f"Sidekick's window: http://{host}:{port}  (Ctrl-C closes it; a training that is running goes on)"]
    if access.way is Way.SIGN_IN:
        lines.append("People sign in with their name and password.")
        if access.password:
            lines.append("With SIDEKICK_PASSWORD you sign in as: sidekick")
        if not is_loopback(host) and not access.proxies:
            lines.append("Passwords travel unprotected to it. Put a server with https in front: docs/people.md")
    if access.way is Way.PROXY:
        lines.append(f"People come in through the proxy, which names them in {access.header}.")
    return "\n".join(lines)
