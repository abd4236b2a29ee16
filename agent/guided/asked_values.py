"""'Compare rank 16 and 64': values that a question sets beside each other, to be shown and not taken."""

import re
from typing import Any

from .changes import wanted_changes
from .patterns import search, sub
from .quantities import NUMBER

_SIZE = r"\d{2,4} ?(?:x|by|×) ?\d{2,4}"
_VALUE = rf"(?:{_SIZE}|{NUMBER.strip('()')}%?)"
_NAME = (
    r"(?:learning[ -]rate|caption dropout|dropout|class preservation|ema(?: decay)?|held[ -]?out share|rank|alpha"
    r"|batch(?:[ -]size)?"
    r"|gradient accumulation|frames?|steps?|iterations|seeds?|resolutions?|pixels|minutes|hours)"
)
_AND = r"(?:,? ?(?:and|or|vs\.?|versus|against|with|to|compared (?:to|with)|instead of|rather than|over|/|,) ?)"
_FILL = r"(?: (?:of|at|is|a|an|the|only|just))*"
_AFTER = re.compile(rf"\b(?P<name>{_NAME}){_FILL} (?P<first>{_VALUE})(?P<more>(?:{_AND}(?:{_NAME} )?{_VALUE})+)(?! ?%)")
_BEFORE = re.compile(rf"\b(?P<first>{_VALUE})(?: {_NAME})?(?P<more>(?:{_AND}{_VALUE})+) (?P<name>{_NAME})\b")
_PRESETS = re.compile(rf"\b(?P<first>fast|standard|quality)(?P<more>(?:{_AND}(?:the )?(?:fast|standard|quality))+)\b")
_BESIDE = (
    r"\bcompar\w+|\bdifferen\w+|\bbetter\b|\bvs\.?\b|\bversus\b|\bor\b|\bweigh\b|\bside by side\b|\bnext to\b"
    r"|\bwhich\b|\bboth\b|\bagainst\b"
)
_ASKED = (
    r"\?|^(?:what|which|compare|is|are|would|should|will|does|do|how|show|can you compare|could you compare"
    r"|difference|tell me)\b|\bcompar\w+|\bdifferen\w+|\bbetter\b|\bversus\b|\bvs\b"
)


def values_beside(text: str) -> list[dict[str, Any]]:
    """The arguments of change_plan for each value; empty where nothing is compared. At most four."""
    if not (search(_BESIDE, text) and search(_ASKED, text)) or search(
        r"\b(?:strengths?|checkpoints?"
        r"|loras?)\b",
        text,
    ):
        return []
    if presets := _PRESETS.search(text):
        names = re.findall(r"fast|standard|quality", presets[0])
        return [{"preset": name} for name in dict.fromkeys(names)][:4]
    found = _AFTER.search(text) or _BEFORE.search(text)
    if found is None:
        return []
    values = [found["first"], *re.findall(_VALUE, sub(_NAME, " ", found["more"]))]
    looks = [wanted_changes(f"{found['name']} {value}").arguments for value in dict.fromkeys(values)]
    return [look for look in looks if look][:4] if len(values) > 1 else []
