"""Standing orders in words: 'stop if it starts to overfit', 'tell me at half time', 'forget that order'."""

import re
from typing import Any

from . import questions
from .patterns import match, search, split, sub
from .reading import Call, Facts, Reading, ask

_STOP = (
    r"\b(?:stop|cancel|abort|halt|kill|quit|interrupt|terminate|break (?:it )?off|pull the plug|shut (?:it )?down"
    r"|end (?:it|the|this)|be (?:stopped|cancelled|halted)|have (?:it|the \w+) (?:stopped|cancelled|halted)|a stop"
    r" at)\b"
)
_TELL = (
    r"\b(?:tell|say|advise|ping|notify|warn|alert|inform|remind|message|text|email|mail|wake|write|call|update|nudge"
    r"|poke"
    r"|buzz) (?:to )?(?:me|us)\b"
    r"|\blet (?:me|us) know\b|\bgive (?:me|us) (?:a |an )?(?:shout|heads?[ -]up|ping|call|sign(?:al)?|nudge|update"
    r"|warning|bell|hint|word|notice|message|holler)\b"
    r"|\b(?:(?:a|one) (?:message|ping|note|sign|heads[- ]up)|send(?: me| us)? word)\b|\b(?:holler|shout|report|say"
    r" something|speak up|drop"
    r" (?:me|us) a (?:line|note|message)|send (?:me|us) (?:a"
    r"|an) \w+)\b"
    r"|\b(?:i|we) (?:want|would like|need|wish) to (?:know|hear|be told|be informed|be warned)\b"
    r"|\bi'd like to (?:know|hear|be told)\b"
    r"|\b(?:please )?report (?:back )?(?:to me )?(?:at|when|once|after)\b|\bmake a noise\b"
)
_DENIED = r"\b(?:don't|do not|never|no need to|not|needn't|you don't have to)\b"
_OTHERS = (
    r"\"|\b(?:he|she|they|boss|colleague|friend|note|readme|article) (?:says?|said|wrote|told|asked|wants?)\b"
    r"|^'|'$"
)
_DONE = (
    r"\b(?:when|once|as soon as|after|the (?:moment|second|minute)|if) (?:it|it's|that|that's|the (?:training|run"
    r"|job|thing|whole thing)|everything|you|you're|she|he|training|we|we're|all)"
    r"(?: is| are|'s|'re| has| have|'ve|'ll be)?(?: all| completely| finally| fully)?(?: been)? (?:done|finish\w*"
    r"|ready|over|complete\w*|through|ends?|ended|trained|comes? to an end)\b"
    r"|\b(?:when|once|as soon as) (?:done|finished|ready|complete|over|through)\b|\bat the (?:very )?end\b(?! of)"
    r"|\bon completion\b|\bupon completion\b"
    r"|\bwhen (?:the )?(?:training|run|it) (?:ends|finishes|completes|stops)\b"
)
_OVERFITTING = (
    r"\bover-?\s?fit\w*|\bmemori[sz]\w+|\blearn\w* (?:it |them )?by heart"
    r"|\b(?:validation|held[ -]?out|val|test)(?: loss| curve| error)?\b.*\b(?:ris\w+|rose|go(?:es|ing)? up"
    r"|up(?:wards?)?|turn\w*|worse|climb\w*|increas\w+|grow\w*|higher)\b"
    r"|\bloss (?:starts? (?:to )?|begins? (?:to )?|keeps? )?(?:ris\w+|go(?:es|ing)? (?:back )?up|turn\w*|climb\w*"
    r"|increas\w+|grow\w*|gets? worse|worsen\w*)\b"
)
_PROBLEM = (
    r"\b(?:go|goes|went|going|gone|looks?|is|are) (?:\w+ )?(?:wrong|bad|badly|south|sideways|off the rails|haywire"
    r"|belly up|weird|amiss)\b|\b(?:a |any |some |there are |there is |there's )?(?:problems?|errors?|issues?"
    r"|trouble|failures?|mishaps?|hiccups?)\b"
    r"|\bnan\b|\bcrash\w*|\bfail\w*|\bgets? stuck\b|\bis stuck\b|\bstuck\b|\bhangs?\b|\bbreaks?\b(?! off| it off)"
    r"|\bdiverg\w+|\bexplod\w+|\bfreez\w+|\bdies\b|\bstalls?\b|\bblows? up\b|\bruns? out of memory\b"
)
_STEP = (
    r"\b(?:steps?(?: number| no\.?| #)? ?(?P<step>\d{1,6})|(?P<steps>\d{1,6})(?:st|nd|rd"
    r"|th)? ?steps?)\b(?! (?:more|longer|fewer|less))"
)
_MINUTES = r"(?P<number>\d+(?:\.\d+)?) (?P<unit>second|minute|hour)s?\b"
_SHARE = (
    (r"\bhalf[ -]?(?:way|time)\b|\bmid-?way\b|\b(?:in|at) the middle\b|\bhalf (?:of it |of the \w+ )?(?:is |are "
     r"|has been |of them )?(?:done|over|through|finished)\b|\bhalf the (?:steps|training|time|way)\b|\bat half\b"
     r"|\bhalf[ -]?point\b|\bmid-?point\b", 0.5),
    (r"\b(?:(?:3|three) quarters?|3/4)\b", 0.75),
    (r"\b(?:a|1|one) quarter\b(?! of an)|\b1/4\b|\bat the first quarter\b", 0.25),
    (r"\b(?:2 thirds?|2/3)\b", 0.6667),
    (r"\b(?:a|1|one) third\b|\b1/3\b", 0.3333),
)  # fmt: skip
_ORDER = (
    r"\b(?:(?:standing )?orders?|standing instructions?|reminders?|alarms?|alerts?|notifications?|watch(?:es|ers)?)\b"
)
_LISTED = (
    rf"\b(?:what|which|any|list|show|see|are there|have i|how many|do i have|remind me)\b.*{_ORDER}|^(?:my |the "
    rf"|all )*standing orders?[?.! ]*$"
    r"|\bwhat (?:did|have) i (?:tell|told|ask|asked|order|ordered) you to (?:watch|do|look|tell|stop|keep)\b"
    r"|\bwhat are you (?:watching|looking out|waiting|keeping an eye)(?: out)?(?: for| on)?\b"
    r"|\bwhat will you (?:tell|warn|ping|notify) me (?:about|of)\b"
    r"|\bwhen (?:will|would) you (?:stop|tell|warn|ping|notify)(?: it| me| the training)?(?: by yourself"
    r"| automatically| on your own)?[?. ]*$"
)
_CANCELLED = (
    rf"\b(?:forget|cancel|drop|remove|delete|take back|withdraw|revoke|lift|scrap|clear|undo|ignore|never ?mind"
    rf"|scratch|disregard|dismiss|no more|get rid of|turn off|stop)\b.*{_ORDER}"
    rf"|{_ORDER}.*\b(?:back|off|away|no longer (?:needed|necessary|holds?))\b"
    r"|\b(?:you|it) (?:don't|do not|needn't|no longer) (?:need to|have to|must)?(?: \w+)* (?:any ?more|any longer"
    r"|after all|now)\b"
    r"|\b(?:don't|do not|no need to) (?:stop|tell me|ping me|warn me|notify me|halt|watch)\b.*\b(?:any ?more"
    r"|any longer|after all|then)\b"
    r"|\bforget (?:about )?(?:what i said|that) about (?:stopping|telling|the (?:overfitting|half|step))\b"
)
_ABOUT_PLAN = (
    r"\bplan\b|\bcaptions?\b|\bpictures?\b|\bphotos?\b|\bimages?\b|\bfiles?\b|\bviews?\b|\bclips\b"
    r"|\bprice\b|\bcost\w*\b|\bmissing\b|\bdownload\w*\b"
)
_WAITED = r"(?:(?:in|at|on|after|once|when) (?:the )?(?:step )?\d{1,6}(?:%| steps?)? )?(?:you |please |then )*"
_CLAUSE = rf"(?:,| and| but|;|\.)+ (?:also |please |then )*(?={_WAITED}(?:{_STOP}|{_TELL}))"


