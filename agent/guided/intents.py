"""From a sentence and the project's facts to what should be done: tool calls in order, or a topic to speak about."""

from .combined import combined
from .learned.reader import Reader, shipped
from .reading import Call, Facts, Reading
from .rules import by_rules

__all__ = ["Call", "Facts", "Reading", "read", "read_with"]


def read(said: str, facts: Facts, uploads: list[str]) -> Reading:
    """Understand a message, by rules and by what was learned from labelled sentences. Never launches on anything but a
    plain request to start the training."""
    return read_with(shipped(), said, facts, uploads)


def read_with(reader: Reader, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """As `read`, with a reader of one's own."""
    reading = by_rules(said, facts, uploads)
    return combined(reading, reader.guess(said, facts, uploads), said, facts, uploads)
