"""Whose conversations there are: what a browser says of it is never believed."""

from agent.threads import find_thread, threads_of
from tools.context import ToolContext
from tools.membership import may_see
from trainer_core.projects import Workspace


def is_theirs(workspace: Workspace, thread_id: str, person: str) -> bool:
    """Is it this person's own conversation, about a project that they (still) see?"""
    thread = find_thread(workspace, thread_id)
    if thread is None or thread.person != person:
        return False
    return may_see(ToolContext(workspace, thread.project_id, person))


def latest_thread(workspace: Workspace, person: str, project_id: str | None = None) -> str | None:
    """The conversation that this person began last, about this project or any that they see."""
    for thread in threads_of(workspace, person):
        seen = may_see(ToolContext(workspace, thread.project_id, person))
        if seen and project_id in (None, thread.project_id):
            return thread.id
    return None
