"""What the guided model says with results about LoRAs, clips and findings, and what comes next."""

from typing import Any

from . import lora_names
from .patterns import sub

LEADS = {
    "compare_clips": "I'll make them with the same words and seed.",
    "measure_interference": "I'll measure that.",
    "merge_loras": "I'll put them into one file.",
    "verify_lora": "I'll look into the file.",
    "apply_finding": "I'll see to that.",
}
NOT_YET = {
    "compare_clips": "There is no finished LoRA in this project yet, so there is nothing to compare.",
    "measure_interference": "There is no LoRA here yet, so there is nothing to measure.",
    "merge_loras": "There is no LoRA here yet, so there is nothing to merge.",
    "apply_finding": "Nothing has been trained and scored in this project yet, so there is no finding to act on.",
}
TOOLS = frozenset(
    {"list_loras", "verify_lora", "add_lora", "generate_clip", "compare_clips", "measure_interference", "merge_loras"}
)


def numbered(text: str) -> str:
    """The findings with their place in front, so that one can be named by it; without the ids."""
    lines = sub(r" \[finding \w+\]", "", text).split("\n")
    place = 0
    for at, line in enumerate(lines):
        if line.startswith("- "):
            place += 1
            lines[at] = f"{place}. {line[2:]}"
    return "\n".join(lines)


def after_diagnosis(data: dict[str, Any]) -> str:
    """What can be done about the findings; empty where nothing was found."""
    if data.get("proposed"):
        return "Say “apply it”, and I change the plan like that. Nothing is trained by it."
    findings = data.get("findings") or []
    able = [at for at, finding in enumerate(findings, start=1) if _by_sidekick(finding)]
    first = next((finding for finding in findings if finding.get("actions")), None)
    if first is None:
        return (
            "There is nothing here that I can do by myself. Say “show me the report” to see the clips."
            if findings
            else ""
        )
    yours = [str(action["words"]) for action in first["actions"] if not action["by_sidekick"]]
    parts = [f"From you it needs: {'; '.join(yours)}."] if yours else []
    if _by_sidekick(first):
        parts.append("Say “apply it” and I do my part of it; nothing is trained by that.")
    elif able:
        parts.append(f"What I can do by myself is number {able[0]}: say “do number {able[0]}”.")
    elif any(action["kind"] == "add_views" for action in first["actions"]):
        parts.append("Hand me the files, or say “make candidates for the missing views”.")
    else:
        parts.append("Hand me the files as soon as you have them.")
    if len(able) > 1 and _by_sidekick(first):
        parts.append(f"Another one: “do number {next(at for at in able if findings[at - 1] is not first)}”.")
    return " ".join(parts)


def _by_sidekick(finding: dict[str, Any]) -> bool:
    return any(action["by_sidekick"] for action in finding.get("actions") or [])


def next_after(name: str, arguments: dict[str, Any], data: dict[str, Any], facts: dict[str, Any]) -> str:
    """The step that a studio tool's result suggests; empty where there is none to name."""
    if name == "score_again":
        return "I tell you as soon as the scores are there; meanwhile ask me anything."
    if name == "list_loras":
        return _with_what_is_there(facts)
    if name == "verify_lora":
        return _after_check(arguments, data)
    if name == "add_lora":
        return "To see what it does, say for example “compare it with the base: walking in a forest”."
    if name == "measure_interference":
        names = _names(arguments.get("loras") or [], facts)
        together = " and ".join(f"{each} at 0.8" for each in names)
        return f"To see it, say “use {together} in a forest”. “Merge {' and '.join(names)}” makes one file of them."
    if name == "merge_loras":
        return f"To see what it does, say “use {data.get('lora', 'it')} in a forest”. The originals stay."
    return ""


def _after_check(arguments: dict[str, Any], data: dict[str, Any]) -> str:
    if not arguments.get("upload"):
        return ""
    if data.get("ok"):
        return "Say “take it in” and clips can be made with it; add “its trigger is …” where you know the word."
    return "It stays out of the project. Ask where it came from for a whole copy, or for one made for LTX-2.3."


def _with_what_is_there(facts: dict[str, Any]) -> str:
    there = [trigger.split(",")[0] or name for name, trigger in lora_names.known(facts)]
    if len(there) >= 2:
        one, two = there[:2]
        return f"You can say “do {one} and {two} get along?” or “use {one} at 0.8 and {two} at 0.5 in a forest”."
    return "You can say “compare it with the base: walking in a forest”." if there else ""


def _names(loras: list[dict[str, Any]], facts: dict[str, Any]) -> list[str]:
    triggers = dict(lora_names.known(facts))
    return [triggers.get(entry["lora"], "").split(",")[0] or entry["lora"] for entry in loras]
