"""The guided model in the studio: it asks instead of guessing, remembers its question, and says what comes next."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.guided.model import GuidedModel
from agent.stages import visible_tools
from tests.rooms import new_context
from tools.library import loras_folder, register_lora
from tools.registry import TOOLS
from tools.state import as_json, facts_of
from trainer_core.plan import BaseModelName

STATES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "utterances.json").read_text(encoding="utf-8")
)["states"]
FINDINGS = [
    {
        "id": "captions_without_trigger",
        "symptom": "the trigger word does not call the subject",
        "evidence": [
            {
                "title": "captions with the trigger word", "shown": "12 %", "sign": "<", "limit_shown": "90 %",
                "source": "the trainer's guide",
            }
        ],
        "cause": "captions without the trigger word teach the subject without its name",
        "confidence": "high",
        "actions": [{"kind": "write_captions", "words": "put it into every caption", "by_sidekick": True}],
    },
    {
        "id": "views",
        "symptom": "it is not the same character from other sides",
        "evidence": [],
        "cause": "your files do not show these sides",
        "confidence": "high",
        "actions": [{"kind": "add_views", "words": "add files: 3 from behind", "by_sidekick": False}],
    },
]  # fmt: skip


def ask(state: str, *messages: BaseMessage) -> AIMessage:
    """The answer of the model with every tool in view."""
    shown = [
        {"name": tool.name, "description": tool.description, "parameters": tool.arguments.model_json_schema()}
        for tool in TOOLS.values()
    ]
    model = GuidedModel().bind_tools([{"type": "function", "function": entry} for entry in shown])
    facts = SystemMessage("<project>" + json.dumps(STATES[state]) + "</project>")
    answer = model.invoke([facts, *messages])
    assert isinstance(answer, AIMessage)
    return answer


def calls(answer: AIMessage) -> list[tuple[str, dict[str, Any]]]:
    return [(call["name"], call["args"]) for call in answer.tool_calls]


def done(name: str, arguments: dict[str, Any], text: str, data: dict[str, Any]) -> list[BaseMessage]:
    """A tool call and its result, as the thread has them."""
    call = AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": "c1"}])
    return [call, ToolMessage(text, tool_call_id="c1", name=name, artifact={"data": data})]


def diagnosed(findings: list[dict[str, Any]]) -> list[BaseMessage]:
    text = "\n".join(f"- {entry['symptom']}. [finding {entry['id']}]" for entry in findings)
    return [HumanMessage("what would you change?"), *done("diagnose", {}, text, {"findings": findings})]


def test_it_asks_which_loras_and_takes_the_answer() -> None:
    first = HumanMessage("merge them")
    question = ask("studio", first)
    assert not question.tool_calls
    assert "sty_q2ab (lora_2)" in question.text
    answer = ask("studio", first, question, HumanMessage("chr_x7kq at 0.8 and mot_leap"))
    assert calls(answer) == [
        ("merge_loras", {"loras": [{"lora": "lora_1", "strength": 0.8}, {"lora": "lora_3"}]}),
    ]


def test_it_asks_for_the_scene_and_takes_the_answer() -> None:
    first = HumanMessage("use chr_x7kq at 0.8 and sty_q2ab at 0.5")
    question = ask("studio", first)
    assert "Which" in question.text or "which scene" in question.text
    answer = ask("studio", first, question, HumanMessage("walking in a forest"))
    stack = [{"lora": "lora_1", "strength": 0.8}, {"lora": "lora_2", "strength": 0.5}]
    assert calls(answer) == [("generate_clip", {"stack": stack, "prompt": "walking in a forest"})]


@pytest.mark.parametrize("said", ["no", "launch", "stop", "what is a lora?", "train 30% longer", "never mind"])
def test_something_else_does_not_answer_its_question(said: str) -> None:
    first = HumanMessage("compare with step 200")
    question = ask("studio", first)
    assert "compare_clips" not in dict(calls(ask("studio", first, question, HumanMessage(said))))


def test_a_clip_at_a_strength_is_no_answer_to_which_scene() -> None:
    """'show her on a beach at strength 0.5' once became the scene of a comparison, strength and all."""
    question = ask("results", HumanMessage("compare it with the base"))
    answer = ask(
        "results",
        HumanMessage("compare it with the base"),
        question,
        HumanMessage("show her on a beach at strength 0.5"),
    )
    assert calls(answer) == [("generate_clip", {"prompt": "on a beach", "strength": 0.5})]


def test_an_answer_that_comes_later_answers_nothing() -> None:
    first = HumanMessage("merge them")
    later = [first, ask("studio", first), HumanMessage("thanks"), AIMessage("You're welcome.")]
    assert not calls(ask("studio", *later, HumanMessage("chr_x7kq and sty_q2ab")))


def test_the_last_clip_is_what_gets_compared() -> None:
    made = done("generate_clip", {"prompt": "a cat on a beach"}, "Made a clip.", {})
    thread = [HumanMessage("show me a clip of it on a beach"), *made, AIMessage("Made a clip.")]
    answer = ask("two_loras", *thread, HumanMessage("and now with and without the lora"))
    assert calls(answer) == [("compare_clips", {"prompt": "a cat on a beach"})]


def test_findings_are_numbered_and_can_be_named_by_number() -> None:
    thread = diagnosed(FINDINGS)
    answer = ask("results", *thread)
    assert "1. the trigger word does not call the subject." in answer.text
    assert "2. it is not the same character" in answer.text
    assert "[finding" not in answer.text
    assert "apply it" in answer.text
    second = ask("results", *thread, answer, HumanMessage("do number 2"))
    assert calls(second) == [("apply_finding", {"finding": "views"})]


def test_what_only_the_person_has_is_asked_for() -> None:
    answer = ask("results", *diagnosed(FINDINGS[1:]))
    assert "From you it needs: add files: 3 from behind." in answer.text
    assert "apply it" not in answer.text


def test_a_finding_is_backed_with_its_figures_and_their_source() -> None:
    thread = diagnosed(FINDINGS)
    answer = ask("results", *thread, ask("results", *thread), HumanMessage("why do you say that?"))
    assert not answer.tool_calls
    for words in ("12 %", "below 90 %", "the trainer's guide", "confidence is high", "show me the report"):
        assert words in answer.text


def test_a_sound_file_from_elsewhere_is_offered_and_a_damaged_one_is_not() -> None:
    said = HumanMessage("is this file ok?")
    for ok, words in ((True, "take it in"), (False, "stays out of the project")):
        checked = done("verify_lora", {"upload": "upl_9"}, "The file was read.", {"ok": ok})
        assert words in ask("lora_waits", said, *checked).text


def test_the_conversation_is_told_which_loras_there_are(tmp_path: Path) -> None:
    context = new_context(tmp_path / "home")
    for name, there in (("lora_a", True), ("lora_b", False)):
        file = loras_folder(context) / f"added-{name}.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        if there:
            file.write_bytes(b"weights")
        register_lora(context, file, lora_id=name, trigger="sty_q2ab", base=BaseModelName.MINI, sha256="0" * 64)
    assert as_json(facts_of(context))["loras"] == [{"id": "lora_a", "trigger": "sty_q2ab"}]
    assert "merge_loras" in visible_tools(facts_of(context))


def test_one_lora_cannot_be_stacked() -> None:
    answer = ask("results", HumanMessage("do my loras get along?"))
    assert not answer.tool_calls
    assert "only one LoRA" in answer.text


def test_a_trigger_word_means_the_newest_lora_that_has_it() -> None:
    facts = STATES["results"] | {
        "loras": [
            {"id": "lora_9", "trigger": "chr_x7kq"},
            {"id": "lora_8", "trigger": "chr_x7kq, sty_q2ab"},
            {"id": "lora_7", "trigger": "sty_q2ab"},
        ]
    }
    STATES["three_rounds"] = facts
    answer = ask("three_rounds", HumanMessage("do chr_x7kq and sty_q2ab get along?"))
    assert calls(answer) == [("measure_interference", {"loras": [{"lora": "lora_9"}, {"lora": "lora_7"}]})]
