"""Messages without end are read in part, and in time."""

import json
import time
from pathlib import Path

import pytest

from agent.guided.intents import read
from agent.guided.shortened import MOST, shortened

STATES = json.loads(
    (Path(__file__).resolve().parent.parent / "agent/guided/sentences/tuned.json").read_text(encoding="utf-8")
)["states"]
ENDLESS = {
    "hyphens": "-" * 8000,
    "words": "show me " * 1000,
    "dots": "." * 8000,
    "commas": "," * 8000,
    "three signs": "-.," * 2600,
    "spaces": "a " * 4000,
    "courtesy": "please, ok - now " * 500,
    "parts of a word": "a-b-" * 2000,
    "figures": " ".join(str(number) for number in range(1500)),
    "files": " ".join(f"a{number}.png" for number in range(1200)),
    "corrections": " ".join(f"rank {number}, no wait" for number in range(500)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_message_is_read_in_time(name: str) -> None:
    """Regression: some took seconds, for rules look for words in many orders. It now takes less than 0.2 s."""
    read("hello", STATES["planned"], [])  # the word list is loaded once
    start = time.process_time()
    read(ENDLESS[name], STATES["planned"], [])
    assert time.process_time() - start < 1.5


def test_what_repeats_itself_stands_three_times() -> None:
    assert shortened("show me " * 1000)[0].split() == ["show", "me"] * 3
    assert shortened("l" * 300)[0] == "lll"
    short, unread = shortened("launch" + "!" * 400)
    assert short.startswith("launch!!!")
    assert (len(short) < 20, unread) == (True, False)
    assert not shortened("-" * 8000)[1]


def test_a_usual_message_is_read_as_it_is() -> None:
    said = 'the caption of a.png should be: "ha ha ha ha ha -----"'
    assert shortened(said) == (said, False)


@pytest.mark.parametrize("said", ["launch", "rank 64", "leave out the blurry ones"])
def test_the_end_that_is_not_read_may_deny_the_beginning(said: str) -> None:
    long = said + ". " + " ".join(f"word{number}" for number in range(MOST)) + ". No, don't do any of that"
    for state in ("audited", "planned"):
        got = read(long, STATES[state], [])
        assert {call.name for call in got.calls} <= {"look_up"}
    assert not read(said + "-" * 40000 + "no, don't", STATES["planned"], []).calls
