"""Sentences about captions: write them, show them, change one."""

from typing import Any

from .file_words import FILES, OTHERS_WORDS
from .patterns import search


def caption_calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Tool calls (name, arguments) for what a sentence asks about captions."""
    edit = search(
        r"\bcaption (?:of|for|on) (?P<item>\S+?)(?:,? (?:should (?:be|say|read)|to(?: say| read| be)?|is|as|with"
        r"|into|must (?:be|say))|:) ?(?P<words>.+)$",
        text,
    ) or search(
        r"\b(?:caption|describe|label) (?P<item>itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))(?: with"
        r"| as|:| =) ?(?P<words>.+)$"
        r"|\b(?P<item2>itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))(?:'s)? caption(?:,? (?:should (?:be"
        r"|say|read)|to|is|as|with|must (?:be|say))|:) ?(?P<words2>.+)$",
        text,
    )
    edit = edit or search(
        r"(?P<item>itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov))[,:]? (?:the )?(?:new )?caption:?"
        r" (?P<words>(?:an?|the|two|\") ?.+)$",
        text,
    )
    if edit and edit.groupdict().get("item2"):
        return [("edit_caption", {"item": edit["item2"], "caption": edit["words2"].strip(" :\"'")})]
    if edit:
        return [("edit_caption", {"item": edit["item"].strip("\"',:"), "caption": edit["words"].strip(" :\"'")})]
    if search(
        r"\b(?:why|what (?:is|are|makes)(?! the captions)|how (?:should|long|many)"
        r"|how do(?! the captions))\b|^(?:does|are|is|did|should|must|will|do(?! (?:the |all |my "
        r"|new )*captions\b[^?]*$)) ",
        text,
    ):
        return []
    shown = search(
        r"\b(?:show|see|read|list|print|what do|what are|look at|view|check|spot-check|give|hear|display|how do"
        r"|let me|examples? of|sample of)\b(?: \w+){0,5} \bcaptions\b"
        r"|\b(?:show|see|read|list|print|check|hear|what is|what's)\b(?: \w+){0,4} \bcaption\b|\bwhat did you write\b",
        text,
    )
    if shown and not search(r"\bgive (?:them|it|every|each|all)\b|\blet me (?:write|caption|edit)\b", text):
        count = search(
            r"\b(\d{1,2})(?: \w+)? captions\b|\b(?:all (?:the )?|every )captions?\b"
            r"|\bfirst (\d{1,2})\b",
            text,
        )
        number = (count[1] or count[2]) if count else None
        return [("show_captions", {"count": int(number)} if number else {})]
    if search(
        rf"\b(?:write|make|create|do|generate|add|redo|start|produce|need|want|give|finish|update|refresh|rewrite"
        rf"|re-?do|prepare|put|get|proceed|go (?:on|ahead)|continue)\b(?: \w+){{0,4}} \b(?:captions?|descriptions?)\b"
        rf"|\b(?:describe|label|annotate|tag) (?:my |the |all |all the |all of |each |every |them )*(?:{FILES}"
        rf"|one of them|all)\b"
        rf"|\b(?:re-?)?caption (?:my |the |all |all the |all of )*{FILES}\b|"
        r"^(?:(?:and|now|then|please|next|ok|so|just|first|the|all|new|some|my|missing"
        r"|your) )*captions?(?: (?:please|now|next|them|it|then|all|too|as well|first|again|for .*|without .*"
        r"|with .*))*[.!]?$"
        r"|\bcaptions?\b.*\b(?:write|do|make|generate) (?:them|it) (?:again|anew|all|new|over)\b"
        r"|\bcaptions?\b.*\b(?:re-?write|re-?do|re-?make) (?:them|it|all)\b|\bcaptioning\b|\bthen caption\b"
        r"|\band caption\b",
        text,
    ) and not search(
        r"\b(?:don't|do not|never|no) (?:\w+ )?(?:any |the )?captions?\b|\bdropout\b|\bmyself\b|\bby hand\b"
        r"|\bmy own captions?\b|\bon my own\b|\bshould (?:i|we)\b|" + OTHERS_WORDS,
        text,
    ):
        return [("write_captions", {})]
    return []
