"""A small real project for tests of tools and agent: drawn pictures, a workspace, and the way up to a plan."""

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


def up_to_plan(context: ToolContext, pictures: Path) -> None:
    """Recipe, files, audit, captions and plan, through the tools."""
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    upload = register(context.workspace, context.project_id, [pictures])
    add_files(context, AddFiles(uploads=[entry.id for entry in upload]))
    audit_dataset(context, LookAtFiles())
    write_captions(context, WriteCaptions())
    propose_plan(context, ProposePlan())
