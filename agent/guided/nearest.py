"""The things that can be done here and now that come nearest to the words of a sentence that was not understood."""

import math
import re
from functools import cache

from .offers import OFFERS
from .reading import Facts

MOST = 3
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "get",
        "give",
        "had",
        "has",
        "have",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "just",
        "let",
        "like",
        "make",
        "me",
        "more",
        "my",
        "no",
        "not",
        "now",
        "of",
        "off",
        "on",
        "one",
        "or",
        "our",
        "out",
        "please",
        "she",
        "should",
        "show",
        "so",
        "some",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "too",
        "up",
        "us",
        "use",
        "want",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
        "would",
        "you",
        "your",
        "am",
        "been",
        "go",
        "going",
        "want",
        "need",
        "know",
        "see",
        "thing",
        "things",
        "much",
        "very",
        "really",
        "it's",
        "i'd",
        "i'm",
    ]
)
_ENDINGS = re.compile(r"(?:ings?|edly|ed|es|s|ly|er|ers)$")


def nearest(text: str, facts: Facts) -> list[str]:
    """What to say instead, nearest first; empty where no word of the sentence leads anywhere."""
    weights = _weights()
    known = {_stem(word) for word in re.findall(r"[a-z']+", text) if word not in _SMALL} & weights.keys()
    scored = [
        (sum(weights[stem] for stem in known & stems) / math.sqrt(len(stems)), -place)
        for place, stems in enumerate(_stems())
        if OFFERS[place].when(facts)
    ]
    best = sorted((entry for entry in scored if entry[0] > 0), reverse=True)[:MOST]
    return [OFFERS[-place].say for _, place in best]


@cache
def _stems() -> tuple[frozenset[str], ...]:
    said = (re.findall(r"[a-z']+", f"{offer.say} {offer.words}".lower()) for offer in OFFERS)
    return tuple(frozenset(_stem(word) for word in words if word not in _SMALL) for words in said)


@cache
def _weights() -> dict[str, float]:
    """Inverse document frequency of each stem over the offers."""
    every = _stems()
    return {stem: math.log(len(every) / sum(stem in stems for stems in every)) for stem in frozenset().union(*every)}


def _stem(word: str) -> str:
    shorter = _ENDINGS.sub("", word)
    return (shorter if len(shorter) >= 3 else word).rstrip("e")[:7]
