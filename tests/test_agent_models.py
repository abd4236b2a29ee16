"""The same conversation with a language model: a good one, a bad one, and none that answers."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from endpoint import serving
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field
from rooms import draw_pictures, new_context, up_to_plan

from agent.conversation import Conversation
from agent.endpoint.client import Limits
from agent.endpoint.model import EndpointModel
from agent.events import CardShown, Event, Problem, Said, ToolFinished, ToolStarted
from agent.models import chat_model
from agent.stages import visible_tools
from tools import runs
from tools.endpoints import Endpoint
from tools.registry import TOOLS, ToolContext
from tools.state import Facts
from trainer_core.jobs import store
from trainer_core.projects import Workspace


class ScriptedModel(BaseChatModel):
    """Says what it is told to say, whatever it is asked."""

    answers: list[AIMessage]
    asked: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        self.asked.append(messages)
        message = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return ChatResult(generations=[ChatGeneration(message=message.model_copy(update={"id": None}))])


def calls(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call_{name}"}])


async def open_with(workspace: Workspace, *answers: AIMessage, project_id: str | None = None) -> Conversation:
    return await Conversation.open(
        workspace, project_id=project_id, model=(ScriptedModel(answers=list(answers)), "scripted")
    )


def impatient(url: str, **limits: Any) -> EndpointModel:
    """A model at the stub, that does not wait long."""
    quick: dict[str, Any] = {"silence": 1.0, "call": 5.0, "pause": 0.01} | limits
    return EndpointModel(endpoint=Endpoint(url, "sk-test"), model_name="stub", limits=Limits(**quick))


async def talk(conversation: Conversation, text: str) -> list[Event]:
    return [event async for event in conversation.send(text)]


def final(events: list[Event]) -> str:
    return "\n".join(
        event.text for event in events if isinstance(event, Problem) or (isinstance(event, Said) and event.final)
    )


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> ToolContext:
    context = new_context(tmp_path_factory.mktemp("home"))
    up_to_plan(context, draw_pictures(tmp_path_factory.mktemp("pictures") / "set"))
    return context


def test_settings_choose_the_model() -> None:
    assert chat_model({})[1] == "guided"
    assert chat_model({"SIDEKICK_MODEL": "guided", "OPENAI_API_KEY": "k"})[1] == "guided"
    model, name = chat_model({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "SIDEKICK_MODEL": "gpt-5.2-codex"})
    assert name == "gpt-5.2-codex"
    assert isinstance(model, EndpointModel)
    assert model.limits.call == 300
    assert "127.0.0.1" not in repr(model)
    assert "sk-" not in repr(chat_model({"OPENAI_API_KEY": "sk-secret"}))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"OPENAI_BASE_URL": "localhost:11434"}, "no web address"),
        ({"OPENAI_API_KEY": "k", "SIDEKICK_MODEL_SECONDS": "soon"}, "from 5 to 3600"),
    ],
)
def test_settings_that_cannot_be_meant_are_said(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chat_model(settings)


async def test_an_endpoint_streams_words_and_tool_calls(tmp_path: Path) -> None:
    turns = [
        {"tool": "choose_recipe", "arguments": json.dumps({"recipe": "character", "noun": "cat"})},
        "That is a character. Now the files, please.",
    ]
    with serving(list(turns)) as endpoint:
        settings = {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": "sk-test", "SIDEKICK_MODEL": "stub"}
        async with await Conversation.open(Workspace.open(tmp_path), model=chat_model(settings)) as conversation:
            events = await talk(conversation, "I want my cat mascot in clips")
            assert await conversation.stage() == "dataset"
    assert [event.name for event in events if isinstance(event, ToolStarted)] == ["choose_recipe"]
    assert final(events) == turns[1]
    assert sum(isinstance(event, Said) and not event.final for event in events) > 3
    first, second = endpoint.requests
    assert first["path"] == "/v1/chat/completions"
    assert first["key"] == "Bearer sk-test"
    assert first["body"]["stream"] is True
    assert first["body"]["stream_options"] == {"include_usage": True}
    assert [tool["function"]["name"] for tool in first["body"]["tools"]] == [
        name for name in TOOLS if name in visible_tools(Facts())
    ]
    assert [message["role"] for message in second["body"]["messages"]] == ["system", "user", "assistant", "tool"]
    assert '"stage": "dataset"' in second["body"]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refused the key"), (404, "not known"), (429, "slow down"), (500, "a fault of its own")]
)
async def test_an_endpoint_that_fails_is_told_kindly_and_the_thread_goes_on(
    tmp_path: Path, status: int, words: str
) -> None:
    with serving([status, status, status, "Hello again."]) as endpoint:
        model, name = chat_model(
            {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": "sk-test", "SIDEKICK_MODEL": "stub"}
        )
        object.__setattr__(model, "max_retries", 0)
        async with await Conversation.open(Workspace.open(tmp_path), model=(model, name)) as conversation:
            events = await talk(conversation, "hi")
            assert words in final(events)
            assert "sk-" not in str(events)
            endpoint.turns[:] = ["Hello again."]
            assert final(await talk(conversation, "hi?")) == "Hello again."


async def test_an_endpoint_that_is_not_there(tmp_path: Path) -> None:
    model = impatient("http://127.0.0.1:9/v1")
    async with await Conversation.open(Workspace.open(tmp_path), model=(model, "stub")) as conversation:
        assert "can't be reached" in final(await talk(conversation, "hi"))


async def test_a_model_that_launches_on_its_own_only_opens_the_card(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    conversation = await open_with(
        planned.workspace, calls("launch_training"), AIMessage("I started it!"), project_id=planned.project_id
    )
    async with conversation:
        events = await talk(conversation, "hello")
        assert any(isinstance(event, CardShown) for event in events)
        assert "started" not in final(events)
        assert store.list_jobs(planned.workspace) == []


async def test_a_tool_call_without_the_card_is_refused_by_the_tool(
    planned: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the gate in the graph were gone: the tool itself asks for the approval."""
    monkeypatch.setattr(runs, "base_missing", lambda _base: None)
    monkeypatch.setattr("agent.graph.interrupt", lambda _card: {"approved": True})
    conversation = await open_with(
        planned.workspace, calls("launch_training"), AIMessage("Hm."), project_id=planned.project_id
    )
    async with conversation:
        events = await talk(conversation, "hello")
        failed = [event for event in events if isinstance(event, ToolFinished) and event.failed]
        assert "approved" in failed[0].text
        assert store.list_jobs(planned.workspace) == []


