"""Numbers as people write them, brought to digits: 'sixty-four', '2k', '1,500', 'thirty percent', 'one and a half'."""

import re

from .patterns import split, sub

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_DECADES = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: value for value, word in enumerate(_SMALL.split())}
_TENS = {word: 10 * value for value, word in enumerate(_DECADES.split(), start=2)}
_TENS["fourty"] = 40
_SCALES = {"hundred": 100, "thousand": 1000, "k": 1000}
_WORD = "|".join(sorted([*_UNITS, *_TENS, "hundred", "thousand"], key=len, reverse=True))
_PHRASE = re.compile(rf"\b(?:a (?=hundred|thousand))?(?:{_WORD})(?:(?:[\s-]+(?:and[\s-]+)?)(?:{_WORD}))*\b")
_COUNTED = (
    r"(?:minutes?|mins?|hours?|hrs?|seconds?|secs?|steps?|percent|per cent|%|times|frames?|pixels?|dollars?"
    r"|changes?|more|fewer)"
)


_MEASURED = r"(?i:dollars?|usd|euros?|hours?|h\b|minutes?|mins?|times|%|percent)"


def with_decimal_points(text: str) -> str:
    """Figures as they are written on the continent, in the English way: '0,4', '1,50 dollars', '1.500 steps'."""
    text = sub(r"(?<![\d.,])0,(?=\d)(?!\d+,\d)", "0.", text)
    text = sub(rf"(?<![\d.,])(\d{{1,3}}),(?=\d{{1,2}} ?{_MEASURED})", r"\1.", text)
    text = sub(r"(?i)(\b(?:strength|weight|factor|at|with|on) \d),(?=\d{1,2}\b(?!,\d))", r"\1.", text)
    return sub(r"(?i)(?<![\d.,])([1-9]\d{0,2})\.(?=\d{3} (?:steps|iterations)\b)", r"\1", text)


def spelled(text: str) -> str:
    """The text as it was written, with its number words in digits."""
    return re.sub(_PHRASE.pattern, lambda found: _spoken(found[0].lower()), text, flags=re.IGNORECASE)


def with_digits(text: str) -> str:
    """The lower-case text with every number in digits and percent as '%'."""
    text = sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = sub(r"\b(\d+(?:\.\d+)?)\s?k\b", lambda found: f"{float(found[1]) * 1000:g}", text)
    text = sub(r"\b(?:one|1) and a half\b", "1.5", text)
    text = sub(r"\b(\w+) and a half\b", lambda found: _half_more(found[1]), text)
    for figures, words in (
        ("1/2", "half"),
        ("1/3", "a third"),
        ("2/3", "two thirds"),
        ("1/4", "a quarter"),
        ("3/4", "3 quarters"),
    ):
        text = sub(
            rf"(?<![\d/]){figures}(?![\d/])(?: of)?(?= (?:the|of|as|more|less|longer|time|way|done"
            rf"|through|an hour))",
            words,
            text,
        )
    text = sub(r"\ban? hour and a half\b|\b1\.5 hours?\b", "90 minutes", text)
    text = sub(r"\b(?:half an|half-an|a half) hour\b|\bhalf-?hour\b", "30 minutes", text)
    text = sub(r"\b(?:three|3) quarters of (?:an )?hour\b", "45 minutes", text)
    text = sub(r"\b(?:a |one )?quarter of an hour\b|\ba quarter hour\b", "15 minutes", text)
    text = sub(r"\b(?:an? )?couple of (?=minutes|hours)", "2 ", text)
    text = sub(r"(?<![\d.,])0,(?=\d)", "0.", text)  # a decimal comma
    text = sub(rf"\b(?:an?|one) (?={_COUNTED}\b)(?!more|fewer)", "1 ", text)
    text = _PHRASE.sub(lambda found: _spoken(found[0]), text)
    return sub(r"(?<=\d)\s*(?:percent|per cent|pct|prozent)\b", "%", text)


def _half_more(word: str) -> str:
    value = _UNITS.get(word)
    return f"{word} and a half" if value is None else f"{value + 0.5:g}"


def _spoken(phrase: str) -> str:
    """'two thousand five hundred' -> '2500'; a lone 'one' stays a word, since it is seldom a number."""
    words = [word for word in split(r"[\s-]+", phrase) if word not in ("and", "a")]
    if words == ["one"] or (words == ["zero"] and phrase != "zero"):
        return phrase
    total = part = 0
    for word in words:
        if word == "thousand":
            total, part = total + max(1, part) * 1000, 0
        elif word == "hundred":
            part = max(1, part) * 100
        else:
            part += _UNITS.get(word, _TENS.get(word, 0))
    return str(total + part)
