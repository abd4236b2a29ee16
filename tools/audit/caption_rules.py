"""The audit's rules about captions: missing, without trigger, saying what is to be learned, untrue, alike, too long."""

from collections import defaultdict
from collections.abc import Callable

from trainer_core.dataset.manifest import Item

from ..captioning.claims import Claimed, Contradiction, contradictions
from ..captioning.likeness import ALIKE, alike
from ..captioning.words import has_word, words_of
from ..text import quoted
from .caption_content import CONTENT_RULES, captioned_of
from .evidence import Evidence
from .findings import PRACTICE, files, finding, plural
from .model import Finding, Level

MANY_ALIKE = 0.3  # of the captions
FEWEST_WORDS = 4  # besides the trigger: "a cat" alone says nothing of the picture
MOST_WORDS = 200

_LENGTH_SOURCE = "LTX-Video README, prompt engineering: within 200 words"
_LIKENESS_SOURCE = "Jaccard similarity of the words; the limit is our choice"
_SHOWN = 60  # characters of a caption's own words


def _missing(evidence: Evidence) -> list[Finding]:
    without = [item for item in evidence.items if not item.caption.strip()]
    if not without or len(without) == len(evidence.items):  # none at all: they are not written yet, and not checked
        return []
    trained = "it is" if len(without) == 1 else "they are"
    text = f"{files(without, 'has', 'have')} no caption: {trained} trained on without the trigger word. Write captions."
    return [finding("captions_missing", "warn", text, without, "captions missing", len(without), 0, PRACTICE)]


def _trigger_missing(evidence: Evidence) -> list[Finding]:
    trigger = evidence.trigger
    if trigger is None:
        return []
    without = [item for item in captioned_of(evidence) if not has_word(item.caption, trigger)]
    if not without:
        return []
    text = (
        f"{files(without, 'has', 'have')} a caption without the trigger word {trigger}, spelled exactly so: what it "
        "shows is not learned with the trigger."
    )
    return [finding("trigger_missing", "warn", text, without, "captions without trigger", len(without), 0, PRACTICE)]


def _untrue(evidence: Evidence) -> list[Finding]:
    wrong: dict[Claimed, list[tuple[Item, Contradiction]]] = defaultdict(list)
    for item in captioned_of(evidence):
        for each in contradictions(item.caption, evidence.measured[item.id]):
            wrong[each.aspect].append((item, each))
    found = []
    for aspect, hits in wrong.items():
        item, worst = max(hits, key=lambda hit: abs(hit[1].value - hit[1].threshold))
        told = f"{quoted(item.name, _SHOWN)} says '{worst.claim}', but {worst.seen}"
        more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
        text = f"{plural(len(hits), 'caption contradicts', 'captions contradict')} what is measured: {told}{more}."
        items = [each for each, _ in hits]
        value, limit = round(worst.value, 3), round(worst.threshold, 3)
        found.append(
            finding(f"caption_contradicts_{aspect}", "warn", text, items, worst.measure, value, limit, worst.source)
        )
    return found


def _alike(evidence: Evidence) -> list[Finding]:
    captioned = captioned_of(evidence)
    ignored = [evidence.trigger] if evidence.trigger else []
    groups = [[captioned[index] for index in group] for group in alike([item.caption for item in captioned], ignored)]
    groups = [group for group in groups if len({item.piece_of or item.id for item in group}) > 1]
    if not groups:
        return []
    items = [item for group in groups for item in group]
    share = len(items) / len(captioned)
    written = [item for item in items if item.caption_source != "measured"]  # ours say all that could be measured
    level: Level = "warn" if len(written) > 2 and len(written) >= MANY_ALIKE * len(captioned) else "note"
    example = quoted(groups[0][0].caption, _SHOWN)
    text = (
        f"{len(items)} of {len(captioned)} captions are nearly the same as another one, {len(groups[0])} of them like "
        f"'{example}'. Say what differs between the pictures, or each teaches less than it could."
    )
    return [
        finding("captions_alike", level, text, items, "share of captions alike", round(share, 2), MANY_ALIKE,
                f"{_LIKENESS_SOURCE} ({ALIKE})")
    ]  # fmt: skip


def _length(evidence: Evidence) -> list[Finding]:
    captioned = captioned_of(evidence)
    ignored = evidence.trigger.lower() if evidence.trigger else None
    counts = {item.id: sum(word != ignored for word in words_of(item.caption)) for item in captioned}
    short = [item for item in captioned if counts[item.id] < FEWEST_WORDS]
    long = [item for item in captioned if counts[item.id] > MOST_WORDS]
    found = []
    if short:
        least = min(counts[item.id] for item in short)
        words = plural(least, "word", "words")
        text = f"{files(short, 'has', 'have')} a caption that says next to nothing ({words} besides the trigger)."
        found.append(
            finding("captions_short", "note", text, short, "words besides the trigger", least, FEWEST_WORDS, PRACTICE)
        )
    if long:
        most = max(counts[item.id] for item in long)
        text = f"{files(long, 'has', 'have')} a very long caption ({most} words); up to {MOST_WORDS} are advised."
        found.append(finding("captions_long", "note", text, long, "words", most, MOST_WORDS, _LENGTH_SOURCE))
    return found


CAPTION_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (
    _missing,
    _trigger_missing,
    _untrue,
    *CONTENT_RULES,
    _alike,
    _length,
)
