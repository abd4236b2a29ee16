"""A real window with people who sign in, for tests of who sees what."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.conversation import Conversation
from agent.threads import open_thread
from tools.context import ToolContext
from trainer_core import people
from trainer_core.people_tables import Person
from trainer_core.projects import PlanRow, Run, Workspace, create_project, new_id
from ui.people_access import Access
from ui.people_door import FILES, UPLOAD
from ui.people_guard import COOKIE
from ui.window import build_window, launch_options
from ui.window_sessions import Sessions

ANNA, BEN, CLEO, YOU = "web:anna", "web:ben", "web:cleo", "you"
PASSWORD = "a long enough password"
QUEUE = "/gradio_api/queue"


@dataclass(frozen=True)
class House:
    """A window that is open, and what is behind it."""

    workspace: Workspace
    sessions: Sessions
    address: str

    def client(self, person: str | None = None, **headers: str) -> httpx.Client:
        """A browser in which this person is signed in, or nobody."""
        cookies = {COOKIE: people.sign_in(self.workspace, person)} if person else {}
        return httpx.Client(base_url=self.address, cookies=cookies, headers=headers, timeout=30)

    def project(self, owner: str) -> ToolContext:
        """A new project of theirs, with a run."""
        context = ToolContext(self.workspace, create_project(self.workspace, "Pip", owner).id, owner)
        plan = PlanRow(id=new_id("plan"), project_id=context.project_id, body={}, fingerprint="f" * 64)
        with self.workspace.session() as session:
            session.add(plan)
            session.flush()
            session.add(Run(id=f"run_{context.project_id}", project_id=context.project_id, plan_id=plan.id))
        return context


def quick_hash(password: str) -> str:
    """As trainer_core.passwords keeps it, for so little work that tests are quick."""
    digest = hashlib.scrypt(password.encode(), salt=b"salt", n=2**4, r=8, p=1, dklen=64)
    return f"scrypt$4$8$1${b'salt'.hex()}${digest.hex()}"


def opened(home: Path, access: Access) -> Iterator[House]:
    """A window over the real conversation."""
    workspace = Workspace.open(home)
    with workspace.session() as session:
        session.add_all(
            Person(name=name, display=name.title(), password=quick_hash(PASSWORD)) for name in ("anna", "ben", "cleo")
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDEKICK_MODEL", "guided")
        sessions = Sessions(workspace, Conversation.open)
        window = build_window(sessions)
        options = launch_options(sessions, access)
        _app, address, _share = window.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **options)
        yield House(workspace, sessions, address)
        window.close()


def sender(browser: httpx.Client) -> dict[str, Any]:
    """The handler that takes a person's message."""
    config = browser.get("/config").json()
    boxes = {part["id"] for part in config["components"] if part["type"] == "multimodaltextbox"}
    return next(each for each in config["dependencies"] if each["inputs"] and each["inputs"][0] in boxes)


def say(browser: httpx.Client, thread: str, words: str, files: tuple[str, ...] = (), page: str = "") -> str:
    """Send a message as the page's own script does; what the server answers."""
    handler, page = sender(browser), page or new_id("page")
    message = {"text": words, "files": [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in files]}
    body = {"data": [message, thread, {}], "fn_index": handler["id"], "session_hash": page, "trigger_id": None}
    joined = browser.post(f"{QUEUE}/join", json=body)
    if joined.status_code != 200:
        return joined.text
    told = []
    with browser.stream("GET", f"{QUEUE}/data", params={"session_hash": page}) as stream:
        for line in stream.iter_lines():
            told.append(line)
            if "process_completed" in line or "close_stream" in line:
                break
    return "\n".join(told)


def thread_of(house: House, person: str, project_id: str) -> str:
    return open_thread(house.workspace, person, None, project_id).id


def upload(browser: httpx.Client, name: str = "pip.png", content: bytes = b"a picture") -> str:
    answer = browser.post(UPLOAD, files={"files": (name, content)})
    assert answer.status_code == 200
    return str(answer.json()[0])


def fetched(browser: httpx.Client, path: Path | str) -> int:
    return browser.get(f"{FILES}{path}").status_code
