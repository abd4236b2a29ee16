"""`sidekick mcp` as a program uses it: a real client, over stdio and HTTP, and a person who answers elsewhere."""

import asyncio
import json
import os
import stat
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from rich.console import Console

pytest.importorskip("mcp")
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from agent.conversation import Conversation
from agent.guided.model import GuidedModel
from tests.rooms import planned_room
from tools.context import ToolContext
from tools.registry import TOOLS
from trainer_core.jobs import store
from trainer_core.projects import create_project
from trainer_core.settings import set_secret
from ui.chat import _Chat
from ui.mcp_calls import PROJECT, READ_ONLY, WITHHELD
from ui.mcp_http import TOKEN_FILE, TokenRefused, app_of, listening, token_for
from ui.mcp_server import Desk, build_server, listed_tools
from ui.shell_view import ShellView
from ui.window_session import LOAD_SECONDS, Session
from ui.window_threads import latest_thread

SECRET = "key-0123456789-abcdefgh-Zx4"
GUIDED = (GuidedModel(), "guided")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    context = planned_room(tmp_path_factory.mktemp("mcp") / "home")
    set_secret("OPENAI_API_KEY", SECRET, context.workspace.home, {})
    return context


def text(result: Any) -> str:
    shown = "\n".join(part.text for part in result.content) + json.dumps(result.structured_content)
    assert SECRET not in shown
    return shown


@asynccontextmanager
async def over_stdio(room: ToolContext, *more: str) -> AsyncIterator[Client]:
    """The real server as a process of its own, as Claude Desktop starts it."""
    command = ["-m", "ui.shell", "mcp", "--home", str(room.workspace.home), *more]
    surroundings = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": ""}
    program = StdioServerParameters(command=sys.executable, args=command, env=surroundings)

    async def yes_to_everything(*_asked: Any) -> ElicitResult:
        raise AssertionError("a program was asked for a person's yes")

    async with Client(program, read_timeout_seconds=120, elicitation_callback=yes_to_everything) as client:
        yield client


