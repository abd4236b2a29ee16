"""The window: what it shows, what it hides, what survives a reload, and a person's yes."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import launch, open_page
from doubles import HOSTILE, ScriptedConversation

from agent.events import Said, ToolFinished, ToolStarted
from tests.rooms import draw_pictures, new_context
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.dataset import AddFiles, add_files
from tools.recipes import ChooseRecipe, choose_recipe
from tools.registry import TOOLS
from tools.uploads import register
from trainer_core.projects import Workspace
from trainer_core.recipes import RecipeName
from ui.strings import TOOL_TITLES
from ui.window import build_window, launch_options
from ui.window_files import file_button
from ui.window_screen import Screen, card_markdown, markdown, progress_html, stages_html
from ui.window_sessions import Sessions

LOST = """text => {  // the update that empties the box is lost, as happens when the page is busy
  const box = document.querySelector("#box textarea");
  const put = () => { box.value = text; box.dispatchEvent(new Event("input", { bubbles: true })); };
  const again = setInterval(put, 20);
  setTimeout(() => clearInterval(again), 600);
}"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    ScriptedConversation.threads.clear()
    yield Workspace.open(tmp_path / "home")
    ScriptedConversation.threads.clear()


async def until_done(session) -> None:
    async for _ in session.updates():
        pass


def texts(screen: Screen) -> str:
    return "\n".join(str(message["content"]) for message in screen.messages)


def test_streamed_words_become_one_message() -> None:
    screen = Screen()
    for event in (
        Said(role="sidekick", text="Good ", final=False),
        Said(role="sidekick", text="morning", final=False),
        Said(role="sidekick", text="Good morning."),
        Said(role="sidekick", text="And now?"),
    ):
        screen.apply(event)
    assert [message["content"] for message in screen.messages] == ["Good morning.", "And now?"]


def test_a_tool_is_a_folded_thought_with_its_time() -> None:
    screen = Screen()
    screen.apply(ToolStarted(id="1", name="audit_dataset", arguments={"recipe": "face", "left_out": None}))
    assert screen.messages[0]["metadata"]["status"] == "pending"
    screen.apply(ToolFinished(id="1", name="audit_dataset", text="24 pictures", seconds=1.26))
    metadata = screen.messages[0]["metadata"]
    assert (metadata["title"], metadata["status"], metadata["duration"]) == ("Looking at your files", "done", 1.3)
    assert "recipe=face" in screen.messages[0]["content"]
    assert "24 pictures" in screen.messages[0]["content"]
    assert "left_out" not in screen.messages[0]["content"]


def test_text_from_files_is_never_markup() -> None:
    shown = markdown(HOSTILE + "\x1b[31m\u202e")
    assert "<" not in shown
    assert "![" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(markdown("a" * 100_000)) <= 20_000


def test_a_line_after_a_list_stands_alone() -> None:
    assert markdown("- one\n- two\nTime: short") == "- one\n- two\n\nTime: short"


def test_progress_and_stages_are_escaped_and_bounded() -> None:
    from agent.events import Progress

    shown = progress_html(Progress(job_id="1", text="<b>step</b>", fraction=3.0))
    assert "<b>" not in shown
    assert 'aria-valuenow="100"' in shown
    assert "<b>" not in progress_html(Progress(job_id="", text="<b>looking</b>"))
    assert progress_html(None) == ""
    assert stages_html("plan").count('class="done"') == 2
    assert stages_html("no such stage").count('class="now"') == 1
    assert card_markdown(None) == ""


def test_every_handler_is_private(workspace: Workspace) -> None:
    window = build_window(Sessions(workspace, ScriptedConversation.open))
    handlers = [handler for handler in window.fns.values() if handler.fn is not None]
    assert len(handlers) >= 6
    assert {handler.api_visibility for handler in handlers} == {"private"}
    assert window.get_api_info()["named_endpoints"] == {}


def test_only_what_runs_made_can_be_fetched(workspace: Workspace) -> None:
    options = launch_options(Sessions(workspace, ScriptedConversation.open))
    assert options["allowed_paths"] == [str(workspace.home / name) for name in ("runs", "pictures", "exports")]
    assert options["max_file_size"]


def test_what_the_audit_draws_can_be_shown(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun="cat"))
    upload = register(context.workspace, context.project_id, [draw_pictures(tmp_path / "pictures", 3)])
    add_files(context, AddFiles(uploads=[entry.id for entry in upload]))
    drawn = [context.workspace.home / path for path in audit_dataset(context, LookAtFiles()).pictures]
    options = launch_options(Sessions(context.workspace, ScriptedConversation.open))
    allowed = [Path(path) for path in options["allowed_paths"]]
    assert {path.stem for path in drawn} >= {"backgrounds", "contact_sheet"}
    assert all(path.is_file() and any(path.is_relative_to(folder) for folder in allowed) for path in drawn)