async def test_unknown_tools_and_wrong_arguments_become_answers_for_the_model(tmp_path: Path) -> None:
    conversation = await open_with(
        Workspace.open(tmp_path),
        calls("rm_rf", path="/"),
        calls("choose_recipe", recipe="hovercraft"),
        AIMessage("Sorry, I was confused."),
    )
    async with conversation:
        events = await talk(conversation, "hello")
        failed = [event for event in events if isinstance(event, ToolFinished)]
        assert [event.failed for event in failed] == [True, True]
        assert "rm_rf" in failed[0].text
        assert final(events).endswith("Sorry, I was confused.")


async def test_a_model_that_goes_round_in_circles_is_stopped(tmp_path: Path) -> None:
    conversation = await open_with(Workspace.open(tmp_path), calls("list_recipes"))
    async with conversation:
        events = await talk(conversation, "hello")
        assert "round in circles" in final(events)
        assert len([event for event in events if isinstance(event, ToolFinished)]) <= 16


@pytest.mark.parametrize("name", ["SIDEKICK_DAILY_TOKENS", "SIDEKICK_MODEL_SECONDS"])
async def test_a_setting_that_makes_no_sense_is_said_and_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv(name, "many")
    before = set(threading.enumerate())
    with pytest.raises(ValueError, match=name):
        await Conversation.open(Workspace.open(tmp_path))
    assert not [
        thread
        for thread in set(threading.enumerate()) - before
        if not thread.daemon and thread.is_alive() and "asyncio" not in thread.name
    ]


async def test_an_empty_answer_is_a_problem(tmp_path: Path) -> None:
    async with await open_with(Workspace.open(tmp_path), AIMessage("")) as conversation:
        assert "no answer" in final(await talk(conversation, "hello"))


async def test_a_long_thread_shows_the_model_only_its_end(tmp_path: Path) -> None:
    model = ScriptedModel(answers=[AIMessage("Yes?")])
    async with await Conversation.open(Workspace.open(tmp_path), model=(model, "scripted")) as conversation:
        for index in range(50):
            await talk(conversation, f"message {index}")
        assert len(model.asked[-1]) <= 81
        assert len(await conversation.history()) == 100
