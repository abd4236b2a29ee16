"""Sentences about results: scorecard, what to change next, and clips to make."""

import re
from typing import Any

from .reading import Call, Facts, Reading, about


def results_talk(text: str, said: str, facts: Facts) -> Reading | None:
    ran = bool(facts.get("run") or facts.get("lora"))
    if re.search(
        r"\b(?:apply|take|accept|follow|use|do|try|make|implement)\b(?: \w+){0,2} (?:suggest\w*|recommend\w*|advice"
        r"|propos\w*|finding|fix|improvements?)\b|"
        r"\bdo what you (?:suggest|recommend|propose|said|say)|\bas you (?:suggest|recommend|propose)\w*"
        r"|^(?:(?:yes|ok|okay|sure|please|good|fine),? )*"
        r"(?:apply|do|make|take) (?:that|it|those|these|the)(?: changes?| plan)?(?: please)?[.!]?$",
        text,
    ) and (ran and (facts.get("stage") == "results" or (facts.get("run") or {}).get("state") == "failed")):
        return Reading((Call("apply_finding"),))
    if re.search(
        r"\bwhat (?:would|should|could|do|can) (?:you|i|we) (?:change|do|improve|try|adjust|fix"
        r"|tweak)\b(?!.*\b(?:first|start)\b)|\bhow (?:can|do|could|would) (?:i|we|you) (?:improve|fix|make it)\b|"
        r"\bwhat went wrong\b|\bdiagnos\w*|\b(?:improve|fix) (?:it|this|that)\b|\bmake it better\b|\bnext (?:round"
        r"|iteration|version|attempt)\b|\bhow to improve\b|"
        r"\bwhat(?:'s| is) wrong with (?:it|the (?:lora|result|clips?))\b|\bwhat'?s? (?:next )?to (?:change|improve)\b",
        text,
    ):
        return Reading((Call("diagnose"),)) if ran else None
    symptom = re.search(
        r"\b(?:looks?|is|are|comes? out|turns? out|seems?|getting|came out|looked)\b.*\b(?:generic|the same"
        r"|identical|burn\w*|blurry|static|frozen|saturated|wrong|different|weird|bad)\b|"
        r"\b(?:ignores?|without) the trigger\b.*\b(?:appears?|shows|still)\b|\bappears? without\b"
        r"|\bdoesn't (?:look like|move|work)\b|\bdoes not (?:look like|move|work)\b|\bbackground (?:always|keeps"
        r"|comes)\b|\bleak\w*\b|\blooks? (?:just )?like (?:a|the|one of the) training\b|\b(?:is|are) missing\b",
        text,
    )
    if symptom and ran and facts.get("stage") in ("results", "launch", "plan"):
        return Reading((Call("diagnose"), about(said)))
    prompt = prompt_wanted(text, said, facts) if ran else None
    if prompt is not None:
        return Reading((Call("generate_clip", prompt),))
    if re.search(
        r"\bresults?\b|\bscore ?cards?\b|\bscores?\b|\bhow (?:did|has) (?:it|that|the training|this) (?:go|gone|turn"
        r"|do|come|work)\b|\bcontact sheet\b|"
        r"\bany good\b|\bgive me the (?:lora|file)\b|\bhow good\b|\bwhere(?:'s| is| are) (?:the|my) (?:file|lora"
        r"|safetensors|clips?)\b"
        r"|\bdownload\b(?!.*\b(?:ltx|models?)\b)|\bsafetensors\b|"
        r"\b(?:show|see) (?:me )?(?:the )?(?:test )?clips\b|\bdoes it (?:look like|work)\b(?! (?:in|with|on|for)\b)"
        r"|\bhow (?:well"
        r"|does it look)\b|\bdid it work\b",
        text,
    ) and not re.search(r"\bwhat (?:is|are|does) (?:a |an )?(?:safetensors|scorecard|lora)\b", text):
        return Reading((Call("show_scorecard"),)) if ran else Reading(topic="nothing_ran")
    return None


def prompt_wanted(text: str, said: str, facts: Facts) -> dict[str, Any] | None:
    """The arguments of generate_clip, when the sentence asks for a picture of something."""
    trigger = str(facts.get("trigger") or "").lower()
    found = re.search(
        r"\b(?:generate|make|create|render|draw|produce|try|test|show me|show|another|one more)\b(?: (?:me|us|it|one"
        r"|another|a|an|the"
        r"|new|more|short|quick|test|prompt))*"
        r"(?: (?:clip|video|picture|image|render|shot)s?)?(?: (?:of|with|where|showing|from|for"
        r"|in which))?[:, ]+(?P<prompt>.+)$",
        text,
    )
    named = bool(trigger) and trigger in said.lower()
    if found is None and re.match(r"(?:what|why|how|who|which|when|where|is|are|does|do|did)\b", text):
        return None  # a question about it
    if found is None and not named:
        return None
    if (
        found is not None
        and not named
        and not re.search(
            r"\b(?:clip|video|picture|image|render|generate|draw|test|try|shot)\b|\bshow me (?:it|her|him|them"
            r"|the \w+|a \w+|my \w+) \w+ing\b"
            r"|\bshow (?:me )?(?:it|her|him|them) (?:\w+ing|in|on|at|under|near|beside|behind)\b",
            text,
        )
    ):
        return None
    if re.search(
        r"\b(?:plan|captions?|results?|score|recipes?|contact sheet|safetensors|audit|training|preset|rank|steps"
        r"|learning rate)\b",
        text,
    ):
        return None
    words = found["prompt"] if found else text
    words = words.strip(" .!\"'")
    arguments: dict[str, Any] = {}
    seed = re.search(r"[, ]*\b(?:with |and )?seed (\d+)", words)
    if seed:
        arguments["seed"] = int(seed[1])
        words = words.replace(seed[0], "")
    strength = re.search(r"[, ]*\b(?:at |with |and )?strength (\d+(?:\.\d+)?)", words)
    if strength:
        arguments["strength"] = float(strength[1])
        words = words.replace(strength[0], "")
    if re.search(r"\bwithout the (?:lora)\b|\b(?:on|with|from) the base(?: model)?\b|\bbase model only\b", words):
        arguments["strength"] = 0.0
    if re.search(r"\bwithout the trigger\b|\bno trigger\b", words):
        arguments["with_trigger"] = False
    words = re.sub(
        r"[, ]*\b(?:but )?(?:without the (?:lora|trigger(?: word)?)|no trigger(?: word)?|(?:on|with"
        r"|from) the base(?: model)?|base model only|again|please)\b",
        "",
        words,
    )
    words = re.sub(r"^(?:it|her|him|them)\b ?", "", words).strip(" ,.")
    if trigger:
        words = re.sub(rf"\b{re.escape(trigger)}\b[, ]*", "", words).strip(" ,.")
    return arguments | {"prompt": words} if words else None
