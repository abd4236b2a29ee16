"""What a sentence spells out: ids and codes, captions in quotation marks, figures with a decimal comma."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.guided.intents import read
from agent.guided.named_ids import by_id
from agent.guided.numbers import with_decimal_points

STATES = json.loads(
    (Path(__file__).resolve().parent.parent / "agent/guided/sentences/tuned.json").read_text(encoding="utf-8")
)["states"]


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("here is my code, join-8fk2-qq", "join_project", {"code": "join-8fk2-qq"}),
        ("please kick web:anna from the project", "remove_member", {"person": "web:anna"}),
        ("take back inv_77 please", "remove_member", {"invitation": "inv_77"}),
        ("run_2 against run_5", "compare_runs", {"first": "run_2", "second": "run_5"}),
        ("rescind apr_5", "revoke_approval", {"approval": "apr_5"}),
    ],
)
def test_an_id_says_which_tool_is_meant(said: str, name: str, arguments: dict[str, Any]) -> None:
    call = by_id(said, said)
    assert call is not None
    assert (call.name, call.arguments) == (name, arguments)


@pytest.mark.parametrize(
    "said",
    [
        "don't remove web:anna",
        "should i remove web:anna?",
        "if she leaves, remove web:anna",
        "he said: remove web:anna",
        "what is join-8fk2-qq?",
        "web:anna did well",
        "the code join-8fk2-qq doesn't work",
    ],
)
def test_an_id_that_is_only_talked_about_calls_nothing(said: str) -> None:
    assert by_id(said, said) is None


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("strengths 0,4, 0,7 and 1", "strengths 0.4, 0.7 and 1"),
        ("at most 1,50 dollars", "at most 1.50 dollars"),
        ("1.500 steps", "1500 steps"),
        ("steps 100,200", "steps 100,200"),
        ("a.png, 2 of them", "a.png, 2 of them"),
    ],
)
def test_figures_may_have_a_decimal_comma(said: str, wanted: str) -> None:
    assert with_decimal_points(said) == wanted


@pytest.mark.parametrize(
    "said",
    [
        'The caption of Pip-04.png is to be changed to "a cat on Two boxes".',
        "Pip-04.png should read: a cat on Two boxes",
        "change the caption of Pip-04.png to a cat on Two boxes",
    ],
)
def test_a_caption_is_taken_as_it_was_written(said: str) -> None:
    (call,) = read(said, STATES["captioned"], []).calls
    assert (call.name, call.arguments) == ("edit_caption", {"item": "Pip-04.png", "caption": "a cat on Two boxes"})
