"""Sentences about pictures that a model made: make some for missing views, say that some are, use them."""

import re
from typing import Any

from .conditions import IF
from .patterns import search, split, sub
from .reading import Call, Facts, Reading

_KIND = r"(?:back|rear|side|profile|front|frontal|(?:three|3)[- ]quarter|missing|lacking|other|left|right)"
_PICTURES = r"(?:views?|angles?|sides?|pictures?|images?|shots?|profiles?|backs?|fronts?)"
_WANTED = (
    rf"\bcandidates?\b|\b{_KIND}(?:,? (?:and |or |& )?{_KIND})*(?:[- ]view)? {_PICTURES}\b|\bmissing (?:view|angle)\b"
    rf"|\b{_PICTURES}\b.*\bfrom (?:behind|the (?:back|rear|side|sides|front))\b"
)
_MAKE = r"\b(?:make|generate|create|draw|produce|render|fill in|paint|design|sketch|dream up|invent)\b"
_USE = r"\b(?:use|take(?: \w+)? in|take|add|include|mix in|accept|train (?:on|with)|bring in|put in|approve)\b"
_THOSE = r"\bcandidates?\b|\b(?:generated|synthetic|made[- ]up) (?:ones|files|pictures|images|views|clips|photos)\b"
_PUT_OFF = (
    r"\b(?:throw|toss|chuck|forget|discard|ignore|delete|remove|drop|ditch|leave|skip|lose)"
    rf"(?: (?:away|out|off|about|all|of|the|those|these))* (?:{_THOSE})"
)
_GENERATED = (
    r"\b(?:generated|synthetic|ai[- ](?:made|generated|images?|pictures?))\b|\b(?:is|are|were|was|all|pure"
    r"|only)(?: \w+)? ai\b|\b(?:made|drawn|created) (?:by|with|using) (?:a |an |the )?"
    r"(?:\w+ )?(?:model|ai|generator|ltx\S*|midjourney|dall-?e|stable diffusion|sdxl|flux|sora|veo|kling|runway"
    r"|firefly|chatgpt|gpt\S*|imagen|grok|computer)\b"
    r"|\b(?:from|out of|are|is|were) (?:midjourney|dall-?e|stable diffusion|sora|firefly)\b"
)
_EXCEPT = r"\b(?:except(?:ing)?|excluding|other than|apart from|besides|all but|but not)\b"
_OWN = r"\b(?:is|are|was|were)(?:n't| not)\b"
_DENIED = r"\b(?:don't|do not|never|no|not|without|stop)\b"
_UNSURE = (
    rf"\b(?:{IF}|as long as|provided|until|in case|assuming|wants|thinks|maybe"
    r"|perhaps|might|when|once|later|tomorrow|tonight|soon|next \w+|said|says|told|wrote|would"
    r"|should)\b|\""
)
_UNSURE_TO_MAKE = (
    rf"\b(?:{IF}|maybe|perhaps|might|when|once|later|tomorrow|tonight|soon|next \w+|said|says|told|wrote"
    r"|wants)\b|\bwould (?:it|that)\b|\""
)
_ASKED = (
    r"^(?:(?:and|but|so|ok) )*(?:how|why|what|which|when|where|who|do|does|did|is|are|was|were|should)\b"
    r"|^(?:can|could|may|might|must) (?:i|we|one|it|they|people)\b"
)
_MADE = r"\bmade-[a-z_]+-\d+\b"
_NAMES = r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))\b"
_LOOKS = r"(?:\b(?:of|for|showing)\b:?|,? (?:it|she|he)(?:'s| is)(?= an?\b)) (?:(?:my|our|the) )?(?P<looks>.+)$"
_PLACE = r"^(?:it|him|her|them)(?: from (?:behind|the \w+))?,? (?:(?:it|she|he)(?:'s| is) )?"
_NO_LOOKS = (
    r"(?:it|him|her|them|this|that|(?:the |my |our |missing )*(?:character|mascot|subject|views?|angles?|ones?|set))"
)
_VIEWS = (
    (r"\bfront(?:s|al)?\b", ("front",)),
    (r"\b(?:three|3)[- ]quarters?\b|\b3/4\b", ("three_quarter_left", "three_quarter_right")),
    (r"\b(?:sides?|profiles?)\b", ("profile_left", "profile_right")),
    (r"\bbacks?\b|\bbehind\b|\brear\b", ("back",)),
)


