"""The Slack bot, end to end: a Slack of our own on loopback, the real bot, the guided model and real files."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from rooms import draw_pictures
from slack_rooms import ANN, BOB, THREAD, cards, copied, make_planned, marks_of, read, running, say, short_jobs, to_card
from slack_server import SlackServer, serving

from trainer_core.jobs import store
from trainer_core.projects import Workspace, now


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("pictures") / "set", 12)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    home = tmp_path_factory.mktemp("planned") / "home"
    make_planned(home, pictures)
    return home


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def planned(tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    short_jobs(monkeypatch)
    return copied(prepared, tmp_path / "home")


async def test_from_hello_to_a_run(
    slack: SlackServer, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short_jobs(monkeypatch)
    workspace = Workspace.open(tmp_path / "home")
    async with running(slack, workspace):
        ts = await slack.open_assistant(ANN)
        await slack.until(read(slack, ts, "drop your pictures"))
        await slack.until(lambda: slack.called("assistant.threads.setSuggestedPrompts"))
        await say(slack, ts, "I want my cat mascot in anime clips")
        dropped = [slack.file(path.name, path.read_bytes()) for path in sorted(pictures.iterdir())]
        await say(slack, ts, "here are my files", files=dropped)
        assert read(slack, ts, "Added 12 pictures", "Shall I write the captions?")()
        assert not list((workspace.home / "slack").rglob("*.png")), "what was copied into the project is not kept twice"
        await say(slack, ts, "ok, go on")
        assert read(slack, ts, "Plan: a character LoRA")()
        card = await to_card(slack, ts)
        assert [button["text"]["text"] for button in card.buttons] == ["Yes, start", "No"]
        assert "no charge" in card.shown

        await slack.press(BOB, card, True)
        await slack.until(lambda: slack.whispers)
        assert slack.whispers[0]["user"] == BOB
        assert f"<@{ANN}>" in slack.whispers[0]["text"]
        assert store.list_jobs(workspace) == []
        assert card.buttons, "it still waits for the right person"

        await asyncio.gather(slack.press(ANN, card, True), slack.press(ANN, card, True))
        await slack.until(lambda: len(slack.whispers) == 2)
        assert "no longer open" in slack.whispers[1]["text"]
        assert len(store.list_jobs(workspace)) == 2
        assert not card.buttons
        assert f"Approved by <@{ANN}>." in card.shown

        await slack.until(lambda: not store.list_jobs(workspace, states=store.UNFINISHED))
        await slack.until(read(slack, ts, "Training has started", "Training is finished", "scored"))
        bars = [each for each in slack.messages.values() if "█" in each.text]
        assert len(bars) == 1, "progress is one message"
        assert max(slack.acks.values()) < 3.0
        titles = [call["title"] for call in slack.called("assistant.threads.setTitle")]
        assert titles == ["I want my cat mascot in anime clips"]
        stream = next(each for each in slack.messages.values() if "Looking at your files" in str(each.tasks))
        assert {task["status"] for task in stream.tasks.values()} == {"complete"}
        assert (stream.state, stream.plan) == ("stopped", "What I did")


async def test_what_slack_delivers_twice_acts_once(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        ts = await slack.open_assistant(BOB, "D2")
        await slack.until(read(slack, ts, "Hello"))
        thread = {"user_id": BOB, "channel_id": "D2", "thread_ts": ts, "context": {}}
        await slack.event({"type": "assistant_thread_started", "assistant_thread": thread, "event_ts": ts})
        first = await say(slack, THREAD, "train 30 % longer")
        await slack.event(first, "Ev1")
        await slack.event(first, "Ev1")
        await say(slack, THREAD, "launch")
        assert slack.thread(THREAD).count("'title': 'Changing the plan'") == 1
        assert slack.thread(ts).count("drop your pictures") == 2, "once as text and once as a block"
    async with running(slack, planned):
        await slack.event(first, "Ev1")
        card = cards(slack, THREAD)[0]
        value = card.buttons[0]["value"]
        await slack.press(ANN, card, False, action_ts="170.1")
        await slack.until(lambda: not card.buttons)
        await slack.press(ANN, card, False, value=value, action_ts="170.1")
        await say(slack, THREAD, "hello")
    assert slack.thread(THREAD).count("'title': 'Changing the plan'") == 1
    assert f"Declined by <@{ANN}>." in card.shown
    assert slack.whispers == []
    assert store.list_jobs(planned) == []


async def test_an_old_card_starts_nothing(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        old = await to_card(slack)
        value = old.buttons[0]["value"]
        await say(slack, THREAD, "train 30 % longer")
        assert not old.buttons
        assert "newer card" in old.shown
        fresh = cards(slack, THREAD)
        assert len(fresh) == 1
        await slack.press(ANN, old, True, value=value)
        await slack.until(lambda: slack.whispers)
        assert store.list_jobs(planned) == []
        assert fresh[0].buttons
        await say(slack, THREAD, "no")
        assert f"Declined by <@{ANN}>." in fresh[0].shown
        assert store.list_jobs(planned) == []


async def test_a_yes_in_words_closes_the_card(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        card = await to_card(slack)
        await say(slack, THREAD, "yes")
        assert f"Approved by <@{ANN}>." in card.shown
        assert len(store.list_jobs(planned)) == 2


async def test_a_yes_that_waits_its_turn_is_to_no_card_that_comes_later(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        await slack.event(slack.said(ANN, "launch", THREAD))
        await slack.event(slack.said(ANN, "yes", THREAD))
        await slack.until(lambda: sum("msg" in name for name in marks_of(planned, "heard")) == 2)
        await slack.until(lambda: not marks_of(planned, "turn"))
        assert store.list_jobs(planned) == []
        assert len(cards(slack, THREAD)) == 1


async def test_an_expired_card_is_replaced_by_a_fresh_one(
    slack: SlackServer, planned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(slack, planned):
        old = await to_card(slack)
        with monkeypatch.context() as later:
            later.setattr("agent.answering.present", lambda: now() + timedelta(minutes=31))
            await slack.press(ANN, old, True)
            await slack.until(read(slack, THREAD, "has expired"))
            await slack.until(lambda: not old.buttons)
        (fresh,) = cards(slack, THREAD)
        assert store.list_jobs(planned) == []
        await slack.press(ANN, fresh, True)
        await slack.until(lambda: len(store.list_jobs(planned)) == 2)


async def test_a_yes_in_words_to_an_expired_card_is_no_approval(
    slack: SlackServer, planned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(slack, planned):
        old = await to_card(slack)
        with monkeypatch.context() as later:
            later.setattr("agent.answering.present", lambda: now() + timedelta(minutes=31))
            await say(slack, THREAD, "yes")
        assert not old.buttons
        assert "Approved" not in old.shown
        assert len(cards(slack, THREAD)) == 1
        assert store.list_jobs(planned) == []


async def test_a_turn_goes_on_while_slack_is_away(slack: SlackServer, planned: Workspace) -> None:
    away = (503, {"ok": False, "error": "service_unavailable"}, {})
    async with running(slack, planned):
        slack.refuse["chat.startStream"] += [away] * 20
        slack.refuse["chat.postMessage"] += [away] * 3
        await say(slack, THREAD, "train 30 % longer")
        slack.refuse.clear()
        await say(slack, THREAD, "launch")
        (card,) = cards(slack, THREAD)
        assert "380 steps" not in card.shown, "the change was made, though Slack took no word of it"
        slack.refuse["chat.postMessage"].append(away)
        await say(slack, THREAD, "train 30 % longer")
        (fresh,) = cards(slack, THREAD)
        assert fresh is not card, "a card that Slack did not take is shown again"


async def test_a_thread_in_a_channel_belongs_to_who_began_it(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        first = await say(slack, "", "<@UBOT> hello", channel="C1")
        ts = first["ts"]
        assert read(slack, ts, "Sidekick")()
        starts = slack.called("chat.startStream")
        assert (starts[-1]["recipient_user_id"], starts[-1]["thread_ts"]) == (ANN, ts)
        await slack.event(slack.said(BOB, "<@UBOT> launch", ts, channel="C1"))
        await slack.until(lambda: slack.whispers)
        assert slack.whispers[0]["user"] == BOB
        assert "belongs to" in slack.whispers[0]["text"]


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B9"},
        {"subtype": "message_changed"},
        {"subtype": "bot_message"},
        {"user": "UBOT"},
        {"user": "USLACKBOT"},
        {"user": "U1><!channel>"},
        {"user": None},
    ],
)
async def test_who_is_no_person_is_not_answered(slack: SlackServer, tmp_path: Path, more: dict) -> None:
    async with running(slack, Workspace.open(tmp_path)):
        calls = len(slack.calls)
        await slack.event(slack.said(ANN, "hello", None) | more)
        await slack.event(slack.said(ANN, "hello", "1700000000.000200") | more)
        await slack.event({"type": "reaction_added", "user": ANN, "item": {}})
        await asyncio.sleep(0.1)
        assert [name for name, _values in slack.calls[calls:] if name != "auth.test"] == []


async def test_it_comes_back_when_slack_ends_the_connection(slack: SlackServer, planned: Workspace) -> None:
    async with running(slack, planned):
        assert slack.connections == 1
        await slack.disconnect()
        await slack.until(lambda: slack.connections == 2)
        await say(slack, THREAD, "hello")
        assert read(slack, THREAD, "Sidekick")()
