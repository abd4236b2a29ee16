"""Sentences about files and captions: look at them, caption them, set some aside."""

import re
from typing import Any

from .captions_talk import caption_calls
from .exceptions import BACK, with_exceptions, without_which, you_took_out
from .file_words import FILES, OTHERS_WORDS, OUT
from .fillers import command
from .patterns import fullmatch, match, search, split, sub
from .reading import Facts, Reading

_PRINT = r"water ?marks?|logos?|subtitles?|text|words|writing|letters"
_WITH = r"\b(?:with|that ha(?:s|ve)|having|containing)"
_NOT_MEANT = (
    rf"\b(?:don't (?!use|want|need|include|take)|do not (?!use|want|include)|never|maybe|perhaps|unless|should (?:i"
    rf"|we)|what (?:if|happens)|why|how|when|if|is it|does it|do i|did you)\b|{OTHERS_WORDS}"
)
_NOT_SENT = (  # pictures leave the computer only for the vision model
    r"\b(?:don't|do not|never|no|without|not)\b.*"
    r"\b(?:vision model|second (?:opinion|eye)|send\w* .*(?:out|away|anywhere))"
)
_FLAWS = (  # words for a flaw, and parts of finding ids that stand for it
    (
        r"\bwon't (?:even )?open\b|\bcorrupt\w*|\bunreadable\b|\b(?:can't|cannot|can not) be (?:read|opened)\b",
        ("unreadable",),
    ),
    (
        r"\bexact (?:dup\w*|cop\w*|doubles|repeats)|\bbyte\b[- ](?:for[- ]byte )?\w*(?: (?:cop\w+|dup\w+))?"
        r"|\bidentical (?:copies|files|ones|pictures)\b",
        ("exact",),
    ),
    (
        r"\bblur\w*|\bunsharp\b|\b(?:out of|without|not in|no) focus\b|\bunfocus\w*|\bnot sharp\b|\bfuzzy\b|\bshaky\b"
        r"|\bsoft (?:ones|shots|pictures|images|photos)\b",
        ("blur", "sharp"),
    ),
    (r"\bnear[- ]duplicates?\b", ("near",)),
    (
        r"\bdup(?:e|licate)?s?\b|\bnearly alike\b|\balmost (?:alike|the same|identical)\b|\btwins\b|\bdoubles\b"
        r"|\bcopies\b|\brepeat\w*|\bdupes?\b",
        ("near_dup", "duplicate"),
    ),
    (
        r"\b(?:too )?small\b|\btiny\b|\bthumbnails?\b|\bpostage[- ]stamps?\b|\blowres\b|\blow[- ]res\w*",
        ("small", "resolution"),
    ),
    (r"\b(?:too )?(?:short|brief)\b", ("short",)),
    (r"\b(?:too )?long (?:clip|one|video)s?\b", ("long",)),
    (r"\bcuts?\b", ("cut",)),
    (rf"{_WITH} (?:an? |any |the |some )?(?:{_PRINT})\b|\bwatermarked\b", ("text",)),
    (r"\bstatic\b|\bfrozen\b|\bstill clips?\b", ("static", "frozen")),
    (
        r"\bbad\b|\bduds?\b|\bflawed\b|\bweak\b|\buseless\b|\bunusable\b|\brubbish\b|\bas you (?:advised?"
        r"|suggest\w*|recommend\w*|said)\b|\bones? you (?:don't like|advised|suggest\w*|recommend\w*|would leave)\b"
        r"|\bwhat(?:ever)? you (?:flagged|advised|found|think|suggest\w*|recommend\w*|don't like|said)\b"
        r"|\bthose (?:5|five|few|ones)\b|\bwhat you (?:said|listed|named)\b|\bnot (?:good|usable)\b|\bproblem\w*"
        r"|\bbroken\b|\bflagged\b|\bones you (?:found|named|mentioned"
        r"|listed)\b"
        r"|\bwith (?:flaws|problems|issues)\b",
        ("",),
    ),
)
_THOSE_OUT = (
    r"(?:drop|remove|delete|exclude|discard|skip|omit|leave|take|throw|put|set|kick|chuck|toss|sort|get rid of"
    r"|bin)(?: all)?(?: of)? (?:them|those|these|it|the 5|those 5|the five|those five)(?: all| files| ones)?(?: out"
    r"| aside| away| off)*"
)


