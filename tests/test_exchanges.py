"""What servers and models send, good and bad: stored exchanges, replayed over loopback to a whole conversation."""

import time
from pathlib import Path
from typing import Any

import pytest
from exchanges import FOLDER, replaying

from agent.conversation import Conversation
from agent.endpoint.client import Limits
from agent.endpoint.model import EndpointModel
from agent.events import Event, Problem, Progress, Said, ToolFinished, Used
from agent.usage import tokens_today, usage_of
from tools.endpoints import Endpoint
from trainer_core.projects import Workspace

HELLO = "Hello. What would you like to teach?"
AFTER = "There are five recipes."
CALLED = [
    "openai_tools",
    "ollama_tool",
    "ollama_same_index",
    "ollama_object",
    "vllm_tool",
    "vllm_same_index",
    "llamacpp_tool",
    "cut_in_call",
    "broken_json",
    "written_hermes",
    "written_llama",
    "written_mistral",
    "written_fenced",
    "written_function",
]
ANSWERED = [
    "openai_temperature",
    "openai_down",
    "openai_error_in_stream",
    "ollama_think",
    "vllm_no_finish",
    "llamacpp_words",
    "no_stream",
    "no_stream_options",
    "cut_before_words",
    "no_end",
    "garbage",
    "stalled",
    "written_unknown",
    "openai_context",
    "vllm_context",
    "llamacpp_context",
    "llamacpp_context_200",
]


class Heard:
    """What a person saw of one message, and what the server was asked."""

    def __init__(self, events: list[Event], bodies: list[dict[str, Any]]) -> None:
        self.bodies = bodies
        self.said = [event.text for event in events if isinstance(event, Said) and event.final]
        self.streamed = "".join(event.text for event in events if isinstance(event, Said) and not event.final)
        self.problems = [event.text for event in events if isinstance(event, Problem)]
        self.tools = [(event.name, event.failed) for event in events if isinstance(event, ToolFinished)]
        self.used = [(event.input_tokens, event.output_tokens) for event in events if isinstance(event, Used)]
        self.progress = [event.text for event in events if isinstance(event, Progress)]


async def hear(home: Path, name: str, *messages: str, **limits: Any) -> Heard:
    """Say something to a model at the server that replays `name`; all that is stored must be asked for."""
    quick: dict[str, Any] = {"silence": 1.0 if name == "stalled" else 10.0, "call": 30.0, "pause": 0.01} | limits
    with replaying(name) as replay:
        model = EndpointModel(endpoint=Endpoint(replay.url, "sk-secret"), model_name="stub", limits=Limits(**quick))
        async with await Conversation.open(Workspace.open(home), model=(model, "stub")) as conversation:
            events = []
            for message in messages or ("hello",):
                events = [event async for event in conversation.send(message)]
    assert not replay.wrong, replay.wrong
    assert not replay.left, "not everything was asked for"
    assert "sk-secret" not in str(events)
    return Heard(events, replay.bodies)


@pytest.mark.parametrize(
    "name",
    ANSWERED,
)
async def test_it_comes_to_an_answer_once(tmp_path: Path, name: str) -> None:
    heard = await hear(tmp_path, name)
    assert heard.said == [heard.streamed] == [HELLO]
    assert not heard.problems
    used = {"no_stream_options": (None, None), "written_unknown": (6024, 42)}  # the second was asked twice
    assert heard.used == [used.get(name, (3012, 21))]


