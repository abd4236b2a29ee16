"""Figures in a language model's answers: what tools, articles, facts or the person said stands; others are named."""

import json

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.claims import unsupported

FACTS = {"stage": "launch", "images": 24, "clips": 4, "plan": {"seconds": 93.7, "steps": 320, "rank": 32, "width": 768}}
SYSTEM = f"Rules: 30% longer is steps_factor 1.3.\n\n<project>{json.dumps(FACTS)}</project>"
RESULTS = [
    "The plan changed. steps: 320 → 416. Time: 1 min 34 s → 2 min 2 s. Learning rate 0.0002. "
    "Price $1.92 at $0.006 a step.",
    "identity 0.87 (line 0.75); leak 0.13; the file has 12.4 MB. 3 of 12 pictures are blurry.",
    "- How many pictures: 15 to 30 pictures are enough (source: a report)",
]


def known(said: str = "train thirty percent longer, in under 5 minutes") -> list[AnyMessage]:
    results = [ToolMessage(text, tool_call_id=str(index)) for index, text in enumerate(RESULTS)]
    scores = ToolMessage("Scored.", tool_call_id="9", artifact={"data": {"seconds": 41.3, "views": ["a"] * 7}})
    return [HumanMessage(said), AIMessage("It has 99% quality."), *results, scores]


@pytest.mark.parametrize(
    "answer",
    [
        "Training takes about 1.5 minutes, that is 94 s, at rank 32.",
        "It takes around two minutes now, 28 seconds more than before.",
        "30% more steps: 416 instead of 320. I kept it under 5 minutes.",
        "The identity is 87 %, above the line of 75%. A quarter (25 %) of the pictures is blurry.",
        "28 files: 24 images and 4 clips. About 400 steps. A file of 12 MB, 12.4 MB to be exact.",
        "The learning rate is 2e-4, which is 0.0002. It costs $1.92, about 2 dollars.",
        "15-30 pictures are enough, an article says. The scoring took 41 seconds.",
        'Would 50 more pictures be possible? You could say “train 80% longer” or "use 500 steps".',
        "There are 2 reasons, and 3 pictures show it. In 2026 that was different. See step 1.",
        "768 pixels wide.",
    ],
)
def test_what_is_known_is_no_invention(answer: str) -> None:
    assert unsupported(answer, SYSTEM, known()) == []


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("The identity is 93 %.", ["93 %"]),
        ("It takes 9 minutes and needs 24 GB of memory.", ["9 minutes", "24 GB"]),
        ("That costs $4.", ["$4"]),
        ("Use rank 64 and 1,500 steps.", ["rank 64", "1500 steps"]),
        ("You need 40 to 60 pictures.", ["40 pictures", "60 pictures"]),
        ("As I said, it has 99% quality.", ["99 %"]),
        ("About half an hour.", ["30 minutes"]),
        ("40% faster, 50% sharper, 60% nicer, 70% bolder, 80% wider, 45% better.", None),
    ],
)
def test_what_stands_nowhere_is_named(answer: str, named: list[str] | None) -> None:
    found = unsupported(answer, SYSTEM, known())
    assert found == named if named is not None else found[-1] == "1 more"


def test_examples_in_the_rules_are_no_facts() -> None:
    assert unsupported("It is 30% better.", SYSTEM, [HumanMessage("hi")]) == ["30 %"]
