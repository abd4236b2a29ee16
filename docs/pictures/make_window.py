"""Makes docs/pictures/window/*.png: the window as a person sees it, on the whole way from an empty project to a LoRA.

    python docs/pictures/make_window.py [--home FOLDER] [--out FOLDER] [--steps 150]

Everything on the pictures is real: a drawn character of mini's world, its audit, its captions, a training of mini on
this machine and its scores. One picture is handed over blurred and one twice, so that there is something to find. It
takes some minutes on two CPU cores. It needs Chromium (the variable CHROMIUM names another one).
"""

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
LARGEST = 150_000  # bytes of a picture
LONG = 1_800_000  # milliseconds in which a training and its scoring must be done
PICTURES = 22


def draw_set(folder: Path) -> Path:
    """Pictures of one drawn character, one of them blurred and one there twice."""
    from trainer_core.base_models.mini.world.character import random_character
    from trainer_core.base_models.mini.world.render import render_image
    from trainer_core.base_models.mini.world.scene import random_scene

    rng = np.random.default_rng(11)
    character = random_character(rng)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(PICTURES):
        scene = random_scene(rng, light="soft", shot="full" if number % 3 else "medium")
        picture = Image.fromarray(render_image(character, scene, size=512))
        if number == 4:
            picture = picture.filter(ImageFilter.GaussianBlur(9))
        picture.save(folder / f"pip-{number + 1:02}.png")
        if number == 7:
            picture.save(folder / "pip-08-copy.png", optimize=True)
    return folder


@contextmanager
def window_of(home: Path) -> Iterator[str]:
    """The window's address while it is open."""
    os.environ["SIDEKICK_MODEL"] = "guided"
    from agent.conversation import Conversation
    from agent.threads import threads_of
    from trainer_core.projects import Workspace
    from ui.window import build_window, launch_options
    from ui.window_sessions import Sessions

    workspace = Workspace.open(home)

    async def opener(
        workspace: Workspace, person: str = "you", thread_id: str | None = None, project_id: str | None = None
    ) -> Conversation:
        known = threads_of(workspace, person)  # a walk that was cut off goes on
        return await Conversation.open(workspace, person, thread_id or (known[0].id if known else None), project_id)

    sessions = Sessions(workspace, opener)
    window = build_window(sessions)
    _app, address, _share = window.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options(sessions)
    )
    yield address
    window.close()


class Camera:
    """Takes a page on light and on dark ground, and on a phone."""

    def __init__(self, page: Page, out: Path) -> None:
        self.page, self.out = page, out
        out.mkdir(parents=True, exist_ok=True)

    def take(self, name: str, *, phone: str = "") -> None:
        """`phone`: which side a phone shows, 'work' or 'talk'; without it there is no picture of a phone."""
        page = self.page
        page.mouse.move(0, 0)
        page.evaluate("window.scrollTo(0, 0)")
        for ground in ("light", "dark"):
            page.evaluate("dark => document.body.classList.toggle('dark', dark)", ground == "dark")
            self._keep(f"{name}-{ground}")
        page.evaluate("document.body.classList.remove('dark')")
        if phone:
            page.set_viewport_size(PHONE)
            page.locator(f"#bar button[data-side={phone}]").click()
            self._keep(f"{name}-phone")
            page.set_viewport_size(WIDE)

    def _keep(self, name: str) -> None:
        self.page.wait_for_timeout(900)  # for what moves: bars, folds, the chat's scrolling
        picture = Image.open(BytesIO(self.page.screenshot())).convert("RGB")
        for colours in (256, 128, 64, 32):
            picture.quantize(colours, dither=Image.Dither.NONE).save(self.out / f"{name}.png", optimize=True)
            if (self.out / f"{name}.png").stat().st_size < LARGEST:
                break
        print(f"{name}.png", (self.out / f"{name}.png").stat().st_size, flush=True)


def say(page: Page, words: str) -> None:
    """Type it and send it when nothing is under way."""
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)
    box = page.locator("#box textarea")
    box.fill(words)
    while box.input_value():
        box.press("Enter")
        page.wait_for_timeout(2000)