def orders_talk(text: str, _said: str, facts: Facts) -> Reading | None:
    """What a sentence wants watched during the training; None when it is about something else."""
    if search(_LISTED, text) and not search(r"\b(?:captions?|price|cost)\b|\bin (?:which|what) order\b", text):
        return Reading((Call("list_standing_orders"),))
    if search(_CANCELLED, text) and not search(r"\bdownload\b|\bin order to\b|\bmore (?:in|of)\b", text):
        return Reading((Call("cancel_standing_order"),)) if _plain(text) else None
    if not _is_order(text):
        return None
    if search(_OTHERS, text):
        return Reading(topic="launch_conditional")
    found = orders_in(text)
    if found:
        return Reading(tuple(Call("set_standing_order", order) for order in found))
    if (
        facts.get("plan")
        and search(r"\b(?:if|when|once|as soon as|at|after)\b", text)
        and not search(_ABOUT_PLAN, text)
    ):
        return ask(
            "I can watch for these: it starts to overfit, a share of the way such as half time, a step, a number of "
            "minutes, "
            "or a problem. For example “stop if it starts to overfit” or “tell me at half time”."
        )
    return None


def orders_in(text: str) -> list[dict[str, Any]]:
    """The orders of a sentence, as set_standing_order takes them."""
    return [order for part in _parts(text) for order in _orders(part)]


