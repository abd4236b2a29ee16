"""What a program that speaks MCP may do: the sidekick's tools by project, behind the same gates as a person's words.

A tool that changes something goes through the project's conversation, so that the thread knows and the person sees it.
One that needs a yes opens its card there and starts nothing. The yes is given in the window, in the shell or in Slack
and nowhere here, also not by MCP's "elicitation": its answer comes from the program, and whether a person or the model
itself gave it cannot be told from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agent.conversation import Conversation
from agent.graph import LONGEST_RESULT, words_of_failure
from agent.guided.model import GuidedModel
from tools.context import Card, Tool, ToolContext
from tools.membership import READ_ONLY
from tools.registry import TOOLS
from tools.text import quoted, safe_block
from trainer_core.projects import Workspace
from trainer_core.sharing import projects_of

from .window_threads import latest_thread

PROJECT = "project"  # the argument that every tool takes besides its own
WITHHELD = frozenset({"share_project", "join_project", "remove_member"})  # who comes in, a person decides
OFFERED: dict[str, Tool] = {name: tool for name, tool in TOOLS.items() if name not in WITHHELD}

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What a program is told. `card`: something waits for a person's yes, and nothing was started."""

    text: str
    failed: bool = False
    card: Card | None = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True)
class Caller:
    """On whose behalf: the person who connected the program, and what the program calls itself (its own words)."""

    workspace: Workspace
    person: str
    program: str = "a program"


async def call_tool(caller: Caller, name: str, given: dict[str, Any], say: Say) -> Answer:
    """Call a tool of the registry in the project that the arguments name. Never raises but for a cancellation."""
    tool = OFFERED.get(name)
    if tool is None:
        return Answer(f"There is no tool {quoted(name, 60)!r}. Nothing was done.", failed=True)
    arguments = dict(given)
    project = arguments.pop(PROJECT, None)
    theirs = await asyncio.to_thread(projects_of, caller.workspace, caller.person)
    if not isinstance(project, str) or project not in {each.id for each, _role in theirs}:
        return Answer("There is no project by that id. list_projects shows those that there are.", failed=True)
    try:
        checked = tool.arguments(**arguments)
    except (ValidationError, TypeError) as error:
        return Answer(_wrong(error), failed=True)
    try:
        if name in READ_ONLY:
            return await _look(caller, tool, project, checked)
        return await _act(caller, tool, project, checked.model_dump(mode="json", exclude_unset=True), say)
    except Exception as error:  # the program must hear of it, and the server goes on; the log has the rest
        return Answer(words_of_failure(error, name), failed=True)


def card_words(card: Card, project: str) -> str:
    """The card for a program's model, and where the person answers it."""
    lines = [
        "A person must say yes first. Nothing was started and nothing was spent.",
        card.title,
        *(f"- {line}" for line in card.lines),
        f"Price: {card.price}. Time: {card.time}. {card.expires} Its id: {card.id}.",
        "You cannot answer it. Ask the person to look at it and to answer it in Sidekick's own window (sidekick ui, "
        f"under the project {project}), or in a terminal: sidekick chat --project {project}. Then ask training_status "
        "or open_project what became of it.",
    ]
    return safe_block("\n".join(lines), LONGEST_RESULT)


def card_data(card: Card) -> dict[str, Any]:
    """The same as figures. The fingerprint stays here: it is what a yes is bound to."""
    return {"waiting_card": card.model_dump(include={"id", "title", "lines", "price", "time", "expires_at"})}


async def _look(caller: Caller, tool: Tool, project: str, arguments: Any) -> Answer:
    context = ToolContext(caller.workspace, project, caller.person)
    result = await asyncio.to_thread(tool.run, context, arguments)
    return Answer(safe_block(result.text, LONGEST_RESULT))


async def _act(caller: Caller, tool: Tool, project: str, arguments: dict[str, Any], say: Say) -> Answer:
    """Through the person's latest conversation about the project: the one that their window opens."""
    thread = await asyncio.to_thread(latest_thread, caller.workspace, caller.person, project)
    answer: Answer | None = None
    opening = Conversation.open(
        caller.workspace, caller.person, thread, None if thread else project, (GuidedModel(), "guided")
    )  # no model is asked when a tool is called by name; so none that is on the network can be
    async with await opening as conversation:
        async for event in conversation.act(tool.name, arguments, through=quoted(caller.program, 60) or "a program"):
            if event.kind == "tool_finished" and event.name == tool.name:
                answer = Answer(safe_block(event.text, LONGEST_RESULT), event.failed)
            elif event.kind == "card" and tool.gated and answer is None:
                answer = Answer(card_words(event.card, project), card=event.card, data=card_data(event.card))
            elif event.kind == "problem" and answer is None:
                answer = Answer(safe_block(event.text, LONGEST_RESULT), failed=True)
            elif event.kind == "progress":
                await say(safe_block(event.text, 300))
    return answer or Answer("Nothing came of it, and nothing is known to have been changed.", failed=True)


def _wrong(error: ValidationError | TypeError) -> str:
    """Which arguments do not fit, without what was given: it may be anything."""
    if not isinstance(error, ValidationError):
        return "The arguments must be a JSON object. Nothing was done."
    said = [
        f"{quoted('.'.join(str(part) for part in each['loc']), 60)}: {quoted(each['msg'], 160)}"
        for each in error.errors(include_input=False, include_url=False, include_context=False)[:8]
    ]
    return f"These arguments do not fit, and nothing was done. {'; '.join(said)}"
