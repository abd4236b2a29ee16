"""Which figures of an answer come from nowhere: neither from a tool's result nor from an article, a fact or the person.

Only figures with a unit are looked at (time, share, money, size, counted things, named settings): 'rank 32' is a claim,
'2 reasons' is not. Rounding and other units of the same measure are no new claims: 93.7 s is about 1.5 minutes. A model
that writes its figures as words goes unnoticed, and so does an invented figure that happens to stand in a result.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage

from .guided.numbers import with_digits

MOST_NAMED = 5
LONGEST_HEDGE = 16  # characters: 'approximately'
SMALLEST_COUNT = 4  # fewer things than that are counted by anybody who reads a list

_UNITS: dict[str, tuple[str, float]] = {}  # unit as written: its measure, and its size in the measure's own unit
for _measure, _size, _names in (
    ("time", 0.001, "ms milliseconds millisecond"),
    ("time", 1, "s sec secs second seconds"),
    ("time", 60, "min mins minute minutes"),
    ("time", 3600, "h hr hrs hour hours"),
    ("time", 86400, "day days"),
    ("share", 0.01, "% percent"),
    ("money", 1, "$ dollar dollars usd € euro euros eur credit credits"),
    ("money", 0.01, "cent cents"),
    ("bytes", 1e3, "kb"),
    ("bytes", 1e6, "mb mib megabytes"),
    ("bytes", 1e9, "gb gib gigabytes"),
    ("bytes", 1e12, "tb tib"),
    ("pictures", 1, "picture pictures image images photo photos clip clips file files video videos drawings samples"),
    ("steps", 1, "step steps iterations"),
    ("frames", 1, "frame frames"),
    ("pixels", 1, "px pixel pixels"),
    ("fps", 1, "fps"),
    ("epochs", 1, "epoch epochs"),
    ("angle", 1, "° degree degrees"),
    ("parameters", 1, "parameter parameters"),
):
    _UNITS |= {name: (_measure, float(_size)) for name in _names.split()}
COUNTED = ("pictures", "steps", "frames", "epochs")
_NUMBER = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_WRITTEN = "|".join(sorted((re.escape(name) for name in _UNITS if name not in "$€"), key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?P<sign>[$€])?(?<![\w.,])(?:(?P<from>{_NUMBER})(?:\s*[-–]\s*|\s+to\s+))?(?P<number>{_NUMBER})"
    rf"[\s-]?(?P<unit>{_WRITTEN})?(?![\w]|\.\d|,\d)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"\b(?P<name>rank|alpha|learning rate|batch size)(?:\s*(?:of|to|is|=|:|at))?\s+(?P<number>{_NUMBER})\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"(?:about|around|roughly|approximately|nearly|almost|some|just (?:over|under)|ca\.?|~|≈)\s*[$€]?$", re.I
)
_SUGGESTED = re.compile(
    r"(?:say|type|try|ask|write|tell me|for example|e\.g\.|such as|or)[^\n\"“'`]{0,20}[\"“`‘'][^\"”`’'\n]*$", re.I
)
_BETWEEN = re.compile(r"^[^\n.;:]{0,12}?(?:→|->|\bto\b|\binstead of\b|\bof\b|/)[^\n.;:]{0,12}$")
_EARLIER = re.compile(r"^<earlier>.*</earlier>$", re.MULTILINE)
_KEYS = (
    ("second", "time", 1.0), ("minute", "time", 60.0), ("dollar", "money", 1.0), ("price", "money", 1.0),
    ("bytes", "bytes", 1.0), ("_gb", "bytes", 1e9), ("step", "steps", 1.0), ("frames", "frames", 1.0),
    ("image", "pictures", 1.0), ("clip", "pictures", 1.0), ("file", "pictures", 1.0), ("width", "pixels", 1.0),
    ("height", "pixels", 1.0), ("rank", "rank", 1.0), ("alpha", "alpha", 1.0), ("learning_rate", "learning rate", 1.0),
    ("epoch", "epochs", 1.0), ("batch", "batch size", 1.0), ("share", "share", 1.0), ("fraction", "share", 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A number and what it measures ("" if that is not said), in the measure's own unit; `step`: its last digit."""

    value: float
    measure: str
    step: float
    shown: str
    about: bool = False


Placed = tuple[int, int, Figure]  # where it begins and ends


