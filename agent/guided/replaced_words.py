"""Words to find in all captions, and what to put in their place."""

import re
from typing import Any

_Q = r"[\"“”'‘’]"
_PHRASE = rf"(?:{_Q}(?P<{{0}}q>[^\"“”‘’']+){_Q}|(?P<{{0}}w>[\w-]+(?: [\w-]+)??))"
_A, _B = _PHRASE.format("a"), _PHRASE.format("b")
_IN = r"(?:\s+(?:everywhere|wherever|just|there|in|across|throughout|on|over|instead|for|of|please|pls)\b.*|[\s,.;!?].*)?$"
_PAIRS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bs/(?P<aw>[^/]+)/(?P<bw>[^/]*)/",
        rf"\b(?:wherever|where|whenever|everywhere)\s+(?:the captions?|they|it|you)\s+(?:says?|has|have|reads?|mentions?|wrote)"
        rf"\s+{_A},?\s+(?:make (?:it|that)|put|write|use|say|should (?:say|be)|change (?:it|that) to)\s+{_B}{_IN}",
        rf"\b(?:write|put|use)\s+{_B}\s+(?:wherever|where|everywhere)\s+(?:the captions?|they|it|you)\s+(?:says?|has|have"
        rf"|reads?)\s+{_A}{_IN}",
        rf"\b(?:write|put|use)\s+{_B}\s+where\s+{_A}\s+(?:stands|is)\b",
        rf"\bsay\s+{_B}(?:\s+in them)?\s+(?:instead of|rather than|and not|,?\s*not)\s+{_A}{_IN}",
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
ASK = "Which words, and what instead? For example “replace couch with sofa in all captions”."


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