@pytest.mark.parametrize(
    "name",
    CALLED,
)
async def test_its_tool_calls_are_understood_and_made_once(tmp_path: Path, name: str) -> None:
    heard = await hear(tmp_path, name, "I want to teach my cat")
    expected = {"openai_tools": 2, "ollama_same_index": 2, "ollama_object": 2, "vllm_same_index": 2}
    assert len(heard.tools) == expected.get(name, 1)
    assert not any(failed for _name, failed in heard.tools)
    assert heard.said[-1] == AFTER
    assert heard.streamed == "".join(heard.said)
    assert "tool_call" not in heard.streamed
    assert '"name"' not in heard.streamed
    sent = [message for message in heard.bodies[-1]["messages"] if message["role"] == "assistant"]
    assert len(sent[0]["tool_calls"]) == len(heard.tools)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai_key", "refused the key"),
        ("openai_model", "SIDEKICK_MODEL"),
        ("ollama_model", "not known"),
        ("openai_quota", "no credit left"),
        ("openai_rate_limit_long", "wait 3600 seconds"),
        ("azure_filter", "content filter"),
        ("openai_empty", "gave no answer"),
        ("ollama_no_tools", "Take a model that can"),
        ("vllm_no_parser", "--enable-auto-tool-choice"),
        ("llamacpp_no_jinja", "--jinja"),
        ("redirect", "another address"),
        ("html", "not that of a chat server"),
    ],
)
async def test_what_cannot_be_mended_is_told_with_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    heard = await hear(tmp_path, name)
    assert len(heard.problems) == 1
    assert words in heard.problems[0]
    assert "is kept" in heard.problems[0]
    assert "SIDEKICK_MODEL=guided" in heard.problems[0]
    assert not heard.said


async def test_a_busy_server_is_given_the_time_that_it_asks_for(tmp_path: Path) -> None:
    started = time.monotonic()
    heard = await hear(tmp_path, "openai_rate_limit")
    assert heard.said == [HELLO]
    assert time.monotonic() - started >= 1.0


async def test_an_answer_that_breaks_off_is_begun_anew_with_a_word_about_it(tmp_path: Path) -> None:
    heard = await hear(tmp_path, "cut_in_words")
    assert heard.said == [heard.streamed]
    assert heard.streamed.count("Hi! Tell me about it.") == 1
    assert "broke off here" in heard.streamed


async def test_an_answer_that_breaks_off_each_time_is_kept_as_far_as_it_came(tmp_path: Path) -> None:
    heard = await hear(tmp_path, "cut_always")
    assert heard.said == [heard.streamed]
    assert heard.streamed.startswith("Hello. What would ")
    assert heard.streamed.count("Hello") == 1
    assert heard.streamed.endswith("for the rest.)")


async def test_a_refusal_and_a_cut_answer_are_shown(tmp_path: Path) -> None:
    assert (await hear(tmp_path / "a", "openai_refusal")).said == ["I can't help with that."]
    assert "may not write more" in (await hear(tmp_path / "b", "openai_length")).said[0]


async def test_a_thread_that_is_too_long_is_sent_shorter(tmp_path: Path) -> None:
    heard = await hear(tmp_path, "openai_context", "hello " * 500)
    assert [message["role"] for message in heard.bodies[-1]["messages"]] == ["system", "user"]


async def test_usage_is_kept_for_each_thread_and_nothing_is_counted_as_zero(tmp_path: Path) -> None:
    assert (await hear(tmp_path, "openai_tools")).used == [(3012, 21), (3012, 21)]
    await hear(tmp_path, "no_stream_options")
    workspace = Workspace.open(tmp_path)
    from agent.threads import threads_of

    second, first = threads_of(workspace)
    assert usage_of(workspace, first.id).words() == (
        "6,024 tokens read, 42 written in 2 answers by gpt-4.1-mini-2025-04-14."
    )
    assert "does not report tokens" in usage_of(workspace, second.id).words()
    assert "No language model" in usage_of(workspace, "thr_none").words()


async def test_answers_that_could_not_be_used_are_counted_all_the_same(tmp_path: Path) -> None:
    assert (await hear(tmp_path, "openai_empty")).problems
    assert tokens_today(Workspace.open(tmp_path)) == 3 * (3012 + 21)


def test_every_exchange_is_used_by_a_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert not [path.stem for path in FOLDER.glob("*.json") if path.stem not in source]