def unsupported(answer: str, system: str, messages: Sequence[AnyMessage]) -> list[str]:
    """The figures of the answer that stand nowhere in what was known when it was written, as they were written; after
    MOST_NAMED only how many more. `system`: the system prompt, whose notes hold the project's facts."""
    claims = [claim for claim in _claims(answer) if claim.measure not in COUNTED or claim.value >= SMALLEST_COUNT]
    if not claims:
        return []
    known = _known(system, messages)
    missing = [claim.shown for claim in claims if not any(_supports(figure, claim) for figure in known)]
    named = list(dict.fromkeys(missing))
    return [*named[:MOST_NAMED], f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else named


def _claims(answer: str) -> Iterator[Figure]:
    """Figures with a measure that are said to be so: not in questions, and not in words suggested to the person."""
    for line in answer.splitlines():
        for sentence in re.split(r"(?<=[.!?])\s+", line):
            if sentence.rstrip().rstrip('*_)"”').endswith("?"):
                continue
            for start, _end, figure in _figures(sentence):
                if figure.measure and not _SUGGESTED.search(with_digits(sentence.lower())[:start]):
                    yield figure


def _figures(text: str) -> list[Placed]:
    """All figures of a text with their places in its lower-case form with digits."""
    text = with_digits(text.lower())
    found = []
    for match in _QUANTITY.finditer(text):
        unit = match["sign"] or match["unit"] or ""
        measure, size = _UNITS.get(unit.lower(), ("", 1.0))
        about = bool(_HEDGE.search(text, max(0, match.start() - LONGEST_HEDGE), match.start()))
        for part in ("from", "number"):
            if match[part]:
                shown = (
                    f"{unit}{match[part]}"
                    if match["sign"]
                    else f"{match[part]} {unit.upper() if measure == 'bytes' else unit}"
                )
                found.append((match.start(), match.end(), _figure(match[part], measure, size, shown.strip(), about)))
    found += [
        (match.start(), match.end(), _figure(match["number"], match["name"], 1.0, match[0], False))
        for match in _NAMED.finditer(text)
    ]
    return sorted(found, key=lambda entry: entry[0])


def _figure(number: str, measure: str, size: float, shown: str, about: bool) -> Figure:
    digits, _, power = number.partition("e")
    step = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    return Figure(float(number) * size, measure, step * size, shown, about)


def _known(system: str, messages: Sequence[AnyMessage]) -> list[Figure]:
    """What the model could know: the project's facts, the person's words, results of tools (articles among them)."""
    notes = _EARLIER.search(system)
    texts = [notes[0]] if notes else []
    data: list[Any] = [_facts(system)]
    for message in messages:
        if isinstance(message, HumanMessage | ToolMessage):
            texts.append(message.text)
        if isinstance(message, ToolMessage) and isinstance(message.artifact, dict):
            data.append(message.artifact.get("data"))
    figures = [figure for text in texts for figure in _in_text(text)]
    for entry in data:
        figures += _in_data(entry, "")
    return figures


@lru_cache(maxsize=256)
def _in_text(text: str) -> tuple[Figure, ...]:
    """The same results are looked at again with every answer."""
    return tuple(_all_in(text))


def _all_in(text: str) -> Iterator[Figure]:
    """The figures of a result, times put together from parts (1 min 34 s), and what 'from a to b' changes."""
    digits = with_digits(text.lower())
    found = _figures(text)
    for _start, _end, figure in found:
        yield figure
    whole = _put_together(found, digits)
    for (_, end, first), (start, _, second) in pairwise(whole):
        if not first.shown:
            yield first
        alike = not first.measure or not second.measure or first.measure == second.measure
        if alike and _BETWEEN.match(digits[end:start]):
            yield from _changes(first, second)
    if whole and not whole[-1][2].shown:
        yield whole[-1][2]


def _put_together(found: Sequence[Placed], digits: str) -> list[Placed]:
    """Times of two parts, such as 1 min 34 s, as one figure."""
    whole: list[Placed] = []
    for start, end, figure in found:
        before = whole[-1] if whole else None
        if (
            before
            and before[2].measure == figure.measure == "time"
            and before[2].value > figure.value
            and digits[before[1] : start].strip(" ,and") == ""
        ):
            whole[-1] = (before[0], end, Figure(before[2].value + figure.value, "time", figure.step, ""))
        else:
            whole.append((start, end, figure))
    return whole


def _changes(first: Figure, second: Figure) -> Iterator[Figure]:
    yield Figure(abs(second.value - first.value), second.measure or first.measure, second.step, "")
    for above, below in ((second.value, first.value), (first.value, second.value)):
        if below:
            yield Figure(above / below, "share", 0.01, "")
            yield Figure(abs(above - below) / below, "share", 0.01, "")


def _facts(system: str) -> Any:
    found = re.search(r"^<project>(\{.*\})</project>$", system, re.MULTILINE)
    return json.loads(found[1]) if found else None


def _in_data(entry: Any, key: str) -> Iterator[Figure]:
    """Numbers of the structured results; the name of a number says what it measures. Lists can be counted."""
    if isinstance(entry, Mapping):
        for name, part in entry.items():
            yield from _in_data(part, str(name))
        images, clips = entry.get("images"), entry.get("clips")
        if isinstance(images, int) and isinstance(clips, int):
            yield Figure(float(images + clips), "pictures", 1.0, "")
    elif isinstance(entry, list | tuple):
        yield Figure(float(len(entry)), "", 1.0, "")
        for part in entry:
            yield from _in_data(part, key)
    elif isinstance(entry, int | float) and not isinstance(entry, bool):
        measure, size = next(((measure, size) for part, measure, size in _KEYS if part in key), ("", 1.0))
        yield Figure(float(entry) * size, measure, 0.0, "")
    elif isinstance(entry, str):
        yield from _in_text(entry)


def _supports(known: Figure, claim: Figure) -> bool:
    """Is the claim this known figure, perhaps rounded or in another unit?"""
    if known.measure == claim.measure:
        return _near(known.value, claim)
    if known.measure:
        return False
    if claim.measure in ("time", "money", "bytes"):  # a bare number may be anything
        return False
    if claim.measure == "share":
        return _near(known.value if known.value <= 1.0 else known.value / 100, claim)
    return _near(known.value, claim)


def _near(value: float, claim: Figure) -> bool:
    counted = claim.measure in COUNTED or claim.measure in ("rank", "alpha", "batch size", "pixels")
    rounding = 0.0 if counted else claim.step / 2
    loose = (0.15 if claim.measure == "time" else 0.1) if claim.about else 0.05 if claim.measure == "time" else 0.0
    if claim.measure == "bytes":
        loose = max(loose, 0.08)  # GB and GiB are 7 % apart
    return abs(value - claim.value) <= max(rounding, loose * abs(value)) * (1 + 1e-9) + 1e-12