async def test_a_program_reads_changes_and_opens_a_card_and_a_person_starts_it(
    room: ToolContext, tmp_path: Path
) -> None:
    project = {PROJECT: room.project_id}
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "note.txt").write_text("x", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    (tmp_path / "allowed" / "out.txt").symlink_to(tmp_path / "secret.txt")
    async with over_stdio(room, "--files", str(tmp_path / "allowed")) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(listed) == (set(TOOLS) - WITHHELD) | {
            "list_projects",
            "open_project",
            "new_project",
            "hand_over_files",
        }
        assert room.project_id in text(await client.call_tool("list_projects", {}))
        assert '"stage": "launch"' in text(await client.call_tool("open_project", project))
        assert "steps" in text(await client.call_tool("explain_plan", project))
        changed = await client.call_tool("change_plan", project | {"steps": 60})
        assert not changed.is_error, text(changed)
        for path in ("../secret.txt", "out.txt", "/etc/passwd", "no\0such", "missing"):
            assert (await client.call_tool("hand_over_files", project | {"name": path})).is_error
        assert "upl_" in text(await client.call_tool("hand_over_files", project | {"name": "note.txt"}))
        await _hostile(client, project)

        launched = await client.call_tool("launch_training", project)
        assert not launched.is_error
        assert "A person must say yes first" in text(launched)
        waiting = launched.structured_content["waiting_card"]
        assert set(waiting) == {"id", "title", "lines", "price", "time", "expires_at"}
        assert "card_" in text(await client.call_tool("open_project", project))
        assert store.list_jobs(room.workspace, room.project_id) == []

        thread = latest_thread(room.workspace, room.person, room.project_id)
        async with await Conversation.open(room.workspace, room.person, thread, model=GUIDED) as conversation:
            card = await conversation.pending()  # what the window and the shell show
            assert card is not None
            assert card.id == waiting["id"]
            seen = repr(await conversation.history())
            assert "change_plan" in seen
            assert "which you connected" in seen
            async for _event in conversation.decide(card.id, True):
                pass
        assert store.list_jobs(room.workspace, room.project_id)
        assert "No card waits" in text(await client.call_tool("open_project", project))
        assert not (await client.call_tool("training_status", project)).is_error
        assert not (await client.call_tool("cancel_training", project)).is_error


async def _hostile(client: Client, project: dict[str, str]) -> None:
    """Arguments that fit nowhere, projects that are another's, tools that there are not: refused in words."""
    wrong = [
        ("no_such_tool", project), ("share_project", project), ("set_limit", project), ("launch_training", {}),
        ("launch_training", {PROJECT: "prj_nobody"}), ("launch_training", {PROJECT: "../../etc"}),
        ("launch_training", {PROJECT: ["x"]}), ("launch_training", project | {"approved": True}),
        ("change_plan", project | {"steps": "DROP TABLE"}), ("change_plan", project | {"x" * 500: 1}),
        ("open_project", {}), ("open_project", project | {"more": 1}), ("new_project", {"name": ""}),
        ("show_captions", project | {"item": {"deep": [[[]]]}}),
    ]  # fmt: skip
    for name, arguments in wrong:
        result = await client.call_tool(name, arguments)
        assert result.is_error, name
        assert "Traceback" not in text(result)
        assert len(text(result)) < 3000


def test_every_tool_is_offered_with_its_own_schema_and_the_project(room: ToolContext) -> None:
    told = {tool.name: tool for tool in listed_tools(Desk(room.workspace, room.person))}
    assert "hand_over_files" not in told  # no folder was allowed
    for name, tool in TOOLS.items():
        if name in WITHHELD:
            continue
        schema = dict(told[name].input_schema)
        schema["properties"] = {key: value for key, value in schema["properties"].items() if key != PROJECT}
        schema["required"] = [key for key in schema["required"] if key != PROJECT]
        own = {"properties": {}, "required": []} | tool.arguments.model_json_schema()
        assert schema == own
        assert told[name].annotations.read_only_hint == (name in READ_ONLY)
        assert ("card" in told[name].description) or not tool.gated


async def test_what_is_told_to_be_read_only_changes_nothing(room: ToolContext) -> None:
    context = ToolContext(room.workspace, create_project(room.workspace, "Empty", "you").id, "you")
    async with Client(build_server(Desk(context.workspace, "you"))) as client:
        before = _state(context)
        for name in sorted(READ_ONLY - {"look_up"}):  # which makes its index when it is first asked
            await client.call_tool(name, {PROJECT: context.project_id})
        assert _state(context) == before
        another = create_project(room.workspace, "Another's", "web:anna").id
        assert (await client.call_tool("explain_plan", {PROJECT: another})).is_error
        assert another not in text(await client.call_tool("list_projects", {}))


async def test_the_window_shows_the_card_within_a_second(tmp_path: Path) -> None:
    room = planned_room(tmp_path / "home")
    async with await Conversation.open(room.workspace, room.person, None, room.project_id, model=GUIDED) as open_before:
        window = Session(room.workspace, open_before, room.person)
        await window.restore()
        async with Client(build_server(Desk(room.workspace, room.person))) as client:
            launched = await client.call_tool("launch_training", {PROJECT: room.project_id})
            await asyncio.sleep(LOAD_SECONDS)
            await window.refresh()
            assert window.screen.card is not None
            assert window.screen.card.id == launched.structured_content["waiting_card"]["id"]
            await client.call_tool("change_plan", {PROJECT: room.project_id, "steps": 61})
            await asyncio.sleep(LOAD_SECONDS)
            await window.refresh()
            assert "Changing the plan" in repr(window.screen.messages)
            assert window.screen.card is not None  # it was put aside and shown again
            assert window.decide(window.screen.card.id, False)
            async for _ in window.updates():
                pass
            assert window.screen.card is None
        await window.close()


def _state(context: ToolContext) -> list[Any]:
    """Every row of the database but those of turns."""
    from trainer_core.projects import Table

    rows: list[Any] = []
    with context.workspace.engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            rows += [(table.name, *row) for row in connection.execute(table.select())]
    return sorted(map(repr, rows))


def test_a_token_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    digest, token = token_for(tmp_path, environment={})
    assert token is not None
    assert stat.S_IMODE((tmp_path / TOKEN_FILE).stat().st_mode) == 0o600
    assert token not in (tmp_path / TOKEN_FILE).read_text()
    assert token_for(tmp_path, environment={}) == (digest, None)
    assert token_for(tmp_path, fresh=True, environment={})[0] != digest
    own = token_for(tmp_path, environment={"SIDEKICK_MCP_TOKEN": "a-token-of-my-own-12345"})
    assert own[0] != digest
    assert own[1] is None
    with pytest.raises(TokenRefused):
        token_for(tmp_path, environment={"SIDEKICK_MCP_TOKEN": "short"})
    (tmp_path / TOKEN_FILE).write_text("[]", encoding="utf-8")
    assert token_for(tmp_path, environment={})[1] is not None


@contextmanager
def over_http(room: ToolContext, digest: str) -> Iterator[str]:
    """The server on loopback, in a thread of this process."""
    taken = listening(0)
    with pytest.raises(OSError, match="in use"):
        listening(taken.getsockname()[1])
    app = app_of(build_server(Desk(room.workspace, room.person)), digest)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([taken])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join(20)


async def test_over_http_nothing_is_reached_without_the_token_or_from_a_page(room: ToolContext, tmp_path: Path) -> None:
    digest, token = token_for(tmp_path, environment={})
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    json_too = {"Accept": "application/json, text/event-stream"}
    with over_http(room, digest) as address:
        async with httpx2.AsyncClient(headers=json_too) as stranger:
            for header in ("", "Bearer", f"Bearer {digest}", "Bearer wrong", f"Basic {token}", f"Bearer {token}x"):
                refused = await stranger.post(address, json=body, headers={"Authorization": header})
                assert refused.status_code == 401
            known = {"Authorization": f"Bearer {token}"}
            page = await stranger.post(address, json=body, headers=known | {"Origin": "https://evil.example"})
            rebound = await stranger.post(address, json=body, headers=known | {"Host": "evil.example"})
            assert (page.status_code, rebound.status_code) == (403, 421)
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
            Client(streamable_http_client(address, http_client=http), read_timeout_seconds=60) as client,
        ):
            assert "launch_training" in {tool.name for tool in (await client.list_tools()).tools}
            assert room.project_id in text(await client.call_tool("list_projects", {}))
            made = await client.call_tool("new_project", {"name": "<b>Pip</b>"})
            assert "prj_" in text(made)


async def test_the_terminal_goes_to_the_conversation_in_which_the_card_waits(room: ToolContext) -> None:
    async with Client(build_server(Desk(room.workspace, room.person))) as client:
        made = (await client.call_tool("new_project", {"name": "Pip"})).structured_content["project"]["id"]
        await client.call_tool("choose_recipe", {PROJECT: made, "recipe": "style"})
    out = StringIO()
    chat = _Chat(ShellView(Console(file=out)))
    conversation = await chat._open(Conversation, room.workspace, new=False, project=made)
    await conversation.close()
    assert conversation.thread_id == latest_thread(room.workspace, room.person, made)
    assert "choose_recipe" in out.getvalue()
    with pytest.raises(LookupError, match="no project"):
        await chat._open(Conversation, room.workspace, new=False, project="prj_nobody")
