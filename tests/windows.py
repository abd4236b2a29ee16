"""The real window over loopback, for tests that open it in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from agent.conversation import Conversation
from trainer_core.projects import Workspace
from ui.window import build_window, launch_options
from ui.window_sessions import Sessions


@contextmanager
def opened(workspace: Workspace, project_id: str | None = None) -> Iterator[str]:
    """Its address, until the end of the block. A new conversation is about `project_id`, else about a new project."""

    async def opener(
        workspace: Workspace, person: str = "you", thread_id: str | None = None, project: str | None = None
    ) -> Conversation:
        return await Conversation.open(workspace, person, thread_id, None if thread_id else project_id)

    sessions = Sessions(workspace, opener if project_id else Conversation.open)
    window = build_window(sessions)
    _app, address, _share = window.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options(sessions)
    )
    try:
        yield address
    finally:
        window.close()
