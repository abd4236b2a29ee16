"""A project with a plan for tests of the plan's and the launch's panels: small pictures, no audit, no training."""

from pathlib import Path

import numpy as np
from PIL import Image
from rooms import new_context

from tools.context import ToolContext
from tools.plans import ProposePlan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from trainer_core.dataset.manifest import add_files, set_captions
from trainer_core.projects import get_project
from trainer_core.recipes import RecipeName


def planned(folder: Path) -> ToolContext:
    """Eight pictures of noise with captions, and the plan that is proposed for them."""
    context = new_context(folder / "home")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    source = folder / "pictures"
    source.mkdir()
    rng = np.random.default_rng(7)
    for index in range(8):
        Image.fromarray(rng.integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(source / f"{index}.png")
    dataset = context.workspace.dataset_folder(context.project_id)
    manifest = add_files(dataset, [source])
    trigger = get_project(context.workspace, context.project_id).trigger
    set_captions(dataset, {item.id: (f"{trigger}, a cat", "person") for item in manifest.items})
    propose_plan(context, ProposePlan())
    return context
