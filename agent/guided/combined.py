"""Rules and the learned reader together: who is followed where they differ.

Thresholds were chosen by leaving one author of the labelled sentences out of training and reading that author's.
"""

import json
from typing import Any

from . import questions
from .arguments import arguments_of
from .changes import wanted_changes
from .fillers import without_frills
from .learned.intents import NONE, intent
from .learned.reader import Guess
from .patterns import search
from .reading import Call, Facts, Reading, ask
from .rules import CARDS
from .say_back import nearest_two
from .sharpened import sharpened
from .spelling import normal
from .studio_talk import ASKED

FROM_NOTHING = 0.35  # sure enough where the rules found nothing
FROM_LOOK_UP = 0.45  # where the rules only have a search in the articles
INSTEAD = 0.7  # where the rules have something else
CHANGE = 0.4  # at least, for what changes the plan or the files
CHANGE_ON_A_QUESTION = 0.9  # the same where the sentence is a question
HARD = 0.9  # at least, for what is hard to take back
NOTHING = 0.9  # sure that nothing is to be called, where the rules have a search
NEVER = 2.0
CARD_AT_ALL = 0.1  # at least, for a card
NO_CARD = 0.75  # sure that no card was asked for
_HARD = frozenset(("cancel_training", "revoke_approval", "withdraw_consent", "merge_loras", "split_clips"))
_CHANGES = _HARD | frozenset(
    (
        *("change_plan", "undo_plan", "set_excluded", "edit_caption", "undo_dataset_change", "remove_references"),
        *("apply_finding", "cancel_standing_order", "cancel_download"),
    )
)
_ON_A_WISH = frozenset(("launch_training", "download_base", "take_in_candidates"))
_DOUBT = r"\b(?:if|unless|maybe|perhaps|might|said|says|wrote|don't|do not|never|should (?:i|we)|would)\b|\""
_CONDITION = (
    r"\b(?:if|unless|as long as|provided|assuming|in case|until|wants|(?:when|once|as soon as)(?! (?:more|again"
    r"|you'?re? (?:are )?ready|you (?:can|want)))|might|perhaps|maybe|said|says)\b"
)
_UNSURE_WHETHER = (
    r"\b(?:if|unless|maybe|perhaps|might|could be|not sure|unsure|no idea|i think|i guess|said|says|wants)\b"
)
_SHOWN = (  # what stands in a picture, a caption or a file is no word of the person's
    r"\b(?:signs?|texts?|captions?|notes?|letters|labels?|watermarks?|(?:file ?)?names?|logs?|articles?|pages?|posters?"
    r"|subtitles?|comments?|says|written|reads)\b[^:]{0,60}:"
)
_PLAIN_TOPICS = frozenset(("unclear", "no_plan", "how_to_add", "next", "help", "recommend"))


def combined(rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """What to do with a message that the rules and the learned reader have read. Cards come from the rules only."""
    stated = intent([(call.name, call.arguments) for call in rules.calls])
    names = guess.intent.split(" + ")
    text = normal(said)
    if not text:
        return rules
    if any(call.name in CARDS for call in rules.calls):
        return Reading(topic="launch_conditional") if search(_SHOWN, said.lower()) else _card(rules, guess, text)
    if guess.intent == stated:
        return Reading(
            tuple(sharpened(call, guess, said) for call in rules.calls), rules.topic, rules.words, rules.asked
        )
    if guess.intent == NONE and stated == "look_up" and guess.sure >= NOTHING:
        return Reading(topic="unclear", words=said)
    if guess.intent == NONE or any(name in CARDS for name in names) or guess.sure < _needed(rules, stated):
        return rules
    if _doubtful(names, guess, text) or set(names) < {call.name for call in rules.calls}:
        return rules
    if rules.calls and (facts.get(ASKED) or set(names) & _HARD):
        return rules  # an answer to a question of ours; or more than the rules read, and hard to take back
    return _learned(names, rules, guess, said, facts, uploads)


def _card(rules: Reading, guess: Guess, text: str) -> Reading:
    """A card of the rules opens on a plain wish only, and where the learned reader is not sure of something else."""
    only = {call.name for call in rules.calls} <= _ON_A_WISH
    unsure = {"mark_synthetic"} & {call.name for call in rules.calls} and search(_UNSURE_WHETHER, text)
    if unsure or (only and search(_CONDITION, without_frills(text))):
        return Reading(topic="launch_conditional")
    doubted = not any(set(name.split(" + ")) & CARDS for name, share in guess.intents if share > CARD_AT_ALL)
    return nearest_two(rules, guess) if doubted and guess.sure >= NO_CARD else rules


def _doubtful(names: list[str], guess: Guess, text: str) -> bool:
    """Something that changes things is not done on a question, a condition or a faint likeness."""
    shown = '"only_show": true' in (guess.frame_of(guess.intent) or "")
    if shown or not set(names) & _CHANGES:
        return False
    if set(names) & _HARD and (guess.sure < HARD or search(_DOUBT, text)):
        return True
    return guess.sure < CHANGE or (questions.asks(text) and guess.sure < CHANGE_ON_A_QUESTION)


def _needed(rules: Reading, stated: str) -> float:
    if stated == NONE:
        return FROM_NOTHING if rules.topic in _PLAIN_TOPICS else NEVER
    return FROM_LOOK_UP if stated == "look_up" else INSTEAD


def _learned(names: list[str], rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """The calls of the guess with their arguments; a question where one is missing."""
    frame = guess.frame_of(guess.intent)
    shapes: list[tuple[str, dict[str, Any]]] = json.loads(frame) if frame else [(name, {}) for name in names]
    calls: list[Call] = []
    for name, shape in shapes:
        arguments = arguments_of(name, shape, said, facts, uploads)
        if isinstance(arguments, str):
            return ask(arguments) if rules.topic == "unclear" else rules
        calls.append(sharpened(Call(name, arguments), guess, said))
    if names == ["propose_plan"] and (further := wanted_changes(normal(said)).without("preset", "base")):
        calls.append(Call("change_plan", further))
    return Reading(tuple(calls))
