"""A clip that somebody wants to see, in the words of generate_clip."""

import re
from typing import Any

from .fillers import command
from .patterns import fullmatch, match, search, sub
from .reading import Facts

_SHOWN = re.compile(
    r"(?:put|place|show|see|look at|watch|imagine|picture|have|get|make|let|give|film|shoot|how does|how would"
    r"|what does|what would)(?: (?:me|us))?"
    r" (?:it|her|him|them|the (?:cat|character|mascot|subject|lora)|my (?:cat|mascot|character)|our (?:mascot"
    r"|character))"
    r"(?: (?:look|looks))? (?P<prompt>(?:\w+ing|in|on|at|under|near|beside|behind|inside|outside|by|through|as|with"
    r"|wearing|dance|run|walk|jump|sit|swim|fly|wave|sing|ride|play|sleep)\b.*)$"
)


_NOT_SHOWN = (
    r"\b(?:again|side by side|back|out|aside|in order|on hold|at (?:step|strength|rank|\d)|by (?:step|hand)"
    r"|with(?:out)? the (?:audit|captions?|base|files)|training|learning rate)\b"
)


def prompt_wanted(text: str, said: str, facts: Facts) -> dict[str, Any] | None:
    """The arguments of generate_clip, when the sentence asks for a picture of something."""
    trigger = str(facts.get("trigger") or "").lower()
    text = sub(
        r"^(?:can|could|may|might) (?:i|we) (?:please )?(?=see|have|get|watch)|^(?:i want to|i'd like to"
        r"|i would like to|let me|let's) (?=see|watch|have)",
        "",
        text,
    )
    one = match(
        r"^(?:an? |one |another )?(?:\w+ )?(?:clip|video|picture|image|shot)s? (?:of|where|with|showing"
        r"|in which) (?P<prompt>.+)$|^(?:show|give) me (?:one|another|another one) (?:where|of|with"
        r"|in which|showing) (?P<where>.+)$",
        text,
    )
    found = one or search(
        r"\b(?:generate|make|create|render|draw|produce|try|test|show me|show|another|one more)\b(?: (?:me|us|it|one"
        r"|another|a|an|the"
        r"|new|more|short|quick|test|prompt))*"
        r"(?: (?:clip|video|picture|image|render|shot)s?)?(?: (?:of|with|where|showing|from|for"
        r"|in which))?[:, ]+(?P<prompt>.+)$",
        text,
    )
    named = bool(trigger) and trigger in said.lower()
    if not named and (shown := _SHOWN.match(command(text))) and not search(_NOT_SHOWN, text):
        found = shown if len(shown["prompt"].split()) > 1 or match(r"\w+ing\b", shown["prompt"]) else found
    if found is None and match(r"(?:what|why|how|who|which|when|where|is|are|does|do|did)\b", text):
        return None  # a question about it
    if found is None and not named:
        return None
    if (
        found is not None
        and not named
        and not one
        and not _SHOWN.match(command(text))
        and not search(
            r"\b(?:clip|video|picture|image|render|generate|draw|test|try|shot)\b|\bshow me (?:it|her|him|them"
            r"|the \w+|a \w+|my \w+) \w+ing\b"
            r"|\bshow (?:me )?(?:it|her|him|them) (?:\w+ing|in|on|at|under|near|beside|behind)\b",
            text,
        )
    ):
        return None
    if search(
        r"\b(?:plan|captions?|results?|score|recipes?|contact sheet|safetensors|audit|training|preset|rank|steps"
        r"|learning rate)\b",
        text,
    ):
        return None
    words = (
        next((part for name in ("prompt", "where") if (part := found.groupdict().get(name))), text) if found else text
    )
    if fullmatch(
        r"(?:already|now|yet|then|it|one|please|clips?|videos?|some|more|any|all|few|test|same|at|with|strength"
        r"|[\d.]+|samples?|examples?|of|the"
        r"|(?:at|with)|strength|[\\d.]+|(?:the )?same(?: (?:clip"
        r"|video|thing|one"
        r"|scene))?|[?.! ])*",
        words,
    ):
        return None
    words = words.strip(" .!?\"'")
    arguments: dict[str, Any] = {}
    seed = search(r"[, ]*\b(?:with |and )?seed (\d+)", words)
    if seed:
        arguments["seed"] = int(seed[1])
        words = words.replace(seed[0], "")
    strength = search(r"[, ]*\b(?:at |with |and )?strength (\d+(?:\.\d+)?)", words)
    if strength:
        arguments["strength"] = float(strength[1])
        words = words.replace(strength[0], "")
    if search(r"\bwithout the (?:lora)\b|\b(?:on|with|from) the base(?: model)?\b|\bbase model only\b", words):
        arguments["strength"] = 0.0
    if search(r"\bwithout the trigger\b|\bno trigger\b", words):
        arguments["with_trigger"] = False
    words = sub(
        r"[, ]*\b(?:but )?(?:without the (?:lora|trigger(?: word)?)|no trigger(?: word)?|(?:on|with"
        r"|from) the base(?: model)?|base model only|again|please)\b",
        "",
        words,
    )
    words = sub(r"^(?:it|her|him|them)\b ?", "", words).strip(" ,.")
    if trigger:
        words = re.sub(rf"\b{re.escape(trigger)}\b[, ]*", "", words).strip(" ,.")
    return arguments | {"prompt": words} if words else None
