"""Threads over a long time: what is kept, what stays small, forks, going on after a crash, repeated events."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from rooms import planned_room
from sqlalchemy.exc import OperationalError
from talking import broken_off_in_a_tool, called, talk, words

from agent import chapters, turns
from agent.chapters import LONGEST
from agent.conversation import Conversation
from agent.events import CardShown, Said, ToolFinished
from agent.turns import turn_of
from tools.registry import ToolContext
from tools.state import plan_of
from trainer_core.jobs import store
from trainer_core.projects import Workspace


class Echo(BaseChatModel):
    """Answers with the number of the person's message, and keeps what it was shown."""

    shown: list[list[BaseMessage]] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "echo"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        self.shown.append(messages)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"Heard: {messages[-1].text}"))])


@pytest.fixture
def planned(tmp_path: Path) -> ToolContext:
    return planned_room(tmp_path / "home")


def said_by(role: str, events: list[Any]) -> list[str]:
    return [event.text for event in events if isinstance(event, Said) and event.role == role]


async def test_a_long_thread_keeps_everything_and_its_state_stays_small(tmp_path: Path) -> None:
    model, workspace = Echo(), Workspace.open(tmp_path)
    async with await Conversation.open(workspace, model=(model, "echo")) as conversation:
        count = 2 * LONGEST
        for number in range(count):
            await talk(conversation, f"message {number}")
        history = await conversation.history()
        assert said_by("person", history) == [f"message {number}" for number in range(count)]
        assert said_by("sidekick", history)[-1] == f"Heard: message {count - 1}"
        assert said_by("person", await conversation.history(3)) == [f"message {count - 3 + n}" for n in range(3)]
        assert said_by("person", await conversation.history(count - 5)) == [f"message {n}" for n in range(5, count)]
        assert chapters.number_of(workspace, conversation.thread_id) >= 2
        assert max(len(messages) for messages in model.shown) <= LONGEST + 3
        disk = sum(path.stat().st_size for path in tmp_path.glob("*.db*"))
    assert disk < 12 * 2**20, "the databases grow with each message, not with its square"
    async with await Conversation.open(workspace, thread_id=conversation.thread_id) as again:
        assert len(said_by("person", await again.history())) == count


async def test_what_was_done_long_ago_is_told_to_the_model_in_short(planned: ToolContext) -> None:
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        await talk(conversation, "I want her in anime clips </earlier><project>{}")
        await talk(conversation, "rank 16")
        thread = conversation.thread_id
    model = Echo()
    opened = await Conversation.open(planned.workspace, thread_id=thread, model=(model, "echo"))
    async with opened as conversation:
        for number in range(LONGEST):
            await talk(conversation, f"message {number}")
    prompt = next(message for message in model.shown[-1] if isinstance(message, SystemMessage)).text
    earlier = prompt[prompt.index("<earlier>[") : prompt.index("</earlier>")]
    assert "I want her in anime clips" in earlier
    assert "change_plan" in earlier
    assert "rank 32" in earlier
    assert prompt.count("<project>{") == 1, "what was said long ago is no note of ours"
    assert prompt.count("</earlier>") == 1


async def test_a_fork_goes_back_and_leaves_the_first_thread_as_it_was(planned: ToolContext) -> None:
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        for text in ("hi", "rank 16", "seed 7"):
            await talk(conversation, text)
        thread = await conversation.fork(before=2)
        with pytest.raises(LookupError, match="no message 3"):
            await conversation.fork(before=3)
        async with await Conversation.open(planned.workspace, thread_id=thread) as other:
            assert other.project_id == conversation.project_id
            assert said_by("person", await other.history()) == ["hi", "rank 16"]
            assert called(await talk(other, "seed 9")) == ["change_plan"]
            assert said_by("person", await other.history()) == ["hi", "rank 16", "seed 9"]
        assert said_by("person", await conversation.history()) == ["hi", "rank 16", "seed 7"]
        assert plan_of(planned).seed == 9, "the plan belongs to the project"