def file_calls(text: str, facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Tool calls (name, arguments) for what a sentence asks about the files, in their natural order."""
    calls: list[tuple[str, dict[str, Any]]] = []
    calls += _set_aside(text, facts)
    there = facts.get("images") or facts.get("clips")  # before there are files, it is a question for the articles
    kept_in = search(_NOT_SENT, text) is not None
    how: dict[str, Any] = {"second_eye": False} if kept_in else {}
    if not calls and _wants_words(text):
        calls.append(("audit_dataset", {"text": True} | how))
    elif not calls and (_wants_audit(text, facts) or (there and _asks_coverage(text) and not kept_in)):
        calls.append(("audit_dataset", how))
    return calls + [
        (name, {"by_model": False} if kept_in and name == "write_captions" else arguments)
        for name, arguments in caption_calls(text)
    ]


_LOOK_AT = (
    r"(?:check|inspect|review|analy[sz]e|examine|evaluate|assess|judge|look (?:at|over|through|into|in)"
    r"|have a (?:quick |good |close |closer )?look(?: at| over| through)?"
    r"|take a (?:quick |good |close |closer )?look(?: at| over| through)?|scan|go (?:through|over)|run through|vet"
    r"|measure|rate|grade|study|peek at|glance at|screen|verify|make sure|confirm)(?: that| if| whether)?"
)
_BAD = (
    r"(?:blurr?y|blurred|unsharp|out of focus|fuzzy|sharp|bad|broken|duplicates?|doubles|dupes|too (?:small|dark"
    r"|short|long|bright|similar)|wrong|flawed|useless|unusable|usable|good|ok|okay|fine|any good|good enough"
    r"|sharp enough"
    r"|corrupt\w*|damaged|the same|identical|low[- ]res\w*|watermarked|missing|problem\w*|suitable|alright|enough"
    r"|worth keeping|no good|rubbish|weak)"
)
_AUDITED = (
    r"\bany (?:duds|bad ones|problems|flaws|duplicates|dupes|issues|blurry (?:ones|pictures|photos)|(?:bad|blurry"
    r"|useless|broken|weak) (?:ones|pictures|photos|files|images|clips))\b"
    r"|^(?:do|did) (?:i|we) have enough\b|\bis (?:it|that|this) enough\b|\bare (?:they|those|these|my \w+) enough\b"
    r"|\bwill (?:they|these|those|that|my \w+) do\b"
)
_THEM_LOOK = (  # about the files where files are there and nothing else is
    rf"\b(?:check|look|scan|search|test|watch out|screen) (?:it |them |everything |all |the \w+ |my \w+ )?(?:for"
    rf"|whether|if)\b(?: \w+){{0,4}} {_BAD}|\bcan you (?:check|look|have a look|take a look)[?. ]*$|\b(?:run|do"
    rf"|start|make|perform) (?:an? |the |your )?(?:\w+ )?(?:check|inspection|analysis|review|quality test)\b|"
    r"^(?:and |so |well |then )*(?:what do you (?:think|make of (?:it|them|these|those)|say|see)|how (?:do|does"
    r"|did) (?:they|it|these|those|that|everything|my \w+) look|how are (?:they|these|those)|your (?:opinion"
    r"|verdict|thoughts)"
    r"|(?:any|some) (?:thoughts|problems|issues|good)|what's the verdict|thoughts|are (?:they|these"
    r"|those)(?: all)? (?:ok|okay|good|any good|fine|usable|alright|good enough|enough|right)|is (?:that|this|it"
    r"|everything) (?:ok|okay|good|fine|usable|alright|good enough|enough|all right)(?: like (?:this|that))?"
    r"|will (?:that|they|these|those|it|this) (?:do|work|be enough|suffice)|(?:good|ok|fine) (?:enough|like that)"
    r"|(?:please )?(?:check|look|have a look|take a look|go through|inspect|review|audit)(?: at| over"
    r"| through)?(?: it| them| this| these| those| everything| all)?(?: all| first| now| over)?)[?.! ]*$"
    r"|\bwhat (?:was|is|'s|were|are) (?:wrong|the (?:matter|problems?|issues?|flaws?)) (?:with|in) (?:them|it|these"
    r"|those|the \w+|my \w+|that)\b|\bwhat(?:'s| is| was) (?:wrong|the (?:matter|problem))\b|\bwhat did you (?:find"
    r"|see|notice|measure)\b|\bwhat(?:'s| is| was) the verdict\b"
)
_WHICH_BAD = (
    rf"\b(?:which|what|are|is|were|how many|do|does|see (?:if|whether)|tell me (?:if|whether|which)|know (?:if"
    rf"|whether|which)|find|show(?: me)?|list|if|whether)\b(?: \w+){{0,5}}? (?:ones?|of (?:them|these|those|the \w+"
    rf"|my \w+)|any|some|{FILES}|there|anything|something|all)\b(?: \w+){{0,4}}? {_BAD}\b"
    rf"|\b(?:which|what|how many) (?:ones|of (?:them|these|those|my \w+)|{FILES}) (?:are|is|were|have|should|would"
    rf"|did you|do you|need|must)\b|\b(?:which|what)(?: ones)? did you flag\b|\bwhy (?:did you|were they|are they"
    rf"|is it|was it|are (?:those|these)) flag\w*"
    rf"|\b(?:show|list|see|which are|what are|tell me) (?:me )?the (?:{_BAD}|flagged) (?:ones|files|pictures|photos"
    rf"|clips)\b"
)


def _wants_audit(text: str, facts: dict[str, Any]) -> bool:
    if search(r"\baudit\w*\b", text) and not search(r"\bwhat (?:is|does) (?:an? |the )?audit|\bwhy\b|\bhow\b", text):
        return True
    if search(_AUDITED, text):
        return True
    there = (facts.get("images") or facts.get("clips")) and facts.get("stage") == "dataset"
    if (
        there
        and not match(r"(?:what|but what|and what) if\b", text)
        and (search(_THEM_LOOK, command(text)) or search(_THEM_LOOK, text) or search(_WHICH_BAD, text))
    ):
        return True
    return bool(
        search(
            rf"\b{_LOOK_AT}\b(?: (?:at|over|through))?(?: (?:my|the|all|all of|all the|of|these|those|our|every"
            rf"|whole|each|if|whether|any|single))* {FILES}\b|"
            rf"\b(?:are|is) (?:my|the|these|those|they|all the|our) ?{FILES}? ?(?:all )?(?:ok|okay|good|fine|enough"
            rf"|usable|alright|any good|sharp enough|good enough|suitable|sufficient)\b|"
            rf"\b(?:anything|something|what's|what is|what was) wrong with (?:my|the|these|those|any"
            rf"|some)?(?: of)?(?: the| my| these)? ?{FILES}\b|\bhow (?:good"
            rf"|bad) (?:are|is) (?:my|the|these) {FILES}\b|"
            rf"\bwhat do you (?:think of|make of|say (?:about|to)) (?:my|the|these|those)? ?{FILES}\b|\b(?:do"
            rf"|did) (?:i|we) have enough {FILES}\b"
            rf"|\bproblems? (?:with|in) (?:my|the) {FILES}\b",
            text,
        )
    )


def _wants_words(text: str) -> bool:
    """Is writing in the pictures to be looked for?"""
    return not search(_NOT_MEANT, text) and bool(
        search(
            r"\b(?:look|check|search|scan|find|are there|is there|any|see if)\b.*"
            r"\b(?:water ?marks?|logos?|subtitles?|(?:text|words?|writing|letters) (?:in|on) "
            r"(?:my|the|these|those|any|them))"
            rf"|{OUT}.*{_WITH} (?:an? |any |the |some )?(?:{_PRINT})\b",  # none was found yet, or looked for
            text,
        )
    )


def _asks_coverage(text: str) -> bool:
    """A question about what the set has or lacks: sides, backgrounds, light, expressions, how many of what."""
    aspects = (
        r"(?:views?|angles?|sides?|poses?|profiles?|backs?|fronts?|backgrounds?|places|expressions?|faces|lights?"
        r"|lighting"
        r"|shots?|shot sizes|close-?ups)"
    )
    what = rf"(?:{aspects}|pictures?|photos?|images?|clips?|files?)"
    kinds = r"(?:back|rear|side|profile|front|three[- ]quarter|left|right|different|other|full[- ]body|close-?up)"
    return bool(
        search(
            rf"\b(?:which|what) (?:{kinds} )?{what} (?:are|is|am|do|should|did|would|else)\b.*"
            rf"\b(?:missing|lack\w*|need\w*|have|add|short|miss|covered|there|still)\b|"
            rf"\b(?:do|should) (?:i|we) (?:need|add|take|shoot)(?: any| some)? (?:more|other|additional|further"
            rf"|different) {what}\b|"
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


_AWAY = r"\b(?:out|aside|away|exclude|remove|drop|leave|delete|discard|skip|lose|bin|ditch)\b"


def _both_ways(text: str) -> list[tuple[str, dict[str, Any]]]:
    """'take a.png out and put b.png back in': each file in its own direction; empty where all go one way."""
    if not search(rf"{BACK}|\bback in\b", text) or not search(_AWAY, text) or search(_NOT_MEANT, text):
        return []
    ways: list[tuple[list[str], bool | None]] = []
    back: bool | None = None
    for clause in split(r",(?= )|;|\band\b|\bbut\b|\bthen\b|[.!?] ", text):
        said = True if search(rf"{BACK}|\bback\b", clause) else False if search(_AWAY, clause) else None
        names = re.findall(r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|tiff?|mp4|mov))\b", clause)
        if not names and said is not None and ways and ways[-1][1] is None:
            ways[-1] = ways[-1][0], said  # 'about a.png I was wrong, back in with it'
        back = back if said is None else said
        if names and ways and ways[-1][1] is back:
            ways[-1][0].extend(names)
        elif names:
            ways.append((names, back))
    if any(said is None for _, said in ways):
        return []
    return [("set_excluded", {"items": names} | ({"excluded": False} if said else {})) for names, said in ways]


def files_but_some(text: str, _said: str, facts: Facts) -> Reading | None:
    """'The bad ones except a.png': None where nothing is excepted."""
    return with_exceptions(text, facts, _set_aside)


def _set_aside(text: str, facts: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    back, whose = search(BACK, without_which(text)) is not None, you_took_out(text)
    if back:
        text = without_which(text)
    out = search(OUT, text) is not None and not back
    if len(ways := _both_ways(text)) > 1:
        return ways
    if not (back or out) or search(r"\bcaption dropout\b|\bstep|\brate\b|\brank\b", text):
        return []
    if search(_NOT_MEANT, text) or (search(r"\bcaptions?\b", text) and not search(r"\band\b|,|\bwithout\b", text)):
        return []
    if facts.get("better_left_out") and fullmatch(_THOSE_OUT, command(text)):
        return [("set_excluded", {"advised": True})]
    named = re.findall(r"\b(?:itm_[0-9a-f]{4,}|[\w.-]+\.(?:jpe?g|png|webp|mp4|mov))\b", text)
    extra: dict[str, Any] = {"excluded": False} if back else {}
    if named:
        return [("set_excluded", {"items": named} | extra)]
    if back and whose:
        return [("set_excluded", {"advised": True} | extra)] if facts.get("verdict") else []
    present = [str(entry) for entry in facts.get("findings", [])]
    found: list[str] = []
    for pattern, parts in _FLAWS:
        if search(pattern, text):
            text = sub(pattern, " ", text)  # 'near duplicates' are not duplicates too
            if parts == ("",):
                return [("set_excluded", {"advised": True} | extra)] if facts.get("verdict") and not found else []
            found += [next((name for part in parts for name in present if part in name), "")]
    return [("set_excluded", {"finding": name} | extra) for name in dict.fromkeys(found) if name]
