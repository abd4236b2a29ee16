"""A message as it was meant: a value that is corrected in the same breath counts in its last form ('rank 8, no, 16'),
and a letter that joins two wishes is the word that it stands for ('the small ones n the blurry ones')."""

import re

from .numbers import spelled
from .patterns import search, sub

_CUE = re.compile(  # words by which people correct themselves
    r"\s*[,;.:…—–-]+\s*(?:oh|ah|hm+|uh|and|but)?,?\s*"
    r"(?:(?:no|nope)(?:\s*[,.…;—–-]+|(?=\s+(?:wait|sorry|i mean|that's|let's|make|not|the)\b))"
    r"|sorry,|wait,|scratch that|correction|i mean\b|i meant\b|or rather\b|make that\b)"
    r"[,:.\s]*(?:(?:no|sorry|wait|i mean|i meant|make (?:that|it)|better|rather)\b[,.\s]*)*",
    re.IGNORECASE,
)
_FIGURE = r"(?<![\w.-])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w-]|\.\d)"
_KINDS = (
    r"[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov)\b",
    *(rf"\b{prefix}_\w+" for prefix in ("lora", "run", "apr", "ord", "con", "inv", "upl", "itm")),
    r"\bjoin-[\w-]+",
    r"\b(?:web|slack|mail):[\w.-]+",
)
_CALLED = re.compile(r"(?P<lead>\b(?:trigger|word|called|is)\s+)(?P<word>\w+)$", re.IGNORECASE)
_NEXT = re.compile(r"(?P<word>\w{3,})(?=\s*(?:[,.;]|$))")
_UNITS = frozenset(("rank", "alpha", "step", "seed", "frame", "minute", "hour", "dollar", "batch", "%", "strength"))
_REACH = 75  # characters in which the right value follows
_JOINED = re.compile(r"(?<=\S)\s+[n+]\s+(?!\d+(?:\s*[,.;]|\s*$))(?=\w)", re.IGNORECASE)  # 'n 3' is a number of things


def as_meant(said: str) -> str:
    """The message without what the person took back while saying it."""
    said = _JOINED.sub(" and ", said)
    for _ in range(3):
        cue = next((found for found in _CUE.finditer(said) if found.start()), None)
        if cue is None:
            break
        meant = _corrected(said[: cue.start()], said[cue.end() :])
        if meant is None:
            break
        said = meant
    return said


def _corrected(before: str, after: str) -> str | None:
    """Both sides of a correction as one; None where nothing of the same kind stands on both."""
    for kind in _KINDS:
        wrong, right = list(re.finditer(kind, before)), list(re.finditer(kind, after[:_REACH]))
        if wrong and right and len(right) <= len(wrong):
            for old, new in reversed(list(zip(wrong[-len(right) :], right, strict=True))):
                before = before[: old.start()] + new[0] + before[old.end() :]
            return before + _rest(after[right[-1].end() :])
    if (meant := _figure(before, after)) is not None:
        return meant
    called, word = _CALLED.search(before), _NEXT.match(after)
    if called and word and search(r"\b(?:trigger|word|called)\b", before.lower()):
        return before[: called.start("word")] + word["word"] + after[word.end() :]
    return None


def _figure(before: str, after: str) -> str | None:
    """The number that is corrected: the one with the same word beside it, else the last."""
    before, after = spelled(before), spelled(after)
    wrong, right = list(re.finditer(_FIGURE, before)), search(re.compile(_FIGURE), after[:_REACH])
    if not wrong or right is None or search(r"[?!]", after[: right.start()]):
        return None
    beside = _beside(after, right)
    old = next((found for found in reversed(wrong) if _beside(before, found) & beside), wrong[-1])
    if beside and not _beside(before, old) & beside:
        return None  # another value of the plan, no correction
    return before[: old.start()] + right[0] + before[old.end() :] + _rest(after[right.end() :])


def _beside(text: str, found: re.Match[str]) -> set[str]:
    near = re.findall(r"[a-z]+", re.split(r"\d", text[: found.start()])[-1].lower())[-2:]
    near += re.findall(r"[a-z]+|%", text[found.end() :].lower())[:1]
    return {sub(r"(?<=\w)s$", "", word) for word in near} & _UNITS


def _rest(after: str) -> str:
    """What follows the right value, without a unit that stands there already."""
    return sub(r"^\s*(?:steps?|frames?|minutes?|times|%|percent)\b", "", after)
