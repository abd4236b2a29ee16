"""Ids and codes that belong to one tool: whoever names one and says what shall become of it is understood by it."""

import re
from typing import Any

from .conditions import CONDITION
from .patterns import search
from .reading import Call
from .wish_words import DENIED, REPORTED

CODE = r"\bjoin-[A-Za-z0-9][\w-]{2,60}"
_PERSON = r"\b(?:web|slack|shell|discord|telegram|matrix|mail):[\w.@-]+"
_OUT = (
    r"\b(?:remov\w*|rm|kick\w*|throw|take|taken|drop|delete\w*|revok\w*|cancel\w*|withdr[ae]w\w*|rescind\w*|expel|out"
    r"|invalidate\w*|no longer|not (?:have )?access|lose|pull)\b"
)
_ASKED = (
    r"^(?:(?:and|but|so|ok) )*(?:what|why|how|when|where|who|which|should|does|do|did|is|are|was|were|has|have)\b"
    r"|\bmeans?\b|\bmaybe\b|\bperhaps\b|\bmight\b"
)
_USELESS = r"n't\b|\bnot\b|\bignore\b|\bexpired\b|\bwrong\b|\bold\b|\bno longer\b"  # of a code
_AGAINST = (
    r"\bcompar\w*|\bversus\b|\bvs\.?(?!\w)|\bagainst\b|\bside by side\b|\bdiffer\w*|\bdiff\b|\bbetween\b|\bdelta\b"
)
_NOT_OF_RUNS = r"\bclips?\b|\bprompt\b|\bloras?\b"


def by_id(text: str, said: str) -> Call | None:
    """The call that an id asks for; None where there is none, or where it is only asked or supposed."""
    runs = re.findall(r"\brun_\w+", said)
    if len(runs) == 2 and search(_AGAINST, text) and not _doubted(text, "") and not search(_NOT_OF_RUNS, text):
        return Call("compare_runs", runs_of(said))
    if _doubted(text, _ASKED):
        return None
    if code := re.search(CODE, said):
        return None if search(_USELESS, text) else Call("join_project", {"code": code[0]})
    if not search(_OUT, text):
        return None
    for name, key, pattern in (
        ("remove_member", "invitation", r"\binv_\w+"),
        ("remove_member", "person", _PERSON),
        ("revoke_approval", "approval", r"\bapr_\w+"),
        ("cancel_standing_order", "order", r"\bord_\w+"),
    ):
        if len(found := re.findall(pattern, said)) == 1:
            return Call(name, {key: found[0]})
    return None


def runs_of(said: str) -> dict[str, Any]:
    """The two runs that are named, as compare_runs takes them."""
    runs = re.findall(r"\brun_\w+", said)
    return {"first": runs[0], "second": runs[1]} if len(runs) == 2 else {}


def _doubted(text: str, asked: str) -> bool:
    denied = search(CONDITION, text) or search(DENIED, text) or search(REPORTED, text)
    return bool(denied or (asked and search(asked, text)))
