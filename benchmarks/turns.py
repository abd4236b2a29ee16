"""What does Sidekick itself add to a turn of the conversation, and does it stay so in a long thread?

Run: python -m benchmarks.turns [--turns 1000]

A turn's overhead is its wall-clock time less the model's and the tools' own: the prompt with the project's facts, the
graph, the database, the streaming. The guided model answers, on a planned project of 12 drawn pictures. Printed for
the first and the last hundred turns, with the size of the thread's database and the process's memory.
"""

import argparse
import asyncio
import os
import platform
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from PIL import Image

from agent.conversation import Conversation
from agent.events import ToolFinished
from agent.guided.model import GuidedModel
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import WriteCaptions, write_captions
from tools.context import ToolContext
from tools.dataset import AddFiles, add_files
from tools.plans import ProposePlan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.uploads import register
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.projects import Workspace, create_project
from trainer_core.recipes import RecipeName

SAID = ("why rank 32?", "rank 16", "thanks", "what's the plan?", "undo that", "train 10% longer", "what next?")
PART = 100  # turns that a figure is taken over


class TimedGuided(GuidedModel):
    """The guided model with a watch."""

    seconds: float = 0.0

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        begun = time.perf_counter()
        chunks = [chunk async for chunk in super()._astream(messages, *args, **kwargs)]
        self.seconds += time.perf_counter() - begun
        for chunk in chunks:
            yield chunk


def planned_project(home: Path) -> ToolContext:
    """A project with a plan, made by the tools."""
    context = ToolContext(workspace := Workspace.open(home), create_project(workspace, "Turns", "you").id, "you")
    rng = np.random.default_rng(5)
    character = random_character(rng)
    (home / "files").mkdir()
    for index in range(12):
        Image.fromarray(render_image(character, random_scene(rng), size=512)).save(home / "files" / f"{index:02}.png")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    uploads = register(workspace, context.project_id, [home / "files"])
    add_files(context, AddFiles(uploads=[entry.id for entry in uploads]))
    audit_dataset(context, LookAtFiles())
    write_captions(context, WriteCaptions())
    propose_plan(context, ProposePlan())
    return context


async def overheads(context: ToolContext, turns: int) -> list[float]:
    """Seconds of each turn that are neither the model's nor a tool's."""
    model = TimedGuided()
    found = []
    opened = await Conversation.open(context.workspace, project_id=context.project_id, model=(model, "guided"))
    async with opened as conversation:
        for turn in range(turns):
            model.seconds, tools, begun = 0.0, 0.0, time.perf_counter()
            async for event in conversation.send(SAID[turn % len(SAID)]):
                tools += event.seconds if isinstance(event, ToolFinished) else 0.0
            found.append(time.perf_counter() - begun - tools - model.seconds)
            if turn + 1 in (PART, turns):
                print(f"after {turn + 1} turns: {memory_and_disk(context.workspace.home)}")
        begun = time.perf_counter()
        await conversation.history()
        print(f"reading the whole history: {1000 * (time.perf_counter() - begun):.0f} ms")
    return found


def memory_and_disk(home: Path) -> str:
    """Resident memory of this process and the size of the databases."""
    disk = sum(path.stat().st_size for path in home.glob("*.db*"))
    return f"{psutil.Process().memory_info().rss / 2**20:.0f} MB of memory, {disk / 2**20:.1f} MB of databases"


def report(name: str, seconds: Sequence[float]) -> None:
    """Median and 95th percentile in milliseconds."""
    median, late = np.percentile(seconds, [50, 95]) * 1000
    print(f"{name}: overhead of a turn, median {median:.1f} ms, 95th percentile {late:.1f} ms, of {len(seconds)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000)
    turns = max(2 * PART, parser.parse_args().turns)
    print(f"{os.cpu_count()} CPU cores, {platform.machine()}, Python {platform.python_version()}")
    with TemporaryDirectory() as home:
        found = asyncio.run(overheads(planned_project(Path(home)), turns))
    report(f"turns 1-{PART}", found[:PART])
    report(f"turns {turns - PART + 1}-{turns}", found[-PART:])


if __name__ == "__main__":
    main()
