"""The audit's rules about captions that say what the trigger is to learn: looks, clothes, style, shared words."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from wordfreq import zipf_frequency

from trainer_core.dataset.manifest import Item

from ..captioning.templates import TEMPLATES
from ..captioning.words import looks_named, stated, style_named, words_of, worn_named
from ..text import quoted
from .evidence import Evidence
from .findings import finding
from .model import Finding, Level

LOOKS_SHARE = 0.2  # of the captions that name hair, eyes, skin and the like
WORN_SHARE = 0.5  # of the captions that name the same garment; clothes that change should be named
STYLE_SHARE = 0.1  # of the captions that name the style
WORD_SHARE = 0.8  # of the captions that share any other word
FEWEST_NAMED = 2  # captions: what one of many says is learned from no other file
FEWEST_SHARED = 8  # captions from which a word that they share is no chance
EVERYDAY = 6.0  # Zipf frequency from which a word says nothing of a subject ("with", "has")

_Hits = list[tuple[Item, str]]  # files and the words that say it
_LEFT_OUT = "DreamBooth (arXiv:2208.12242): the class noun stays, traits go to the identifier; shares are our choice"
_NO_NOUN = "with|in|on|at|and|wearing|that|who|is|has|of"
_SCENE = re.compile(r"\b(?:background|light\w*|lit|views?|shot|close-up|profile|camera|facing|turn\w*)\b")


def captioned_of(evidence: Evidence) -> list[Item]:
    """The files that have a caption."""
    return [item for item in evidence.items if item.caption.strip()]


def _describes_looks(evidence: Evidence) -> list[Finding]:
    if TEMPLATES[evidence.recipe.name].kept_out != "looks":
        return []
    named: dict[str, _Hits] = defaultdict(list)
    for item in captioned_of(evidence):
        for kind, words in looks_named(item.caption).items():
            named[kind].append((item, words))
    found, count = [], len(captioned_of(evidence))
    for kind, hits in named.items():
        share = len(hits) / count
        if len(hits) < FEWEST_NAMED or share < LOOKS_SHARE:
            continue
        text = (
            f"{len(hits)} of {count} captions describe the {kind} ({_examples(hits)}): then these "
            "words carry it and the trigger does not. Leave it out, unless it differs from file to file."
        )
        found.append(
            _of_share(f"caption_describes_{kind.split()[0]}", text, hits, "share of captions", share, LOOKS_SHARE)
        )
    return found


def _describes_clothes(evidence: Evidence) -> list[Finding]:
    if TEMPLATES[evidence.recipe.name].kept_out != "looks":
        return []
    named: dict[str, _Hits] = defaultdict(list)
    for item in captioned_of(evidence):
        for garment in dict.fromkeys(words.split()[-1] for words in worn_named(item.caption)):
            words = next(words for words in worn_named(item.caption) if words.endswith(garment))
            named[garment].append((item, words))
    limit = max(FEWEST_NAMED, WORN_SHARE * len(captioned_of(evidence)))
    often = {garment: hits for garment, hits in named.items() if len(hits) >= limit and len(hits) > FEWEST_NAMED}
    if not often:
        return []
    hits = max(often.values(), key=len)
    share = len(hits) / len(captioned_of(evidence))
    text = (
        f"Most captions name the same {'clothes' if len(often) > 1 else 'piece'}: "
        f"{', '.join(list(often)[:4])} ({_examples(hits)}). If it belongs to the subject, leave it to the trigger; if "
        "it should be changeable, add files without it."
    )
    return [_of_share("caption_describes_clothes", text, hits, "share of captions", share, WORN_SHARE)]


def _describes_style(evidence: Evidence) -> list[Finding]:
    if TEMPLATES[evidence.recipe.name].kept_out != "style":
        return []
    hits = [
        (item, words[0]) for item in captioned_of(evidence) if (words := style_named(item.caption, evidence.trigger))
    ]
    share = len(hits) / max(1, len(captioned_of(evidence)))
    if len(hits) < FEWEST_NAMED or share < STYLE_SHARE:
        return []
    text = (
        f"{len(hits)} of {len(captioned_of(evidence))} captions name the style ({_examples(hits)}): then these words "
        "carry it and the trigger does not. Describe only what is shown."
    )
    return [_of_share("caption_describes_style", text, hits, "share of captions", share, STYLE_SHARE)]


def _repeats_words(evidence: Evidence) -> list[Finding]:
    captioned, trigger = captioned_of(evidence), evidence.trigger
    if TEMPLATES[evidence.recipe.name].kept_out != "looks" or trigger is None or len(captioned) < FEWEST_SHARED:
        return []
    expected = _subject_words(captioned, trigger)
    hits: dict[str, _Hits] = defaultdict(list)
    for item in captioned:
        known = {
            word for words in [*worn_named(item.caption), *looks_named(item.caption).values()] for word in words.split()
        }
        clauses = [clause for clause in stated(item.caption) if not _SCENE.search(clause)]
        for word in dict.fromkeys(words_of(" ".join(clauses))):
            if word not in expected and word not in known and len(word) > 2 and zipf_frequency(word, "en") < EVERYDAY:
                hits[word].append((item, word))
    often = {word: found for word, found in hits.items() if len(found) >= WORD_SHARE * len(captioned)}
    if not often:
        return []
    most = max(often.values(), key=len)
    share = len(most) / len(captioned)
    shown = ", ".join(f"'{quoted(word, 30)}'" for word in list(often)[:5])
    text = (
        f"At least {WORD_SHARE:.0%} of the captions say {shown}. If it belongs to the subject, leave it to the trigger."
    )
    return [_of_share("caption_repeats_words", text, most, "share of captions", share, WORD_SHARE, level="note")]


def _subject_words(items: Iterable[Item], trigger: str) -> set[str]:
    """The trigger and the class noun after it, which all captions are meant to share."""
    noun = rf"(?:(?!(?:{_NO_NOUN})\b)[\w-]+\s?){{1,3}}"
    after = re.compile(rf"(?<!\w){re.escape(trigger)}(?!\w)[\s,]*(?:an?\b|the\b)?\s*({noun})", re.IGNORECASE)
    found = [match.group(1) for item in items if (match := after.search(item.caption))]
    return {trigger.lower(), *(word for words in found for word in words_of(words))}


def _examples(hits: _Hits) -> str:
    words = list(dict.fromkeys(words for _, words in hits))
    return ", ".join(f"'{quoted(each, 30)}'" for each in words[:3])


def _of_share(
    finding_id: str,
    text: str,
    hits: _Hits,
    measure: str,
    share: float,
    limit: float,
    level: Level = "warn",
) -> Finding:
    items = [item for item, _ in hits]
    return finding(finding_id, level, text, items, measure, round(share, 2), limit, _LEFT_OUT)


CONTENT_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (
    _describes_looks,
    _describes_clothes,
    _describes_style,
    _repeats_words,
)
