"""Words to find in all captions, and what to put in their place."""

import re
from typing import Any

from .patterns import search
from .reading import Call, Facts, Reading

_Q = r"[\"“”'‘’]"
_PHRASE = rf"(?:{_Q}(?P<{{0}}q>[^\"“”‘’']+){_Q}|(?P<{{0}}w>[\w-]+(?: [\w-]+)??))"
_A, _B = _PHRASE.format("a"), _PHRASE.format("b")
_IN = (
    r"(?:\s+(?:everywhere|wherever|just|there|in|across|throughout|on|over|instead|for|of|please|pls)\b.*"
    r"|[\s,.;!?].*)?$"
)
_PAIRS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bs/(?P<aw>[^/]+)/(?P<bw>[^/]*)/",
        rf"\b(?:wherever|where|whenever|everywhere)\s+(?:the captions?|they|it|you)\s+(?:says?|has|have|reads?"
        rf"|mentions?|wrote)"
        rf"\s+{_A},?\s+(?:make (?:it|that)|put|write|use|say|should (?:say|be)|change (?:it|that) to)\s+{_B}{_IN}",
        rf"\b(?:write|put|use)\s+{_B}\s+(?:wherever|where|everywhere)\s+(?:the captions?|they|it|you)\s+(?:says?|has"
        rf"|have"
        rf"|reads?)\s+{_A}{_IN}",
        rf"\b(?:write|put|use)\s+{_B}\s+where\s+{_A}\s+(?:stands|is)\b",
        rf"\bsay\s+{_B}(?:\s+in them)?\s+(?:instead of|rather than|and not|,?\s*not)\s+{_A}{_IN}",
        rf"\binstead of\s+{_A},?\s+(?:the captions? |they |it )?(?:should |must )?(?:say|write|put|use"
        rf"|read)\s+{_B}{_IN}",
        rf"\bif\s+{_A}\s+(?:became|becomes|turned into)\s+{_B}{_IN}",
        rf"\b(?:wherever|where|everywhere)\s+(?:i|you|we)\s+(?:wrote|put|have|said)\s+{_A},?\s+(?:make (?:it|that)"
        rf"|put|write|use|say)"
        rf"\s+{_B}{_IN}",
        rf"\bif\s+{_A}\s+(?:was|were|is)\s+replaced\s+(?:by|with)\s+{_B}{_IN}",
        rf"\b(?:write|put|use)\s+{_B}\s+(?:in place of|instead of|rather than|for)\s+{_A}{_IN}",
        rf"\b(?:replace|swap|change|exchange|swapped|turn|replacing|find|switch)d?\s+"
        rf"(?:every |each |all |the word )?{_A}"
        rf"\s+(?:with|for|by|to|into|w|replace|and put|in the captions and put)\s+{_B}{_IN}",
        rf"\b(?:every|each|the word)\s+{_A}\s+(?:ought to|should|must|has to)\s+(?:become|be|say)\s+{_B}{_IN}",
        rf"\b(?:says|say|saying)\s+{_A},?\s+(?:put|write|use|should say|should be|change (?:it|all of those) to)\s+{_B}"
        rf"{_IN}",
        rf"{_A}\s*(?:->|→|=>)\s*{_B}{_IN}",
        rf":\s*{_A}\s+(?:to|into|with|by)\s+{_B}{_IN}",
        rf"\b{_A}\b.*?\b(?:exchanged for|replaced (?:by|with)|changed to)\s+{_B}{_IN}",
    )
)
_ALONE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\"(?P<aw>[^\"]+)\"|“(?P<aq>[^”]+)”",
        r"\bthe (?:word|words|phrase|term)\s+(?P<aw>[\w-]+)",
        r"\b(?:mention|say|says|contain|have|use)\s+(?:the word |a |an |the )?(?P<aw>[\w-]+)",
    )
)
_TAKEN_OUT = r"\b(?:remove|delete|strike|drop|take|cut|erase|get rid of|lose|scrap|disappear\w*|removed|deleted|out)\b"
_ALL = r"\b(?:all|every|each|the|my|our|those|these)\b.*\bcaptions?\b|\bcaptions\b"
_ONLY_TOLD = (
    r"\b(?:how (?:many|often)|count|what (?:if|would|happens)|preview|only (?:tell|show)|just (?:tell|show)"
    r"|don't change|no changes? yet|would)\b|\?\s*$"
)
_FILE = r"\bitm_|\.(?:jpe?g|png|webp|tiff?|mp4|mov)\b"
_NO_WISH = r"\b(?:don't (?!change)|do not (?!change)|never|maybe|perhaps|unless|he|she|said|says that)\b"
ASK = "Which words, and what instead? For example “replace couch with sofa in all captions”."


def replace_talk(text: str, said: str, facts: Facts) -> Reading | None:
    """Words that are to stand in all captions instead of others, or to go; None where the sentence is about more."""
    if not search(_ALL, text) or search(_FILE, text) or search(_NO_WISH, text) or not facts.get("recipe"):
        return None
    said = " ".join(said.split())
    accept = not search(_ONLY_TOLD, text)
    given = replaced(said, accept=accept, removed=False)
    quoted = re.findall(r"[\"“]([^\"”]+)[\"”]|(?<!\w)['‘]([^'’]+)['’](?!\w)", said)
    if search(_TAKEN_OUT, text) and len(quoted) == 1:
        given = {"find": quoted[0][0] or quoted[0][1]} | ({"accept": True} if accept else {})
    elif isinstance(given, dict) and not _is_pair(given):
        return None
    return Reading((Call("replace_in_captions", given),)) if isinstance(given, dict) else None


def _is_pair(given: dict[str, Any]) -> bool:
    words = {str(given.get("find", "")).lower(), str(given.get("replace", "")).lower()}
    return not words & {"it", "them", "that", "this", "those", "captions", "the captions", "all", "caption", "the", ""}


def replaced(said: str, *, accept: bool, removed: bool) -> dict[str, Any] | str:
    """The arguments of replace_in_captions; `accept` where it is to be done, `removed` where nothing is put instead."""
    done: dict[str, Any] = {"accept": True} if accept else {}
    for pattern in _PAIRS:
        if found := pattern.search(said):
            return {"find": _words(found, "a"), "replace": _words(found, "b")} | done
    if not removed:
        return ASK
    for pattern in _ALONE:
        if found := pattern.search(said):
            return {"find": _words(found, "a")} | done
    return ASK


def _words(found: re.Match[str], side: str) -> str:
    groups = found.groupdict()
    return str(groups.get(f"{side}q") or groups.get(f"{side}w") or "").strip()
