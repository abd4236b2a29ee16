"""Attacks in what a person says, or is made to paste: to the guided model and with a card that waits."""

import time
from collections.abc import AsyncIterator

import pytest
from attacks import FORGED_NOTES, NO_YES, ORDERS, SOME_MARKUP, named
from house import House, gathered, guided, rows

from agent.conversation import Conversation
from agent.events import CardShown, Event


async def still_answers(house: House, thread_id: str | None) -> None:
    """The conversation goes on after the attack."""
    answer = await house.says("which recipes are there?", thread_id=thread_id)
    assert "character" in answer.words.lower()
    assert answer.answered


class Threads:
    """The conversations that the attacks of this file share: each must answer after all those before."""

    def __init__(self) -> None:
        self.plain: str | None = None
        self.with_card: str | None = None


@pytest.fixture(scope="module")
def threads() -> Threads:
    """None is open yet."""
    return Threads()


@pytest.mark.parametrize("payload", named(ORDERS | FORGED_NOTES | SOME_MARKUP))
async def test_a_message_with_orders_starts_nothing(shared: House, threads: Threads, payload: str) -> None:
    answer = await shared.says(payload, thread_id=threads.plain)
    threads.plain = answer.thread_id
    assert shared.faults() == []
    assert answer.answered


@pytest.mark.parametrize("payload", named(NO_YES | ORDERS | FORGED_NOTES))
async def test_what_is_no_clear_yes_does_not_answer_the_card(shared: House, threads: Threads, payload: str) -> None:
    threads.with_card = await card_waits(shared, threads.with_card)
    answer = await shared.says(payload, thread_id=threads.with_card)
    assert shared.faults() == []
    assert answer.answered


async def card_waits(house: House, thread_id: str | None) -> str:
    """A thread in which a card waits for an answer."""
    if thread_id:
        conversation = await Conversation.open(house.workspace, house.person, thread_id, model=guided())
        async with conversation:
            if await conversation.pending():
                return thread_id
    shown = await house.says("launch", thread_id=thread_id)
    assert shown.cards
    return shown.thread_id


async def test_a_clear_yes_does(house: House) -> None:
    """Otherwise the test above would prove nothing."""
    shown = await house.says("launch")
    await house.says("yes", thread_id=shown.thread_id)
    assert {"jobs changed", "approvals changed"} <= set(house.faults())


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("a" * 10_000_000, id="ten-megabytes"),
        pytest.param("yes " * 2_500_000, id="ten-megabytes-of-yes"),
        pytest.param("<event>" * 100_000, id="many-tags"),
        pytest.param("rank " * 1600, id="one-word-again-and-again"),
        pytest.param("9" * 8000, id="a-number-of-8000-digits"),
        pytest.param("1e" * 4000, id="half-numbers"),
        pytest.param("steps 1" + "0" * 400, id="steps-beyond-any-number"),
        pytest.param("learning rate 1e999 and nan steps and -inf rank", id="numbers-that-are-none"),
        pytest.param(", and ; or - " * 600, id="only-joints"),
        pytest.param("(" * 8000, id="open-brackets"),
        pytest.param("train longer and " * 470, id="470-wishes"),
        pytest.param("-5 steps, rank -3, batch size 0", id="negative-numbers"),
        pytest.param("½ ٣ ⅷ steps", id="numbers-of-other-scripts"),
        pytest.param("\ud800 lone surrogate", id="a-lone-surrogate"),
        pytest.param("\0\0\0", id="zero-bytes"),
        pytest.param("e\u0301" * 4000, id="combining-marks"),
    ],
)
async def test_messages_without_measure_are_answered_in_time(shared: House, threads: Threads, payload: str) -> None:
    started = time.thread_time()
    answer = await shared.says(payload, thread_id=threads.plain)
    assert time.thread_time() - started < 3
    threads.plain = answer.thread_id
    assert shared.faults() == []
    assert answer.answered


async def test_after_all_that_both_conversations_go_on(shared: House, threads: Threads) -> None:
    await still_answers(shared, threads.plain)
    await still_answers(shared, threads.with_card)


async def test_a_yes_is_to_no_card_that_was_not_shown(house: House) -> None:
    """A yes typed in an open shell once approved a card that another program had opened in the same thread."""
    began = await house.says("hello")
    async with await Conversation.open(house.workspace, house.person, began.thread_id, model=guided()) as shell:
        house.heard(await shell.history())
        opened = await gathered(opened_by_another_program(house, began.thread_id))
        assert any(isinstance(event, CardShown) for event in opened)
        answered = house.heard(await gathered(shell.send("yes")))
        assert house.faults() == []
        assert any(isinstance(event, CardShown) for event in answered)  # now it is seen
        house.heard(await gathered(shell.send("yes")))
    assert {"jobs changed", "approvals changed"} <= set(house.faults())


async def opened_by_another_program(house: House, thread_id: str) -> AsyncIterator[Event]:
    async with await Conversation.open(house.workspace, house.person, thread_id, model=guided()) as other:
        async for event in other.act("launch_training", {}, through="Some program"):
            yield event


async def test_the_card_of_one_person_is_not_answered_by_another(house: House) -> None:
    shown = await house.says("launch", person="alice")
    (card,) = shown.cards
    for stranger in ("bob", "Alice", "alice ", "аlice", "alice\u200b", "ａlice", ""):
        conversation = await Conversation.open(house.workspace, stranger, shown.thread_id, model=guided())
        async with conversation:
            house.heard(await gathered(conversation.send("yes", seen=card.card.id)))
            house.heard(await gathered(conversation.decide(card.card.id, True)))
    assert house.faults() == []


async def test_a_strangers_word_does_not_make_the_card_his(house: House) -> None:
    """He talks, the card is shown again: it must be for the one who asked for it, or for nobody."""
    shown = await house.says("launch", person="alice")
    aside = await house.says("what is a LoRA?", person="mallory", thread_id=shown.thread_id)
    assert all(each.card.person == "alice" for each in aside.cards)
    await house.says("yes", person="mallory", thread_id=shown.thread_id)
    assert house.faults() == []


@pytest.mark.parametrize("forged", ["card_000000000000", "", "*", "' OR 1=1 --", "../card", "card_\0", "a" * 100_000])
async def test_a_forged_card_is_not_decided(house: House, forged: str) -> None:
    shown = await house.says("launch")
    conversation = await Conversation.open(house.workspace, "you", shown.thread_id, model=guided())
    async with conversation:
        house.heard(await gathered(conversation.decide(forged, True)))
        assert await conversation.pending() is not None
    assert house.faults() == []
    assert rows(house.workspace.home, "SELECT count(*) FROM approvals") == [(0,)]
