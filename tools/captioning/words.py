"""Reading captions: what they claim once quoted and negated parts are taken away, and which words they are made of."""

import re
from collections.abc import Iterable

from .lists import LOOKS, NOT_WORN, STYLE_WORDS, WORN

LONGEST_READ = 4000  # characters
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)['‘][^'’]*['’](?!\w)")
_BREAKS = re.compile(r"[.;:!?,()\[\]\n—–]| - |\b(?:but|however|although|though|whereas|while)\b")
_NEGATION = re.compile(
    r"\b(?:not(?! only)|no(?! longer)|never|without|neither|nor|cannot|\w+n['’]?t(?<=n['’]t)|rather than|instead of|"
    r"except|lack(?:s|ing)?|free of|unlike|hardly|nobody|nothing|minus)\b"
)
_GOES_ON = re.compile(r"\b(?:or|nor)\b")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_LOOKS = {kind: re.compile(pattern) for kind, pattern in LOOKS.items()}
_WORN, _NOT_WORN = re.compile(WORN), re.compile(NOT_WORN)
_STYLE = re.compile(rf"\b(?:{STYLE_WORDS})\b")


def stated(caption: str) -> list[str]:
    """The caption's clauses in lower case, without what is quoted and without what is said not to be so.

    A negation holds to the end of its clause, and through the list that follows as far as an "or" shows that it goes
    on ("no hat, scarf or gloves").
    """
    text = _QUOTED.sub(" ", caption[:LONGEST_READ].lower())
    clauses = [" ".join(clause.split()) for clause in _BREAKS.split(text)]
    kept: list[str] = []
    denied_from: int | None = None
    for index, clause in enumerate(clauses):
        negation = _NEGATION.search(clause)
        if negation:
            denied_from = len(kept) + 1
            clause = clause[: negation.start()].strip()
        elif denied_from is not None and _GOES_ON.search(clause) and index and len(clause.split()) <= 6:
            del kept[denied_from:]
            denied_from, clause = None, ""
        elif len(clause.split()) > 4:
            denied_from = None
        kept.append(clause)
    return [clause for clause in kept if clause]


def words_of(caption: str) -> list[str]:
    """The words in lower case, in order, without punctuation; a trigger such as chr_x7kq is one word."""
    return [word.lower() for word in _WORD.findall(caption[:LONGEST_READ])]


def has_word(caption: str, word: str) -> bool:
    """Whether `word` stands in the caption by itself, spelled exactly so."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", caption) is not None


def replace_word(caption: str, word: str, other: str) -> str:
    """The caption with every `word` that stands by itself made into `other`."""
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _found: other, caption)


def looks_named(caption: str) -> dict[str, str]:
    """Traits that belong to who it is: kind ("hair") to the first words that say it ("long red hair")."""
    return _first_of(_LOOKS, stated(caption))


def worn_named(caption: str) -> list[str]:
    """Clothes and accessories that the caption names, such as "green coat"."""
    clauses = [_NOT_WORN.sub(" ", clause) for clause in stated(caption)]
    return [match.group(1) for clause in clauses for match in _WORN.finditer(clause)]


def style_named(caption: str, trigger: str | None = None) -> list[str]:
    """Style words that the caption uses; the trigger is none of them."""
    clauses = stated(caption.replace(trigger, " ") if trigger else caption)
    return [match.group() for clause in clauses for match in _STYLE.finditer(clause)]


def _first_of(patterns: dict[str, re.Pattern[str]], clauses: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for clause in clauses:
        for kind, pattern in patterns.items():
            if kind not in found and (match := pattern.search(clause)):
                found[kind] = match.group()
    return found
