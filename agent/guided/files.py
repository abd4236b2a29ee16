"""Sentences about files and captions: look at them, caption them, set some aside."""

import re
from typing import Any

_FILES = (
    r"(?:files?|pictures?|photos?|images?|clips?|videos?|dataset|data|set|folder|them|those|these|everything"
    r"|drawings?|uploads?|it all|what i (?:sent|gave|uploaded))"
)
_PRINT = r"water ?marks?|logos?|subtitles?|text|words|writing|letters"
_WITH = r"\b(?:with|that ha(?:s|ve)|having|containing)"
_OTHERS_WORDS = r"\"|\b(?:he|she|they|it|boss|friend|note|text|picture|caption) (?:says?|said|wrote|told|wants)\b"
_NOT_MEANT = rf"\b(?:don't|do not|never|maybe|perhaps|unless|should (?:i|we))\b|{_OTHERS_WORDS}"
_NOT_SENT = (  # pictures leave the computer only for the vision model
    r"\b(?:don't|do not|never|no|without|not)\b.*"
    r"\b(?:vision model|second (?:opinion|eye)|send\w* .*(?:out|away|anywhere))"
)
_FLAWS = (  # words for a flaw, and parts of finding ids that stand for it
    (r"\bblur\w*|\bunsharp\b|\bout of focus\b|\bfuzzy\b", ("blur", "sharp")),
    (r"\bnear[- ]duplicates?\b", ("near",)),
    (r"\bduplicates?\b|\bdoubles\b|\bcopies\b|\brepeat\w*|\bdupes?\b", ("near_dup", "duplicate")),
    (r"\b(?:too )?small\b|\btiny\b|\blow[- ]res\w*", ("small", "resolution")),
    (r"\b(?:too )?short\b", ("short",)),
    (r"\b(?:too )?long (?:clip|one|video)s?\b", ("long",)),
    (r"\bcuts?\b", ("cut",)),
    (rf"{_WITH} (?:an? |any |the |some )?(?:{_PRINT})\b|\bwatermarked\b", ("text",)),
    (r"\bstatic\b|\bfrozen\b|\bstill clips?\b", ("static", "frozen")),
    (
        r"\bbad\b|\bduds?\b|\bflawed\b|\bproblem\w*|\bbroken\b|\bflagged\b|\bones you (?:found|named|mentioned"
        r"|listed)\b"
        r"|\bwith (?:flaws|problems|issues)\b",
        ("",),
    ),
)
_OUT = (
    r"\b(?:chuck|toss|drop|remove|leave|exclude|skip|delete|throw|set|get rid of|ditch|discard|lose|put|take|kick"
    r"|ignore)\b"
)
_BACK = r"\b(?:put|take|bring|add|include|use)\b.*\bback\b|\b(?:re-?include|restore|bring back|put back)\b"