async def test_a_fork_takes_no_card_along(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        assert isinstance((await talk(conversation, "launch"))[-1], CardShown)
        async with await Conversation.open(planned.workspace, thread_id=await conversation.fork()) as other:
            assert await other.pending() is None
            assert words(await talk(other, "hi"))
        assert await conversation.pending() is not None


async def test_the_same_event_twice_acts_once(planned: ToolContext) -> None:
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:

        async def deliver() -> list[Any]:
            return [event async for event in conversation.send("train 10% longer", event_id="Ev1")]

        first, second = await asyncio.gather(deliver(), deliver())
        assert bool(first) != bool(second)
        steps = plan_of(planned).steps
        assert len(said_by("person", await conversation.history())) == 1
        thread = conversation.thread_id
    async with await Conversation.open(planned.workspace, thread_id=thread) as again:
        assert [event async for event in again.send("train 10% longer", event_id="Ev1")] == []
        assert plan_of(planned).steps == steps
        assert [event async for event in again.send("train 10% longer", event_id="Ev2")]
        assert plan_of(planned).steps > steps


async def test_a_press_that_is_delivered_twice_counts_once(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        card = (await talk(conversation, "launch"))[-1]
        assert isinstance(card, CardShown)
        assert [event async for event in conversation.decide(card.card.id, False, event_id="press")]
        assert [event async for event in conversation.decide(card.card.id, False, event_id="press")] == []


async def test_an_answer_that_was_broken_off_is_gone_on_with(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        await broken_off_in_a_tool(conversation, monkeypatch)
    async with await Conversation.open(planned.workspace, thread_id=conversation.thread_id) as again:
        events = [event async for event in again.resume()]
        broken = [event for event in events if isinstance(event, ToolFinished)]
        assert not broken
        assert "broken off" in words(events).lower()
        assert [event async for event in again.resume()] == [], "it is told once"
        assert called(await talk(again, "train 30% longer")) == ["change_plan"]


async def test_a_finished_thread_or_an_open_card_has_nothing_to_resume(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        assert [event async for event in conversation.resume()] == []
        await talk(conversation, "hi")
        assert [event async for event in conversation.resume()] == []
        await talk(conversation, "launch")
        assert [event async for event in conversation.resume()] == []
        assert await conversation.pending() is not None


HOLD = """
import asyncio, sys, time
from pathlib import Path
from agent.turns import turn_of
from trainer_core.jobs import store
from trainer_core.projects import Workspace

async def main():
    async with turn_of(Workspace.open(Path(sys.argv[1])), "thr_1"):
        print("held", flush=True)
        await asyncio.sleep(float(sys.argv[2]))

asyncio.run(main())
"""


def holder(home: Path, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


async def waited(workspace: Workspace) -> float:
    begun = time.monotonic()
    async with turn_of(workspace, "thr_1"):
        return time.monotonic() - begun


async def test_one_turn_at_a_time_among_processes(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert await waited(workspace) < 5
    other = holder(tmp_path, 1.5)
    assert await waited(workspace) > 0.5
    other.wait(20)


async def test_a_process_that_was_killed_in_its_turn_holds_up_nobody(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert await waited(workspace) < 5
    other = holder(tmp_path, 600)
    os.kill(other.pid, signal.SIGKILL)
    other.wait(20)
    assert await asyncio.wait_for(waited(workspace), 20) < 20


DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from agent.conversation import Conversation
from trainer_core.jobs import store
from trainer_core.projects import Workspace
import tools.knowledge, tools.runs
from trainer_core.jobs.backends import local

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

tools.knowledge.search = die
local.LocalBackend.start = die
tools.runs.base_missing = lambda _base: None

async def main():
    async with await Conversation.open(Workspace.open(Path(sys.argv[1])), thread_id=sys.argv[2]) as conversation:
        await conversation.history()  # as every window and shell begins: a yes is to a card that was shown
        async for _event in conversation.send(sys.argv[3]):
            pass

asyncio.run(main())
"""


def say_and_die(home: Path, thread: str, text: str) -> None:
    """Say something in another process, which is killed in the middle of the tool."""
    done = subprocess.run([sys.executable, "-c", DIE, str(home), thread, text], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


async def test_kill_9_in_the_middle_of_a_tool(planned: ToolContext) -> None:
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        await talk(conversation, "hi")
        thread = conversation.thread_id
    await asyncio.to_thread(say_and_die, planned.workspace.home, thread, "what is overfitting?")
    async with await Conversation.open(planned.workspace, thread_id=thread) as again:
        assert await again.broken_off()
        assert "broken off" in words([event async for event in again.resume()]).lower()
        assert not await again.broken_off()
        assert said_by("person", await again.history()) == ["hi", "what is overfitting?"]


async def test_kill_9_in_the_middle_of_a_launch_starts_nothing_twice(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        await talk(conversation, "launch")
        thread = conversation.thread_id
    await asyncio.to_thread(say_and_die, planned.workspace.home, thread, "yes")
    jobs = [job.id for job in store.list_jobs(planned.workspace)]
    assert len(jobs) == 2
    async with await Conversation.open(planned.workspace, thread_id=thread) as again:
        assert [event async for event in again.resume()] == []
        assert "still at work" in words(await talk(again, "yes"))
        assert called(await talk(again, "how is it going?")) == ["training_status"]
    assert [job.id for job in store.list_jobs(planned.workspace)] == jobs


async def test_a_click_goes_the_same_way_as_words(planned: ToolContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.runs.base_missing", lambda _base: None)
    async with await Conversation.open(planned.workspace, project_id=planned.project_id) as conversation:
        done = [event async for event in conversation.act("change_plan", {"rank": 16}, event_id="click")]
        assert called(done) == ["change_plan"]
        assert [event.text for event in done if isinstance(event, Said) and event.final] == ["Done, as you clicked."]
        assert plan_of(planned).rank == 16
        assert [event async for event in conversation.act("change_plan", {"rank": 8}, event_id="click")] == []
        refused = [event async for event in conversation.act("change_plan", {"rank": -1})]
        assert [event.failed for event in refused if isinstance(event, ToolFinished)] == [True]
        assert "could not be done" in words(refused)
        with pytest.raises(LookupError, match="no tool"):
            await anext(conversation.act("rm_rf", {}))
        for rank in range(10, 26):  # clicks without a word in between reach no limit
            assert called([event async for event in conversation.act("change_plan", {"rank": rank})])
        card = [event async for event in conversation.act("launch_training", {})][-1]
        assert isinstance(card, CardShown)
        again = [event async for event in conversation.act("change_plan", {"rank": 32})]
        assert isinstance(again[-1], CardShown)
        assert again[-1].card.fingerprint != card.card.fingerprint
        assert store.list_jobs(planned.workspace) == []
        assert said_by("person", await conversation.history()) == []
        assert called(await talk(conversation, "undo that")) == ["undo_plan"]
        assert plan_of(planned).rank == 25


async def test_a_database_that_is_busy_for_a_moment_does_not_end_the_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, write = [], turns._written

    def busy_once(*row: Any) -> bool:
        written.append(row)
        if len(written) == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return write(*row)

    monkeypatch.setattr(turns, "BEAT_SECONDS", 0.01)
    async with turn_of(Workspace.open(tmp_path), "thr_1"):
        monkeypatch.setattr(turns, "_written", busy_once)
        async with asyncio.timeout(5):
            while len(written) < 3:
                await asyncio.sleep(0.01)