def at_stage(page: Page, name: str) -> None:
    """Wait until the project stands there and the sidekick has answered."""
    expect(page.locator("#stages .now")).to_have_text(name, timeout=LONG)
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)


def prepare(page: Page, camera: Camera, folder: Path, steps: int) -> None:
    """From an empty project to a plan, half by words and half by clicks."""
    camera.take("recipe", phone="work")
    say(page, "I want to teach it my cartoon girl")
    at_stage(page, "Files")
    page.locator("#dataset-upload input[webkitdirectory]").set_input_files(str(folder))
    expect(page.locator("#dataset-charts")).to_be_visible(timeout=LONG)
    say(page, "write the captions")
    at_stage(page, "Plan")
    page.locator("#dataset-charts button").first.click()  # folded, so that the gallery is seen
    page.locator("#dataset-gallery .tile").nth(1).click()
    expect(page.locator("#dataset-preview mark")).to_be_visible()
    camera.take("dataset", phone="work")
    page.locator("#dataset-on").click()
    page.locator("#plan-propose").click()
    at_stage(page, "Your yes")
    say(page, f"{steps} steps, please")
    expect(page.locator("#plan-steps input[type=range]")).to_have_value(str(steps), timeout=LONG)
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)
    camera.take("plan", phone="work")


def launch(page: Page, camera: Camera) -> None:
    """The card, and the yes to it."""
    page.locator("#plan-launch").click()
    expect(page.locator("#approve")).to_be_visible(timeout=LONG)
    camera.take("card", phone="talk")
    page.locator("#approve").click()
    at_stage(page, "Training")


def watch(page: Page, camera: Camera) -> None:
    """The training, the test clips as they come, and what came of it."""
    expect(page.locator("#watch-plot")).to_be_visible(timeout=LONG)
    camera.take("training", phone="work")
    expect(page.locator("#watch-samples video").nth(2)).to_be_visible(timeout=LONG)
    camera.take("scoring")
    at_stage(page, "Results")
    expect(page.locator("#report")).to_be_visible(timeout=LONG)
    say(page, "how did it turn out?")
    page.wait_for_timeout(3000)
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)
    camera.take("results", phone="work")


def tabs(page: Page, camera: Camera) -> None:
    """Studio with two clips, and every other tab."""
    open_tab(page, "Studio")
    page.locator("#studio-both").click()
    expect(page.locator("#studio-history .clips li")).not_to_have_count(0, timeout=LONG)
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)
    camera.take("studio", phone="work")
    open_tab(page, "Library")
    page.locator("#library-make-file").click()
    expect(page.locator("#library-file")).to_be_visible(timeout=LONG)
    expect(page.locator("#stop")).to_be_hidden(timeout=LONG)
    camera.take("library", phone="work")
    for name in ("People", "Settings"):
        open_tab(page, name)
        camera.take(name.lower())


def open_tab(page: Page, name: str) -> None:
    """One of the tabs beside Work."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(500)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="an empty workspace folder; a temporary one by default")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "window")
    parser.add_argument("--steps", type=int, default=150)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, window_of(given.home or Path(folder) / "home") as address:
        take_all(address, Path(folder), given.out, given.steps)


def take_all(address: str, folder: Path, out: Path, steps: int) -> None:
    """From an empty project to the last tab."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page: Any = browser.new_page(viewport=WIDE, reduced_motion="reduce")
        page.set_default_timeout(120_000)
        page.goto(address)
        expect(page.locator("#model")).to_contain_text(re.compile("guided"), timeout=120_000)
        camera = Camera(page, out)
        stage = page.locator("#stages .now").inner_text()
        if stage == "What to teach":
            prepare(page, camera, draw_set(folder / "pip"), steps)
            launch(page, camera)
        if stage != "Results":
            watch(page, camera)
        tabs(page, camera)
        browser.close()


if __name__ == "__main__":
    main()
