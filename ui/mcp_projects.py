"""What a program needs besides the sidekick's tools: which projects there are, where one stands, and files to use."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.conversation import Conversation
from agent.guided.model import GuidedModel
from agent.stages import stage_of
from tools.context import NoArguments, ToolContext
from tools.state import as_json, facts_of
from tools.text import quoted
from tools.uploads import register
from trainer_core.projects import Project, create_project, update_project
from trainer_core.sharing import projects_of

from .mcp_calls import Answer, Caller, card_data, card_words
from .window_threads import latest_thread

MOST_LISTED = 50


class OpenProject(BaseModel):
    """Which project."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str, Field(max_length=60, description="its id (prj_...) from list_projects")]


class NewProject(BaseModel):
    """A new subject to teach."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80, description="what it is called, in a few words")]


class HandOver(BaseModel):
    """Files for a project."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str, Field(max_length=60, description="the project's id (prj_...)")]
    name: Annotated[
        str,
        Field(
            max_length=300,
            description="a file or folder inside the folder that the person allowed, relative to it; '.' is all of it",
        ),
    ]


@dataclass(frozen=True)
class Own:
    """A tool that only programs need."""

    description: str
    arguments: type[BaseModel]
    reads: bool


HAND_OVER = "hand_over_files"
OWN = {
    "list_projects": Own("List the person's projects: id, what is taught, trigger word.", NoArguments, True),
    "open_project": Own(
        "Where a project stands: stage, files, findings, plan, run, and the card that waits for the person's yes.",
        OpenProject,
        True,
    ),
    "new_project": Own("Begin a new project; the next step in it is choose_recipe.", NewProject, False),
    HAND_OVER: Own(
        "Hand over files from the folder that the person allowed, and get the upload ids that add_files takes.",
        HandOver,
        False,
    ),
}


async def call_own(caller: Caller, name: str, given: dict[str, Any], folders: Sequence[Path]) -> Answer:
    """Call one of OWN. Raises ValidationError for arguments that do not fit."""
    arguments = OWN[name].arguments(**given)
    if isinstance(arguments, NewProject):
        return await asyncio.to_thread(_new, caller, arguments)
    theirs = [project for project, _role in await asyncio.to_thread(projects_of, caller.workspace, caller.person)]
    if isinstance(arguments, OpenProject | HandOver):
        known = next((project for project in theirs if project.id == arguments.project), None)
        if known is None:
            return Answer("There is no project by that id. list_projects shows those that there are.", failed=True)
        if isinstance(arguments, HandOver):
            return await asyncio.to_thread(_hand_over, caller, arguments, folders)
        return await _open(caller, known)
    shown = [_line(project) for project in theirs[:MOST_LISTED]]
    text = "\n".join(f"- {json.dumps(each, ensure_ascii=False)}" for each in shown)
    return Answer(text or "There is no project yet. new_project begins one.", data={"projects": shown})


async def _open(caller: Caller, project: Project) -> Answer:
    context = ToolContext(caller.workspace, project.id, caller.person)
    facts = await asyncio.to_thread(facts_of, context)
    told = {"id": project.id, "stage": str(stage_of(facts))} | as_json(facts)
    thread = await asyncio.to_thread(latest_thread, caller.workspace, caller.person, project.id)
    card = None
    if thread:
        opening = Conversation.open(caller.workspace, caller.person, thread, model=(GuidedModel(), "guided"))
        async with await opening as conversation:
            card = await conversation.pending()
    data = {"project": told} | (card_data(card) if card else {})
    lines = [json.dumps(told, ensure_ascii=False), card_words(card, project.id) if card else "No card waits."]
    return Answer("\n".join(lines), data=data)


def _new(caller: Caller, arguments: NewProject) -> Answer:
    project = create_project(caller.workspace, "New project", caller.person)
    update_project(caller.workspace, project.id, name=quoted(arguments.name, 80) or "New project")
    return Answer(f"Made {project.id}. Choose its recipe with choose_recipe.", data={"project": {"id": project.id}})


def _hand_over(caller: Caller, arguments: HandOver, folders: Sequence[Path]) -> Answer:
    """Only what lies in a folder that the person named when they started the server, wherever links lead."""
    for folder in folders:
        try:
            path = (folder / arguments.name).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if path.is_relative_to(folder) and "\0" not in arguments.name:
            [upload] = register(caller.workspace, arguments.project, [path])
            text = f"Handed over as {upload.id}. Take it in with add_files."
            return Answer(text, data={"upload": {"id": upload.id, "folder": upload.folder}})
    return Answer("There is nothing by that name in the folder that the person allowed. Nothing was read.", failed=True)


def _line(project: Project) -> dict[str, str | None]:
    noun, name = (quoted(text, 80) if text else None for text in (project.noun, project.name))
    return {"id": project.id, "name": name, "recipe": project.recipe, "noun": noun, "trigger": project.trigger}
