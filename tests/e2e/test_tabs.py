"""Two tabs of one conversation, a yes that is given twice, and a training that is taken back."""

import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from visitor import LONG, ask_for_launch, chat, go_to_step, plan_from_outside, press, say, trainings, visit

from benchmarks.window_server import Server
from trainer_core.jobs import store

SECONDS_BEHIND = 5.0  # about one on a quiet machine
THREE_CLICKS = "() => { for (let time = 0; time < 3; time++) document.querySelector('#approve')?.click(); }"
LONG_TRAINING = 200  # steps; it is cancelled


def test_two_tabs_show_the_same(server: Server, visitor: Any) -> None:
    one, two = visit(visitor, server.url), visit(visitor, server.url)
    say(one, "I want to teach it my cartoon cat")
    expect(one.locator("#recipe-chosen")).to_contain_text("cat")
    begun = time.monotonic()
    expect(chat(two)).to_contain_text("my cartoon cat")
    expect(two.locator("#recipe-chosen")).to_contain_text("cat")
    assert time.monotonic() - begun < SECONDS_BEHIND
    go_to_step(two, "Recipe")
    press(two, "#recipe-style", two.locator("#recipe-chosen").filter(has_text="style"))
    expect(one.locator("#recipe-chosen")).to_contain_text("style")


def test_a_yes_in_both_tabs_and_twice_is_one_training(server: Server, visitor: Any, pictures: Path) -> None:
    one = visit(visitor, server.url)
    context = plan_from_outside(one, server.home, pictures, LONG_TRAINING)
    two = visit(visitor, server.url)
    for page in (one, two):
        go_to_step(page, "Launch & watch")
    ask_for_launch(one)
    expect(two.locator("#approve")).to_be_visible()
    for page in (one, two):
        page.evaluate(THREE_CLICKS)
    for page in (one, two):
        expect(page.locator("#approve")).to_be_hidden(timeout=LONG)
        expect(page.locator("#cancel")).to_be_visible(timeout=LONG)
    assert len(trainings(context)) == 1
    expect(chat(one).get_by_text("Yes.", exact=True)).to_have_count(1)
    _cancel(two)
    expect(one.locator("#watch-progress")).to_contain_text("Cancelled")
    assert {job.state for job in store.list_jobs(context.workspace, context.project_id)} == {store.State.CANCELLED}
    expect(one.locator("#launch")).to_be_enabled()


def _cancel(page: Page) -> None:
    """While it trains."""
    expect(page.locator("#watch-progress [aria-current=step]")).to_contain_text("Training", timeout=LONG)
    press(page, "#cancel", page.locator("#watch-progress").filter(has_text="Cancelled"))
