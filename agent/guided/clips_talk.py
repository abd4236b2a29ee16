"""Sentences about splitting clips: what would come of it, doing it, taking it back."""

import re

from ..consent import clear_answer
from . import questions
from .conditions import IF
from .patterns import fullmatch, match, search, sub
from .reading import Call, Facts, Reading

PROPOSED = "split_proposed"  # among the facts while the last answer asked whether to split: the proposal's arguments
STAY_WHOLE = "All right, the clips stay as they are."
SAY_SPLIT = "Say “split them” to do it, or “no” to leave the clips as they are."

_WHAT = (
    r"(?:them|it|these|those|that|all|everything|(?:(?:my|the|all|of|these|those|long|longer|too|flagged|every|each"
    r"|whole) )*(?:clips?|videos?|ones?|recordings?|footage|files?|takes?)|\S+\.(?:mp4|mov))"
)
_SPLIT = (
    rf"\bsplit(?:ting|s)?\b(?! second| screen| test)|\b(?:cut|chop|divide|break|slice|trim)(?:ting)? {_WHAT}"
    r"(?: (?:up|apart|in two|(?:in)?to|at|down|by)\b)|"
    rf"\b(?:chop|cut|slice|break)(?:ping|ting)? up {_WHAT}\b"
)
_UNDO = (
    r"\b(?:un-?do|revert|take back|reverse|cancel)\b.*\bsplit\w*|\bsplit\w*\b.*\bback\b|\bun-?split\b"
    r"|\b(?:join|put|glue|stitch|merge)\b.*\b(?:pieces|parts)\b.*\b(?:together|again|back)\b"
    r"|\b(?:whole|original|unsplit) (?:clips?|videos?|recordings?|ones?) back\b"
    r"|\b(?:bring|put|take) back the (?:whole|original) (?:clips?|videos?|recordings?|ones?)\b"
)
_DENIED = r"\b(?:don't|do not|never|not|no need to|without|stop)\b.*\b(?:split\w*|cut\w*|chop\w*)\b"
UNSURE = (
    rf"\b(?:{IF}|maybe|perhaps|might|when|once|later|said|says|told|wrote|asked|would|could|can|should|what|how"
    r"|which|shall|propose|proposal|suggest|show|preview)\b|[\"?]"
    r"|\b\d+(?:\.\d+)?[- ]?(?:s|sec|seconds?)\b"  # lengths cannot be chosen: say first what would come of it
)
_OF_LORAS = r"\b(?:held[ -]?out|validation|train(?:ing)? (?:and|set)|screen|test set|data ?set)\b"
_ASSENT = r"(?:(?:ok|okay|fine|alright|great|good|perfect|sounds good|looks good|go on then|please) ?)+"
_YES_WORDS = r"\b(?:yes|yep|yeah|yup|please|sure|ok|okay|do|it|that|so|go|ahead|for|cut|split|them|all|now|then|both)\b"
_NAMES = r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:mp4|mov))\b"


def clips_talk(text: str, said: str, facts: Facts) -> Reading | None:
    """What a sentence wants of splitting. Only plain words, or a clear yes to the proposal, make any piece."""
    proposed = facts.get(PROPOSED)
    if proposed is not None and (answer := _answered(text, said, proposed)) is not None:
        return answer
    if (not search(_SPLIT, text) and not search(_UNDO, text)) or search(_OF_LORAS, text):
        return None
    names = re.findall(_NAMES, text)
    wanted: dict[str, object] = {"items": names} if names else {}
    if search(_DENIED, text):
        return Reading(topic="question", words=STAY_WHOLE)
    unsure = search(UNSURE, text) is not None
    if search(_UNDO, text):
        return None if unsure else Reading((Call("split_clips", wanted | {"undo": True}),))
    if questions.asks(text) and search(r"\b(?:why|what is|what does|what happens|means?)\b", text):
        return None  # about splitting as such
    if not facts.get("clips") and not names:
        return None
    if unsure:
        return Reading((Call("split_clips", wanted),))
    return Reading((Call("split_clips", (proposed or {}) | wanted | {"accept": True}),))


def _answered(text: str, said: str, proposed: dict[str, object]) -> Reading | None:
    """A yes or no to the proposal that was just made; None when the sentence is about something else."""
    answer = clear_answer(said)
    bare = sub(r"[^\w\s']", " ", text).strip()
    agreed = search(r"\b(?:yes|yep|yeah|yup|do (?:it|that|so)|go (?:ahead|for it)|(?:cut|split) them)\b", bare)
    if answer == "yes" or (agreed and fullmatch(rf"(?:{_YES_WORDS}\s*)+", bare)):
        return Reading((Call("split_clips", proposed | {"accept": True}),))
    if answer == "no":
        return Reading(topic="question", words=STAY_WHOLE)
    if search(
        r"\bhow many (?:pieces|parts|clips|shots)\b|\bwhat would (?:that|it|i) (?:give|get|look like)\b"
        r"|\bshow me (?:again|that again)\b",
        text,
    ):
        return Reading((Call("split_clips", proposed),))
    names = re.findall(_NAMES, text)
    if names and match(r"(?:yes|yep|yeah|ok|okay)\b.*\b(?:only|just)\b", text) and not search(UNSURE, text):
        return Reading((Call("split_clips", {"items": names, "accept": True}),))
    if fullmatch(_ASSENT, sub(r"[^\w\s']", "", text).strip()):
        return Reading(topic="question", words=SAY_SPLIT)
    return None
