"""Rules and the learned reader together: who is followed where they differ.

Thresholds were chosen by leaving one author of the labelled sentences out of training and reading that author's.
"""

import json
import re
from dataclasses import replace
from typing import Any

from . import questions
from .arguments import arguments_of
from .changes import wanted_changes
from .completed import completed
from .conditions import IF
from .domain import DOMAIN
from .fillers import without_frills
from .learned.intents import NONE, intent
from .learned.reader import Guess
from .likeness import with_its_words
from .lora_names import named
from .patterns import search
from .plain_talk import asks_meaning
from .reading import Call, Facts, Reading, ask
from .rules import CARDS
from .say_back import nearest_two
from .sharpened import sharpened
from .spelling import normal
from .studio_talk import ASKED

FROM_NOTHING = 0.35  # sure enough where the rules found nothing
FROM_LOOK_UP = 0.3  # where the rules only have a search in the articles
INSTEAD = 0.7  # where the rules have something else
CHANGE = 0.4  # at least, for what changes the plan or the files
CHANGE_ON_A_QUESTION = 0.9  # the same where the sentence is a question
HARD = 0.8  # at least, for what is hard to take back
INSTEAD_OF_ASKING = 0.8  # where the rules would ask back, or take it for a condition
AGREED = 0.85  # for a card that the strict rules do not open and that may well be wished for
NOTHING = 0.7  # sure that nothing is to be called, where the rules have a search
OFF_TOPIC = 0.8  # where no word of the message is about training
NEVER = 2.0
CARD_AT_ALL = 0.2  # at least, for a card of the strict rules
NO_CARD = 0.6  # sure that no card was asked for
_HARD = frozenset(
    (
        *("cancel_training", "withdraw_consent", "split_clips", "merge_loras"),
        *("share_project", "join_project", "remove_member"),
    )
)
_CHANGES = _HARD | frozenset(
    (
        *("change_plan", "undo_plan", "set_excluded", "edit_caption", "undo_dataset_change", "remove_references"),
        *("apply_finding", "cancel_standing_order", "cancel_download"),
    )
)
_ON_A_WISH = frozenset(("launch_training", "download_base", "take_in_candidates"))
_DOUBT = rf"\b(?:{IF}|maybe|perhaps|might|said|says|wrote|don't|do not|never|should (?:i|we)|would)\b|\""
_CONDITION = (
    rf"\b(?:{IF}|as long as|provided|assuming|in case|until|wants|(?:when|once|as soon as)(?! (?:more|again"
    r"|you'?re? (?:are )?ready|you (?:can|want)))|might|perhaps|maybe|said|says)\b"
)
_UNSURE_WHETHER = rf"\b(?:{IF}|maybe|perhaps|might|could be|not sure|unsure|no idea|i think|i guess|said|says|wants)\b"
_MERGED = (
    r"\b(?:merg|fus|combin|bak|blend|join|unit|mix|marr|cook|melt|smoosh|mush|glu|put|mak|turn|svd|ties|dare|linear)\w*"
    r"|\b(?:one|single|together|both|concat\w*|cat)\b"
)
_SHOWN = (  # what stands in a picture, a caption or a file is no word of the person's
    r"\b(?:signs?|texts?|captions?|notes?|letters|labels?|watermarks?|(?:file ?)?names?|logs?|articles?|pages?|posters?"
    r"|subtitles?|comments?|says|written|reads)\b[^:]{0,60}:"
)
_NOT_EITHER = (  # 'do not audit and launch' denies both
    r"\b(?:don't|do not|never|neither|nor|not)\b[^.;!?,]*\b(?:and|or|nor)\b[^.;!?,]*"
    r"\b(?:launch|start|begin|train|download|take|add)\b|\bnone of\b"
)
_ANSWERS = frozenset(("look_up", "audit_dataset", "explain_plan", "choose_recipe"))
_ASKING_TOPICS = frozenset(("question", "launch_conditional", "launch_denied", "nothing_ran"))
_PLAIN_TOPICS = frozenset(("unclear", "no_plan", "how_to_add", "next", "help", "recommend"))


