"""Several wishes in one message: each is read, in order, and no card opens from a part that the rest takes back."""

import json
from pathlib import Path

import pytest

from agent.guided.intents import read
from agent.guided.rules import CARDS

STATES = json.loads(
    (Path(__file__).resolve().parent.parent / "agent/guided/sentences/tuned.json").read_text(encoding="utf-8")
)["states"]


@pytest.mark.parametrize(
    ("state", "said", "wanted"),
    [
        ("results", "give me the scorecard, and export the package", ["show_scorecard", "export_lora"]),
        ("training", "how far are we, and how much budget is left?", ["training_status", "show_budget"]),
        ("training", "cancel the run and bring the steps down to 200", ["cancel_training", "change_plan"]),
        ("planned", "list the approvals, and then revoke apr_5", ["list_approvals", "revoke_approval"]),
        ("planned", "start the training and stop if it overfits", ["launch_training", "set_standing_order"]),
        ("studio", "list my loras; also how much budget is left?", ["list_loras", "show_budget"]),
        (
            "studio",
            "verify lora_1 and lora_2, then tell me if they clash",
            ["verify_lora"] * 2 + ["measure_interference"],
        ),
        ("audited", "lose the fuzzy ones n the thumbnails", ["set_excluded"] * 2),
        ("audited", "write the captions and read me six of them", ["write_captions", "show_captions"]),
        ("training", "how is it getting on, and tell me when it's finished", ["training_status", "set_standing_order"]),
        ("planned", "rank 24 and then launch", ["change_plan", "launch_training"]),
        ("planned", "why rank 16? and what if I had 40 files?", ["explain_plan", "look_up", "change_plan"]),
        ("planned", "The client called. Undo the last change and show me the budget", ["undo_plan", "show_budget"]),
    ],
)
def test_each_wish_of_a_message_is_read(state: str, said: str, wanted: list[str]) -> None:
    assert [call.name for call in read(said, STATES[state], []).calls] == wanted


@pytest.mark.parametrize(
    "said",
    [
        "if the price is below five dollars, launch and tell me at half time",
        "as soon as my boss agrees, start the training and stop it if it overfits",
        "do not audit and launch",
        "don't show the plan and launch",
        "never launch and never download, show me the plan",
        "launch and tell me at half time, if he says yes",
        "tell me when the plan is cheap and then launch",
        "the button says launch, and the other stop",
        "will you launch and tell me?",
        "set rank 16, launch is for tomorrow",
        "cancel the launch and show the plan",
        "my colleague: start the training and notify me at the end",
        "instead of launching, show me the plan and the price",
        "let it train for one and a half hours",
        "the director signed off. the producer is missing. start the training",
        "she is laughing, start it",
        "signed off? go",
        "approved? launch",
    ],
)
@pytest.mark.parametrize("state", ["planned", "captioned", "results"])
def test_no_part_opens_a_card_that_the_rest_takes_back(said: str, state: str) -> None:
    assert not {call.name for call in read(said, STATES[state], []).calls} & CARDS


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("audited", "leave out a.png and b.png"),
        ("planned", "rank 16 and 300 steps"),
        ("results", "Could you end it now? The machine is needed for something else."),
    ],
)
def test_one_wish_stays_one(state: str, said: str) -> None:
    assert len(read(said, STATES[state], []).calls) <= 1
