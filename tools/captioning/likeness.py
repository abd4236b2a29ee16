"""Which captions say nearly the same, in time that grows evenly with their number."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from .words import words_of

ALIKE = 0.9  # words in common over all words of both, repeated words counted (Jaccard similarity of multisets)
_MOST_COMPARED = 60  # others for each caption; more share its rarest words only in sets made to be slow

_Token = tuple[str, int]


def alike(captions: Sequence[str], ignored: Sequence[str] = ()) -> list[list[int]]:
    """Groups of two and more captions, by index, of which each is like another one of its group; the largest first.

    `ignored` are words that all are meant to share, such as the trigger. Captions without other words are left out.
    Two captions can only be alike if the rarest words of one (a share 1 - ALIKE of them) meet in the rarest of the
    other, so that only these pairs are compared (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006).
    """
    skipped = {word.lower() for word in ignored}
    same: dict[frozenset[_Token], list[int]] = defaultdict(list)
    for index, caption in enumerate(captions):
        tokens = _numbered([word for word in words_of(caption) if word not in skipped])
        if tokens:
            same[tokens].append(index)
    sets = list(same)
    leaders = list(range(len(sets)))
    frequent = Counter(token for tokens in sets for token in tokens)
    meeting: dict[_Token, list[int]] = defaultdict(list)
    for number, tokens in enumerate(sets):
        rarest = sorted(tokens, key=lambda token: (frequent[token], token))
        rarest = rarest[: len(tokens) - int(ALIKE * len(tokens) - 1e-9)]
        met = dict.fromkeys(other for token in rarest for other in meeting[token][-_MOST_COMPARED:])
        for other in list(met)[:_MOST_COMPARED]:
            if _likeness(tokens, sets[other]) >= ALIKE:
                leaders[_leader(leaders, number)] = _leader(leaders, other)
        for token in rarest:
            meeting[token].append(number)
    groups: dict[int, list[int]] = defaultdict(list)
    for number, tokens in enumerate(sets):
        groups[_leader(leaders, number)] += same[tokens]
    return sorted(
        (sorted(group) for group in groups.values() if len(group) > 1), key=lambda group: (-len(group), group)
    )


def _numbered(words: Sequence[str]) -> frozenset[_Token]:
    """The words as a set in which a repeated word is there as often as it is said."""
    counts: Counter[str] = Counter()
    tokens = []
    for word in words:
        counts[word] += 1
        tokens.append((word, counts[word]))
    return frozenset(tokens)


def _likeness(one: frozenset[_Token], two: frozenset[_Token]) -> float:
    common = len(one & two)
    return common / (len(one) + len(two) - common)


def _leader(leaders: list[int], number: int) -> int:
    while leaders[number] != number:
        leaders[number] = leaders[leaders[number]]
        number = leaders[number]
    return number
