"""Sentences about findings: do this one, only that part, why do you say so, show me the report."""

from typing import Any

from . import questions
from .patterns import fullmatch, match, search
from .reading import Call, Facts, Reading, ask

FOUND = "found"  # among the facts after a diagnosis: its findings, in the order in which they were shown
JUST_FOUND = "just_found"  # was the diagnosis the last thing that was said?

_DENIED = r"\b(?:don't|do not|never|not|no need to|without)\b"
_UNSURE = r"\b(?:if|unless|maybe|perhaps|might|when|once(?! more| again)|later|said|says|told|wrote)\b|\""
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": 0}
_ORDINALS |= {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_KINDS = r"(?: (?:one|finding|suggestion|thing|point|change|fix))?"
_PLACE = (
    rf"\b(?:the )?(?P<word>first|second|third|fourth|fifth|last){_KINDS}\b"
    rf"|\b(?:the )?(?P<nth>\d)(?:st|nd|rd|th){_KINDS}\b"
    r"|\b(?:number|no\.?|finding|point|suggestion|#) ?(?P<number>\d)\b"
)
_BARE = (  # the answer to a list of findings: 'the second one please', '2', 'and what about the third?'
    r"(?:(?:yes|ok|okay|please|and|then|well|sure)[, ]+)*(?P<about>what about )?(?:the )?(?:number |no\.? ?)?"
    r"(?:(?P<word>first|second|third|fourth|fifth|last|one|two|three|four|five)|(?P<number>\d)(?:st|nd|rd|th)?)"
    r"(?: (?:one|finding|suggestion|point))?(?: please| then)?[.!? ]*"
)
_EACH = r"\b(?:number )?(?:first|second|third|fourth|fifth|last|[1-9]|one|two|three)\b"
_WORD_KIND = r"(?:one|finding|suggestion|thing|point|change|fix)"
_DO = r"\b(?:apply|do|take|accept|follow|use|try|make|implement|go (?:with|for)|repair|fix|only|just)\b"
_IMPERATIVE = r"(?:(?:please|ok|yes|now|and|then),? )*do (?:the|that|it|this|only|just|number|no|finding)\b(?!.*\?)"
_NAMED = r"\bfinding ['\"“]?(?P<id>[a-z]+(?:_[a-z]+)*)\b"
_PARTS = (  # what a person calls a finding, and parts of the ids that it may be
    (r"\bcaptions?\b", ("caption",)),
    (r"\btrigger(?: word)?\b", ("trigger",)),
    (r"\b(?:repeats?|duplicates?|doubles)\b", ("duplicate",)),
    (r"\blearning rate\b", ("learning_rate",)),
    (r"\brank\b", ("rank",)),
    (r"\b(?:views?|sides?|angles?)\b", ("views",)),
    (r"\bbackgrounds?\b", ("background",)),
    (r"\b(?:leak\w*|class preservation)\b", ("leak",)),
    (r"\b(?:steps|longer|more training)\b", ("steps", "underfit", "no_effect", "drift")),
)
_REPORT = (
    r"\b(?:show|open|see|read|view|give|get|where(?:'s| is)?|link|display|send|need|want)\b(?: \w+){0,4} report\b"
    r"|^(?:the |my )?(?:html |full )?report(?: please)?[.?!]*$"
)
_AGAIN = (
    r"^(?:(?:please|ok|yes|now|can you|could you|can we|let's|i want you to|i'd like you to|then"
    r"|and),? )*(?:re-?(?:score|evaluate|measure|grade)\b|score again\b"
    r"|(?:score|evaluate|measure|grade|rate|assess|test)(?: (?:it|this|that|her|him|the (?:lora|run|results?|model"
    r"|scoring)))? (?:again|once more|anew|once again|one more time|a second time|another time)\b"
    r"|(?:repeat|redo|re-?do|re-?run|run|do|start|try) (?:the )?(?:scoring|evaluation|measurements?|scorecard"
    r"|scores)(?: (?:again|once more|anew|one more time))?)"
)
_WHY = (
    r"^(?:(?:and|but|ok|hm+|so),? )*(?:"
    r"why (?:do|did|would|should) (?:you|i|we) (?:say|think|believe|suggest|recommend|find|conclude|do|want|need)\b"
    r"|why(?: (?:is )?(?:that|this|so)| the (?:first|second|third|last)(?: one)?)?[?.! ]*$"
    r"|how (?:do|can|did) you (?:know|tell|find|see|come to)\b|how come\b|what makes you (?:say|think|believe)\b"
    r"|says who\b|prove it\b|(?:what(?:'s| is) )?(?:the|your) (?:evidence|proof|reason)\b"
    r"|where (?:does|do) (?:(?:that|this|these|those|it|they|the)(?: (?:figure|number|line|limit|score"
    r"|value)s?)?) come from\b"
    r"|based on what\b"
    r"|are you sure\b)"
)


def findings_talk(text: str, facts: Facts) -> Reading | None:
    """What a sentence wants with findings; None when it is about something else."""
    found: list[dict[str, Any]] = facts.get(FOUND) or []
    if search(_REPORT, text) and not search(r"\baudit\b", text):
        return Reading((Call("show_scorecard"),)) if (facts.get("run") or {}).get("scorecard") else None
    if search(_AGAIN, text) and facts.get("run") and not search(rf"{_DENIED}|{_UNSURE}", text):
        return Reading((Call("score_again"),))
    if found and facts.get(JUST_FOUND) and search(_WHY, text):
        return ask(_evidence(_at(text, found) or found[0]))
    if found and facts.get(JUST_FOUND) and (bare := fullmatch(_BARE, text)):
        entry = _numbered(bare["word"] or bare["number"], found)
        if entry is None:
            return ask(f"There are {len(found)} findings only. " + _offer(found))
        return ask(_evidence(entry)) if bare["about"] else Reading((Call("apply_finding", {"finding": entry["id"]}),))
    if not (facts.get("run") or {}).get("scorecard") or not search(_DO, text):
        return None
    named = search(_NAMED, text)
    explicit = named["id"] if named and named["id"] not in ("number", "first", "second", "third", "last") else ""
    explicit = explicit or next((entry["id"] for entry in found if "_" in entry["id"] and entry["id"] in text), "")
    if not (found or explicit) or search(_UNSURE, text) or (questions.asks(text) and not match(_IMPERATIVE, text)):
        return None
    if search(_DENIED, text) and (explicit or _at(text, found)):
        return ask("All right, nothing is changed.")
    if explicit:
        return Reading((Call("apply_finding", {"finding": explicit}),))
    if (
        search(r"\b(?:all|both)(?: of)? ?(?:them|these|those|findings|suggestions|it)?\b", text)
        and len(found) > 1
        and not search(r"\bcaptions?\b", text)
    ):
        return ask("One at a time, so that the next scores show what each did. " + _offer(found))
    if len(found) > 1 and search(rf"{_EACH} (?:{_WORD_KIND} )?(?:and|&|plus) (?:the )?{_EACH}", text):
        return ask("One at a time, so that the next scores show what each did. " + _offer(found))
    if (chosen := _at(text, found)) is not None:
        return Reading((Call("apply_finding", {"finding": chosen["id"]}),))
    if search(_PLACE, text) and search(r"\b(?:one|finding|suggestion|number|point)\b", text):
        return ask(f"There are {len(found)} findings only. " + _offer(found))
    return None


def _at(text: str, found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The finding that is meant by its place in the list, or by what it is about where only one can be."""
    place = search(_PLACE, text)
    if place:
        if (
            place["word"]
            and not search(r"\b(?:one|finding|suggestion|thing|point|change|fix)\b", text)
            and len(text.split()) > 5
        ):
            return None  # 'first make it longer' counts nothing
        return _numbered(place["word"] or place["nth"] or place["number"], found)
    if not search(r"\b(?:only|just|finding|one|fix|repair|suggestion)\b", text):
        return None
    for pattern, parts in _PARTS:
        if search(pattern, text):
            meant = [entry for entry in found if any(part in entry["id"] for part in parts)]
            return meant[0] if len(meant) == 1 else None
    return None


def _numbered(said: str, found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """'second' or '2'; 'last' too."""
    number = _ORDINALS[said] if said in _ORDINALS else int(said)
    return found[number - 1] if number <= len(found) and said != "0" else None


def _evidence(finding: dict[str, Any]) -> str:
    """The figures behind a finding beside their lines and where those come from."""
    lines = []
    for entry in finding.get("evidence") or []:
        limit = (
            f", {'below' if entry['sign'] == '<' else 'above'} {entry['limit_shown']}"
            if entry.get("limit_shown")
            else ""
        )
        source = f" ({entry['source']})" if entry.get("source") else ""
        lines.append(f"- {entry['title']} {entry['shown']}{limit}{source}")
    return (
        f"For “{finding['symptom']}” I have these figures:\n"
        + "\n".join(lines)
        + f"\nThe likely cause: {finding['cause']}. "
        f"My confidence is {finding['confidence']}. Say “show me the report” to see the clips themselves, side by side."
    )


def _offer(found: list[dict[str, Any]]) -> str:
    listed = ", ".join(f"{number} {entry['symptom']}" for number, entry in enumerate(found[:5], start=1))
    return f"They are: {listed}. Which one?"
