"""What a person does in the window, in their words. Everything waits for the page, nothing for a time."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from safetensors import safe_open
from sqlalchemy import select

from tools.audit.tools import LookAtFiles, audit_dataset
from tools.context import ToolContext
from tools.plan_changes import ChangePlan
from tools.plans import ProposePlan, change_plan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from trainer_core.dataset.manifest import add_files, set_captions
from trainer_core.jobs import store
from trainer_core.projects import Job, Project, Workspace, get_project
from trainer_core.recipes import RecipeName
from ui.handlers import BUSY

SOON, LONG = 60_000.0, 280_000.0  # milliseconds; a build has two cores, and a training and its scoring use both
STEPS = 10  # the fewest that the plan's control offers
expect.set_options(timeout=SOON)


def visit(context: Any, url: str) -> Page:
    """A new page on the window, when it knows its conversation."""
    page: Page = context.new_page()
    page.set_default_timeout(SOON)
    page.goto(url)
    ready(page)
    return page


def ready(page: Page) -> None:
    """The page has its conversation: it says who answers."""
    expect(page.locator("#model")).to_contain_text("guided model")


def say(page: Page, words: str) -> None:
    """Type it and press Enter until it is taken: while an answer comes in, it is not."""
    box = page.locator("#box textarea")
    box.fill(words)
    for _ in range(40):
        box.press("Enter")
        try:
            expect(box).to_have_value("", timeout=3_000)
            return
        except AssertionError:
            continue
    raise AssertionError(f"the window does not take {words!r}")


def chat(page: Page) -> Locator:
    """The conversation."""
    return page.locator("#chat")


def press(page: Page, button: str, outcome: Locator) -> None:
    """Click it and wait for what comes of it; once more when the sidekick says that it is still answering."""
    refused = page.get_by_test_id("toast-body").filter(has_text=BUSY)
    for _ in range(20):
        page.locator(button).click()
        expect(outcome.or_(refused).first).to_be_visible(timeout=LONG)
        if not refused.count():
            return
        page.get_by_test_id("toast-close").evaluate_all("buttons => buttons.forEach(button => button.click())")
        expect(refused).to_have_count(0)
    raise AssertionError(f"the sidekick is always answering when {button} is clicked")


def part(page: Page, selector: str, words: str) -> Locator:
    """The part of the page, as soon as it says these words."""
    return page.locator(selector).filter(has_text=words)


def hand_over(page: Page, files: list[Path]) -> None:
    """Files into the box of the conversation."""
    page.locator("#box input[type=file]").set_input_files([str(path) for path in files])
    expect(page.get_by_role("button", name="Remove file")).to_have_count(len(files))


def go_to_step(page: Page, name: str) -> None:
    """Open one of the four steps: 'Recipe', 'Dataset', 'Plan', 'Launch & watch'."""
    page.locator("#steps").get_by_role("tab", name=re.compile(rf"{re.escape(name)}$")).click()


def add_folder(page: Page, folder: Path, count: int) -> None:
    """Choose a folder in the box of the dataset, until the gallery shows it and it was looked at."""
    page.locator("#dataset-upload input[webkitdirectory]").set_input_files(str(folder))
    expect(page.locator("#dataset-gallery .tile")).to_have_count(count)
    expect(page.locator("#dataset-charts")).to_be_visible()


def train_briefly(page: Page) -> None:
    """Set the plan's slider to the fewest steps."""
    steps = page.locator("#plan-steps input[type=range]")
    for _ in range(6):  # a page that is drawn anew in that moment puts the slider back
        steps.focus()
        steps.press("Home")
        try:  # among what is chosen otherwise than recommended
            expect(page.locator("#plan-head")).to_contain_text("steps", timeout=10_000)
            break
        except AssertionError:
            continue
    expect(steps).to_have_value(str(STEPS))


def approve(page: Page) -> None:
    """Yes to the card, which says what it costs."""
    expect(page.locator("#card-text")).to_contain_text("no charge")
    page.locator("#approve").click()
    expect(page.locator("#approve")).to_be_hidden()
    expect(page.locator("#announce [data-title]")).not_to_have_attribute("data-title", "")


def fetch(page: Page, button: str, folder: Path) -> Path:
    """Click a download button; the file as it arrived."""
    expect(page.locator(button)).to_be_visible(timeout=LONG)
    with page.expect_download() as saved:
        page.locator(button).click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    return path


def sound_lora(path: Path) -> dict[str, str]:
    """The metadata of a LoRA file whose every tensor can be read and is finite."""
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        assert names
        assert all(bool(file.get_tensor(name).isfinite().all()) for name in names)
        return dict(file.metadata() or {})


def newest_project(home: Path) -> ToolContext:
    """The project that was begun last in a workspace, for what is done or looked at from outside the window."""
    workspace = Workspace.open(home)
    with workspace.session() as session:
        project = session.scalars(select(Project).order_by(Project.created_at.desc()).limit(1)).one()
    return ToolContext(workspace, project.id, project.owner)


def trainings(context: ToolContext) -> list[Job]:
    """The training jobs of a project."""
    return [job for job in store.list_jobs(context.workspace, context.project_id) if job.task.endswith(":train")]


def plan_from_outside(page: Page, home: Path, pictures: Path, steps: int) -> ToolContext:
    """A plan for the page's project, made as another window or Slack would; the page comes to show it by itself."""
    context = newest_project(home)
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    trigger = get_project(context.workspace, context.project_id).trigger
    dataset = context.workspace.dataset_folder(context.project_id)
    manifest = add_files(dataset, [pictures])
    set_captions(dataset, {item.id: (f"{trigger}, a cat", "person") for item in manifest.items})
    audit_dataset(context, LookAtFiles())
    propose_plan(context, ProposePlan())
    change_plan(context, ChangePlan(steps=steps))
    go_to_step(page, "Plan")
    expect(page.locator("#plan-steps input[type=range]")).to_have_value(str(steps))
    return context


def ask_for_launch(page: Page) -> None:
    """Until the card is there."""
    press(page, "#launch", page.locator("#approve"))
