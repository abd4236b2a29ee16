"""The network goes away while somebody types, and comes back."""

from typing import Any

from playwright.sync_api import expect
from visitor import LONG, chat, ready, say, visit

from benchmarks.window_server import Server

WORDS = "what is overfitting?"


def test_what_was_typed_offline_is_kept_and_sent_later(server: Server, visitor: Any) -> None:
    page = visit(visitor, server.url)
    say(page, "I want to teach it my cartoon cat")
    expect(page.locator("#recipe-chosen")).to_contain_text("cat")
    visitor.set_offline(True)
    box = page.locator("#box textarea")
    box.fill(WORDS)
    box.press("Enter")
    lost = page.get_by_test_id("toast-body").filter(has_text="Connection to the server was lost")
    expect(lost).to_be_visible()
    expect(box).to_have_value(WORDS)
    visitor.set_offline(False)
    expect(lost).to_be_hidden(timeout=LONG)  # the page loads itself anew
    ready(page)
    expect(chat(page)).to_contain_text("my cartoon cat")
    expect(box).to_have_value(WORDS)
    box.press("Enter")
    expect(chat(page)).to_contain_text("Looking it up", timeout=LONG)
    expect(chat(page).get_by_text(WORDS)).to_have_count(1)
    expect(box).to_have_value("")