async def test_an_unknown_thread_becomes_a_new_conversation(workspace: Workspace) -> None:
    sessions = Sessions(workspace, ScriptedConversation.open)
    first = await sessions.get("thr_of_somebody_else", "you")
    assert first.conversation.thread_id != "thr_of_somebody_else"
    assert await sessions.get(first.conversation.thread_id, "you") is first
    assert await sessions.get({"not": "a thread"}, "you") is not first


async def test_a_reloaded_page_shows_everything_again(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, "you")
    session.send("use the tool", [])
    await until_done(session)
    again = await Sessions(workspace, ScriptedConversation.open).get(session.conversation.thread_id, "you")
    assert [m["content"] for m in again.screen.messages] == [m["content"] for m in session.screen.messages]


async def test_only_the_card_that_was_shown_can_be_approved(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, "you")
    conversation = ScriptedConversation.threads[session.conversation.thread_id]
    assert not session.decide("card_1", True)
    session.send("train it", [])
    await until_done(session)
    card = session.screen.card
    assert card is not None
    assert not session.decide("card_of_yesterday", True)
    assert not session.decide(None, True)
    assert conversation.decisions == []
    assert session.decide(card.id, True)
    assert not session.decide(card.id, True)  # a second click while the first is being worked on
    await until_done(session)
    assert conversation.decisions == [(card.id, True)]
    assert not session.decide(card.id, True)


async def test_progress_goes_on_without_a_page_and_ends_in_results(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, "you")
    session.send("train it", [])
    await until_done(session)
    assert session.screen.card is not None
    session.decide(session.screen.card.id, True)
    for _ in range(100):  # nobody reads session.updates()
        await asyncio.sleep(0.1)
        if session.results.lora:
            break
    assert session.results.lora is not None
    assert session.results.contact_sheet is not None
    assert session.screen.progress is not None
    assert session.screen.progress.fraction == 1.0
    assert session.screen.stage == "results"
    assert "Training is finished." in texts(session.screen)


async def test_a_defect_is_told_in_words_and_logged_without_a_trace_on_screen(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, "you")
    session.send("crash", [])
    await until_done(session)
    assert "Your conversation and your files are kept" in texts(session.screen)
    assert "secret detail" not in texts(session.screen)
    assert "ZeroDivisionError" in (workspace.home / "sidekick-errors.log").read_text()
    assert session.send("hello", [])
    await until_done(session)
    assert "You said: hello" in texts(session.screen)


async def test_two_turns_at_once_are_refused(workspace: Workspace) -> None:
    session = await Sessions(workspace, ScriptedConversation.open).get(None, "you")
    assert session.send("hello", [])
    assert not session.send("hello again", [])
    await until_done(session)
    assert "hello again" not in texts(session.screen)


