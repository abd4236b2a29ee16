"""What a person takes back: a training that is stopped and goes on, a question that is asked again or otherwise."""

from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError, expect
from visitor import LONG, approve, ask_for_launch, chat, go_to_step, part, plan_from_outside, say, trainings, visit

from benchmarks.window_server import Server
from trainer_core.training.checkpoints import load_latest
from trainer_core.training.run import read_plan
from ui.handlers import BUSY

STEPS = 20


def test_a_training_is_stopped_and_goes_on(server: Server, visitor: Any, pictures: Path) -> None:
    page = visit(visitor, server.url)
    context = plan_from_outside(page, server.home, pictures, STEPS)
    go_to_step(page, "Launch & watch")
    ask_for_launch(page)
    approve(page)
    expect(page.locator("#watch-progress [aria-current=step]")).to_contain_text("Training", timeout=LONG)
    page.locator("#cancel").click()
    expect(page.locator("#watch-progress")).to_contain_text("Cancelled", timeout=LONG)
    (stopped,) = trainings(context)
    ask_for_launch(page)
    expect(page.locator("#card-text")).to_contain_text("Go on with this training?")
    approve(page)
    expect(page.locator("#download")).to_be_visible(timeout=LONG)
    first, second = trainings(context)
    assert first.run_id == second.run_id
    assert {first.id, second.id} > {stopped.id}
    folder = context.workspace.run_folder(stopped.run_id or "")
    state, _notes = load_latest(folder / "checkpoints", read_plan(context.workspace, stopped.arguments["plan_id"]))
    assert state is not None
    assert state.step == STEPS
    page.locator("#cancel").click()  # the scoring is looked at in another test


def test_a_click_while_the_sidekick_speaks_is_taken_when_it_is_done(server: Server, visitor: Any) -> None:
    page = visit(visitor, server.url)
    page.get_by_label("What is it?").fill("cat")
    say(page, "what can you do?")
    page.locator("#recipe-character").click()
    expect(part(page, "#stages .now", "Files")).to_be_visible()
    expect(page.get_by_test_id("toast-body").filter(has_text=BUSY)).to_have_count(0)


def test_a_question_is_asked_again_and_then_otherwise(server: Server, visitor: Any) -> None:
    page = visit(visitor, server.url)
    say(page, "what is a trigger word?")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    before = "The trigger word is the name that calls up what was learned"
    expect(chat(page)).to_contain_text(before)
    page.get_by_role("button", name="Retry").last.click()
    expect(chat(page).get_by_text("what is a trigger word?", exact=True)).to_have_count(1)
    _write_over(page, "what is rank?")
    chat(page).get_by_role("button", name="Submit").click()
    expect(chat(page).get_by_text("what is rank?", exact=True)).to_be_visible()
    expect(chat(page).get_by_text("what is a trigger word?", exact=True)).to_have_count(0)
    expect(chat(page)).not_to_contain_text(before)


def _write_over(page: Any, words: str) -> None:
    """Open the last question for writing; while an answer still comes in, it closes again."""
    for _ in range(20):
        page.get_by_role("button", name="Edit").last.click()
        try:
            chat(page).locator("textarea").fill(words, timeout=3_000)
            expect(chat(page).locator("textarea")).to_have_value(words, timeout=3_000)
            page.wait_for_timeout(1_500)  # longer than the page's own look at what is new
            expect(chat(page).locator("textarea")).to_have_value(words, timeout=100)
            return
        except (AssertionError, TimeoutError):
            continue
    raise AssertionError("the question cannot be written over")
