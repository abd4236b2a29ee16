"""Sentences that want clips beside each other: with and without, step by step, strength by strength."""

import re
from typing import Any

from . import lora_names
from .lora_names import Named
from .patterns import search
from .reading import Call, Facts, Reading, ask
from .scenes import with_scene

GENERAL = (
    r"^(?:how (?:do|does|can|would|should|is|are)|what(?:'s| is| are| does| happens)|why|when|which method|explain)\b"
)
_DENIED = r"\b(?:don't|do not|never|no need to|stop)\b"
_COMPARE = (
    r"\bcompar(?:e|es|ing|ison)\b|\bside[- ]by[- ]side\b|\b(?:next to|beside) each other\b"
    r"|\bwith and without (?:the |my |this )?lora\b|\b(?:versus|vs)\b"
    r"|\b(?:against|beside|next to|alongside) (?:the )?(?:base|original|step)\b"
)
_BASE = (
    r"\b(?:the |plain )?base(?: model)?(?: alone)?\b|\bwith and without(?: (?:the |my |this |any )?lora)?\b"
    r"|\bwithout (?:the |my |this |any )?lora\b|\bbefore (?:the )?training\b|\bbefore and after\b"
)
_NOT_CLIPS = r"\b(?:plans?|rank|alpha|presets?|recipes?|captions?|files|prices?|costs?|settings?|learning rates?)\b"
_CALLED = r"\bwith and without (?:the |its |my )?trigger(?: word)?\b"
_JOINED = r"(?:(?:/|,| |(?<=\d) (?=\d)| and| or| with| vs\.?| versus| to| against| next to| beside| alongside)+ "
_STEPS = re.compile(
    r"\b(?:checkpoints?|ckpts?|steps?)(?: (?:of|at|from))?(?: steps?)? "
    rf"(?P<steps>\d{{1,6}}{_JOINED}(?:steps? )?\d{{1,6}})*)\b",
    re.IGNORECASE,
)
_STRENGTHS = re.compile(
    rf"\b(?:at )?(?:strengths?|weights?) (?:of )?(?P<values>\d*\.?\d+{_JOINED}(?:strengths? )?\d*\.?\d+)+)",
    re.IGNORECASE,
)
_VALUES_FIRST = re.compile(rf"\b(?P<values>\d*\.?\d+{_JOINED}\d*\.?\d+)+) strengths?\b", re.IGNORECASE)


_MORE = re.compile(  # 'lora_1 at 0.6 and at 1': further strengths of the one that is named
    r"(?:(?:,|\band\b|\bvs\.?|\bversus\b|\bor\b|\bagainst\b)\s+(?:at\s+)?\d?\.?\d+(?![\w.]|\s*(?:steps|%))\s*)+", re.I
)


def compare_talk(text: str, given: Named, facts: Facts) -> Reading | None:
    """The base model, LoRAs, strengths and checkpoints that a sentence wants to see on the same words and seed."""
    if not search(_COMPARE, text) or search(_DENIED, text) or search(GENERAL, text):
        return None
    if not (facts.get("run") or lora_names.known(facts)) or search(_NOT_CLIPS, text):
        return None
    if search(_CALLED, text) and (facts.get("run") or {}).get("scorecard"):
        return Reading((Call("show_scorecard"),))  # that is what its leak is: the report has both side by side
    steps = [int(number) for found in _STEPS.finditer(given.rest) for number in re.findall(r"\d+", found["steps"])]
    rest = _STEPS.sub(" ", given.rest)
    loras = given.stack
    strengths = _STRENGTHS.search(rest) or _VALUES_FIRST.search(rest)
    if strengths and len(loras) < 2 and lora_names.known(facts):
        name = given.loras[0][0] if given.loras else lora_names.known(facts)[0][0]
        loras = [{"lora": name, "strength": float(value)} for value in re.findall(r"\d*\.?\d+", strengths["values"])]
        rest = rest.replace(strengths[0], " ")
    if not strengths and len(given.loras) == 1 and given.loras[0][1] is not None and (more := _MORE.search(rest)):
        values = [float(value) for value in re.findall(r"\d*\.?\d+", more[0])]
        loras += [{"lora": given.loras[0][0], "strength": value} for value in values if value <= lora_names.STRONGEST]
        rest = rest.replace(more[0], " ")
    base = re.search(_BASE, rest, re.IGNORECASE)
    rest = re.sub(
        rf"(?:\b(?:with|on|next to|to|against|beside|alongside|and|from|vs\.?) )?(?:{_BASE})",
        " ",
        rest,
        flags=re.IGNORECASE,
    )
    arguments: dict[str, Any] = {}
    if steps:
        arguments["steps"] = list(dict.fromkeys(steps))
    if loras:
        arguments["loras"] = loras
    if not base and (steps or len(loras) > 1):
        arguments["with_base"] = False
    strongest = max((float(entry.get("strength", 1.0)) for entry in loras), default=1.0)
    if strongest > 2 or len(steps) > 3 or len(loras) + len(steps) + bool(base) > lora_names.MOST:
        return ask("At most four clips fit beside each other, with strengths from 0 to 2. Which ones?")
    return with_scene("compare_clips", arguments, rest, facts, again=True)