def combined(rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """What to do with a message that the rules and the learned reader have read. Cards come from the rules only, or
    where the rules find them plausible and the reader is sure."""
    reading = _combined(rules, guess, said, facts, uploads)
    text, said = normal(said), " ".join(said.split())
    calls = (
        Call(call.name, _as_written(completed(call.name, call.arguments, text, said, facts), said))
        for call in reading.calls
    )
    whole = replace(reading, calls=tuple({(call.name, repr(call.arguments)): call for call in calls}.values()))
    return with_its_words(whole, rules, text, facts)


def _as_written(arguments: dict[str, Any], said: str) -> dict[str, Any]:
    """File names with the capitals that they have."""
    if not isinstance(items := arguments.get("items"), list):
        return arguments
    written = {name.lower(): name for name in re.findall(r"[\w.-]+\.\w{2,4}\b", said)}
    return arguments | {"items": [written.get(str(name).lower(), name) for name in items]}


def _combined(rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    stated = intent([(call.name, call.arguments) for call in rules.calls])
    names = guess.intent.split(" + ")
    text = normal(said)
    if not text:
        return rules
    if guess.intent != stated and _agreed(names, rules, guess) and not search(_SHOWN, said.lower()):
        return _learned(names, rules, guess, said, facts, uploads)
    if any(call.name in CARDS for call in rules.calls):
        return Reading(topic="launch_conditional") if search(_SHOWN, said.lower()) else _card(rules, guess, text)
    if guess.intent == stated:
        return Reading(
            tuple(sharpened(call, guess, said) for call in rules.calls), rules.topic, rules.words, rules.asked
        )
    if guess.intent == NONE and stated == "look_up" and guess.sure >= NOTHING and not asks_meaning(text):
        return Reading(topic="unclear", words=said)
    if guess.intent == NONE or any(name in CARDS for name in names) or guess.sure < _needed(rules, stated, names, text):
        return rules
    if (
        _out_of_place(names, text, facts)
        or _asks_rightly(rules, names, guess, text)
        or _doubtful(names, guess, text)
        or set(names) < {call.name for call in rules.calls}
    ):
        return rules
    if set(names) == {call.name for call in rules.calls} and len(names) < len(rules.calls):
        return rules  # several of a kind, each spelled out
    if rules.calls and (facts.get(ASKED) or set(names) & _HARD):
        return rules  # an answer to a question of ours; or more than the rules read, and hard to take back
    return _learned(names, rules, guess, said, facts, uploads)


def _agreed(names: list[str], rules: Reading, guess: Guess) -> bool:
    """Do the words allow every card of the guess, and is the reader sure of them?"""
    cards = set(names) & CARDS
    allowed = {call.name for call in rules.plausible}
    less = set(names) < {call.name for call in rules.calls}
    return bool(cards) and cards <= allowed and guess.sure >= AGREED and not less


def _card(rules: Reading, guess: Guess, text: str) -> Reading:
    """A card of the rules opens on a plain wish only, and where the learned reader is not sure of something else."""
    only = {call.name for call in rules.calls} <= _ON_A_WISH
    unsure = {"mark_synthetic"} & {call.name for call in rules.calls} and search(_UNSURE_WHETHER, text)
    denied = {call.name for call in rules.calls} & _ON_A_WISH and search(_NOT_EITHER, text)
    if unsure or denied or (only and search(_CONDITION, without_frills(text))):
        return Reading(topic="launch_conditional")
    doubted = not any(set(name.split(" + ")) & CARDS for name, share in guess.intents if share > CARD_AT_ALL)
    stated = any(call.name == "record_consent" for call in rules.calls)  # of few examples: the rules know it better
    return nearest_two(rules, guess) if doubted and guess.sure >= NO_CARD and not stated else rules


def _doubtful(names: list[str], guess: Guess, text: str) -> bool:
    """Something that changes things is not done on a question, a condition or a faint likeness."""
    shown = '"only_show": true' in (guess.frame_of(guess.intent) or "")
    if shown or not set(names) & _CHANGES:
        return False
    if set(names) & _HARD and (guess.sure < HARD or search(_DOUBT, text)):
        return True
    return guess.sure < CHANGE or (questions.asks(text) and guess.sure < CHANGE_ON_A_QUESTION)


def _out_of_place(names: list[str], text: str, facts: Facts) -> bool:
    """A finding's repair where nothing was run, or merging where only names are said."""
    if "apply_finding" in names and not (facts.get("found") or facts.get("run")):
        return True
    return "merge_loras" in names and not facts.get(ASKED) and search(_MERGED, text) is None


def _asks_rightly(rules: Reading, names: list[str], guess: Guess, text: str) -> bool:
    """Where the rules ask back for what a likeness cannot know: which finding, how much of what; or see a condition."""
    if rules.topic == "launch_conditional":
        return bool(set(names) & _CHANGES) and search(_CONDITION, text) is not None
    shape = json.loads(guess.frame_of(guess.intent) or "[]")
    by_how_much = not shape or any(
        value == "#" or key.endswith("_factor") for _, given in shape for key, value in given.items()
    )
    vague = "change_plan" in names and by_how_much and not search(r"\d", text)
    foreign = search(r"\b(?:budget|credits?|euros?|chf|francs?|rupees?|pounds?|yen|gbp|eur)\b|[€£¥]", text) is not None
    return rules.topic == "question" and (vague or foreign or bool({"apply_finding", "show_budget"} & set(names)))


def _each_its_own(calls: list[Call], said: str, facts: Facts) -> list[Call]:
    """Several files or LoRAs to look into, each once."""
    looks = [at for at, call in enumerate(calls) if call.name == "verify_lora"]
    there = [name for name in re.findall(r"\bupl_\w+", said) if name in (facts.get("waiting_loras") or [])]
    given = [{"upload": name} for name in there] or [{"lora": name} for name, _ in named(said, facts).loras]
    if len(looks) > 1 and len(looks) == len(given):
        for at, arguments in zip(looks, given, strict=True):
            calls[at] = Call("verify_lora", arguments)
    return calls


def _needed(rules: Reading, stated: str, names: list[str], text: str) -> float:
    if stated == NONE and set(names) <= _ANSWERS and rules.topic == "unclear" and not search(DOMAIN, text):
        return OFF_TOPIC
    if stated == NONE:
        return (
            FROM_NOTHING
            if rules.topic in _PLAIN_TOPICS
            else INSTEAD_OF_ASKING
            if rules.topic in _ASKING_TOPICS
            else NEVER
        )
    return FROM_LOOK_UP if stated == "look_up" else INSTEAD


def _learned(names: list[str], rules: Reading, guess: Guess, said: str, facts: Facts, uploads: list[str]) -> Reading:
    """The calls of the guess with their arguments; a question where one is missing."""
    frame = guess.frame_of(guess.intent)
    shapes: list[tuple[str, dict[str, Any]]] = json.loads(frame) if frame else [(name, {}) for name in names]
    calls: list[Call] = []
    for name, shape in shapes:
        if name in CARDS:
            calls.append(next(call for call in (*rules.calls, *rules.plausible) if call.name == name))
            continue
        arguments = arguments_of(name, shape, said, facts, uploads)
        if isinstance(arguments, str):
            return ask(arguments) if rules.topic == "unclear" else rules
        calls.append(sharpened(Call(name, arguments), guess, said))
    calls = _each_its_own(calls, said, facts)
    if names == ["add_lora", "add_lora"] and len(waiting := facts.get("waiting_loras") or []) == 2:
        calls = [Call("add_lora", {"upload": upload}) for upload in waiting]
    if names == ["propose_plan"] and (further := wanted_changes(normal(said)).without("preset", "base")):
        calls.append(Call("change_plan", further))
    return Reading(tuple(calls))
