"""What an earlier part of the thread came to, in a few lines: made from what was said and done, by no model."""

from collections.abc import Sequence
from typing import TypedDict

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage

from tools.text import quoted

from .messages import spoken

MOST_TURNS = 40
FIRST = 3  # turns that are never dropped: what the person came for
LONGEST_WORDS = 120  # characters of what was said
LONGEST_RESULT = 160
_ONLY_LOOKS = ("look_up", "explain_", "list_", "show_", "training_status", "base_status")


class ToldTurn(TypedDict):
    """What the person said, and the beginning of each tool's result that was more than a look."""

    said: str
    done: list[str]


def lengthen(story: Sequence[ToldTurn], gone: Sequence[AnyMessage]) -> list[ToldTurn]:
    """The story with the turns of these messages added; turns of mere talk go first when it becomes too long."""
    turns = [*story, *(turn for turn in _turns(gone) if turn["said"] or turn["done"])]
    while len(turns) > MOST_TURNS:
        talk = next((place for place in range(FIRST, len(turns)) if not turns[place]["done"]), FIRST)
        del turns[talk]
    return turns


def _turns(messages: Sequence[AnyMessage]) -> list[ToldTurn]:
    turns = [ToldTurn(said="", done=[])]
    for message in messages:
        if isinstance(message, HumanMessage) and (said := spoken(message)):
            turns.append(ToldTurn(said=quoted(said, LONGEST_WORDS), done=[]))
        elif isinstance(message, ToolMessage) and message.status != "error":
            name = message.name or ""
            if not name.startswith(_ONLY_LOOKS):
                turns[-1]["done"].append(f"{name}: {quoted(str(message.content), LONGEST_RESULT)}")
    return turns