def file_calls(text: str, facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Tool calls (name, arguments) for what a sentence asks about the files, in their natural order."""
    calls: list[tuple[str, dict[str, Any]]] = []
    calls += _set_aside(text, facts)
    there = facts.get("images") or facts.get("clips")  # before there are files, it is a question for the articles
    kept_in = re.search(_NOT_SENT, text) is not None
    how: dict[str, Any] = {"second_eye": False} if kept_in else {}
    if not calls and _wants_words(text):
        calls.append(("audit_dataset", {"text": True} | how))
    elif not calls and (_wants_audit(text) or (there and _asks_coverage(text) and not kept_in)):
        calls.append(("audit_dataset", how))
    return calls + [
        (name, {"by_model": False} if kept_in and name == "write_captions" else arguments)
        for name, arguments in _captions(text)
    ]


def _wants_audit(text: str) -> bool:
    if re.search(r"\baudit\w*\b", text) and not re.search(r"\bwhat (?:is|does) (?:an? |the )?audit", text):
        return True
    if re.search(
        r"\bany (?:duds|bad ones|problems|flaws|duplicates|dupes|blurry (?:ones|pictures|photos))\b"
        r"|^(?:do|did) (?:i|we) have enough\b",
        text,
    ):
        return True
    return bool(
        re.search(
            rf"\b(?:check|inspect|review|analy[sz]e|examine|evaluate|look (?:at|over|through)|have a look"
            rf"|take a look|scan|go through)\b(?: (?:at|over|through))?(?: (?:my|the|all|all of|all the|of|these"
            rf"|those))* {_FILES}\b|"
            rf"\b(?:are|is) (?:my|the|these|those|they|all the) ?{_FILES}? ?(?:all )?(?:ok|okay|good|fine|enough"
            rf"|usable|alright|any good|sharp enough|good enough)\b|"
            rf"\b(?:anything|something|what's|what is) wrong with (?:my|the|these|those)? ?{_FILES}\b|\bhow (?:good"
            rf"|bad) (?:are|is) (?:my|the|these) {_FILES}\b|"
            rf"\bwhat do you think of (?:my|the|these|those) {_FILES}\b|\b(?:do|did) (?:i|we) have enough {_FILES}\b"
            rf"|\bproblems? (?:with|in) (?:my|the) {_FILES}\b",
            text,
        )
    )


def _wants_words(text: str) -> bool:
    """Is writing in the pictures to be looked for?"""
    return not re.search(_NOT_MEANT, text) and bool(
        re.search(
            r"\b(?:look|check|search|scan|find|are there|is there|any|see if)\b.*"
            r"\b(?:water ?marks?|logos?|subtitles?|(?:text|words?|writing|letters) (?:in|on) "
            r"(?:my|the|these|those|any|them))"
            rf"|{_OUT}.*{_WITH} (?:an? |any |the |some )?(?:{_PRINT})\b",  # none was found yet, or looked for
            text,
        )
    )


def _asks_coverage(text: str) -> bool:
    """A question about what the set has or lacks: sides, backgrounds, light, expressions, how many of what."""
    aspects = (
        r"(?:views?|angles?|sides?|profiles?|backs?|fronts?|backgrounds?|places|expressions?|faces|lights?|lighting"
        r"|shots?|shot sizes|close-?ups)"
    )
    what = rf"(?:{aspects}|pictures?|photos?|images?|clips?|files?)"
    kinds = r"(?:back|rear|side|profile|front|three[- ]quarter|left|right|different|other|full[- ]body|close-?up)"
    return bool(
        re.search(
            rf"\b(?:which|what) (?:{kinds} )?{what} (?:are|is|am|do|should|did|would|else)\b.*"
            rf"\b(?:missing|lack\w*|need\w*|have|add|short|miss|covered|there|still)\b|"
            rf"\bhow many (?:more |other |different )*(?:{kinds} )?{what} (?:do|should|are|have|must|would)\b|"
            rf"\b(?:do|did|have) (?:i|we) (?:have |got )?(?:enough|any|too (?:few|many))(?: of)?(?: the)? "
            rf"(?:{kinds} )*{what}\b|"
            r"\bwhat(?:'s| is| am i| are we)? (?:still |else )?(?:missing|lacking)(?: (?:in|from) (?:my|the) "
            r"(?:set|dataset|pictures|data|files))?[?.! ]*$|"
            r"\bwhat (?:else )?(?:should|do|must|can) (?:i|we) (?:still )?(?:add|shoot|photograph|take pictures of)\b|"
            rf"\b(?:show|see) (?:me )?(?:the |my )?(?:view )?compass\b|\bsecond opinion\b|\bvision model\b.*\blook\b|"
            rf"\bask the vision model\b|\b(?:how varied )?(?:are|is) (?:my|the) {what}(?: varied| diverse| different)?"
            rf"(?: enough)?[?.! ]*$|\b(?:is|are) there (?:anything|something) missing\b|^anything missing\b|"
            rf"\bwhich {aspects}\b.*\b(?:haven't|have not|didn't|not)\b.*\b(?:shown|covered|enough)\b|"
            rf"\b(?:do you see|are there|have you seen) (?:enough|any|too (?:few|many)) (?:{kinds} )*{aspects}\b|"
            rf"\b(?:do|did) (?:my|the) {what} suffice\b|\bi (?:only|just) have (?:{kinds} )?{aspects}\b|"
            rf"\b(?:are|is) (?:all )?(?:of )?(?:any )?(?:my |the )?(?:{what}|captions)\b(?!.*\b(?:train|prompt|lora))"
            r".*\b(?:same|similar|alike)\b|"
            rf"\bwhich captions contradict\b|\bweakest\b.*\b(?:set|dataset|{what})\b|"
            rf"\bwhich (?:ones|{what}) (?:should|could|can|must) (?:i|we) (?:throw|leave|drop|remove|delete)\b",
            text,
        )
    )


def _captions(text: str) -> list[tuple[str, dict[str, Any]]]:
    edit = re.search(
        r"\bcaption (?:of|for|on) (?P<item>\S+)(?:,? (?:should (?:be|say|read)|to(?: say)?|is|as)|:) ?(?P<words>.+)$",
        text,
    )
    if edit:
        return [("edit_caption", {"item": edit["item"].strip("\"',:"), "caption": edit["words"].strip(" :\"'")})]
    if re.search(r"\b(?:why|what (?:is|are|makes)|how (?:should|do|long|many))\b", text):
        return []
    if re.search(
        r"\b(?:show|see|read|list|print|what do|look at|view|check|spot-check)\b(?: \w+){0,4} \bcaptions?\b", text
    ):
        return [("show_captions", {})]
    if re.search(
        rf"\b(?:write|make|create|do|generate|add|redo|start|produce|need|want|give)\b(?: \w+){{0,4}} \bcaptions?\b"
        rf"|\b(?:re-?)?caption (?:my |the |all |all the |all of )*{_FILES}\b|"
        r"^captions?(?: (?:please|now|next|them|it))*[.!]?$|\bcaptioning\b|\bthen caption\b|\band caption\b",
        text,
    ) and not re.search(
        r"\b(?:don't|do not|never|no) (?:\w+ )?(?:any |the )?captions?\b|\bdropout\b|\bshould (?:i|we)\b|"
        + _OTHERS_WORDS,
        text,
    ):
        return [("write_captions", {})]
    return []


def _set_aside(text: str, facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    back = re.search(_BACK, text) is not None
    out = re.search(_OUT, text) is not None and not back
    if not (back or out) or re.search(r"\bcaption dropout\b|\bstep|\brate\b|\brank\b", text):
        return []
    if re.search(_NOT_MEANT, text):
        return []
    named = re.findall(r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))\b", text)
    extra: dict[str, Any] = {"excluded": False} if back else {}
    if named:
        return [("set_excluded", {"items": named} | extra)]
    present = [str(entry) for entry in facts.get("findings", [])]
    found: list[str] = []
    for pattern, parts in _FLAWS:
        if re.search(pattern, text):
            text = re.sub(pattern, " ", text)  # 'near duplicates' are not duplicates too
            if parts == ("",):
                return [("set_excluded", {"advised": True} | extra)] if facts.get("verdict") and not found else []
            found += [next((name for part in parts for name in present if part in name), "")]
    return [("set_excluded", {"finding": name} | extra) for name in dict.fromkeys(found) if name]
