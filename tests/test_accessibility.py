"""Every step and tab of the window, on light and dark: axe finds nothing serious, and the keyboard gets everywhere."""

import os
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from lora_rooms import add_run, score

from tests import browsers, windows
from tests.rooms import planned_room

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
PLACE = """() => {
  const at = document.activeElement, part = at.closest("#stages, #steps, #work, #side"), style = getComputedStyle(at);
  const seen = style.outlineStyle !== "none" || style.boxShadow !== "none" || Boolean(at.closest("#box"));
  return [part ? part.id : "", seen, at.outerHTML.slice(0, 200)];
}"""
STEPS = ("Recipe", "Dataset", "Plan", "Launch & watch")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page on a project with files, a plan and two scored runs."""
    from playwright.sync_api import expect, sync_playwright

    room = planned_room(tmp_path_factory.mktemp("window") / "home")
    for number in (0, 1):
        score(room, *add_run(room, number, steps=200 + number), [0.6, 0.7 + number / 10])

    with (
        pytest.MonkeyPatch.context() as settings,
        sync_playwright() as playwright,
        windows.opened(room.workspace, room.project_id) as address,
    ):
        settings.setenv("SIDEKICK_MODEL", "guided")
        browser = browsers.launch(playwright)
        opened = browsers.open_page(browser, viewport={"width": 1360, "height": 900}, reduced_motion="reduce")
        opened.goto(address)
        expect(opened.locator("#model")).to_contain_text("guided model")
        opened.add_style_tag(
            content="*, *::before, *::after { transition: none !important; }"
        )  # colours are there at once
        opened.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        yield opened
        browser.close()


def found(page: Any, options: dict[str, Any]) -> list[str]:
    """What axe finds that is serious or critical: the rule, and the first places of it."""
    result = page.evaluate("options => axe.run(document, options)", options)
    grave = [each for each in result["violations"] if each["impact"] in GRAVE]
    return [f"{each['id']}: {node['target']} {node['html'][:160]}" for each in grave for node in each["nodes"][:4]]


def look(page: Any) -> list[str]:
    """Everything on light ground, contrast on dark too."""
    page.wait_for_timeout(700)
    told = found(page, RULES)
    page.evaluate("document.body.classList.add('dark')")
    page.wait_for_timeout(300)
    told += [f"dark: {each}" for each in found(page, CONTRAST)]
    page.evaluate("document.body.classList.remove('dark')")
    shot = os.environ.get("SIDEKICK_SCREENSHOTS")
    if told and shot:
        browsers.keep_picture(page, "accessibility")
    return told


@pytest.mark.parametrize("number", range(len(STEPS)), ids=STEPS)
def test_a_step(page: Any, number: int) -> None:
    page.get_by_role("tab", name="Work", exact=True).click()
    page.locator("#steps .step-button").nth(number).click()
    if STEPS[number] == "Dataset":
        page.locator("#dataset-gallery .tile").first.click()
        page.locator("#dataset-preview mark").wait_for()
    told = look(page)
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", ["Studio", "Library", "People", "Settings"])
def test_a_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    told = look(page)
    assert not told, "\n".join(told)


def test_the_conversation_and_its_card(page: Any) -> None:
    page.get_by_role("tab", name="Work", exact=True).click()
    page.locator("#steps .step-button").nth(2).click()
    page.locator("#plan-launch").click()
    page.locator("#approve").wait_for(timeout=180_000)  # the first card loads what training needs
    told = look(page)
    assert not told, "\n".join(told)


def test_on_a_phone(page: Any) -> None:
    """One side at a time, nothing wider than the screen, and the card within reach from both."""
    page.set_viewport_size({"width": 390, "height": 844})
    for side in ("talk", "work"):
        page.locator(f"#bar button[data-side={side}]").click()
        page.wait_for_timeout(500)
        assert page.locator("#approve").is_visible() == (side == "talk")
        assert page.locator("#steps").is_visible() == (side == "work")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        told = found(page, RULES)
        assert not told, "\n".join(told)
    assert "needs your yes" in page.locator("#bar").inner_text()
    page.set_viewport_size({"width": 1360, "height": 900})


def test_the_keyboard_gets_everywhere_and_is_seen(page: Any) -> None:
    """From the top on: stages, tabs, steps, the work, then the conversation; each with an outline that shows."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.locator("#steps .step-button").first.click()  # the step with the fewest controls
    page.locator("#title").click()
    places: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        where, outlined, words = page.evaluate(PLACE)
        assert outlined or not where, f"the keyboard's place is not seen: {words}"
        if where and where not in places:
            places.append(where)
        if where == "side":
            break
    assert places[0] == "stages"
    assert places[-1] == "side"
