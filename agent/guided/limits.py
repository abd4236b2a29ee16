"""Limits and targets for time and money, and presets, in a sentence about the plan."""

import re
from typing import Any

from .patterns import search, sub
from .quantities import NUMBER

_UNITS = {"second": 1 / 60, "minute": 1.0, "hour": 60.0}
_UNIT = r"(second|minute|hour)s?"
_ABOUT = r"(?:about |around |roughly |some |only |just |like |the next |a max(?:imum)? of |max )*"
_LIMIT = (
    r"(?:under|below|less than|at most|at the most|no more than|not more than|no longer than|not longer than"
    r"|shorter than|within"
    r"|(?:much )?longer than|more than|exceed(?:ing)?|max(?:imum)?(?: of)?|up to|not over|never over|stay(?:s"
    r"|ing)? (?:under|below|within)"
    r"|cap(?:ped)? (?:it |this )?(?:at|to)|limit(?:ed)? (?:it |this |the \w+ )?to|keep it to|not above|never above"
    r"|above|in under|in|inside|by)"
)
_TIMES = (
    (
        rf"\b(?:limit|cap|keep|max\w*|at most|under|below|no more than|within)\b[^.]*?\b(?:and|or"
        rf"|,) {NUMBER} {_UNIT}(?! (?:more|longer))",
        "max_minutes",
    ),
    (rf"\b{_LIMIT} {_ABOUT}{NUMBER} {_UNIT}", "max_minutes"),
    (
        rf"{NUMBER} {_UNIT} (?:at most|at the most|max(?:imum)?|tops|or less|or under|limit|is all i(?: have"
        rf"|'ve got)|is the (?:limit|most|maximum))",
        "max_minutes",
    ),
    (rf"\b(?:i|we)(?:'ve)? (?:only |just )?(?:have|got)(?: only| just)? {_ABOUT}{NUMBER} {_UNIT}", "max_minutes"),
    (
        rf"\b(?:for|takes?|last(?:s|ing)?|about|around|roughly|exactly) {_ABOUT}{NUMBER} {_UNIT}(?: of training)?",
        "minutes",
    ),
    (rf"{NUMBER} {_UNIT} (?:worth )?of training\b", "minutes"),
    (rf"{NUMBER}[ -]{_UNIT} (?:run|training|plan|job)", "minutes"),
    (
        rf"\b(?:use|spend|make it|give it|train(?: it)?|run(?: it)?|let it (?:run|train)) {_ABOUT}{NUMBER} {_UNIT}",
        "minutes",
    ),
)
_AMOUNT = rf"(?:(?:\$|usd) ?{NUMBER}|{NUMBER} ?(?:dollars?|bucks|usd|\$))"
_MONEY = (
    rf"\b(?:{_LIMIT}|for|over|cost|spend|pay|budget(?: of| is|:)?)(?: (?:only|just|at most|max|about"
    rf"|no more than))* {_AMOUNT}"
    rf"|{_AMOUNT} (?:at most|at the most|max(?:imum)?|tops|or less|limit|is (?:all|the (?:limit|most|maximum)))"
)
_LIMIT_WORD = "limit ,"  # stays in the place of a sum that was taken out: what follows may be a limit of time
_OTHER_MONEY = (
    rf"{NUMBER} ?(credits?|euros?|eur|€|pounds?|quid|gbp|£|francs?|chf|yen|jpy|rupees?|inr|kronor|zloty|tokens?)"
    rf"|(€|£|¥|₹) ?{NUMBER}"
)
_MORE_TIME = rf"{NUMBER} {_UNIT} (more|longer|extra|less|shorter)|\b(?:another|extra|additional) {NUMBER} {_UNIT}"
_NO_HELD_OUT = (
    r"\b(?:turn off|disable|no|skip|without|drop)\b.* ?\b(?:validation|h[eo]ld[ -]?(?:out|back))|\b(?:turn"
    r"|switch) (?:the )?validation off\b"
    r"|\b(?:don't|do not|never) (?:h[eo]ld|keep|set|put)\b.*\b(?:out|back|aside)\b|\b(?:train|use) (?:on )?(?:all"
    r"|every)(?: of)? (?:the |my )?(?:files|pictures|images|clips|one of them)\b"
)
_PRESETS = {
    "fast": "fast", "quick": "fast", "rapid": "fast", "draft": "fast", "rough": "fast",
    "standard": "standard", "default": "standard", "normal": "standard", "regular": "standard",
    "quality": "quality",
}  # fmt: skip
_PRESET = f"({'|'.join(_PRESETS)})"
_PRESET_WORDS = (
    rf"\b(?:the )?{_PRESET}(?:est)?(?: training)? (?:preset|mode|plan|version|settings?|ones?|option|training|run"
    rf"|test run|profile)\b",
    rf"\bpreset(?: to|:| =)? (?:the )?{_PRESET}\b",
    rf"\b(?:use|switch(?: over)? (?:back )?to|change to|go with|go for|take|choose|pick|try|make it|set it to|go"
    rf"|back to|prefer|on) (?:the )?{_PRESET}\b"
    r"(?! enough)(?! (?:pictures|photos|images|clips|files))",
    r"\b(?:best|highest|better|higher|top|maximum|max|good|finest) (?:possible )?(quality)\b",
    r"(?:^|, |: |- )(fast|standard|quality)(?=,|$|;)",
    rf"^{_PRESET}(?:,? please|,? then)?(?=,| but\b| and\b| with\b|$)",
)  # fmt: skip


def take_preset(text: str, arguments: dict[str, Any]) -> str:
    """Put a named preset into the arguments; the text without it is returned."""
    text = sub(
        r"\b(?:short|quick|small|test|trial|draft|rough)(?: (?:test|trial|training|first|draft))* (?:run"
        r"|try|test|training)\b",
        "fast run",
        text,
    )
    found = next((hit for pattern in _PRESET_WORDS if (hit := search(pattern, text))), None)
    if found is None:
        return text
    arguments["preset"] = _PRESETS[found[1]]
    return text[: found.start()] + " , " + text[found.end() :]


def take_limits(text: str, arguments: dict[str, Any]) -> tuple[str, str | None]:
    """Put limits and targets into the arguments; returns the text without them, and a question where one is unclear."""
    if search(_NO_HELD_OUT, text):
        arguments["held_out_share"] = 0.0
        return "", None
    question = None
    if more := search(_MORE_TIME, text):
        number, unit = more[1] or more[4], more[2] or more[5]
        question = (
            f"Do you mean that it should take {number} {unit}s {more[3] or 'more'} than now, or that many in all? "
            f"Say it in "
            "steps or in all."
        )
        text = _cut(text, more)
    if money := search(_MONEY, text):
        arguments["max_dollars"] = float(next(value for value in money.groups() if value))
        text = text.replace(money[0], f" {_LIMIT_WORD} ")
    for pattern, name in _TIMES:
        if found := search(pattern, text):
            arguments[name] = round(float(found[1]) * _UNITS[found[2]], 4)
            text = _cut(text, found)
    if other := search(_OTHER_MONEY, text):
        unit = other[2] or {"€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees"}[other[3]]
        question = (
            f"I count in US dollars and don't know what {unit} are worth; training on this machine has no charge. "
            "Is there a limit in minutes or dollars?"
        )
        text = _cut(text, other)
    return text, question


def _cut(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + " , " + text[found.end() :]
