"""Sentences about LoRA files: which there are, is this one sound, take it in."""

import re

from . import lora_names, questions
from .lora_names import Named
from .patterns import fullmatch, search, sub
from .reading import Call, Facts, Reading, ask

LORA = r"\b(?:loras?|safetensors)\b"
DENIED = r"\b(?:don't|do not|never|not|no need to|stop|keep (?:it|this|that) out|leave (?:it|this|that))\b"
_UNSURE = r"\b(?:if|unless|maybe|perhaps|might|when|once|later|said|says|told|wrote)\b|\""
_LIST = (
    r"^(?:(?:please|can you|could you|ok|now|and) )*(?:list|show|see|name|give)(?: me)?(?: all)?(?: of)?"
    r"(?: (?:my|the|our|known|available|other))* loras\b[.?! ]*$|^(?:(?:my|all|the|our) )*loras[.?!]*$"
    r"|\b(?:which|what|how many)(?: other)? loras (?:do (?:i|we|you) (?:have|know)|are (?:there|here|available|mine)"
    r"|have (?:i|we|you)|did (?:i|we) (?:train|make)|can (?:i|we) (?:use|stack|combine|choose))\b"
)
_IT = rf"(?:{LORA}|\blora_\w+|\bfile\b|\b(?:it|this|that)\b)"
_LOOK = r"\b(?:re-?)?(?:verify|validate|inspect|check|look into|examine|scan)\b"
_CHECK = rf"{_LOOK}.*{_IT}|\b(?:re-?)?verify\b"
_SOUND = (
    rf"\b(?:is|are)\b.*{_IT}.*\b(?:ok|okay|sound|safe|valid|damaged|broken|corrupt\w*|fine|intact|usable|whole|complete"
    r"|a virus|any good)\b"
    r"|\b(?:which|what) (?:base|model|rank|trigger(?: word)?)\b.*\b(?:this|that|the) (?:lora|file)\b"
    r"|\bis everything (?:ok|okay|fine|alright|right) with (?:my|the|this|that) lora\b"
    r"|\bdoes (?:this|that|the) (?:lora|file) (?:fit|work|match)\b|\b(?:can|should) i trust\b"
    r"|\bwhat(?:'s| is) in (?:this|that|the) (?:lora|file)\b|\bwhat (?:sort|kind|type) of (?:file|lora"
    r"|thing) is (?:this|that|it)\b|\bwhat is (?:this|that) (?:file|lora)\b"
)
_TAKE = (
    r"\b(?:take|bring|put|let)\b.*\bin\b|\b(?:add|import|load|include|register|install)\b|\btake\b.*\btoo\b"
    r"|\b(?:use|have)\b.*\b(?:this|that|it|lora|file)\b"
)
_TAKE_A_LORA = rf"\b(?:add|import|take in|load|install|bring in)\b.*{LORA}|\btake (?:this|that|a|my) lora in\b"
_IF_SOUND = r"\bif (?:it|the file|the lora|that|this)(?:'s| is) (?:ok|okay|sound|fine|safe|good|valid|usable)\b,?"
_TRIGGER = re.compile(
    r"\b(?:trigger(?: ?word)?|called (?:with|by)|keyword|(?:the |its |calling |magic )+word(?: for it)?)"
    r"(?:'s| is| =|:)? ['\"“]?(?P<word>[A-Za-z][A-Za-z0-9_]{2,31})\b",
    re.IGNORECASE,
)
_ATTACH = "Attach the .safetensors file to your message: I check it, and then take a copy in if you say so."


def lists(text: str) -> bool:
    """Does the sentence ask which LoRAs there are?"""
    return search(_LIST, text) is not None


def handed_over(text: str, said: str, fresh: list[str]) -> Reading | None:
    """LoRA files came with the message: taken in where that is said, else looked into first."""
    if search(_TAKE, text) and not search(DENIED, text) and not questions.asks(text):
        return _take_in(text, said, fresh)
    return Reading(tuple(Call("verify_lora", {"upload": name}) for name in fresh))


def lora_files_talk(text: str, said: str, given: Named, facts: Facts) -> Reading | None:
    """Check one, or take one in that waits."""
    waiting = list(facts.get("waiting_loras") or [])
    verified = fullmatch(r"(?:please |now )?verify[.! ]*", text) and lora_names.known(facts)
    about_file = search(LORA, text) or given.loras or waiting or verified
    if not about_file or search(DENIED, text) or search(r"\bfiles\b|\bcaptions?\b|\bpictures?\b", text):
        return None
    called = [name for name in waiting if search(rf"\b{re.escape(name.lower())}\b", text)]
    if called and search(_LOOK, text) and not search(_TAKE, sub(r"\bbefore\b.*$", "", text)):
        return Reading(tuple(Call("verify_lora", {"upload": name}) for name in called))
    checks = given.loras and search(_LOOK, text)
    if checks or search(_CHECK, text) or search(_SOUND, text):
        return _check(text, given, waiting, facts)
    if waiting and fullmatch(
        r"(?:(?:yes|ok|okay|please|then|and|well|sure|alright|now|good|great)[, ]*)*(?:take"
        r"|keep|have|use|add|accept|include|import) (?:it|them|that|this)(?: in| then| too"
        r"| please)*[.! ]*",
        text,
    ):
        return _take_in(text, said, waiting if "them" in text else waiting[-1:])
    if not search(_TAKE, text) or questions.asks(text) or given.loras:
        return None
    if waiting:
        many = search(r"\b(?:them|both|all|these|those|loras)\b", text)
        return _take_in(text, said, waiting if many else waiting[-1:])
    return ask(_ATTACH) if search(_TAKE_A_LORA, text) else None


def _check(text: str, given: Named, waiting: list[str], facts: Facts) -> Reading | None:
    if search(r"^(?:how|why|what is|what does|where)\b", text):
        return None
    if given.loras:
        return Reading(tuple(Call("verify_lora", {"lora": name}) for name, _ in given.loras[: lora_names.MOST]))
    if waiting:
        return Reading((Call("verify_lora", {"upload": waiting[-1]}),))
    return Reading((Call("verify_lora"),)) if lora_names.known(facts) else ask(_ATTACH)


def trigger_in(said: str) -> str | None:
    """The trigger word that is said of a LoRA."""
    found = _TRIGGER.search(said)
    return found["word"] if found else None


def _take_in(text: str, said: str, waiting: list[str]) -> Reading | None:
    """Only a sound file is taken in, so 'if it is sound' is no condition."""
    if search(_UNSURE, sub(_IF_SOUND, "", text)):
        return None
    word = trigger_in(said)
    trigger = {"trigger": word} if word and len(waiting) == 1 else {}
    return Reading(tuple(Call("add_lora", {"upload": name} | trigger) for name in waiting))
