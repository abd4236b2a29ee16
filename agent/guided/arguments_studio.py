"""The arguments of the tools that make clips or take LoRAs, where what is wanted is known already."""

import re
from typing import Any

from . import lora_names
from .clip_wanted import prompt_wanted
from .lora_files_talk import trigger_in
from .lora_names import Named, named
from .reading import Facts
from .scenes import EXAMPLE, LAST_PROMPT, with_scene

Given = dict[str, Any] | str
_PLAIN = frozenset(
    (
        *("list_recipes", "training_status", "cancel_training", "show_scorecard", "diagnose", "undo_dataset_change"),
        *("base_status", "cancel_download", "remove_references", "list_loras", "score_again", "list_standing_orders"),
        *("list_consents", "list_approvals", "show_budget", "list_members", "compare_runs"),
    )
)
_PLACE = r"(?:in|on|at|over|under|through|inside|across|around|near|behind|along)"
_SCENES = (  # where the sentence does not begin with what is to be seen
    r"\b(?:it|him|her|them)(?: (?:is|are))? ((?!going\b|being\b|training\b|looking\b)\w+ing\b.*)$",
    r"\bof (?:it|him|her|them|the \w+|my \w+) (\w+ing\b.*)$",
    r"\b(?:it|him|her|them) ((?:asleep|awake|alone|dressed|covered|surrounded|lost)\b.*)$",
    rf"[,:]\s*((?:\w+ing|{_PLACE}|while|as|with an?)\b.*)$",
    r"\b(?:how|where|in which|that) (?:he|she|it|they)(?:'s| is| are)? (\w+.*)$",
    r"\b(?:he|she|it)(?:'s| is) (\w+ing\b.*)$",
    rf"\b({_PLACE} (?:an?|the|my|our|his|her|space|water|\w+ \w+)\b.*)$",
)
_SCENE = f"In which scene? Say it in a few words, {EXAMPLE}."


def arguments_of(name: str, shape: dict[str, Any], text: str, said: str, facts: Facts, uploads: list[str]) -> Given:
    """Arguments of one call, or a short question for what the sentence does not say."""
    if name in _PLAIN:
        return {}
    given = named(said, facts)
    if name in ("generate_clip", "compare_clips"):
        return _clip(name, shape, text, said, given, facts)
    if name in ("merge_loras", "measure_interference"):
        if len(given.loras) < 2 or given.too_many or given.too_strong:
            return f"Which LoRAs do you mean? There are: {lora_names.listed(facts)}."
        return {"loras": given.stack}
    waiting = uploads or list(facts.get("waiting_loras") or [])
    if name == "add_lora":
        word = trigger_in(said)
        return ({"upload": waiting[-1]} if waiting else {}) | ({"trigger": word} if word else {})
    if name in ("verify_lora", "export_lora") and given.loras:
        return {"lora": given.loras[0][0]}
    return {"upload": waiting[-1]} if name == "verify_lora" and waiting else {}


def _clip(name: str, shape: dict[str, Any], text: str, said: str, given: Named, facts: Facts) -> Given:
    if name == "generate_clip" and not given.loras:
        wanted = prompt_wanted(text, said, facts)
        if wanted:
            return wanted
    arguments: dict[str, Any] = {}
    if given.loras and name == "compare_clips":
        arguments["loras"] = given.stack
    elif len(given.loras) > 1:
        arguments["stack"] = given.stack
    if "with_base" in shape:
        arguments["with_base"] = shape["with_base"]
    if "with_trigger" in shape:
        arguments["with_trigger"] = shape["with_trigger"]
    rest = re.sub(r"[?]", "", given.rest)
    reading = with_scene(name, arguments, rest, facts, again=bool(facts.get(LAST_PROMPT)))
    if not reading.calls and (
        scene := next((found for part in _SCENES if (found := re.search(part, rest, re.I))), None)
    ):
        reading = with_scene(name, arguments, f": {scene[1]}", facts)
    return dict(reading.calls[0].arguments) if reading.calls else _SCENE
