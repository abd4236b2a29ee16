"""How long a page takes in a real browser, from the request to what a person can use."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import select

from tools.audit.tools import LookAtFiles, audit_dataset
from tools.context import ToolContext
from tools.recipes import ChooseRecipe, choose_recipe
from tools.small_copies import small_copy
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import add_files, load, set_captions
from trainer_core.projects import Project, Workspace, get_project
from trainer_core.recipes import RecipeName

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE = 120_000  # milliseconds
EDGE = 128  # pixels of the drawn files

# Each gives the milliseconds since the page was asked for as soon as it is so, looked at in every frame.
PAINTED = """() => {
  const cards = document.querySelector("#recipes");
  return cards && cards.offsetHeight > 0 && performance.now();
}"""
ANSWERING = """() => {
  const cards = document.querySelector("#recipes"), who = document.querySelector("#model");
  return cards && cards.offsetHeight > 0 && who && who.innerText.includes("model") && performance.now();
}"""
GALLERY = """() => {
  const shown = [...document.querySelectorAll("#dataset-gallery .tile img")].slice(0, 4);
  const drawn = each => each.complete && each.naturalWidth && each.offsetHeight;
  return shown.length && shown.every(drawn) && performance.now();
}"""

TURN = """() => {
  const tile = () => document.querySelector("#dataset-gallery .tile").dataset.item;
  window.turned = {begun: performance.now(), before: tile()};
  document.querySelector('#dataset-gallery [data-page="1"]').click();
}"""
TURNED = """() => {
  const shown = [...document.querySelectorAll("#dataset-gallery .tile")].slice(0, 4);
  const drawn = each => each && each.complete && each.naturalWidth;
  const complete = shown.every(tile => drawn(tile.querySelector("img")));
  return complete && shown[0].dataset.item !== window.turned.before && performance.now() - window.turned.begun;
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium, from CHROMIUM or where it usually is."""
    from playwright.sync_api import sync_playwright

    path = shutil.which(os.environ.get("CHROMIUM") or "chromium")
    if path is None:
        raise SystemExit("There is no Chromium. Install it (Debian: apt install chromium) or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def first_sight(browser: Any, url: str, repeats: int) -> dict[str, list[float]]:
    """Seconds until the first content is painted, until the recipes can be seen, and until the page has its
    conversation; each time in a browser with an empty cache."""
    found: dict[str, list[float]] = {"first content": [], "recipes to be seen": [], "can be used": []}
    for _ in range(repeats):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        page.goto(url, wait_until="commit")
        found["recipes to be seen"].append(_seconds(page, PAINTED))
        found["can be used"].append(_seconds(page, ANSWERING))
        script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
        found["first content"].append(page.evaluate(script) / 1000)
        context.close()
    return found


def gallery_sight(browser: Any, url: str, home: Path, files: int, repeats: int) -> dict[str, list[float]]:
    """Seconds until the gallery's first tiles show their pictures: when the window is opened for the first time, when
    it is opened again, and when a person who is there goes to the gallery's next page."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(url)
    _seconds(page, ANSWERING)
    page.close()
    fill(newest_project(home), files)
    found: dict[str, list[float]] = {"first look": [], "later looks": [], "next page": []}
    for number in range(repeats + 1):
        page = context.new_page()
        page.goto(url, wait_until="commit")
        found["later looks" if number else "first look"].append(_seconds(page, GALLERY))
        page.wait_for_timeout(2000)
        page.evaluate(TURN)
        found["next page"].append(_seconds(page, TURNED))
        page.close()
    context.close()
    return found


def fill(context: ToolContext, files: int) -> None:
    """A project with so many drawn files, looked at and with half of the captions."""
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    folder = context.workspace.home / "drawn"
    folder.mkdir()
    rng = np.random.default_rng(5)
    character = random_character(rng)
    for number in range(files):
        Image.fromarray(render_image(character, random_scene(rng), size=EDGE)).save(folder / f"{number:04}.png")
    dataset = context.workspace.dataset_folder(context.project_id)
    manifest = add_files(dataset, [folder])
    trigger = get_project(context.workspace, context.project_id).trigger
    set_captions(dataset, {item.id: (f"{trigger}, a cat", "person") for item in manifest.items[::2]})
    audit_dataset(context, LookAtFiles())
    pictures = context.workspace.pictures_folder(context.project_id)
    for item in load(dataset).items:  # a window does this in the background as soon as files come in
        small_copy(dataset, pictures, item)


def newest_project(home: Path) -> ToolContext:
    """The project that a page has just begun."""
    workspace = Workspace.open(home)
    with workspace.session() as session:
        project = session.scalars(select(Project).order_by(Project.created_at.desc()).limit(1)).one()
    return ToolContext(workspace, project.id, project.owner)


def _seconds(page: Any, condition: str) -> float:
    return float(page.wait_for_function(condition, polling="raf", timeout=PATIENCE).json_value()) / 1000
