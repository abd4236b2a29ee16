"""'Same as last time but for style': what was chosen for the last plan, kept for the next one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from .patterns import search
from .reading import Call, Facts, Reading

KEPT = "kept"  # among the facts: [name, arguments] of the calls that made the last plan what it is
_SAME = (
    r"(?i)\b(?:same|just|exactly|like|as)\b(?: \w+){0,3} (?:last time|(?:as|like) before"
    r"|the last (?:one|run|plan|time))"
)
_MOST = 8  # changes that are made again


@dataclass
class _Chosen:
    """The plan that stands: its preset and base, and the changes since."""

    plan: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)


def kept_choices(before: Sequence[BaseMessage]) -> Facts:
    """The fact KEPT, where the person asked for the same as last time and no plan was made since."""
    calls: dict[str, dict[str, Any]] = {}
    chosen, wished = _Chosen(), False
    for message in before:
        if isinstance(message, AIMessage):
            calls |= {str(call["id"]): call["args"] for call in message.tool_calls}
        elif isinstance(message, HumanMessage):
            wished = wished or search(_SAME, message.text) is not None
        elif isinstance(message, ToolMessage) and message.status != "error":
            arguments = calls.get(message.tool_call_id, {})
            wished = wished and message.name != "propose_plan"
            _take(str(message.name), arguments, chosen)
    if not wished or not (chosen.plan or chosen.changes):
        return {}
    return {KEPT: [["propose_plan", chosen.plan], *(["change_plan", entry] for entry in chosen.changes[-_MOST:])]}


def _take(name: str, arguments: dict[str, Any], chosen: _Chosen) -> None:
    if name == "propose_plan":
        chosen.plan, chosen.changes = dict(arguments), []
    elif name == "change_plan" and not arguments.get("only_show"):
        chosen.changes.append(arguments)
    elif name == "undo_plan":
        del chosen.changes[-int(arguments.get("times", 1)) :]


def with_kept(reading: Reading, facts: Facts) -> Reading:
    """The reading, where it makes a plan, with what was chosen before; what is said now counts more."""
    kept = facts.get(KEPT)
    if not kept or not any(call.name == "propose_plan" for call in reading.calls):
        return reading
    (_, plan), *changes = kept
    calls: list[Call] = []
    for call in reading.calls:
        if call.name == "propose_plan":
            calls.append(Call(call.name, plan | call.arguments))
            calls += [Call(name, arguments) for name, arguments in changes]
        else:
            calls.append(call)
    return Reading(tuple(calls), reading.topic, reading.words, reading.asked)
