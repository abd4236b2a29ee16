"""Brings what was typed to one form: lower case, plain quotes, digits, and near misses of our own words corrected."""

import re
from difflib import get_close_matches
from functools import lru_cache

from wordfreq import zipf_frequency

from .numbers import with_decimal_points, with_digits
from .patterns import sub

_WORDS = (
    "alpha approve audit background backgrounds batch blurry cancel caption captions character characters cheaper "
    "checkpoint clip clips continue dataset diagnose difference different double dropout duplicate duplicates "
    "effect estimate exclude expensive explain faster files folder frames generate halve higher images increase "
    "launch learning license little longer lower mascot minutes motion percent photos pictures plan preset price "
    "progress quality rank rate recipe recipes recommend reduce remove resolution results scorecard seconds seed "
    "settings shorter slower standard start status steps strength style thank thanks train training trigger undo "
    "upload validation video videos check checks checked learning picture photo image photograph please compare "
    "explain watermark budget approve approved approval approvals overfitting overfit overfits orders memory "
    "anything something finished download preview background sharpness shoulder another frames noun minutes "
    "ranks verify resume "
)
_VOCABULARY = tuple(_WORDS.split())
_SHORTHANDS = {
    "lr": "learning rate",
    "bs": "batch size",
    "em": "them",
    "w": "with",
    "lil": "little",
    "plsss": "please",
    "plss": "please",
    "ist": "is",
    "iz": "is",
    "teh": "the",
    "wat": "what",
    "wot": "what",
    "wich": "which",
    "okey": "ok",
    "r": "are",
    "cuz": "because",
    "bc": "because",
    "coz": "because",
    "thats": "that's",
    "theres": "there's",
    "heres": "here's",
    "hes": "he's",
    "shes": "she's",
    "theyre": "they're",
    "youre": "you're",
    "wont": "won't",
    "didnt": "didn't",
    "wasnt": "wasn't",
    "arent": "aren't",
    "shouldnt": "shouldn't",
    "wouldnt": "wouldn't",
    "havent": "haven't",
    "hasnt": "hasn't",
    "couldnt": "couldn't",
    "lemme": "let me",
    "dunno": "don't know",
    "kinda": "kind of",
    "tho": "though",
    "thru": "through",
    "abt": "about",
    "ppl": "people",
    "rly": "really",
    "cos": "because",
    "vid": "video",
    "pic": "picture",
    "foto": "photo",
    "fotos": "photos",
    "res": "resolution",
    "px": "pixels",
    "pics": "pictures",
    "pix": "pictures",
    "vids": "videos",
    "u": "you",
    "ur": "your",
    "whats": "what's",
    "hows": "how's",
    "wheres": "where's",
    "dont": "don't",
    "doesnt": "doesn't",
    "isnt": "isn't",
    "lets": "let's",
    "im": "i'm",
    "ive": "i've",
    "id": "i'd",
    "cant": "can't",
    "wanna": "want to",
    "gonna": "going to",
    "gimme": "give me",
    "colour": "color",
    "thx": "thanks",
    "pls": "please",
    "plz": "please",
    "licence": "license",
    "min": "minutes",
    "mins": "minutes",
    "secs": "seconds",
    "hrs": "hours",
    "wdym": "what do you mean",
    "idc": "i don't care",
    "teensy": "little",
    "weeny": "little",
    "wee": "little",
    "sez": "says",
    "dubble": "double",
    "dubbles": "doubles",
    "harf": "half",
    "stopt": "stopped",
    "stpo": "stop",
    "splti": "split",
    "shwo": "show",
    "nr": "number",
    "ckpt": "checkpoint",
}
_LONG_NAMES = {  # what other trainers call it
    "r": "rank",
    "ga": "gradient accumulation",
    "max_train_steps": "steps",
    "network_dim": "rank",
    "network_alpha": "alpha",
    "train_batch_size": "batch size",
}
_NAMED_FIGURE = re.compile(rf"\b({'|'.join(_LONG_NAMES)})\s*[=:]?\s*(\d)")
# No figure of ours, and beyond what a float can hold:
_ENDLESS = re.compile(r"\d{13,}(?:\.\d*)?|\d(?=[\d.]*e[+-]?\d{3})[\d.]*e[+-]?\d+")
_ORDINARY = 3.3  # Zipf frequency from which a word is taken as meant


@lru_cache(maxsize=64)
def normal(text: str) -> str:
    """The text in one form for the rules; still readable English."""
    text = (
        text.lower()
        .replace("’", "'")
        .replace("‘", "'")
        .replace("“", '"')
        .replace("”", '"')
        .replace("–", "-")
        .replace("—", " - ")
    )
    text = sub(r"\b[a-z]*([a-z])\1\1[a-z]*\b", _shortened, text)
    text = _NAMED_FIGURE.sub(lambda found: f"{_LONG_NAMES[found[1]]} {found[2]}", text)
    text = sub(r"\bw/(?=[\s\w])", "with ", sub(r"\bw/o\b", "without", text))
    text = sub(r"≤\s*", "at most ", sub(r"\s*&&\s*", " and then ", text))
    text = sub(r"(?<![\w.])\.(?=\d)", "0.", text)  # '.5'
    text = _ENDLESS.sub("a number that long", text)
    text = sub(r"(?<=\w)\s*=\s*(?=[\w.])", " ", text)
    text = sub(r"(\d)\s*(?:mins?|m)\b(?!\w)", r"\1 minutes", text)
    text = sub(r"(\d)\s*(?:secs?|s)\b", r"\1 seconds", text)
    text = sub(r"(\d)\s*(?:hrs?|h)\b", r"\1 hours", text)
    text = sub(r"(?<![\w.])(\d+)\s?f\b", r"\1 frames", sub(r"\br(\d{1,3})\b", r"rank \1", text))
    text = sub(r"(?<![^\W\d_])[a-z][a-z']*(?![^\W\d_])", lambda found: _corrected(found[0]), text)
    return sub(r"\s+", " ", with_digits(with_decimal_points(text))).strip()


def _shortened(found: re.Match[str]) -> str:
    """'gooo' and 'pleeease': a letter that is drawn out stands once, or twice where that is the commoner word."""
    forms = [sub(r"(\w)\1{2,}", new, found[0]) for new in (r"\1", r"\1\1")]
    return max(forms, key=lambda form: zipf_frequency(form, "en"))


@lru_cache(maxsize=4096)
def _corrected(word: str) -> str:
    if word in _SHORTHANDS:
        return _SHORTHANDS[word]
    if len(word) < 4 or word in _VOCABULARY or "'" in word:
        return word
    if zipf_frequency(word, "en") >= _ORDINARY:
        return word
    swapped = [known for known in _VOCABULARY if sorted(known) == sorted(word) and known[0] == word[0]]
    near = swapped or get_close_matches(word, _VOCABULARY, n=1, cutoff=0.8)
    return near[0] if near else word
