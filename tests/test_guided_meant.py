"""What is meant beside what is said: corrections in the same breath, others' words, remarks, a wish in many forms."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.guided.as_meant import as_meant
from agent.guided.intents import read
from agent.guided.rules import CARDS

STATES = json.loads(
    (Path(__file__).resolve().parent.parent / "agent/guided/sentences/tuned.json").read_text(encoding="utf-8")
)["states"]


TALK_OF_STARTING = """let it go
my boss says start the training now
start the training when the client signs
should we start the training?
don't start the training yet, but set it up
if the price is ok start the training
the button says start training
he typed: launch
I'd start the training if I were sure
start the training? hmm, let me think
we could start the training tomorrow
signed off by nobody, launch later
everything is settled except the launch
I'm not saying start
start training is what the docs call it
the config is frozen but don't launch
kick off the training only after legal agrees
tell me how to start the training
what happens when I start the training
start it, no wait, don't
go ahead and start... just kidding
launch the missiles lol
start over
start the training, my dog says
please do not start the training
and launch? not yet
who said start the training
I've started the training already
is the training started?
the training will start by itself?
I dreamed you started the training
send it to my phone
ship it to the client when done
proceed with caution
we're good to go, but wait for Anna
get going with the captions
set the rank going up
put the training on hold
let the training run out of time
another run would be too expensive
begin by writing captions
roll back the plan
fire up the coffee machine
one more time explain rank""".splitlines()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("rank 8, no, 16", "rank 16"),
        ("tell me at step 120, sorry, step 140", "tell me at step 140"),
        ("rank 64 and 500 steps, no, rank 32", "rank 32 and 500 steps"),
        ("leave out hat-1.png. No, I mean hat-4.png", "leave out hat-4.png"),
        ("withdraw apr_1a, no, apr_2b", "withdraw apr_2b"),
        ("rank 32, no more than 10 minutes", "rank 32, no more than 10 minutes"),
        ("No, make it 400", "No, make it 400"),
        ("drop the small ones n the short ones", "drop the small ones and the short ones"),
    ],
)
def test_a_correction_counts_in_its_last_form(said: str, meant: str) -> None:
    assert as_meant(said) == meant


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("audited", "my uncle says the blurry ones should go, but I like them"),
        ("planned", "a magazine claims 4000 steps are best, I'm not convinced"),
        ("planned", "my sister reckons the rank ought to be doubled"),
        ("captioned", "please don't make any plan yet"),
        ("lora_waits", "add it when my lawyer agrees"),
        ("audited", "perhaps we leave hat-1.png out"),
        ("results", "impressive, that went better than I expected"),
        ("training", "brb in ten minutes"),
    ],
)
def test_what_is_no_wish_calls_nothing(state: str, said: str) -> None:
    assert not read(said, STATES[state], []).calls


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("planned", "right, set it running"),
        ("planned", "the plan has been approved. please begin the training"),
        ("planned", "all agreed, have the training started"),
        ("planned", "5 4 3 2 1 launch"),
        ("planned", "I've got my coffee, so start the training"),
        ("stopped", "pick the training up where it broke off"),
        ("stopped", "carry on where it stopped, the power is back"),
    ],
)
def test_a_plain_wish_to_start_has_many_forms(state: str, said: str) -> None:
    assert [call.name for call in read(said, STATES[state], []).calls] == ["launch_training"]


@pytest.mark.parametrize(
    "said",
    [
        "we have started the training",
        "my friend started the training",
        "the button to start the training is big",
        "my wish is to start the training",
        "great run",
        "good launch",
        "can the training start",
        "the poll is done, launch it",
        "everyone is shouting, launch, launch",
        "all of this is approved by nobody. launch",
    ],
)
@pytest.mark.parametrize("state", ["planned", "results"])
def test_talk_of_starting_opens_no_card(said: str, state: str) -> None:
    assert not {call.name for call in read(said, STATES[state], []).calls} & CARDS


@pytest.mark.parametrize(
    ("state", "said", "wanted"),
    [
        (
            "audited",
            "take hat-1.png out and put hat-2.png back",
            [{"items": ["hat-1.png"]}, {"items": ["hat-2.png"], "excluded": False}],
        ),
        ("captioned", "wherever the captions say mug, write cup", [{"find": "mug", "replace": "cup", "accept": True}]),
        ("captioned", "write them again w/o the vision model", [{"by_model": False}]),
        (
            "training",
            "tell me at 20, 40 and 60 percent",
            [{"when": "progress", "value": share, "do": "tell"} for share in (0.2, 0.4, 0.6)],
        ),
        ("training", "send word when it is three quarters done", [{"when": "progress", "value": 0.75, "do": "tell"}]),
        ("planned", "steps *2, rank /2", [{"steps_factor": 2.0, "rank_factor": 0.5}]),
        ("results", "we would like to see him rowing a boat", [{"prompt": "rowing a boat"}]),
        ("recipe", "it's not a cat, it's a walrus", [{"recipe": "character", "noun": "walrus"}]),
    ],
)
def test_values_are_those_that_were_said(state: str, said: str, wanted: list[dict[str, Any]]) -> None:
    assert [call.arguments for call in read(said, STATES[state], []).calls] == wanted


def test_who_only_talks_of_starting_opens_no_card() -> None:
    for state in ("audited", "planned", "training", "results", "stopped"):
        opened = [
            said for said in TALK_OF_STARTING if CARDS & {call.name for call in read(said, STATES[state], []).calls}
        ]
        assert opened == []
