"""What a character is, in the person's own noun; and words that are no English, such as a trigger."""

import re

from .goals import noun_in

_SUBJECT = (
    r"\b(?:an?|my|our|this|the|noun:?|subject:?) (?:[a-z'-]+ ){0,3}?(?P<noun>[a-z]{3,20})(?=[.,;!?:)]|$"
    r"| (?:who|that|and|i|i've|we|in|on|from|for|to|is|with|without|he|she|it|named|called|my|drawn|made|has)\b)"
)
_DENIED_NOUN = (
    r"\b(?:isn't|is not|not|no|never|wasn't|instead of|rather than|no longer) (?:really |actually )?(?:an? |the"
    r" )?[a-z]+(?: at all)?(?=[,.;]| in\b| but\b|$)"
)
_NO_SUBJECT = frozenset(
    [
        "drawing",
        "drawings",
        "character",
        "mascot",
        "picture",
        "pictures",
        "photo",
        "photos",
        "video",
        "videos",
        "clip",
        "clips",
        "thing",
        "stuff",
        "figure",
        "lora",
        "model",
        "film",
        "movie",
        "bit",
        "lot",
        "way",
        "time",
        "day",
        "book",
        "channel",
        "shop",
        "company",
        "friend",
        "game",
        "comic",
        "story",
        "cartoon",
        "animation",
        "logo",
        "project",
        "machine",
        "client",
        "team",
        "family",
        "house",
        "real",
        "one",
        "kids",
        "kid",
        "son",
        "daughter",
        "wife",
        "husband",
    ]
)


def noun_of(text: str) -> str | None:
    """What the subject of a character is: a noun that is known, else the one that 'my' or 'a' stands before."""
    text = re.sub(_DENIED_NOUN, " ", text)
    found = [found["noun"] for found in re.finditer(_SUBJECT, text) if found["noun"] not in _NO_SUBJECT]
    return noun_in(text) or (found[0] if found else None)


def odd_word(said: str) -> str | None:
    """A word that is no English: with a digit or an underscore inside, or quoted. An id of ours is none."""
    words = re.sub(r"\b[a-z]{3,4}_[0-9a-f]{10,12}\b", "", said)
    found = re.search(r"\b([A-Za-z]+[_0-9][A-Za-z0-9_]*)\b|[\"“']([A-Za-z][A-Za-z0-9_]{2,31})[\"”']", words)
    return (found[1] or found[2]) if found else None
