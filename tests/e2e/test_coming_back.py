"""A page that is reloaded, a server that is killed, and a network that goes away, in the middle of a training."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from visitor import (
    LONG,
    approve,
    ask_for_launch,
    chat,
    go_to_step,
    plan_from_outside,
    ready,
    say,
    trainings,
    visit,
)

from benchmarks.window_server import Server

STEPS = 40  # long enough for a server to come back meanwhile


@pytest.fixture
def own_server(browser: Any, tmp_path: Path) -> Iterator[Server]:
    """A window that a test may kill."""
    window = Server(tmp_path / "home").start()
    yield window
    window.stop()


def test_a_training_lives_through_reload_and_kill(own_server: Server, visitor: Any, pictures: Path) -> None:
    page = visit(visitor, own_server.url)
    context = plan_from_outside(page, own_server.home, pictures, STEPS)
    go_to_step(page, "Launch & watch")
    ask_for_launch(page)
    approve(page)
    page.reload()
    ready(page)
    expect(chat(page).get_by_text("Yes.", exact=True)).to_have_count(1)
    _at_work(page)
    (before,) = trainings(context)
    own_server.kill()
    own_server.start()
    page.reload()
    ready(page)
    expect(chat(page).get_by_text("Yes.", exact=True)).to_have_count(1)
    expect(page.locator("#download")).to_be_visible(timeout=LONG)
    (after,) = trainings(context)
    assert (after.id, after.attempt, after.pid) == (before.id, 1, before.pid)
    expect(page.locator("#model")).to_contain_text("guided model")
    say(page, "how is it going?")
    expect(chat(page)).to_contain_text("Looking at the training", timeout=LONG)


def _at_work(page: Page) -> None:
    expect(page.locator("#watch-progress [aria-current=step]")).to_contain_text("Training", timeout=LONG)
