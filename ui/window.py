"""The window: the same conversation in a browser, with gradio, and the work beside it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

import gradio as gr

from trainer_core.jobs.recover import recover
from trainer_core.projects import Workspace

from .frame import build_window
from .window_files import served
from .window_session import Sessions

LARGEST_UPLOAD = "2gb"
STYLE = Path(__file__).with_name("window.css")


def launch_options(workspace: Workspace) -> dict[str, Any]:
    """How the window is served: only what was made can be fetched, uploads are capped."""
    fonts = ["system-ui", "sans-serif"]
    return {
        "allowed_paths": [str(folder) for folder in served(workspace.home)],
        "max_file_size": LARGEST_UPLOAD,
        "theme": gr.themes.Soft(font=fonts, font_mono=["ui-monospace", "monospace"]),
        "css": STYLE.read_text(encoding="utf-8"),
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "show_error": False,
    }


def run_window(home: Path | None, *, port: int, share: bool, password: str | None, open_browser: bool) -> None:
    """Serve the window until Ctrl-C. With a password, the name to sign in with is 'sidekick'."""
    from agent.conversation import Conversation

    workspace = Workspace.open(home)
    for words in recover(workspace):
        print(words)
    sessions = Sessions(workspace, Conversation.open)
    window = build_window(sessions)
    print(f"Sidekick's window: http://127.0.0.1:{port}  (Ctrl-C closes it; a training that is running goes on)")
    try:
        window.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=share,
            auth=("sidekick", password) if password else None,
            inbrowser=open_browser,
            quiet=not share,
            **launch_options(workspace),
        )
    except OSError:
        print(f"Port {port} is taken by another program. Try: sidekick ui --port {port + 1}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        asyncio.run(sessions.close())
