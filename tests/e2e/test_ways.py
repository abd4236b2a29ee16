"""From an empty workspace to a downloaded LoRA: by clicks alone, by words alone, and mixed. Everything is real."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from visitor import (
    LONG,
    add_folder,
    approve,
    chat,
    fetch,
    go_to_step,
    hand_over,
    newest_project,
    part,
    press,
    say,
    sound_lora,
    train_briefly,
    trainings,
    visit,
)

from benchmarks.window_server import Server


def test_by_clicks_alone(server: Server, visitor: Any, pictures: Path, tmp_path: Path) -> None:
    page = visit(visitor, server.url)
    page.get_by_label("What is it?").fill("cat")
    press(page, "#recipe-character", part(page, "#stages .now", "Files"))  # its step opens by itself
    expect(page.locator("#dataset-upload")).to_be_visible()
    add_folder(page, pictures, 10)
    press(page, "#dataset-write", part(page, "#dataset-head", "The next step is the plan"))
    go_to_step(page, "Plan")
    press(page, "#plan-propose", page.locator("#plan-values"))
    train_briefly(page)
    press(page, "#plan-launch", page.locator("#approve"))
    approve(page)
    go_to_step(page, "Launch & watch")
    expect(page.locator("#watch-progress")).to_contain_text(re.compile("Training|Scoring"))
    metadata = sound_lora(fetch(page, "#download", tmp_path))
    page.get_by_role("tab", name="Library").click()
    press(page, "#library-make-file", page.locator("#library-file"))
    exported = fetch(page, "#library-file", tmp_path)
    assert sound_lora(exported) != {}
    assert metadata
    _stop_scoring(page)


def test_by_words_alone(server: Server, visitor: Any, pictures: Path, tmp_path: Path) -> None:
    page = visit(visitor, server.url)
    say(page, "I want to teach it my cartoon cat")
    expect(chat(page)).to_contain_text("Choosing the recipe")
    hand_over(page, sorted(pictures.iterdir()))
    say(page, "Here are my pictures")
    expect(chat(page)).to_contain_text("Looking at your files", timeout=LONG)
    say(page, "write the captions")
    expect(chat(page)).to_contain_text("Writing captions", timeout=LONG)
    say(page, "make a plan, please")
    expect(chat(page)).to_contain_text("Making a plan", timeout=LONG)
    say(page, "just 10 steps please, this is only a test")
    expect(chat(page)).to_contain_text("Changing the plan", timeout=LONG)
    say(page, "start the training")
    expect(page.locator("#card-text")).to_contain_text("no charge", timeout=LONG)
    say(page, "yes")
    expect(page.locator("#approve")).to_be_hidden()
    sound_lora(fetch(page, "#download", tmp_path))
    say(page, "stop it")
    expect(chat(page)).to_contain_text("Stopping the training", timeout=LONG)


def test_half_by_words_half_by_clicks(server: Server, visitor: Any, pictures: Path, tmp_path: Path) -> None:
    """And with all of it: what came of it is scored, shown and announced."""
    page = visit(visitor, server.url)
    say(page, "I want to teach it my cartoon cat")
    expect(page.locator("#recipe-chosen")).to_contain_text("cat")
    add_folder(page, pictures, 10)
    say(page, "write the captions")
    expect(page.locator("#dataset-head")).to_contain_text("The next step is the plan")
    say(page, "make a plan, please")
    expect(page.locator("#plan-values")).to_be_visible(timeout=LONG)
    say(page, "only 10 steps, please")
    expect(page.locator("#plan-steps input[type=range]")).to_have_value("10", timeout=LONG)
    press(page, "#plan-launch", page.locator("#approve"))
    approve(page)
    assert len(trainings(newest_project(server.home))) == 1
    sound_lora(fetch(page, "#download", tmp_path))
    expect(page.locator("#report")).to_be_visible(timeout=LONG)
    expect(page.locator("#sheet img")).to_be_visible()
    expect(page).to_have_title(re.compile("Done"))
    report = fetch(page, "#report", tmp_path).read_text(encoding="utf-8")
    assert "<html" in report
    say(page, "how did it turn out?")
    expect(chat(page)).to_contain_text("Reading the scorecard", timeout=LONG)


def _stop_scoring(page: Any) -> None:
    """The LoRA is there; what comes after it is looked at in another test."""
    page.get_by_role("tab", name="Work").click()
    go_to_step(page, "Launch & watch")
    if page.locator("#cancel").is_visible():
        page.locator("#cancel").click()
        expect(page.locator("#cancel")).to_be_hidden(timeout=LONG)
