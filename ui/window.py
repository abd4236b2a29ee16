"""The window: the same conversation in a browser, with gradio."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

import gradio as gr

from trainer_core.jobs.recover import recover
from trainer_core.projects import Workspace

from .strings import WELCOME, model_words
from .window_screen import card_markdown, markdown, progress_html, stages_html
from .window_session import Session, Sessions

TICK_SECONDS = 1.0
LARGEST_UPLOAD = "2gb"
FILE_TYPES = [".jpg", ".jpeg", ".png", ".webp", ".mp4", ".mov", ".txt", ".safetensors"]
STYLE = Path(__file__).with_name("window.css")
STORAGE_KEY = "sidekick-thread"
BROWSER_SECRET = "sidekick"  # obscures the thread's id in the browser's storage; guards nothing
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}  # a public handler would be an API


def build_window(sessions: Sessions) -> gr.Blocks:
    """The window's layout and handlers. Every handler is private: nothing can be launched around the card."""
    with gr.Blocks(title="Sidekick", fill_height=True, analytics_enabled=False, delete_cache=(3600, 86400)) as window:
        thread = gr.BrowserState(None, storage_key=STORAGE_KEY, secret=BROWSER_SECRET)
        shown = gr.State(-1)  # the version of the screen that this page shows
        shown_card = gr.State(None)  # the card that this page shows; kept on the server
        with gr.Row(elem_id="top"):
            gr.Markdown("## Sidekick", elem_id="title")
            stages = gr.HTML(stages_html("recipe"), elem_id="stages")
            fresh = gr.Button("New subject", size="sm", elem_id="new", scale=0, min_width=120)
        with gr.Row(elem_id="room", scale=1):
            with gr.Column(scale=3):
                chat = gr.Chatbot(
                    show_label=False,
                    elem_id="chat",
                    height="calc(100vh - 210px)",
                    sanitize_html=True,
                    allow_tags=False,
                    latex_delimiters=[],
                    feedback_options=None,
                    buttons=[],
                    placeholder=WELCOME,
                    layout="bubble",
                )
                box = gr.MultimodalTextbox(
                    show_label=False,
                    placeholder="Say what you want to teach, or add your pictures and clips",
                    file_count="multiple",
                    file_types=FILE_TYPES,
                    sources=["upload"],
                    elem_id="box",
                    autofocus=True,
                )
            with gr.Column(scale=2, min_width=320, elem_id="side"):
                with gr.Column(visible=False, elem_id="card") as card:
                    card_text = gr.Markdown(elem_id="card-text", sanitize_html=True)
                    with gr.Row():
                        yes = gr.Button("Yes", variant="primary", elem_id="approve")
                        no = gr.Button("No", elem_id="reject")
                progress = gr.HTML(elem_id="progress")
                sheet = gr.Image(
                    label="Contact sheet",
                    interactive=False,
                    visible=False,
                    elem_id="sheet",
                    type="filepath",
                    buttons=["download", "fullscreen"],
                )
                download = gr.DownloadButton("Download the LoRA", visible=False, elem_id="download", variant="primary")
                report = gr.DownloadButton("Get the report", visible=False, elem_id="report", size="sm")
                about = gr.Markdown(elem_id="about")

        outputs = [chat, stages, progress, card, card_text, sheet, download, report, about, thread, shown, shown_card]

        def view(session: Session) -> tuple[Any, ...]:
            screen, results = session.screen, session.results
            sheet_path = str(results.contact_sheet) if results.contact_sheet else None
            return (
                screen.messages,
                stages_html(screen.stage),
                progress_html(screen.progress),
                gr.Column(visible=screen.card is not None and not session.busy),
                card_markdown(screen.card),
                gr.Image(value=sheet_path, visible=sheet_path is not None),
                file_button(results.lora, session.workspace),
                file_button(results.report, session.workspace),
                _about(session),
                session.conversation.thread_id,
                screen.version,
                screen.card.id if screen.card else None,
            )

        async def load(thread_id: object) -> tuple[Any, ...]:
            return view(await sessions.get(thread_id))

        async def begin() -> tuple[Any, ...]:
            return view(await sessions.get(None))

        async def tick(thread_id: object, version: int) -> tuple[Any, ...]:
            session = await sessions.get(thread_id)
            if session.busy or session.screen.version == version:
                return tuple(gr.skip() for _ in outputs)
            return view(session)

        async def send(message: dict[str, Any], thread_id: object) -> AsyncIterator[tuple[Any, ...]]:
            text, uploads = str(message.get("text") or "").strip(), [Path(path) for path in message.get("files") or []]
            session = await sessions.get(thread_id)
            if not text and not uploads:
                yield (gr.skip(), *view(session))
                return
            if not session.send(text or "Here are my files.", uploads):
                gr.Info("One moment, I am still answering.")
                yield (gr.skip(), *view(session))
                return
            box_now: Any = None  # emptied once; what a person types meanwhile stays
            async for _ in session.updates():
                yield (box_now, *view(session))
                box_now = gr.skip()

        async def decide(thread_id: object, card_id: str | None, approved: bool) -> AsyncIterator[tuple[Any, ...]]:
            session = await sessions.get(thread_id)
            if not session.decide(card_id, approved):
                gr.Warning("That question is no longer open, so nothing was started. Please look at it again.")
                yield view(session)
                return
            async for _ in session.updates():
                yield view(session)

        async def approve(thread_id: object, card_id: str | None) -> AsyncIterator[tuple[Any, ...]]:
            async for update in decide(thread_id, card_id, approved=True):
                yield update

        async def reject(thread_id: object, card_id: str | None) -> AsyncIterator[tuple[Any, ...]]:
            async for update in decide(thread_id, card_id, approved=False):
                yield update

        window.load(load, [thread], outputs, **PRIVATE)
        fresh.click(begin, None, outputs, **PRIVATE)
        box.submit(send, [box, thread], [box, *outputs], concurrency_limit=None, trigger_mode="multiple", **PRIVATE)
        yes.click(approve, [thread, shown_card], outputs, concurrency_limit=None, **PRIVATE)
        no.click(reject, [thread, shown_card], outputs, concurrency_limit=None, **PRIVATE)
        gr.Timer(TICK_SECONDS).tick(tick, [thread, shown], outputs, concurrency_limit=None, **PRIVATE)
    return window


def launch_options(workspace: Workspace) -> dict[str, Any]:
    """How the window is served: only what was made can be fetched, uploads are capped."""
    fonts = ["system-ui", "sans-serif"]
    return {
        "allowed_paths": [str(folder) for folder in _served(workspace)],
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


def _served(workspace: Workspace) -> tuple[Path, Path]:
    """The folders from which the window may fetch: what was made. Not what people handed over, nor the database."""
    return workspace.home / "runs", workspace.home / "pictures"


def file_button(file: Path | None, workspace: Workspace) -> gr.DownloadButton:
    """A button for a file that may be fetched; hidden where there is none, or where it lies or leads elsewhere."""
    there = file is not None and any(file.resolve().is_relative_to(each.resolve()) for each in _served(workspace))
    return gr.DownloadButton(value=str(file) if there else None, visible=there)


def _about(session: Session) -> str:
    results = session.results
    lines = [model_words(session.conversation.model_name)]
    if results.lora:
        called = f"Trigger word: **{markdown(results.trigger, 80)}**  \n" if results.trigger else ""
        lines.append(f"{called}File: `{results.lora}`")
    if results.report:
        lines.append(
            f"Report: `{results.report}`  \nEvery score with its clips side by side, and why each finding was made. "
            "Open it in a browser."
        )
    return "\n\n".join(lines)