def _parts(text: str) -> list[str]:
    """One part for each order; 'if it overfits, stop' is one."""
    parts: list[str] = []
    for part in split(_CLAUSE, text):
        if parts and not (search(_STOP, parts[-1]) or search(_TELL, parts[-1])):
            parts[-1] += f", {part}"
        else:
            parts.append(part)
    return [part for part in parts if part]


def _plain(text: str) -> bool:
    return not search(r"\b(?:if|unless|maybe|should i|said|says)\b|\"", text)


def _is_order(text: str) -> bool:
    if search(_DENIED, text) or not (search(_STOP, text) or search(_TELL, text)):
        return False
    if (
        questions.asks(text)
        and not search(_TELL, text)
        and not match(r"(?:can|could|would|will) you\b|(?:can|could) it\b", text)
    ):
        return False
    if match(r"^(?:what|why|how|which|who|does|did|is|are|was|where)\b", text):
        return False
    return not match(
        r"^(?:please |can you |could you )*(?:tell|explain)\b.*\b(?:what|why|how|which|who"
        r"|whether)\b",
        text,
    )


def _orders(part: str) -> list[dict[str, Any]]:
    """The order of a part; 'at 25% and at 75%' and 'at steps 100 and 200' are two."""
    order = _order(part)
    if order is None:
        return []
    number = (
        r"(?<![\d.])(\d{1,3}(?:\.\d+)?)(?= ?%|(?:, ?\d{1,3})*,? (?:and|&|then) (?:at )?\d{1,3} ?%)"
        if order["when"] == "progress"
        else r"(?<![\d.])(\d{1,6})(?![\d.%])"
    )
    values = re.findall(number, part) if order["when"] in ("progress", "step") else []
    if len(values) < 2 or search(r"\bbetween\b|\bfrom\b", part):
        return [order]
    share = 100 if order["when"] == "progress" else 1
    return [order | {"value": round(float(value) / share, 4)} for value in values[:4]]


def _order(part: str) -> dict[str, Any] | None:
    """One order: what to wait for, and whether to tell or to stop."""
    do = (
        "tell"
        if (told := search(_TELL, part)) and not _stops_first(part, told.start())
        else "stop"
        if search(_STOP, part)
        else None
    )
    if do is None:
        return None
    rest = sub(_STOP if do == "stop" else _TELL, " ", part, count=1)
    if search(_OVERFITTING, rest) and not search(r"\bnan\b", rest):
        return {"when": "overfitting", "do": do}
    if (share := _share(rest)) is not None:
        return {"when": "progress", "value": share, "do": do}
    if search(_DONE, rest) and do == "tell":
        return {"when": "progress", "value": 1.0, "do": do}
    if search(r"\b(?:to|make it|set(?: it| then)*|use|take|do) \d{1,6} steps\b", rest):
        return None  # a value of the plan
    if step := search(_STEP, rest):
        return {"when": "step", "value": float(step["step"] or step["steps"]), "do": do}
    if (minutes := search(_MINUTES, rest)) and search(
        r"\b(?:after|in|at|once|when|past|longer|more|over"
        r"|exceeds?|within|by|for)\b",
        rest,
    ):
        factor = {"second": 1 / 60, "minute": 1.0, "hour": 60.0}[minutes["unit"]]
        return {"when": "minutes", "value": round(float(minutes["number"]) * factor, 4), "do": do}
    if search(_PROBLEM, rest) and (
        search(
            r"\b(?:if|when|once|should|as soon as|in case|of|on|at|about"
            r"|the moment)\b",
            rest,
        )
    ):
        return {"when": "problem", "do": do}
    return None


def _stops_first(part: str, told_at: int) -> bool:
    stop = search(_STOP, part)
    return stop is not None and stop.start() < told_at


def _share(rest: str) -> float | None:
    percent = search(r"(\d{1,3}(?:\.\d+)?) ?%(?! (?:more|longer|less|fewer|shorter))", rest)
    if percent and 0 < float(percent[1]) <= 100:
        return round(float(percent[1]) / 100, 4)
    return next((value for pattern, value in _SHARE if search(pattern, rest)), None)
