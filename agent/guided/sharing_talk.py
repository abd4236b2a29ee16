"""Sentences about the people of a project: let somebody in, who is in it, leave."""

from . import questions
from .conditions import CONDITION
from .patterns import search, sub
from .reading import Call, Facts, Reading
from .wish_words import DENIED, REPORTED

_CODE = r"(?:(?:new|fresh|another|invitation|invite|access|join|sharing|guest) )*(?:codes?|invit(?:ation|e)s?)"
_SHARE = (
    r"\b(?:make|create|give|need|want|generate|issue|send|get|prepare|produce|like|have|write)\b"
    rf"(?: (?!code\b|captions?\b|clips?\b)\w+){{0,4}} {_CODE}\b(?! (?:orders?|word))"
    r"|^(?:(?:please|can you|could you|let's|and|then|also|now|ok|i want to|i'd like to) )*invite (?!code)\w+"
    r"|\bshare (?:this|the|my|our) project\b(?! code)"
    r"|\blet (?:my|our|the|him|her|them)(?: \w+)? (?:in|join) (?:on |into )?(?:this|the|my|our)? ?project\b"
)
_MEMBERS = (
    r"\bwho(?:'s| is| are| else is| all is| else has| has)?(?: \w+){0,3} (?:in|on|access to|part of|members? of)"
    r" (?:this|the|my|our) project\b"
    r"|\b(?:list|show|see|name|who are|print)\b(?: (?:me|us|all|of|the|list|our|my))* members\b|^members[.?! ]*$"
    r"|\bwho (?:else )?has access\b|\bwhich (?:persons|people)\b.*\bproject\b|\bwho(?:'s| is) (?:still )?a member\b"
    r"|\bwhich invitations? (?:are|is)\b|\b(?:open|waiting|pending) invitations?\b"
)
_LEAVE = (
    r"\b(?:leave|get out of|quit) (?:this|the|our) project\b|\b(?:take|get) me (?:out of|off) (?:this|the|our)"
    r" project\b"
)
_THERE = r"\bjoin-\w|\binv_\w|\bdiscount|\bqr\b|\b(?:zip|error|source|python|dress)[ -]code\b"
_FREE = r"\b(?:can|could|may|will) (?:you|we)\b"


def sharing_talk(text: str, _said: str, _facts: Facts) -> Reading | None:
    """What a sentence wants with people and codes; None when it is about something else, or not plainly wished."""
    if search(CONDITION, text) or search(DENIED, text) or search(REPORTED, text):
        return None
    if search(_MEMBERS, text) and not search(_THERE, text):
        return Reading((Call("list_members"),))
    if questions.asks(sub(_FREE, "", text)) and not search(rf"^(?:{_FREE})", text):
        return None
    if search(_LEAVE, text):
        return Reading((Call("remove_member", {"person": "me"}),))
    if search(_SHARE, text) and not search(_THERE, text):
        return Reading((Call("share_project"),))
    return None
