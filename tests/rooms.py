"""A small real project for tests of tools and agent: drawn pictures, a workspace, and the way up to a plan."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import WriteCaptions, write_captions
from tools.dataset import AddFiles, add_files
from tools.plans import ProposePlan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.registry import ToolContext
from tools.uploads import register
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.projects import Workspace, create_project
from trainer_core.recipes import RecipeName


def draw_pictures(folder: Path, count: int = 12) -> Path:
    """Sound pictures of one drawn character, 512 pixels wide, all different."""
    rng = np.random.default_rng(5)
    character = random_character(rng)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        scene = random_scene(rng, light="soft", shot="full")
        Image.fromarray(render_image(character, scene, size=512)).save(folder / f"picture-{index:02}.png")
    return folder


def new_context(home: Path, person: str = "you") -> ToolContext:
    """An empty project in a workspace of its own."""
    workspace = Workspace.open(home)
    return ToolContext(workspace, create_project(workspace, "Test", person).id, person)


def planned_room(home: Path, person: str = "you") -> ToolContext:
    """A project of twelve pictures with a plan, in a workspace of its own at `home`.

    Made once in each process of the tests and copied, for making it takes seconds.
    """
    made = _planned_once()
    shutil.copytree(made.workspace.home, home)
    return ToolContext(Workspace.open(home), made.project_id, person)


@cache
def _planned_once() -> ToolContext:
    folder = Path(tempfile.mkdtemp(prefix="sidekick-planned-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    context = new_context(folder / "home")
    up_to_plan(context, draw_pictures(folder / "pictures"))
    context.workspace.engine.dispose()  # what SQLite had written ahead is in its file then
    return context


def up_to_plan(context: ToolContext, pictures: Path) -> None:
    """Recipe, files, audit, captions and plan, through the tools."""
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    upload = register(context.workspace, context.project_id, [pictures])
    add_files(context, AddFiles(uploads=[entry.id for entry in upload]))
    audit_dataset(context, LookAtFiles())
    write_captions(context, WriteCaptions())
    propose_plan(context, ProposePlan())
