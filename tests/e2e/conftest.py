"""One window for all tests of a process, one browser for each file: while it is open, no asynchronous test can run.

Each test is a visitor of its own: a new conversation.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import chromium, keep_picture, launch
from rooms import draw_pictures

from benchmarks.window_server import Server

HERE = Path(__file__).parent
PICTURES = 10  # the fewest that can be trained on


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them drive a browser and take a minute: make test-thorough."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The window that most tests share."""
    chromium()
    window = Server(tmp_path_factory.mktemp("window") / "home").start()
    yield window
    window.stop()


@pytest.fixture
def visitor(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A browser's context: nothing is remembered of other visitors."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    yield context
    for number, page in enumerate(context.pages):
        keep_picture(page, f"{request.node.name}-{number}")
    context.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures."""
    return draw_pictures(tmp_path_factory.mktemp("drawn") / "cats", PICTURES)
