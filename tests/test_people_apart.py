"""People of one window see nothing of each other but what was shared: threads, pages, uploads, files, projects."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import launch, open_page
from people_rooms import ANNA, BEN, CLEO, PASSWORD, QUEUE, House, fetched, opened, say, thread_of, upload

from agent.conversation import Conversation
from tools.uploads import uploads_of
from trainer_core import sharing
from trainer_core.projects import Project, Workspace, create_project, new_id
from trainer_core.sharing import Role
from ui.people_access import Access, Way
from ui.people_door import FILES
from ui.window_session import Session
from ui.window_sessions import Sessions


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield from opened(tmp_path_factory.mktemp("people"), Access(Way.SIGN_IN))


def test_a_stolen_thread_id_opens_a_conversation_of_one_s_own(house: House) -> None:
    thread = thread_of(house, ANNA, house.project(ANNA).project_id)
    with house.client(ANNA) as anna, house.client(BEN) as ben:
        assert "character" in say(anna, thread, "which recipes are there?")
        assert thread in say(anna, thread, "hello")
        told = say(ben, thread, "hello")
    assert thread not in told
    assert "which recipes" not in told


def test_a_page_belongs_to_one_person(house: House) -> None:
    thread, page = thread_of(house, ANNA, house.project(ANNA).project_id), new_id("page")
    with house.client(ANNA) as anna, house.client(BEN) as ben:
        assert "process_completed" in say(anna, thread, "hello", page=page)
        assert "somebody else" in say(ben, thread, "hello", page=page)
        assert ben.get(f"{QUEUE}/data", params={"session_hash": page}).status_code == 403
        assert ben.get(f"/gradio_api/heartbeat/{page}").status_code == 403


def test_what_is_new_is_told_to_whose_conversation_it_is(house: House) -> None:
    thread = thread_of(house, ANNA, house.project(ANNA).project_id)
    with house.client(ANNA) as anna, house.client(BEN) as ben, house.client() as nobody:
        before = anna.get("/fresh", params={"thread": thread}).json()["mark"]
        assert before
        assert anna.get("/fresh", params={"thread": thread}).json()["mark"] == before
        assert ben.get("/fresh", params={"thread": thread}).json() == {"mark": None}
        assert nobody.get("/fresh", params={"thread": thread}).status_code == 401
        assert anna.get("/fresh").json() == anna.get("/fresh", params={"thread": "../x"}).json() == {"mark": None}
        say(anna, thread, "hello")
        assert anna.get("/fresh", params={"thread": thread}).json()["mark"] != before


def test_an_upload_is_of_whoever_uploaded_it(house: House) -> None:
    project = house.project(BEN)
    thread = thread_of(house, BEN, project.project_id)
    with house.client(ANNA) as anna, house.client(BEN) as ben:
        path = upload(anna)
        assert fetched(anna, path) == 200
        assert fetched(ben, path) == 403
        say(ben, thread, "here is my picture", (path,))
        assert uploads_of(house.workspace, project.project_id) == []
        assert upload(ben) == path  # the same file, now also Ben's
        say(ben, thread, "here is my picture", (path,))
    assert [entry.name for entry in uploads_of(house.workspace, project.project_id)] == ["pip.png"]


def test_files_are_for_people_who_see_their_project(house: House) -> None:
    context, workspace = house.project(ANNA), house.workspace
    made = [
        workspace.pictures_folder(context.project_id) / "a.png",
        workspace.exports_folder(context.project_id, "lora_1") / "a.safetensors",
        workspace.run_folder(f"run_{context.project_id}") / "a.png",
    ]
    for file in made:
        file.write_bytes(b"made")
    private = workspace.dataset_folder(context.project_id) / "a.png"
    private.write_bytes(b"handed over")
    led_out = made[0].with_name("link.png")
    led_out.symlink_to(private)
    loose = workspace.run_folder("run_of_nobody") / "a.png"
    loose.write_bytes(b"of no project")
    _made, code = sharing.invite(workspace, context.project_id, Role.LOOK, ANNA)
    with house.client(ANNA) as anna, house.client(BEN) as ben, house.client(CLEO) as cleo:
        sharing.accept(workspace, code, BEN)
        for file in made:
            assert [fetched(each, file) for each in (anna, ben, cleo)] == [200, 200, 403], file
            odd = str(file).replace(context.project_id, f"x/../{context.project_id}")
            assert fetched(cleo, odd) in (403, 404)
        for secret in (private, led_out, loose, workspace.home / "sidekick.db", made[0].parent, "/etc/passwd"):
            assert fetched(anna, secret) == 403, secret
        assert cleo.get(f"/gradio_api/file/{made[0]}").status_code == 404
        assert anna.get(f"{FILES}https://example.com/x.png").status_code == 403
        assert anna.get(f"{FILES}{made[0]}", headers={"Range": "bytes=0-1"}).content == b"ma"


async def test_who_is_taken_out_sees_nothing_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODEL", "guided")
    workspace = Workspace.open(tmp_path)
    project = create_project(workspace, "Pip", ANNA)
    sessions = Sessions(workspace, Conversation.open)
    _made, code = sharing.invite(workspace, project.id, Role.LOOK, ANNA)
    sharing.accept(workspace, code, BEN)
    guest = await sessions.about(project.id, BEN)
    thread = guest.conversation.thread_id
    assert await sessions.get(thread, BEN) is guest
    assert await sessions.latest(None, BEN) is guest  # on another device
    assert (await sessions.get(thread, ANNA)).conversation.thread_id != thread
    assert await refused(guest, "choose_recipe", {"recipe": "character"})
    assert await refused(guest, "launch_training", {})
    assert guest.send("I want to teach it my cartoon cat", [])
    assert "to look at" in await words_of(guest)
    with workspace.session() as session:
        row = session.get(Project, project.id)
        assert row is not None
        assert row.recipe is None
    sharing.remove_member(workspace, project.id, BEN, ANNA)
    assert (await sessions.get(thread, BEN)).conversation.project_id != project.id
    with pytest.raises(LookupError):
        await sessions.about(project.id, BEN)
    with pytest.raises(LookupError):
        await sessions.about(project.id, CLEO)
    await sessions.close()


async def words_of(session: Session) -> str:
    async for _ in session.updates():
        pass
    return json.dumps(session.screen.messages)


async def refused(session: Session, tool: str, arguments: dict[str, Any]) -> bool:
    assert session.act(tool, arguments)
    return "to look at, so nothing was changed or started" in await words_of(session)


@pytest.mark.browser
def test_two_people_in_their_browsers(house: House) -> None:
    """Anna shares her project, Ben comes in by the code and looks; nothing that the page needs is held back."""
    from playwright.sync_api import Page, expect, sync_playwright

    complaints: list[str] = []
    thread_of(house, ANNA, house.project(ANNA).project_id)  # where Anna was last

    def enter(page: Page, name: str) -> None:
        page.on(
            "console", lambda told: complaints.append(told.text) if "Content Security Policy" in told.text else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)) if "unsafe" in str(error) else None)
        page.goto(house.address)
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("button")
        expect(page.locator("#box textarea")).to_be_visible()
        page.get_by_role("tab", name="People").click()
        expect(page.locator("#people-about")).to_contain_text(name.title())

    def told(page: Page, words: str) -> None:
        expect(page.locator("#people-told")).to_contain_text(words)

    with sync_playwright() as playwright:
        browser = launch(playwright)
        anna, ben = (open_page(browser, viewport={"width": 1280, "height": 900}) for _ in range(2))
        enter(anna, "anna")
        anna.click("#people-invite")
        told(anna, "join-")
        code = re.search(r"join(-\w{5}){5}", anna.locator("#people-told").inner_text())
        assert code is not None
        enter(ben, "ben")
        ben.fill("#people-code input, #people-code textarea", code[0])
        ben.click("#people-join")
        told(ben, "You are in Pip now")
        for tab in ("Studio", "Library", "Work"):
            anna.get_by_role("tab", name=tab, exact=True).click()
        shots = os.environ.get("SIDEKICK_SCREENSHOTS")
        if shots:
            ben.screenshot(path=f"{shots}/people.png", full_page=True)
            ben.emulate_media(color_scheme="dark")
            ben.set_viewport_size({"width": 390, "height": 844})
            ben.screenshot(path=f"{shots}/people-phone-dark.png", full_page=True)
        ben.click("#people-leave button")
        expect(ben.locator("#password")).to_be_visible()
        browser.close()
    assert [told for told in complaints if "Content Security Policy" in told] == []
