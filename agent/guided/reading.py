"""What a message is understood to mean."""

from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One tool to call."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What a message means: calls to make in this order; with none, what to speak about.

    `asked` is the call that a question of ours (topic 'question') is about: the next message may complete it.
    `plausible` are calls that open a card and may well be wished for; they are made only where the learned reader
    agrees.
    """

    calls: tuple[Call, ...] = ()
    topic: str = ""
    words: str = ""
    asked: Call | None = None
    plausible: tuple[Call, ...] = ()


def query(said: str) -> str:
    """The person's own words as a question for look_up."""
    return " ".join(said.split())[:400]


def about(said: str) -> Call:
    """Look up what was said."""
    return Call("look_up", {"query": query(said)})


def ask(words: str, asked: Call | None = None) -> Reading:
    """A question back to the person."""
    return Reading(topic="question", words=words, asked=asked)
