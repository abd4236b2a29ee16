"""Rules and the learned reader together: who is followed where they differ.

Thresholds were chosen by leaving one author of the labelled sentences out of training and reading that author's.
"""

import json
from typing import Any

from .arguments import arguments_of
from .learned.intents import NONE, intent
from .learned.reader import Guess
from .patterns import search
from .reading import Call, Facts, Reading, ask
from .rules import CARDS
from .say_back import nearest_two

FROM_NOTHING = 0.35  # sure enough where the rules found nothing
FROM_LOOK_UP = 0.45  # where the rules only have a search in the articles
INSTEAD = 0.75  # where the rules have something else
NO_CARD = 0.9  # sure that no card was asked for
_HARD = frozenset(("cancel_training", "revoke_approval", "withdraw_consent", "merge_loras", "split_clips", "undo_plan"))
_DOUBT = r"\b(?:if|unless|maybe|perhaps|might|said|says|wrote|don't|do not|never|should (?:i|we)|would)\b|\""
_PLAIN_TOPICS = frozenset(("unclear", "no_plan", "how_to_add", "next", "help", "recommend", "question"))


def combined(rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """What to do with a message that the rules and the learned reader have read. Cards come from the rules only."""
    stated = intent([(call.name, call.arguments) for call in rules.calls])
    if not said.strip() or guess.intent == stated:
        return rules
    names = guess.intent.split(" + ")
    if any(call.name in CARDS for call in rules.calls):
        doubted = not any(name in CARDS for name, share in guess.intents if share > 1 - NO_CARD)
        return nearest_two(rules, guess) if doubted and guess.sure >= NO_CARD else rules
    if guess.intent == NONE or any(name in CARDS for name in names) or guess.sure < _needed(rules, stated):
        return rules
    if any(name in _HARD for name in names) and search(_DOUBT, said.lower()):
        return rules
    return _learned(names, rules, guess, said, facts, uploads)


def _needed(rules: Reading, stated: str) -> float:
    if stated == NONE:
        return FROM_NOTHING if rules.topic in _PLAIN_TOPICS and rules.asked is None else 2.0
    return FROM_LOOK_UP if stated == "look_up" else INSTEAD


def _learned(names: list[str], rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """The calls of the guess with their arguments; a question where one is missing."""
    frame = guess.frame_of(guess.intent)
    shapes: list[tuple[str, dict[str, Any]]] = json.loads(frame) if frame else [(name, {}) for name in names]
    calls: list[Call] = []
    for name, shape in shapes:
        arguments: dict[str, Any] | str = arguments_of(name, shape, said, facts, uploads)
        if isinstance(arguments, str):
            return ask(arguments) if rules.topic == "unclear" else rules
        calls.append(Call(name, arguments))
    return Reading(tuple(calls))
