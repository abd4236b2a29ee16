"""Where people join wishes: the places at which a message may be cut, and the parts that this gives."""

import re
from collections.abc import Sequence

from .patterns import fullmatch, match, search

MOST_CUTS = 5

_CUT = re.compile(
    r"(?<=[.!?;])\s+|\s*(?:->|→|=>)\s*|\s+[-–—+&]\s+|[?]\s*[+&,]\s*"
    r"|,?\s+(?:and|but|plus|as well as)\s+(?!with(?:out)?\b|a (?:half|quarter|third)\b)"
    r"|,\s+|\s+then\s+",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|(?<!\w)'[^']*'(?!\w)|\([^)]*\)")
_LEAD = re.compile(
    r"^(?:(?:and|also|then|plus|but|so|after(?:wards?)?|after that|next|finally|lastly|additionally|while you're at it"
    r"|once that's done|when that's done|on top)\b[\s,:]*)+",
    re.IGNORECASE,
)
_END = re.compile(
    r"[\s,]+(?:then|too|as well|also|after(?:wards?)?|after that|on top|instead|for me"
    r"|(?:once|when) (?:that|this|it)'?s? (?:is )?(?:done|over|ready))(?P<end>[.!?]*)$",
    re.IGNORECASE,
)
_NAME = r"(?:\d[\d.]*|[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov)|[a-z]{3,4}_\w+)"  # two of them belong together
_LISTED, _LIST = rf"(?:^|\s){_NAME}$", rf"{_NAME}(?!\w)"
_ORDER_ALONE = (  # 'tell me' waits for something: 'when it's done' belongs to it
    r"(?:please |just )?(?:tell|holler|shout|report|ping|notify|warn|message|let|text|stop|give|send|call)(?: me| us|"
    r" it)?"
    r"(?: know| a \w+)?[.!]*"
)


def cuts_of(said: str) -> list[tuple[int, int]]:
    """Where wishes may be joined; nothing inside quotation marks or brackets."""
    quoted = [found.span() for found in _QUOTED.finditer(said)]
    found = [cut.span() for cut in _CUT.finditer(said)]
    cuts = [(start, end) for start, end in found if not any(low < start < high for low, high in quoted)]
    cuts = [(start, end) for start, end in cuts if not (search(_LISTED, said[:start]) and match(_LIST, said[end:]))]
    return [(start, end) for start, end in cuts if start and said[end:].strip()][:MOST_CUTS]


def joins(said: str, cut: tuple[int, int]) -> bool:
    """Does a word or a sign say that another wish comes?"""
    start, end = cut
    return search(r"[\w+&>→]", said[start:end]) is not None or search(_LEAD, said[end:]) is not None


def pieces_of(said: str, cuts: Sequence[tuple[int, int]]) -> list[str]:
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(said)]
    return [_bare(said[start:end]) for start, end in zip(starts, ends, strict=True)]


def _bare(piece: str) -> str:
    """A part without the words that only join it to the others."""
    piece = _LEAD.sub("", piece.strip(" ,;")) or piece
    shorter = _END.sub(r"\g<end>", piece)
    return shorter if search(r"\w", shorter) and not fullmatch(_ORDER_ALONE, shorter.lower()) else piece
