"""What is to be seen in a clip, from a sentence; and what to ask where it does not say."""

import re
from typing import Any

from .reading import Call, Facts, Reading, ask

LAST_PROMPT = "last_prompt"  # among the facts: what the newest clip of this conversation showed
EXAMPLE = "for example “walking in a forest”"

_SEED = re.compile(r"[, ]*\b(?:with |and |at )?(?:the )?seed (?P<seed>\d{1,9})\b", re.IGNORECASE)
_UNCALLED = re.compile(r"[, ]*\b(?:without the|no) trigger(?: word)?\b", re.IGNORECASE)
_SAID = re.compile(
    r":\s*(?P<scene>\S.*)$|\b(?:showing|the prompt|prompt)\s+(?P<words>\S.*)$|\"(?P<quote>[^\"]+)\"|“(?P<curly>[^”]+)”"
)
_ACT = re.compile(r"\b(?:make|let) (?:him|her|it|them) (?P<act>[a-z]+\b.*)$", re.IGNORECASE)  # 'make her stand up'
_NAME = re.compile(r"^[A-Z][a-z]+ (?=[a-z]+ing\b)")  # 'Pip waving on a beach': the trigger word names the subject
_LOOSE_END = re.compile(
    r"[\s,]+(?:with|and|using|plus|by|of|both|all|the|my|our|these|those|two|2|loras?|together|stacked)$", re.IGNORECASE
)
_SCENE = re.compile(
    r"^(?:(?:he|she|it|they|him|her|them|is|are)\s+)*"
    r"(?:(?!(?:no|any|some|every)thing\b)\w+ing\b|(?:in|on|at|under|near|inside|outside|by|beside|behind|while|when|as"
    r"|through|against|a|an|one|two|three)\b.*\w"
    r"|[a-z]{2,}s (?:on|in|at|under|near|through|over|by|into|with|a|the|down|up|from|around|across|along)\b.*\w)",
    re.IGNORECASE,
)
_FILLERS = (
    r"please|can|could|would|you|we|i|want|wanna|to|now|ok|okay|so|then|and|put|show|see|make|use|try|take|give|let"
    r"|let's|do|get|generate|render|draw|create|test|stack|combine|mix|me|us|it|them|him|her|this|that|these|those|the"
    r"|both|all|two|three|four|i'd|like|love|i've|each|other|my|our|one|clips?|videos?|pictures?|compar(?:e|ing)"
    r"|comparisons?|side[- ]by[- ]side"
    r"|next|together|with|without|against|versus|vs|or|loras?|models?|results?|newest|latest|last|before|after|base"
    r"|alone|plain|seed|same|prompt|of|for|from|at once|an? (?:clip|video|picture|comparison)"
)
_LEAD = re.compile(rf"^(?:(?:{_FILLERS})\b[,.;\s]*|[,.;&+\s-]+)+", re.IGNORECASE)
_TAIL = re.compile(
    r"[,.!?\s]+(?:side[- ]by[- ]side|next to each other|please|thanks|thank you|together|at once|again|for me"
    r"|with (?:the )?same seed)[.!?\s]*$",
    re.IGNORECASE,
)
_NOT_A_SCENE = re.compile(
    r"\b(?:launch|stop|cancel|undo|plan|steps?|rank|alpha|preset|learning rate|captions?|recipes?|scores?|score ?card"
    r"|report|training|train|audit|diagnose|approve|merge|verify|results?|trigger|bit|lot|little|more|less)\b",
    re.IGNORECASE,
)


def seed_in(said: str) -> tuple[int | None, str]:
    """The seed that is said, and the sentence without it."""
    found = _SEED.search(said)
    return (int(found["seed"]), said.replace(found[0], " ")) if found else (None, said)


def scene(rest: str) -> str:
    """What is to be seen, from what is left of a sentence; empty where it does not say."""
    said = _SAID.search(rest)
    words = next((part for part in said.groups() if part), "") if said else ""
    if not words:
        act = _ACT.search(rest)
        words = act["act"] if act else _NAME.sub("", _LEAD.sub("", rest.strip()))
        if not (act or _SCENE.match(words)) or _NOT_A_SCENE.search(words):
            return ""
    previous = ""
    while words != previous:
        previous, words = words, _LOOSE_END.sub("", _TAIL.sub("", words.rstrip(" ,.!")))
    words = re.sub(r"^(?:he|she|it|they|him|her|them) (?:is |are )?", "", words.strip(" .,!?\"'"), flags=re.IGNORECASE)
    return words.strip()[:500]


def with_scene(
    name: str, arguments: dict[str, Any], rest: str, facts: Facts, *, again: bool = False, question: str = ""
) -> Reading:
    """The call with what is to be seen. Where nothing is said: the last clip's words (`again`), or a question."""
    seed, rest = seed_in(rest)
    if seed is not None:
        arguments = arguments | {"seed": seed}
    if _UNCALLED.search(rest):
        arguments = arguments | {"with_trigger": False}
        rest = _UNCALLED.sub(" ", rest)
    words = scene(" ".join(rest.split()))
    if not words and again:
        words = str(facts.get(LAST_PROMPT) or "")
    if not words:
        return ask(question or f"In which scene? Say it in a few words, {EXAMPLE}.", Call(name, arguments))
    return Reading((Call(name, arguments | {"prompt": words}),))
