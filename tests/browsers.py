"""The browser of the tests: where it is, and what is said where there is none."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 90_000  # milliseconds
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The path of Chromium: CHROMIUM, else the first that is installed.

    Without one the test is skipped; in a build (CI is set) it fails instead, for there the window must be tried.
    """
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    where = f"at {named}" if named else "on this machine"
    words = f"There is no Chromium {where}. Install it (Debian: apt install chromium) or set CHROMIUM to its path."
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{words} In a build the window must be tried in a browser.")
    pytest.skip(words)


def launch(playwright: Any) -> Any:
    """Chromium without a window; it asks nobody else anything. What is expected may take a while: machines are busy."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    return playwright.chromium.launch(executable_path=chromium(), args=QUIET)


def open_page(browser: Any, **options: Any) -> Any:
    """A new page on which a click, too, may take a while."""
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE)
    return page


def keep_picture(page: Any, name: str) -> None:
    """A picture of a page that a test failed on, in the folder that SIDEKICK_SCREENSHOTS names."""
    folder = os.environ.get("SIDEKICK_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
