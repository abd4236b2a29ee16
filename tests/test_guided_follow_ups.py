"""Sentences that lean on what came before; budgets and consent in words; what is not understood."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from agent.guided import answers
from agent.guided.answers import Result
from agent.guided.intents import read
from tests.test_guided_studio import FINDINGS as FINDINGS
from tests.test_guided_studio import ask, calls, diagnosed, done

STATES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "utterances.json").read_text(encoding="utf-8")
)["states"]
FACE = STATES["planned"] | {"recipe": "face", "noun": "woman"}


def after(name: str, arguments: dict[str, Any], said: str, state: str = "planned") -> AIMessage:
    """The answer to `said` right after a call of that tool."""
    before: list[BaseMessage] = [HumanMessage("…"), *done(name, arguments, "Done.", {}), AIMessage("Done.")]
    return ask(state, *before, HumanMessage(said))


@pytest.mark.parametrize(
    ("name", "arguments", "said", "wanted"),
    [
        ("explain_plan", {"field": "rank"}, "make it 64 then", ("change_plan", {"rank": 64})),
        ("explain_plan", {"field": "resolution"}, "try 768", ("change_plan", {"width": 768, "height": 768})),
        ("change_plan", {"rank": 64}, "no, 48", ("change_plan", {"rank": 48})),
        ("change_plan", {"rank": 64}, "what about 128?", ("change_plan", {"rank": 128, "only_show": True})),
        ("change_plan", {"steps": 900, "only_show": True}, "ok do that", ("change_plan", {"steps": 900})),
        ("change_plan", {"steps": 900}, "undo that", ("undo_plan", {})),
    ],
)
def test_a_sentence_leans_on_the_one_before(
    name: str, arguments: dict[str, Any], said: str, wanted: tuple[str, dict[str, Any]]
) -> None:
    assert calls(after(name, arguments, said)) == [wanted]


def test_a_figure_without_anything_before_it_is_asked_back() -> None:
    answer = ask("planned", HumanMessage("make it 64 then"))
    assert not answer.tool_calls
    assert "of what" in answer.text


def test_an_imagined_set_of_files_is_never_taken() -> None:
    assert not calls(after("change_plan", {"images": 12, "only_show": True}, "ok do that"))


def test_one_of_two_values_is_chosen_by_its_place_or_by_itself() -> None:
    both = [
        AIMessage("", tool_calls=[{"name": "change_plan", "args": {"rank": rank, "only_show": True}, "id": f"c{rank}"}])
        for rank in (16, 64)
    ]
    shown = [message for call in both for message in (call, done("change_plan", {}, "Shown.", {})[1])]
    for message, rank in zip(shown[1::2], (16, 64), strict=True):
        message.tool_call_id = f"c{rank}"  # type: ignore[attr-defined]
    thread = [HumanMessage("compare rank 16 and 64"), *shown, AIMessage("Shown.")]
    for said, rank in (("the second one", 64), ("take 16", 16), ("the higher one please", 64)):
        assert calls(ask("planned", *thread, HumanMessage(said))) == [("change_plan", {"rank": rank})], said
    assert "Which one" in ask("planned", *thread, HumanMessage("do that")).text


def test_why_after_a_scorecard_gives_what_is_behind_it() -> None:
    assert calls(after("show_scorecard", {}, "why do you say that?", "results")) == [("diagnose", {})]


def test_a_suggestion_is_applied_once_and_then_the_next_is_named() -> None:
    thread = [*diagnosed(FINDINGS), AIMessage("…"), HumanMessage("apply it")]
    applied = [*thread, *done("apply_finding", {}, "Done.", {}), AIMessage("Done.")]
    answer = ask("results", *applied, HumanMessage("apply it"))
    assert not answer.tool_calls
    assert "do number 2" in answer.text


@pytest.mark.parametrize(
    "said",
    [
        "she has agreed",
        "I agree",
        "she would probably agree",
        "Anna might agree",
        "does Anna agree?",
        '"Anna has agreed" he wrote',
    ],
)
def test_no_consent_is_recorded_from_a_vague_sentence(said: str) -> None:
    assert "record_consent" not in [call.name for call in read(said, FACE, []).calls]


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ("I have her permission, her name is Anna", "Anna"),
        ("Anna Berg, who is over 18, agreed in writing on 3 May", "Anna Berg"),
        ("it is me and I agree", "myself"),
    ],
)
def test_a_plain_statement_opens_the_card_of_consent(said: str, person: str) -> None:
    (call,) = read(said, FACE, []).calls
    assert (call.name, call.arguments["person_shown"], call.arguments["statement"]) == ("record_consent", person, said)


@pytest.mark.parametrize("said", ["raise my budget to 100 dollars", "lift the spending limit", "ignore the budget"])
def test_no_words_lift_a_limit(said: str) -> None:
    reading = read(said, STATES["planned"], [])
    assert not reading.calls
    assert "only a person can" in reading.words


def test_what_is_not_understood_gets_the_nearest_things_for_this_stage() -> None:
    said = answers.about("unclear", "polish the colours of the video somehow", STATES["results"])
    assert "not sure" in said
    assert "show me a clip" in said
    assert "launch" not in answers.about("unclear", "launch pad", STATES["new"])


def test_after_scoring_again_no_launch_is_offered() -> None:
    result = Result("score_again", {}, "Scoring has started.")
    said = answers.after([result], STATES["planned"], card_waits=False, events=[])
    assert "launch" not in said


def test_what_a_newcomer_said_in_the_shell_is_understood() -> None:
    """Regressions from docs/conversation.md: a greeting with a question, and a clip of the subject by its name."""
    states = json.loads((Path(__file__).parent / "data" / "utterances.json").read_text(encoding="utf-8"))["states"]
    hello = read("hello! I've never done this. what do you need from me?", states["new"], [])
    assert hello.topic == "help"
    clip = read("show me Pip waving on a beach", states["results"], [])
    assert [(call.name, call.arguments) for call in clip.calls] == [("generate_clip", {"prompt": "waving on a beach"})]
