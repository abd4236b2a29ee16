"""A language model within bounds: repeated calls, tokens of a message and a day, figures without a source, size."""

import json
from pathlib import Path

import pytest
from endpoint import Turn, serving
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from test_agent import stage_facts

from agent import chapters
from agent.containment import without_thoughts
from agent.conversation import Conversation
from agent.endpoint.client import Limits
from agent.endpoint.model import EndpointModel
from agent.endpoint.wire import on_the_wire, tool_form
from agent.events import Event, Problem, Said, ToolFinished
from agent.graph import schema_of
from agent.stages import Stage, system_prompt, visible_tools
from agent.usage import Usage, caps_of, record, tokens_today, usage_of
from tools.endpoints import Endpoint
from trainer_core.projects import Workspace

BUDGET = 35_000  # characters of prompt and tools, before the conversation itself


async def tell(home: Path, turns: list[Turn], text: str = "hello") -> tuple[list[Event], int]:
    """The events of one message, and how often the model was asked."""
    with serving(list(turns)) as endpoint:
        limits = Limits(silence=10.0, call=30.0, pause=0.01)
        model = EndpointModel(endpoint=Endpoint(endpoint.url), model_name="stub", limits=limits)
        async with await Conversation.open(Workspace.open(home), model=(model, "stub")) as conversation:
            return [event async for event in conversation.send(text)], len(endpoint.requests)


def said(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Problem) or (isinstance(event, Said) and event.final)]


def call(name: str, **arguments: object) -> Turn:
    return {"tool": name, "arguments": json.dumps(arguments)}


async def test_the_same_call_is_not_made_a_third_time(tmp_path: Path) -> None:
    events, asked = await tell(tmp_path, [call("list_recipes")] * 9)
    assert len([event for event in events if isinstance(event, ToolFinished)]) == 2
    assert "round in circles" in said(events)[-1]
    assert asked == 3


async def test_a_message_has_its_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MESSAGE_TOKENS", "20")  # the stub reports 16 for each answer
    events, asked = await tell(tmp_path, [call("list_recipes"), call("look_up", query="rank"), "Never said."])
    assert asked == 2
    assert "32 tokens, more than its limit of 20" in said(events)[-1]


async def test_a_day_has_its_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_DAILY_TOKENS", "100")
    workspace = Workspace.open(tmp_path)
    usage_of(workspace, "thr_other")  # makes the table
    record(workspace, "thr_other", "stub", (60, 20), 0)
    record(workspace, "thr_other", "stub", None, 19)
    assert tokens_today(workspace) == 99
    assert usage_of(workspace, "thr_other") == Usage(2, 1, 60, 20, ("stub",))
    assert said((await tell(tmp_path, ["Hello."]))[0]) == ["Hello."]
    events, asked = await tell(tmp_path, ["Never said."])
    assert asked == 0
    assert "begins anew at midnight" in said(events)[0]


async def test_usage_of_a_long_thread_is_that_of_all_its_chapters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapters, "LONGEST", 4)
    monkeypatch.setattr(chapters, "KEPT", 2)
    workspace = Workspace.open(tmp_path)
    with serving(["Yes?"] * 6) as endpoint:
        model = EndpointModel(endpoint=Endpoint(endpoint.url), model_name="stub")
        async with await Conversation.open(workspace, model=(model, "stub")) as conversation:
            for number in range(6):
                assert [event async for event in conversation.send(f"message {number}")]
            assert chapters.number_of(workspace, conversation.thread_id) > 0
            assert usage_of(workspace, conversation.thread_id).calls == 6


def test_limits_that_are_no_numbers_are_said() -> None:
    assert caps_of({"SIDEKICK_DAILY_TOKENS": "50,000"}).day == 50_000
    with pytest.raises(ValueError, match="SIDEKICK_DAILY_TOKENS"):
        caps_of({"SIDEKICK_DAILY_TOKENS": "lots"})


async def test_a_truthful_model_is_left_alone_and_an_inventing_one_is_named(tmp_path: Path) -> None:
    truthful, _ = await tell(tmp_path / "a", [call("list_recipes"), "There are five recipes."])
    assert said(truthful) == ["There are five recipes."]
    inventing, asked = await tell(
        tmp_path / "b", [call("list_recipes"), "Yours is 97.3% done in 8 minutes."], "Is it 8 minutes?"
    )
    assert asked == 2
    assert said(inventing) == [
        "Yours is 97.3% done in 8 minutes.",
        "(No tool measured and no article says: 97.3 %. Do not rely on that figure.)",
    ]


async def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    events, _ = await tell(tmp_path, ["round and round " * 65_000])
    assert 39_000 < len(said(events)[0]) < 41_000
    assert said(events)[0].endswith("too long.)")


def test_thoughts_whose_beginning_is_not_marked_are_left_out() -> None:
    assert without_thoughts(AIMessage("I must greet.\n</think>\n\nHello.")).text == "Hello."
    assert without_thoughts(AIMessage("Hello.")).text == "Hello."


def test_any_thread_becomes_messages_that_strict_templates_take() -> None:
    asked = {"name": "look_up", "args": {"query": "é"}, "id": "call_0123456789abcdef"}
    sent = on_the_wire(
        [
            SystemMessage("one"),
            ToolMessage("orphan", tool_call_id="gone"),
            HumanMessage("a"),
            AIMessage(""),
            HumanMessage("b"),
            AIMessage("x"),
            AIMessage("y", tool_calls=[asked]),  # type: ignore[list-item]
            ToolMessage("found", tool_call_id=asked["id"]),  # type: ignore[arg-type]
            SystemMessage("two"),
        ]
    )
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool"]
    assert (sent[0]["content"], sent[1]["content"], sent[2]["content"]) == ("one\n\ntwo", "a\n\nb", "x\n\ny")
    assert sent[2]["tool_calls"][0]["id"] == sent[3]["tool_call_id"]
    assert sent[2]["tool_calls"][0]["function"]["arguments"] == '{"query": "é"}'


def request_at(stage: Stage) -> tuple[str, list[dict[str, object]]]:
    facts = stage_facts()[stage]
    return system_prompt(facts), [tool_form(schema_of(name)) for name in visible_tools(facts)]


@pytest.mark.parametrize("stage", list(Stage))
def test_what_is_sent_fits_a_small_model(stage: Stage) -> None:
    """A token of English or JSON is about four characters: 8,750 tokens, so a context of 16k has room to talk."""
    prompt, tools = request_at(stage)
    assert len(prompt) + len(json.dumps(tools)) <= BUDGET
