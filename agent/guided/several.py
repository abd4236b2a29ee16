"""Several wishes in one message: it is cut where people join wishes, and each part is read like a message of its own.

The parts count only where every one of them is understood, and where together they say more than the whole did. A card
opens from a part only where nothing around it doubts, denies or reports, and where the learned reader expects it of the
whole message, too. Thresholds were chosen as those of `combined`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from .changes import wanted_changes
from .conditions import CONDITION
from .cuts import cuts_of, joins, pieces_of
from .learned.intents import NONE, intent
from .learned.reader import Guess
from .named_ids import by_id
from .patterns import match, search
from .reading import Call, Facts, Reading
from .rules import CARDS
from .side_remarks import harmless
from .spelling import normal
from .studio_talk import ASKED
from .wish_words import DENIED, REPORTED, UNSURE, is_clause, is_no_wish, only_states

LONGEST = 300  # characters; longer messages tell a story
SURE = 0.5  # of each part, at least
SURE_LOOSE = 0.97  # of each part, where a mere comma or full stop joins them
SURE_OF_CHATTER = 0.6  # that a part is no wish
SURE_OF_ONE = 0.95  # the whole is one wish; a comma or full stop does not make it two
SURE_OF_VALUE = 0.9  # of a value that is named outright
MOST_WORDS_LEANING = 5
CERTAIN = 0.97  # that it is one: short parts have to be as clear as where nothing joins them
SHORT = 2  # words
CARD_EXPECTED = 0.3  # of the whole message, for a card of a part
CARD_EXPECTED_PLAINLY = 0.03  # where every other part names a value or waits for something

_ASKED_OF_US = r"\b(?:can|could|would) (?:you|we)\b|^(?:how|what|which|where|when|who|is|are|status|progress)\b"
_VERB = (
    r"(?:please |can you |could you )*(?:show(?: me| us)?|list(?: me)?|give me|tell me|explain|print|check|verify"
    r"|display|what(?:'s| is| are)|how (?:much|is|are))\b"
)
_OFTEN = frozenset(  # what one message may well want twice
    (
        *("change_plan", "set_standing_order", "verify_lora", "explain_plan", "edit_caption"),
        "replace_in_captions",
    )
)
_THEM = {  # what 'them' and 'those' are after a part that wants this
    "write_captions": "captions",
    "show_captions": "captions",
    "list_standing_orders": "standing orders",
    "list_approvals": "approvals",
    "list_loras": "loras",
}
Read = Callable[[str], tuple[Reading, Guess]]


@dataclass(frozen=True)
class _Part:
    text: str
    reading: Reading
    sure: float  # how clearly it was understood, 0..1; 0 for not at all

    @property
    def names(self) -> set[str]:
        return {call.name for call in self.reading.calls}


def with_parts(whole: Reading, guess: Guess, said: str, facts: Facts, read: Read) -> Reading:
    """The calls of all parts where they say more than `whole`; else `whole`."""
    said = " ".join(said.split())
    if len(said) > LONGEST or facts.get(ASKED) or search(REPORTED, said.lower()):
        return whole
    known: dict[str, _Part] = {}

    def part(text: str) -> _Part:
        if text not in known:
            known[text] = _understood(text, *read(text))
        return known[text]

    best, best_worth = whole, (0.0, 0.0)
    for cuts in _ways(said, guess):
        parts = _in_context(pieces_of(said, cuts), part)
        shortest = min(len(each.text.split()) for each in parts[1:])
        certain = shortest == 1 or (shortest <= SHORT and guess.sure >= CERTAIN)
        joined = [joins(said, cut) and not certain for cut in cuts]
        if not _are_sure(parts, joined) or not _may_stand(parts, guess, whole):
            continue
        calls = _together(parts)
        worth = (float(_expected(calls, guess)), min(each.sure for each in parts))
        if _says_more(calls, whole, guess) and worth > best_worth:
            best, best_worth = Reading(tuple(calls)), worth
    return best


def _in_context(pieces: Sequence[str], part: Callable[[str], _Part]) -> list[_Part]:
    """The parts; one that leans on the first is read with what it leans on: its verb, or the LoRA that 'it' is."""
    parts: list[_Part] = []
    verb, lora = match(_VERB, pieces[0].lower()), ""
    for piece in pieces:
        spelled = re.sub(r"\bit\b", lora, piece, flags=re.IGNORECASE) if lora else piece
        named = re.findall(r"\blora_\w+", piece)
        both = re.findall(r"\blora_\w+", pieces[0])
        if parts and len(both) > 1 and not named:
            spelled = re.sub(
                r"\b(?:they|them|the two|both|each other)\b", " and ".join(both), spelled, flags=re.IGNORECASE
            )
        them = next((_THEM[name] for name in parts[-1].names if name in _THEM), "") if parts else ""
        if them:
            spelled = re.sub(r"\b(?:all of )?(?:them|those|these|em)\b", them, spelled, flags=re.IGNORECASE)
        alone = part(spelled)
        if verb and parts and len(piece.split()) <= MOST_WORDS_LEANING and not match(_VERB, piece.lower()):
            alone = max(alone, part(f"{verb[0]} {piece}"), key=lambda each: each.sure)
        parts.append(alone)
        lora = named[0] if len(named) == 1 else ""
    return parts


def _ways(said: str, guess: Guess) -> list[tuple[tuple[int, int], ...]]:
    """The ways to cut a message into two to four parts, each as (start, end) of what joins them."""
    cuts = [cut for cut in cuts_of(said) if guess.sure < SURE_OF_ONE or joins(said, cut)]
    return [chosen for count in range(1, min(3, len(cuts)) + 1) for chosen in combinations(cuts, count)]


def _understood(text: str, reading: Reading, guess: Guess) -> _Part:
    plain = text.lower()
    if is_no_wish(plain):
        return _Part(text, reading, 0.0)
    if only_states(plain):
        return _Part(text, Reading(topic="unclear"), 1.0)
    called = by_id(normal(text), text)
    if called and [call.name for call in reading.calls] == [called.name]:
        return _Part(text, reading, 1.0)
    agreed = guess.probability(intent([(call.name, call.arguments) for call in reading.calls]))
    if [call.name for call in reading.calls] == ["change_plan"] and _exact(plain, reading.calls[0]):
        return _Part(text, reading, max(agreed, SURE_OF_VALUE))
    if reading.calls:
        return _Part(text, reading, agreed)
    chatter = reading.topic in ("unclear", "thanks", "greet") and guess.probability(NONE) >= SURE_OF_CHATTER
    return _Part(text, reading, agreed if chatter else 0.0)


def _exact(text: str, call: Call) -> bool:
    """Is it a wish for values that the words name outright?"""
    wanted = wanted_changes(normal(text))
    named = search(r"\d", normal(text)) and not wanted.question and wanted.arguments == call.arguments
    return bool(named) and not search(r"\?", text) and not only_states(text)


def _are_sure(parts: Sequence[_Part], joined: Sequence[bool]) -> bool:
    """Is every part understood well enough for how it is joined to the one before it?"""
    joining = [any(joined), *joined]
    return all(part.sure >= (SURE if joins_it else SURE_LOOSE) for part, joins_it in zip(parts, joining, strict=True))


def _may_stand(parts: Sequence[_Part], guess: Guess, whole: Reading) -> bool:
    """Is nothing conditional, denied or in doubt but what a standing order waits for?"""
    asked = r"\b(?:tell me|see|check|know|say|measure) (?:if|whether)\b|\bwhat if\b"
    plain = [re.sub(asked, "", part.text.lower()) for part in parts if part.names != {"set_standing_order"}]
    if any(search(CONDITION, text) or search(DENIED, text) for text in plain):
        return False
    if any(is_clause(part.text.lower()) for part in parts[:-1]):
        return False
    if "look_up" not in guess.intent and any(part.names == {"look_up"} for part in parts):
        return False
    cards = {name for part in parts for name in part.names} & CARDS
    return cards <= {call.name for call in whole.calls} or _cards_may_open(cards, parts, plain, guess)


def _cards_may_open(cards: set[str], parts: Sequence[_Part], plain: Sequence[str], guess: Guess) -> bool:
    orders = [at for at, part in enumerate(parts) if "set_standing_order" in part.names]
    opened = [at for at, part in enumerate(parts) if part.names & CARDS]
    beside = [part.reading.calls == () and harmless(normal(part.text)) for part in parts]
    wishes = [part.text.lower() for part, aside in zip(parts, beside, strict=True) if not aside]
    if any(search(UNSURE, text) for text in plain if text in wishes) or (orders and min(orders) < max(opened)):
        return False
    if any(part.text.endswith("?") and not search(_ASKED_OF_US, part.text.lower()) for part in parts):
        return False
    understood = all(part.reading.calls or aside for part, aside in zip(parts, beside, strict=True))
    expected = sum(share for name, share in guess.intents if cards <= set(name.split(" + ")))
    plainly = cards <= {"launch_training"} and all(
        part.names == cards or part.sure >= SURE_OF_VALUE or aside for part, aside in zip(parts, beside, strict=True)
    )
    enough = CARD_EXPECTED_PLAINLY if plainly else CARD_EXPECTED
    return "record_consent" not in cards and understood and expected >= enough


def _together(parts: Sequence[_Part]) -> list[Call]:
    """The calls in their order, none twice; changes of the plan that follow each other are one."""
    calls: list[Call] = []
    for call in (call for part in parts for call in part.reading.calls):
        if call in calls or (call.name == "look_up" and any(other.name == "look_up" for other in calls)):
            continue
        last = calls[-1] if calls else None
        if last and last.name == call.name == "change_plan" and not last.arguments.keys() & call.arguments.keys():
            calls[-1] = Call(call.name, last.arguments | call.arguments)
        else:
            calls.append(call)
    return calls


def _expected(calls: Sequence[Call], guess: Guess) -> bool:
    return intent([(call.name, call.arguments) for call in calls]) == guess.intent


def _says_more(calls: Sequence[Call], whole: Reading, guess: Guess) -> bool:
    names, before = [call.name for call in calls], [call.name for call in whole.calls]
    if len(calls) < 2 or names == before or any(names.count(name) > 1 for name in set(names) - _OFTEN):
        return False
    if any(_within(one, other) for one, other in permutations(calls, 2)):
        return False
    waited = [call.arguments.get("when") for call in calls if call.name == "set_standing_order"]
    if len(set(waited)) < len(waited) <= 2 and {"problem", "overfitting"} & set(waited):
        return False  # 'when it overfits, just tell me'
    if {"cancel_training", "set_standing_order"} <= set(names) and "cancel_training" not in before:
        return False  # 'when it overfits, stop it'
    if _figures(whole.calls) & _figures([call for call in calls if call.name not in before]):
        return False  # a figure that belongs to the other wish
    more = len(names) > len(before) and set(before) <= set(names)
    return more or _expected(calls, guess) or sorted(names) == sorted(before)


def _within(one: Call, other: Call) -> bool:
    """The same wish, said less exactly."""
    return one.name == other.name and one.arguments == {
        key: value for key, value in other.arguments.items() if key in one.arguments
    }


def _figures(calls: Sequence[Call]) -> set[float]:
    given = [value for call in calls for value in call.arguments.values()]
    return {float(value) for value in given if isinstance(value, int | float) and not isinstance(value, bool)}
