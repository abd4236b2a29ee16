"""Which LoRAs does a sentence name, and how strong: by id, by trigger word, or by 'these two'."""

import re
from dataclasses import dataclass
from typing import Any

from .reading import Facts

MOST = 4  # LoRAs that the tools take at once
STRONGEST = 2.0
LIMITS = "At most four LoRAs at once, each with a strength from 0 to 2 (1 is as trained). Which ones?"
_ID = re.compile(r"\blora_[0-9a-z]{1,50}\b", re.IGNORECASE)
_NUMBER = r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<percent>%|percent\b)?"
_AFTER = re.compile(
    rf"^\s*(?:\(|,|=|:)?\s*(?:(?:at|with|to|by|on)\s+|@\s*)?(?:a\s+)?(?:(?:strength|weight)\s*(?:of\s+|=\s*|:\s*)?)?{_NUMBER}"
    r"(?:\s+(?:strength|weight))?\)?(?![\w.])",
    re.IGNORECASE,
)
_HALF = re.compile(r"^\s*(?:at\s+)?(?P<word>half|full)(?:\s+(?:strength|weight))?\b", re.IGNORECASE)
_BOTH = re.compile(
    rf"\b(?:both|all|each|all (?:three|four))\b.{{0,12}}?\bat\s+(?:strength\s+)?{_NUMBER}(?![\w.])", re.IGNORECASE
)
_LONE = re.compile(
    rf",?\s*\b(?:at |with |and )?(?:a )?strength (?:of )?{_NUMBER}(?![\w.]|\s*(?:,|and|or)\s*\.?\d)", re.IGNORECASE
)
_THESE = re.compile(
    r"\b(?:(?:these|those|the|my|our) (?P<count>2|two|3|three|4|four)\b|both\b|all (?P<all>3|three|4|four|of them|my)\b"
    r"|(?:my|our|these|those) loras\b|(?:them|they)\b)",
    re.IGNORECASE,
)
_COUNTS = {"2": 2, "two": 2, "3": 3, "three": 3, "4": 4, "four": 4}


@dataclass(frozen=True)
class Named:
    """The LoRAs of a sentence in their order with the strengths that were said, and what is left of the sentence."""

    loras: tuple[tuple[str, float | None], ...]
    rest: str

    @property
    def stack(self) -> list[dict[str, Any]]:
        """As the tools take them; a strength that was not said is left out."""
        return [{"lora": name} | ({} if strength is None else {"strength": strength}) for name, strength in self.loras]

    @property
    def too_strong(self) -> bool:
        """Was a strength said that no tool takes?"""
        return any(strength is not None and strength > STRONGEST for _, strength in self.loras)

    @property
    def too_many(self) -> bool:
        """More than a tool takes?"""
        return len(self.loras) > MOST


def known(facts: Facts) -> list[tuple[str, str]]:
    """(id, trigger words) of the LoRAs that the conversation knows, this project's first, each newest first."""
    listed = [(str(entry["id"]), str(entry.get("trigger") or "")) for entry in facts.get("loras") or []]
    if not listed and facts.get("lora"):
        listed = [(str(facts["lora"]), str(facts.get("trigger") or ""))]
    return listed


def listed(facts: Facts) -> str:
    """'chr_x7kq (lora_1), sty_q2ab (lora_2)'."""
    return ", ".join(f"{trigger} ({name})" if trigger else name for name, trigger in known(facts))


def named(said: str, facts: Facts) -> Named:
    """What the sentence names. 'these two' and 'both' mean the LoRAs that are there where there are just as many."""
    said = re.sub(
        r"\b(?:at|with) (half|full) (?:the )?(?:strength|weight)\b",
        _spoken_strength,
        " ".join(said.split()),
        flags=re.I,
    )
    places = [(found.start(), found.end(), found[0].lower()) for found in _ID.finditer(said)]
    for word, name in _by_trigger(facts).items():
        places += [
            (found.start(), found.end(), name)
            for found in re.finditer(rf"(?<![\w]){re.escape(word)}(?![\w])", said, re.IGNORECASE)
        ]
    loras: dict[str, float | None] = {}
    rest, at = "", 0
    for start, end, name in sorted(places):
        if start < at:
            continue  # inside what was read already
        before = re.search(rf"{_NUMBER}\s*(?:of|x|times)?\s+$", said[at:start])
        after = _AFTER.match(said[end:]) or _HALF.match(said[end:])
        strength = _strength(after or before)
        if loras.get(name) is None:
            loras[name] = strength
        rest += said[at : at + before.start()] if before and not after else said[at:start]
        rest += " "
        at = end + (after.end() if after else 0)
    rest += said[at:]
    if not loras:
        loras, rest = _meant(rest, facts)
    alone = _LONE.search(rest) if len(loras) == 1 and None in loras.values() else None
    if alone:
        loras = {name: _strength(alone) for name in loras}
        rest = rest.replace(alone[0], " ")
    shared = _BOTH.search(rest)
    if shared:
        loras = {name: strength if strength is not None else _strength(shared) for name, strength in loras.items()}
        rest = rest.replace(shared[0], " ")
    return Named(tuple(loras.items()), " ".join(rest.split()))


def _spoken_strength(found: re.Match[str]) -> str:
    return f"at strength {0.5 if found[1].lower() == 'half' else 1}"


def _by_trigger(facts: Facts) -> dict[str, str]:
    """Trigger word -> id. The newest counts where several have the same; one with that word alone before a merged."""
    names: dict[str, str] = {}
    for alone in (True, False):
        for name, trigger in known(facts):
            words = [word.strip() for word in trigger.split(",") if word.strip()]
            if (len(words) == 1) is alone:
                names |= {word: name for word in words if word not in names}
    return names


def _meant(rest: str, facts: Facts) -> tuple[dict[str, float | None], str]:
    """'these two' where there are two."""
    there = known(facts)
    found = _THESE.search(rest)
    if found is None or not 2 <= len(there) <= MOST:
        return {}, rest
    count = _COUNTS.get((found["count"] or found["all"] or "").lower())
    two = found[0].lower() in ("both", "them", "they") or count == 2
    if (two and len(there) != 2) or (count and count != len(there)):
        return {}, rest
    return dict.fromkeys((name for name, _ in there), None), rest


def _strength(found: re.Match[str] | None) -> float | None:
    if found is None:
        return None
    groups = found.groupdict()
    if "word" in groups:
        return 0.5 if groups["word"].lower() == "half" else 1.0
    value = float(groups["number"])
    return value / 100 if groups.get("percent") else value
