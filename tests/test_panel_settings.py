"""The settings in the window: what they show and to whom, what a click keeps, and keys that never come back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from browsers import launch, open_page
from doubles import HOSTILE
from endpoint import serving

from tests import windows
from tests.rooms import new_context
from tools.context import ToolContext
from trainer_core.budgets import budgets_of, set_limit
from trainer_core.settings import SECRETS_FILE, change, in_force, read, set_secret
from trainer_core.settings_rules import SECRETS
from ui import words_settings as words
from ui.panels.panel import Clicks, Panel
from ui.panels.settings import build
from ui.panels.settings_data import Shown, load_settings, load_spent
from ui.panels.settings_fields import dropped, saved
from ui.panels.settings_money import limits_saved
from ui.settings_door import MAY_NOT

SECRET = "key-0123456789-abcdefgh-Zx4"


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*words.SETTINGS, "SLACK_API_URL"):
        if name != "SIDEKICK_EMBEDDING_MODEL":
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    return new_context(tmp_path_factory.mktemp("settings") / "home")


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path / "home")


@pytest.fixture(scope="module")
def panels() -> tuple[Panel, Panel]:
    with gr.Blocks():
        return build(Clicks())


class Asks(gr.Request):
    """A request of this person."""

    def __init__(self, person: str) -> None:
        super().__init__(username=person)


def test_what_is_set_is_shown_and_of_keys_only_their_end(context: ToolContext, panels: tuple[Panel, Panel]) -> None:
    now = load_settings(context)
    assert now == load_settings(context)  # nothing is drawn anew while nothing changes
    assert hash(now)  # gradio asks for it
    assert "guided model" in panels[0].draw(now)[1]
    home = context.workspace.home
    change({"OPENAI_BASE_URL": "http://localhost:11434/v1", "SIDEKICK_MODEL": "qwen3:8b"}, home)
    for name, kind in SECRETS.items():
        set_secret(name, kind.begins + SECRET, home)
    now = load_settings(context)
    drawn = panels[0].draw(now)
    assert len(drawn) == len(panels[0].outputs)
    assert "qwen3:8b" in drawn[1]
    assert "localhost" in drawn[1]
    assert "ends in …x4" in drawn[3]
    assert "slack.com" in drawn[4]
    assert SECRET not in repr(now) + repr(drawn[1:])


def test_what_the_environment_says_is_named_and_not_kept(context: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "gpt-4.1")
    now = load_settings(context)
    assert now.of("SIDEKICK_MODEL").origin == "environment"
    asks = Asks("you")
    assert not saved(now, asks, {"OPENAI_BASE_URL": "http://a/v1", "SIDEKICK_MODEL": "gpt-4.1"}, {}).failed
    assert read(context.workspace.home).kept.values == {"OPENAI_BASE_URL": "http://a/v1"}
    saved(now, asks, {"SIDEKICK_MODEL": "another"}, {})
    assert load_settings(context).of("SIDEKICK_MODEL").hidden == "another"


def test_whoever_has_signed_in_from_elsewhere_sees_and_changes_nothing(
    context: ToolContext, panels: tuple[Panel, Panel]
) -> None:
    home = context.workspace.home
    set_secret("OPENAI_API_KEY", SECRET, home)
    change({"SIDEKICK_DAILY_TOKENS": "4321"}, home)
    other = ToolContext(context.workspace, context.project_id, "web:anna")
    hers, mine = load_settings(other), load_settings(context)
    drawn = panels[0].draw(hers)
    assert drawn[1] == words.MAY_NOT
    assert "4321" not in repr(hers) + repr(drawn)
    for now in (hers, mine, None, "x", {"may": True}):
        asks = Asks("web:anna")
        assert saved(now, asks, {"SIDEKICK_DAILY_TOKENS": "1"}, {"OPENAI_API_KEY": "stolen-by-anna"}).text == MAY_NOT
        assert dropped(now, asks, ("OPENAI_API_KEY",)).text == MAY_NOT
        assert MAY_NOT in limits_saved(now, None, 5.0, asks)
    assert in_force(home)["OPENAI_API_KEY"] == SECRET
    assert in_force(home)["SIDEKICK_DAILY_TOKENS"] == "4321"
    with pytest.raises(PermissionError):
        saved(mine, Asks(""), {}, {})


@pytest.mark.parametrize("sent", [None, 5, [], {}, ["http://a"], b"x", HOSTILE, "file:///etc/passwd"])
def test_what_a_browser_sends_is_checked_again(context: ToolContext, sent: Any) -> None:
    now, asks = load_settings(context), Asks("you")
    done = saved(now, asks, {"OPENAI_BASE_URL": sent}, {})
    assert done.failed == (sent is not None)
    assert "<img" not in done.text
    assert read(context.workspace.home).kept.values == {}
    saved(now, asks, {}, {"OPENAI_API_KEY": sent})
    shown = limits_saved(now, sent, None, asks)
    assert (words.NOT_A_NUMBER in shown) == (sent is not None and not isinstance(sent, int))


def test_a_limit_is_set_by_the_same_door_as_the_command(context: ToolContext, panels: tuple[Panel, Panel]) -> None:
    now, asks = load_settings(context), Asks("you")
    assert words.NO_BUDGET in panels[1].draw(load_spent(context))[0]
    told = limits_saved(now, 20, 7.5, asks)
    assert "Your limit: At most $20.00" in told
    assert "Limit of this project: At most $7.50" in told
    assert limits_saved(now, 20, 7.5, asks) == words.AS_IT_WAS
    for odd in (-1, float("nan"), float("inf"), 1e12):
        assert "Nothing was changed" in limits_saved(now, odd, 7.5, asks)
    found = budgets_of(context.workspace, "you", context.project_id)
    assert [budget.limit for budget in found] == [20, 7.5]
    assert load_spent(context).limits == (("person", 20), ("project", 7.5))
    assert "Your budget: $20.00 of $20.00 left" in panels[1].draw(load_spent(context))[0]
    assert "Taken away" in limits_saved(now, None, 7.5, asks)
    set_limit(context.workspace, "person", "*", 3, "root")
    assert load_spent(context).limits[0] == ("person", None)  # that of everybody is not this person's own


def test_a_damaged_file_is_told(context: ToolContext, panels: tuple[Panel, Panel]) -> None:
    (context.workspace.home / SECRETS_FILE).write_text("{", encoding="utf-8")
    assert "cannot be read" in panels[0].draw(load_settings(context))[1]
    assert isinstance(load_settings(context), Shown)


@pytest.fixture(scope="module")
def address(shared: ToolContext) -> Iterator[str]:
    with windows.opened(shared.workspace, shared.project_id) as url:
        yield url


@pytest.mark.browser
def test_a_person_sets_a_model_tries_it_and_goes_back(shared: ToolContext, address: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    expect, shots = playwright.expect, os.environ.get("SIDEKICK_SCREENSHOTS")
    turns = [{"tool": "say_ready", "arguments": "{}"}, "Hello from the server."]
    with playwright.sync_playwright() as api, serving(turns) as server:  # type: ignore[arg-type]
        browser = launch(api)
        page = open_page(browser, viewport={"width": 1400, "height": 1000})
        page.goto(address)
        page.get_by_role("tab", name="Settings").click()
        expect(page.locator("#settings-who")).to_contain_text("guided model")
        page.locator("#settings-address input").fill("localhost:11434")
        page.locator("#settings-save-model").click()
        expect(page.locator("#settings-model-said")).to_contain_text("begins with http://")
        page.locator("#settings-address input").fill(server.url)
        page.locator("#settings-model input").fill("stub")
        page.locator("#settings-key input").fill(SECRET)
        page.locator("#settings-save-model").click()
        expect(page.locator("#settings-model-said")).to_contain_text("The key is kept, for 127.0.0.1")
        expect(page.locator("#settings-key input")).to_have_value("")
        expect(page.locator("#settings-key-state")).to_contain_text("ends in …x4")
        expect(page.locator("#settings-who")).to_contain_text("stub")
        page.locator("#settings-try").click()
        expect(page.locator("#settings-model-said")).to_contain_text("can call tools")
        page.locator("#box textarea").fill("hello")
        page.keyboard.press("Enter")
        expect(page.locator("#chat")).to_contain_text("Hello from the server.")
        assert [request["key"] for request in server.requests] == [f"Bearer {SECRET}"] * 2
        if shots:
            _look(page, shots)
        answer = page.request.get(f"{address}gradio_api/file={shared.workspace.home / SECRETS_FILE}")
        assert answer.status in (403, 404)
        assert SECRET not in page.content() + page.request.get(f"{address}config").text() + answer.text()
        page.locator("#settings-guided").click()
        expect(page.locator("#settings-who")).to_contain_text("guided model")
        expect(page.locator("#settings-key-state")).to_contain_text("not set")
        browser.close()


def _look(page: Any, folder: str) -> None:
    """Pictures for a person to look at."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"document.body.classList.toggle('dark', {str(scheme == 'dark').lower()})")
        page.wait_for_timeout(300)
        page.screenshot(path=f"{folder}/settings-{scheme}.png", full_page=True)
    page.evaluate("document.body.classList.remove('dark')")
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(500)
    page.screenshot(path=f"{folder}/settings-phone.png", full_page=True)
    page.set_viewport_size({"width": 1400, "height": 1000})
