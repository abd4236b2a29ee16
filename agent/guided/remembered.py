"""What earlier messages of the thread tell: a proposal, a question of ours, the last clip's words, what was found."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from .answers import Result
from .clips_talk import PROPOSED
from .findings_talk import FOUND, JUST_FOUND
from .follow_ups import APPLIED, LAST
from .kept import kept_choices
from .reading import Call, Facts
from .scenes import LAST_PROMPT
from .studio_talk import ASKED

OPEN = "guided_asked"  # the call that a question of ours would complete travels with the question
_SCENES = ("generate_clip", "compare_clips")


def remembered(before: Sequence[BaseMessage], results: Sequence[Result], latest: Sequence[Result]) -> Facts:
    """Facts that only the thread has. `results` of all messages before this one, `latest` of the last turn."""
    facts: Facts = kept_choices(before)
    last = latest[-1] if latest else None
    if last and last.name == "split_clips" and not last.failed and last.data.get("split") is False:
        facts[PROPOSED] = {name: value for name, value in last.arguments.items() if name in ("items", "most")}
    if before and isinstance(before[-1], AIMessage) and (asked := before[-1].additional_kwargs.get(OPEN)):
        facts[ASKED] = asked
    done = [result for result in results if not result.failed]
    prompts = [result.arguments["prompt"] for result in done if result.name in _SCENES and "prompt" in result.arguments]
    if prompts:
        facts[LAST_PROMPT] = prompts[-1]
    found = next((result for result in reversed(done) if result.name == "diagnose"), None)
    if found is not None and found.data.get("findings"):
        facts[FOUND] = [_short(entry) for entry in found.data["findings"]]
        facts[JUST_FOUND] = found in latest
        since = done[done.index(found) + 1 :]
        facts[APPLIED] = [_acted_on(result, facts[FOUND]) for result in since if result.name == "apply_finding"]
    facts[LAST] = [[result.name, result.arguments] for result in latest if not result.failed]
    return facts


def _acted_on(result: Result, found: list[dict[str, Any]]) -> str:
    finding = str(result.arguments.get("finding", "first"))
    return str(found[0]["id"]) if finding == "first" else finding


def _short(finding: dict[str, Any]) -> dict[str, Any]:
    return {name: finding.get(name) for name in ("id", "symptom", "evidence", "cause", "confidence", "actions")}


def asked_of(call: Call | None) -> dict[str, Any]:
    """What a question of ours carries along."""
    return {OPEN: {"name": call.name, "arguments": call.arguments}} if call else {}


def last_turn(before: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """From the person's last message on."""
    start = max((index for index, message in enumerate(before) if isinstance(message, HumanMessage)), default=0)
    return before[start:]
