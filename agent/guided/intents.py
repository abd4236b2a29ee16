"""From a sentence and the project's facts to what should be done: tool calls in order, or a topic to speak about."""

import re

from .as_meant import as_meant
from .combined import combined
from .held_back import denied, held_back
from .kept import with_kept
from .learned.intents import intent
from .learned.reader import Guess, Reader, shipped
from .named_ids import by_id
from .numbers import with_decimal_points
from .reading import Call, Facts, Reading, ask
from .rules import by_rules
from .several import with_parts
from .shortened import shortened
from .spelling import normal
from .studio_talk import ASKED

__all__ = ["Call", "Facts", "Reading", "read", "read_with"]

_HARMLESS = frozenset(("look_up", "explain_plan", "training_status", "show_scorecard", "list_recipes", "list_loras"))
_TOO_LONG = "That was long, and I have read only its beginning, so I do nothing yet. Tell me in a sentence or two."
_LEFT = "All right, I leave that until you say so."
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
    own, unread = shortened(own)
    said = with_decimal_points(as_meant(own))
    understood, guess = _read_one(reader, said, facts, uploads)
    if not uploads:
        understood = with_parts(understood, guess, said, facts, lambda part: _read_one(reader, part, facts, uploads))
    if held_back(understood.calls, normal(said)):
        left = denied(understood.calls, normal(said))
        understood = ask(_LEFT) if left else Reading(topic="launch_conditional")
    if unread and not {call.name for call in understood.calls} <= _HARMLESS:
        understood = ask(_TOO_LONG)  # what follows may deny it
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
