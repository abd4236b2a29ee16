"""The audit's rule about writing in the pictures: it would be learned with the subject."""

from collections.abc import Callable

from ..text import quoted
from ..vision.text_in_picture import SHORTEST, SURE
from .evidence import Evidence
from .findings import files, finding
from .model import Finding

MEASURE = f"files with a line of at least {SHORTEST} letters that was read with a score above {SURE:g}"
# 120 pictures without words: 2 false alarms. 24 with: opaque 75-100 %, at 25 % opacity 58-100 %, at 12 % 17-92 % found.
OVERLAID = "measured on drawn and rendered pictures, where 2 of 120 were named without having text, 2026-11-21"
SHOWN, LONGEST = 3, 40  # files whose words are told, and characters of them


def _text(evidence: Evidence) -> list[Finding]:
    hit = [(item, words) for item in evidence.items if (words := evidence.measured[item.id].text)]
    if not hit:
        return []
    told = "; ".join(f'{item.name} "{_said(words[0])}"' for item, words in hit[:SHOWN])
    more = f" and {len(hit) - SHOWN} more" if len(hit) > SHOWN else ""
    items = [item for item, _ in hit]
    text = (
        f"{files(items, 'has', 'have')} text or a watermark in the picture: {told}{more}. It would be learned with "
        "the subject: cut it off, paint it over or use pictures without it."
    )
    return [finding("text_in_picture", "warn", text, items, MEASURE, len(hit), 0, OVERLAID)]


def _said(words: str) -> str:
    return quoted(words, LONGEST).replace('"', "'")


TEXT_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (_text,)
"""Rules that look at the words found in pictures."""