async def test_the_real_sidekick_answers_in_the_window(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.conversation import Conversation

    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    session = await Sessions(workspace, Conversation.open).get(None, "you")
    session.send("I want to teach it my cartoon cat", [])
    await until_done(session)
    titles = [message.get("metadata", {}).get("title") for message in session.screen.messages]
    assert "Choosing the recipe" in titles
    assert session.screen.stage == "dataset"
    thread = session.conversation.thread_id
    await session.close()
    again = await Sessions(workspace, Conversation.open).get(thread, "you")
    assert texts(again.screen) == texts(session.screen)
    await again.close()


@pytest.fixture
def address(workspace: Workspace) -> Iterator[str]:
    sessions = Sessions(workspace, ScriptedConversation.open)
    window = build_window(sessions)
    _app, address, _share = window.launch(
        server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options(sessions)
    )
    yield address
    window.close()


def test_files_outside_the_runs_are_not_served(workspace: Workspace, address: str) -> None:
    import httpx

    run = workspace.run_folder("run_1") / "contact_sheet.png"
    run.write_bytes(b"picture")
    for secret in (workspace.home / "sidekick.db", Path("/etc/passwd"), workspace.home / "runs" / ".." / "sidekick.db"):
        assert httpx.get(f"{address}gradio_api/file={secret}").status_code in (403, 404), secret
    assert httpx.get(f"{address}gradio_api/file={run}").status_code == 200


def test_the_report_is_fetched(workspace: Workspace, address: str) -> None:
    import httpx

    report = workspace.run_folder("run_1") / "report.html"
    report.write_text("<html>scores</html>", encoding="utf-8")
    assert httpx.get(f"{address}gradio_api/file={report}").text == "<html>scores</html>"


def test_a_button_is_shown_for_what_may_be_fetched_only(workspace: Workspace) -> None:
    """Such as a LoRA that was added: offering a file that the server refuses would break the page."""
    made = workspace.run_folder("run_1") / "report.html"
    made.write_text("scores", encoding="utf-8")
    elsewhere = workspace.home / "added.safetensors"
    elsewhere.write_bytes(b"weights")
    leads_out = made.with_name("lora.safetensors")
    leads_out.symlink_to(elsewhere)
    assert file_button(made, workspace.home).visible
    for hidden in (elsewhere, leads_out, made.with_name("..") / ".." / elsewhere.name, None):
        button = file_button(hidden, workspace.home)
        assert not button.visible
        assert button.value is None


def test_every_tool_has_a_line_of_progress() -> None:
    assert set(TOOLS) <= set(TOOL_TITLES)


def test_the_handlers_cannot_be_called_from_outside(workspace: Workspace, address: str) -> None:
    from gradio_client import Client

    client = Client(address, verbose=False)
    for name in ("/send", "/approve", "/decide", "/load", "/look"):
        with pytest.raises(ValueError, match="Cannot find a function"):
            client.predict(api_name=name)


@pytest.mark.browser
def test_a_person_in_a_browser(workspace: Workspace, address: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    picture = tmp_path / "pip-01.png"
    from PIL import Image

    Image.new("RGB", (64, 64), "purple").save(picture)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = open_page(browser, viewport={"width": 1280, "height": 860})
        strangers: list[str] = []
        page.on("request", lambda request: strangers.append(request.url) if "127.0.0.1" not in request.url else None)
        page.set_default_timeout(20_000)
        page.goto(address)
        box = page.locator("#box textarea")
        chat = page.locator("#chat")

        def say(words: str) -> None:
            expect(page.locator("#box")).not_to_have_class(re.compile("generating"))
            box.fill(words)
            for _ in range(50):  # like a person whose message is not taken while an answer comes in
                box.press("Enter")
                page.wait_for_timeout(200)
                if not box.input_value():
                    return
            raise AssertionError(f"the window does not take {words!r}")

        say("hello there")
        expect(chat).to_contain_text("You said: hello there")
        box.fill("hello again")
        box.press("Enter")
        page.evaluate(LOST, "hello again")
        expect(chat).to_contain_text("You said: hello again")
        expect(box).to_have_value("")
        say("use the tool")
        expect(chat).to_contain_text("I looked at your files.")
        expect(chat).to_contain_text("Looking at your files")
        say("hostile words")
        expect(chat).to_contain_text("onerror")
        assert page.title() == "Sidekick"
        page.locator("#box input[type=file]").set_input_files(str(picture))
        expect(page.get_by_role("button", name="Remove file")).to_be_visible()
        say("here is a picture")
        expect(chat).to_contain_text("pip-01.png")

        expect(page.locator("#approve")).to_be_hidden()
        say("train it")
        expect(page.locator("#approve")).to_be_visible()
        expect(page.locator("#card-text")).to_contain_text("no charge")
        page.reload()
        expect(chat).to_contain_text("You said: hello there")
        page.locator("#approve").click()
        expect(chat).to_contain_text("It is running.")
        expect(page.locator("#approve")).to_be_hidden()
        expect(page.locator("#progress")).to_contain_text("step")
        page.reload()
        expect(page.locator("#download")).to_be_visible()
        expect(page.locator("#sheet img")).to_be_visible()
        with page.expect_download() as saved:
            page.locator("#download").click()
        assert saved.value.suggested_filename.endswith(".safetensors")
        expect(page.locator("#stages .now")).to_have_text("Results")
        page.wait_for_timeout(1500)
        calls: list[str] = []  # of gradio: each makes the page walk over all of its components
        page.on("request", lambda request: calls.append(request.url) if "queue/join" in request.url else None)
        page.wait_for_timeout(2500)
        assert calls == [], "a page on which nothing is new must lie still"
        shot = os.environ.get("SIDEKICK_SCREENSHOT")
        if shot:
            page.screenshot(path=shot)
        page.locator("#new").click()
        expect(chat).not_to_contain_text("You said: hello there")
        browser.close()
    conversation = next(c for c in ScriptedConversation.threads.values() if c.events)
    assert len(conversation.decisions) == 1
    assert any(re.match(r"pip-01.*\.png", name) for name in conversation.uploads)
    assert strangers == [], "the window must not fetch anything from elsewhere"
