"""From a sentence and the project's facts to what should be done: tool calls in order, or a topic to speak about."""

import re

from .as_meant import as_meant
from .combined import combined
from .held_back import held_back
from .kept import with_kept
from .learned.intents import intent
from .learned.reader import Guess, Reader, shipped
from .named_ids import by_id
from .numbers import with_decimal_points
from .reading import Call, Facts, Reading
from .rules import by_rules
from .several import with_parts
from .spelling import normal
from .studio_talk import ASKED

__all__ = ["Call", "Facts", "Reading", "read", "read_with"]

_TAGGED = re.compile(r"[<‹]\s*(?P<tag>event|project|uploads)\s*[>›].*?(?:[<‹]\s*/\s*(?P=tag)\s*[>›]|$)", re.I | re.S)


def read(said: str, facts: Facts, uploads: list[str]) -> Reading:
    """Understand a message, by rules and by what was learned from labelled sentences. Never launches on anything but a
    plain request to start the training."""
    return read_with(shipped(), said, facts, uploads)


def read_with(reader: Reader, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """As `read`, with a reader of one's own."""
    own = _TAGGED.sub(" ", said)
    if own != said and not own.strip():
        return Reading(topic="launch_conditional")  # a report in our own tags is no word of the person
    said = with_decimal_points(as_meant(own))
    understood, guess = _read_one(reader, said, facts, uploads)
    if not uploads:
        understood = with_parts(understood, guess, said, facts, lambda part: _read_one(reader, part, facts, uploads))
    if held_back(understood.calls, normal(said)):
        understood = Reading(topic="launch_conditional")
    return with_kept(understood, facts)


def _read_one(reader: Reader, said: str, facts: Facts, uploads: list[str]) -> tuple[Reading, Guess]:
    reading = by_rules(said, facts, uploads)
    stated = intent([(call.name, call.arguments) for call in reading.calls])
    guess = reader.guess(said, facts, uploads, stated)
    understood = combined(reading, guess, said, facts, uploads)
    called = None if uploads or facts.get(ASKED) else by_id(normal(said), said)
    if called and called.name not in {call.name for call in understood.calls}:
        understood = Reading((called,))
    return understood, guess
