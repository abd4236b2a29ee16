"""Two people who sign in: each has their own project, until one shows hers to the other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from visitor import SOON, chat, part, press, ready, say

from benchmarks.window_server import Server
from trainer_core.people import add_person
from trainer_core.projects import Workspace

PASSWORD = "correct horse battery staple"


@pytest.fixture
def shared_server(browser: Any, tmp_path: Path) -> Iterator[Server]:
    """A window for Anna and Ben."""
    workspace = Workspace.open(tmp_path / "home")
    for name in ("anna", "ben"):
        add_person(workspace, name, PASSWORD)
    workspace.engine.dispose()
    window = Server(tmp_path / "home").start()
    yield window
    window.stop()


def test_each_sees_their_own_until_it_is_shared(shared_server: Server, browser: Any) -> None:
    anna, ben = (browser.new_context(viewport={"width": 1400, "height": 900}).new_page() for _ in range(2))
    _sign_in(anna, shared_server.url, "anna", "wrong password")
    expect(anna.get_by_role("alert")).to_contain_text("do not fit together")
    _sign_in(anna, shared_server.url, "anna", PASSWORD)
    ready(anna)
    say(anna, "I want to teach it my cartoon cat")
    expect(anna.locator("#recipe-chosen")).to_contain_text("cat")
    _sign_in(ben, shared_server.url, "ben", PASSWORD)
    ready(ben)
    expect(ben.locator("#recipe-chosen")).not_to_contain_text("cat")
    expect(chat(ben)).not_to_contain_text("my cartoon cat")

    anna.get_by_role("tab", name="People").click()
    press(anna, "#people-invite", part(anna, "#people-told", "join-"))
    code = re.search(r"join(-\w{5}){5}", anna.locator("#people-told").inner_text())
    assert code is not None
    ben.get_by_role("tab", name="People").click()
    ben.locator("#people-code").get_by_role("textbox").fill(code[0])
    press(ben, "#people-join", ben.locator("#people-told:visible"))
    expect(anna.locator("#people-members")).to_be_visible()
    for page in (anna, ben):
        page.context.close()


def _sign_in(page: Page, url: str, name: str, password: str) -> None:
    page.set_default_timeout(SOON)
    page.goto(url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