def candidates_talk(text: str, said: str, facts: Facts, uploads: list[str]) -> Reading | None:
    """What a sentence wants with generated pictures; None when it is about something else."""
    if search(_ASKED, text):
        return None
    names = names_in(said)
    if search(_USE, text) and (search(_THOSE, text) or (names and search(_MADE, said.lower()))):
        if search(_UNSURE, text):
            return Reading(topic="launch_conditional")
        if search(_EXCEPT, text):
            words = "Which ones, then? Name those to use, such as “use made-back-1 and made-back-3”."
            return Reading(topic="question", words=words)
        if search(_DENIED, text):
            return Reading(topic="question", words="All right, they stay set aside: nothing trains on them.")
        return Reading((Call("take_in_candidates", {"items": names} if names else {}),))
    if search(_GENERATED, text) and (uploads or names or search(r"\b(?:these|those|they|them)\b", text)):
        if names and not uploads and search(_OWN, text) and not search(_UNSURE, text):
            return Reading((Call("mark_synthetic", {"items": names, "synthetic": False}),))
        return None if search(_DENIED, text) else _mark(names, uploads, facts)
    if search(_PUT_OFF, text) and not names:
        words = (
            "Nothing trains on generated files before your yes. To set one aside again, say “leave out” and its name."
        )
        return Reading(topic="question", words=words)
    if search(_MAKE, text) and search(_WANTED, text) and not uploads:
        if search(_DENIED, text):
            return Reading(topic="question", words="All right, I make none.")
        if search(_UNSURE_TO_MAKE, split(r"\b(?:of|showing)\b", text)[0]):  # what it looks like may hold any word
            return Reading(topic="launch_conditional")
        return Reading((Call("make_candidates", wanted(text, said)),))
    return None


def _mark(names: list[str], uploads: list[str], facts: Facts) -> Reading:
    if not (names or uploads):
        words = "Which ones? Hand them over with that sentence, or name the files of the set that a model made."
        return Reading(topic="question", words=words)
    look = (Call("audit_dataset"),) if facts.get("recipe") else ()
    return Reading((mark_of(names, uploads), *look))


def mark_of(names: list[str], uploads: list[str]) -> Call:
    """The call that marks files of the set, or handed-over ones, as made by a model."""
    return Call("mark_synthetic", ({"items": names} if names else {}) | ({"uploads": uploads} if uploads else {}))


def wanted(text: str, said: str) -> dict[str, Any]:
    """The arguments of make_candidates: the views and their number before the looks, the looks as they were said."""
    head = split(r"\b(?:of|showing)\b(?! (?:it|him|her|them) from)", text)[0]
    views = [view for pattern, both in _VIEWS if search(pattern, head) for view in _on_side(both, head)]
    head = sub(r"\b(?:one|a single)\b(?! of)", "1", head)
    count = search(r"\b([1-8])\b(?! ?(?:-|/|quarters?\b))", head)
    looks = re.search(_LOOKS, " ".join(said.split()), re.IGNORECASE)
    words = re.sub(_PLACE, "", looks["looks"].strip(" .!?"), flags=re.IGNORECASE) if looks else ""
    words = re.sub(r",? (?:please|thanks|thank you)$", "", words, flags=re.IGNORECASE)
    found: dict[str, Any] = {"views": views} if views else {}
    if count:
        found["count"] = int(count[1])
    if words and not re.fullmatch(_NO_LOOKS, words, re.IGNORECASE):
        found["description"] = words[:300]
    return found


def _on_side(both: tuple[str, ...], text: str) -> list[str]:
    sides = [side for side in ("left", "right") if search(rf"\b{side}\b", text)]
    return [view for view in both if len(both) == 1 or not sides or view.endswith(tuple(sides))]


def names_in(said: str) -> list[str]:
    """File names and ids as they were written; 'made-back-1' is short for 'made-back-1.png'."""
    whole = re.findall(_NAMES, said, re.IGNORECASE)
    short = [f"{name}.png" for name in re.findall(_MADE, said.lower())]
    return list(dict.fromkeys([*whole, *short]))
