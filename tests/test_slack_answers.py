"""Answers in Slack: streamed within its limits, patient when it is busy, posted when it takes no stream."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_rooms import ANN, marks_of, read, running, say
from slack_sdk.web.async_client import AsyncWebClient
from slack_server import BOT_TOKEN, TEAM, SlackServer, ratelimited, serving

from agent.conversation import Conversation
from agent.events import Event, Problem, Progress, Said, ToolFinished, ToolStarted
from trainer_core.projects import Workspace
from ui.slack_reply import Reply, post
from ui.slack_store import Place

PLACE = Place(TEAM, "D1", "1700000000.000100")
REFUSED = (200, {"ok": False, "error": "channel_type_not_supported"}, {})


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with serving() as server:
        yield server


def client_of(slack: SlackServer) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=f"{slack.url}/api/")


async def shown(slack: SlackServer, *events: Event) -> str:
    """What can be read in the thread after these events."""
    reply = Reply(client_of(slack), PLACE, ANN)
    for event in events:
        await reply.show(event)
    await reply.close()
    return "".join(each.text for each in slack.messages.values())


def words(text: str, size: int = 7) -> list[Event]:
    """A text as a model streams it."""
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return [*(Said(role="sidekick", text=part, final=False) for part in parts), Said(role="sidekick", text=text)]


async def test_streamed_words_are_the_whole_and_come_once(slack: SlackServer) -> None:
    text = "Good morning.\n\n- one\n- two\n\nSee http://evil.example/a and [b](http://evil.example/b)."
    assert await shown(slack, *words(text)) == (
        "Good morning.\n\n- one\n- two\n\nSee `http://evil.example/a` and [b] (`http://evil.example/b`)."
    )
    assert len(slack.called("chat.appendStream")) <= 2, "not a call for every piece"
    assert [each.state for each in slack.messages.values()] == ["stopped"]


async def test_a_very_long_answer_goes_on_in_further_messages(slack: SlackServer) -> None:
    text = "\n".join(f"Line {number} of a long answer, with some words in it." for number in range(900))
    assert await shown(slack, Said(role="sidekick", text=text)) == text
    assert len(slack.messages) >= 4
    assert {each.state for each in slack.messages.values()} == {"stopped"}
    slack.messages.clear()
    await post(client_of(slack), PLACE, text)
    assert "".join(each.blocks[0]["text"] for each in slack.messages.values()) == text


async def test_many_tools_with_long_results_fit(slack: SlackServer) -> None:
    events: list[Event] = []
    for number in range(40):
        events.append(ToolStarted(id=f"c{number}", name="audit_dataset", arguments={"recipe": "x" * 500, "ids": ["a"]}))
        events.append(ToolFinished(id=f"c{number}", name="audit_dataset", text="<!here> é" * 300, failed=number == 3))
    text = await shown(slack, *events, Said(role="sidekick", text="Done."))
    assert text.endswith("Done.")
    tasks = [task for each in slack.messages.values() for task in each.tasks.values()]
    assert {task["status"] for task in tasks} == {"complete", "error"}
    assert "<!here>" not in str(tasks)
    assert "ids" not in str(tasks)


async def test_a_tool_that_was_broken_off_does_not_stay_at_work(slack: SlackServer) -> None:
    await shown(slack, ToolStarted(id="c1", name="audit_dataset", arguments={}))
    (message,) = slack.messages.values()
    assert message.tasks["c1"]["status"] == "error"
    assert message.state == "stopped"


async def test_a_message_that_slack_finds_too_long_is_ended_and_goes_on(slack: SlackServer) -> None:
    reply = Reply(client_of(slack), PLACE, ANN)
    await reply.show(Said(role="sidekick", text="One."))
    await reply.show(ToolStarted(id="c1", name="audit_dataset", arguments={}))
    slack.refuse["chat.appendStream"].append((200, {"ok": False, "error": "msg_too_long"}, {}))
    await reply.show(ToolFinished(id="c1", name="audit_dataset", text="fine"))
    await reply.close()
    first, second = slack.messages.values()
    assert (first.state, second.state) == ("stopped", "stopped")
    assert (first.tasks["c1"]["output"], second.tasks["c1"]["output"]) == ("Goes on below.", "fine")


async def test_what_a_tool_says_meanwhile_is_the_status(slack: SlackServer) -> None:
    await shown(slack, Progress(job_id="", text="Copying <the> files"), Progress(job_id="", text="more"))
    assert [call["status"] for call in slack.called("assistant.threads.setStatus")] == ["Copying &lt;the&gt; files"]
    assert not slack.messages, "nothing is posted before there is something to show"


@pytest.mark.parametrize("again", [1, 5])
async def test_without_streams_the_words_are_posted(slack: SlackServer, again: int) -> None:
    slack.refuse["chat.startStream"] += [REFUSED] * again
    text = await shown(
        slack,
        ToolStarted(id="c1", name="audit_dataset", arguments={}),
        ToolFinished(id="c1", name="audit_dataset", text="fine"),
        Problem(text="The disk is full."),
    )
    assert text == "**That did not work.** The disk is full."


async def test_a_stream_that_grew_too_old_is_followed_by_another(slack: SlackServer) -> None:
    reply = Reply(client_of(slack), PLACE, ANN)
    await reply.show(Said(role="sidekick", text="One."))
    next(iter(slack.messages.values())).state = "stopped"
    await reply.show(Said(role="sidekick", text="Two."))
    await reply.close()
    assert [each.text.strip() for each in slack.messages.values()] == ["One.", "Two."]


async def test_it_waits_as_long_as_slack_says(slack: SlackServer, tmp_path: Path) -> None:
    async with running(slack, Workspace.open(tmp_path)):
        slack.refuse["chat.startStream"].append(ratelimited(1))
        started = time.monotonic()
        event = await say(slack, "", "hello")
        assert read(slack, event["ts"], "Sidekick")()
        assert time.monotonic() - started >= 1.0


async def test_two_messages_at_once_are_answered_one_after_the_other(slack: SlackServer, tmp_path: Path) -> None:
    async with running(slack, Workspace.open(tmp_path)):
        ts = (await say(slack, "", "hello"))["ts"]
        await asyncio.gather(*(slack.event(slack.said(ANN, text, ts)) for text in ("hi", "help")))
        await slack.until(lambda: len(slack.called("chat.stopStream")) == 3)
        calls = [name for name, _values in slack.calls if name in ("chat.startStream", "chat.stopStream")]
        assert calls == ["chat.startStream", "chat.stopStream"] * 3


async def endless(*_arguments: Any, **_more: Any) -> AsyncIterator[Event]:
    """An answer that never comes."""
    await asyncio.sleep(3600)
    yield Said(role="sidekick", text="never")


async def test_an_answer_that_was_broken_off_is_picked_up(
    slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(tmp_path)
    event = slack.said(ANN, "hello", None)
    with monkeypatch.context() as stuck:
        stuck.setattr(Conversation, "send", endless)
        stuck.setattr("ui.slack_room.GRACE_SECONDS", 0.01)
        async with running(slack, workspace):
            await slack.event(event)
            await slack.until(lambda: slack.called("assistant.threads.setStatus"))
    async with running(slack, workspace):
        await slack.until(read(slack, event["ts"], "say it once more"))
        await slack.event(slack.said(ANN, "hello", event["ts"]))
        await slack.until(read(slack, event["ts"], "Sidekick"))
    async with running(slack, workspace):
        assert slack.thread().count("say it once more") == 2, "once as text and once as a block"


async def test_a_message_that_waited_its_turn_is_not_lost(
    slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack holds it for delivered; it was once remembered only when its turn came, so a restart lost it unsaid."""

    workspace = Workspace.open(tmp_path)
    first = slack.said(ANN, "hello", None)
    with monkeypatch.context() as stuck:
        stuck.setattr(Conversation, "send", endless)
        stuck.setattr("ui.slack_room.GRACE_SECONDS", 0.01)
        async with running(slack, workspace):
            await slack.event(first)
            await slack.until(lambda: slack.called("assistant.threads.setStatus"))
            await slack.event(slack.said(ANN, "and a second thing", first["ts"]))
            await slack.until(lambda: sum("msg" in name for name in marks_of(workspace, "heard")) == 2)
    async with running(slack, workspace):
        await slack.until(lambda: slack.thread().count("say it once more") == 4)  # each as text and as a block
        await slack.until(lambda: marks_of(workspace, "turn") == [])


async def test_a_defect_is_told_without_its_details(
    slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: Any, **_more: Any) -> AsyncIterator[Event]:
        raise ZeroDivisionError(f"the token {BOT_TOKEN}")
        yield

    async with running(slack, Workspace.open(tmp_path)):
        monkeypatch.setattr(Conversation, "send", broken)
        event = await say(slack, "", "hello")
        assert read(slack, event["ts"], "Something went wrong")()
        assert "token" not in slack.thread(event["ts"])
    assert "secretsecret" not in (tmp_path / "sidekick-errors.log").read_text()
    assert BOT_TOKEN not in (tmp_path / "slack.log").read_text()
