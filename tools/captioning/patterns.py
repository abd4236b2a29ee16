"""How captions say what can be measured, as data: views, sides, shot sizes, light and movement, in lower case."""

import re

from ..vision.eyes.shot_size import CLOSE, MEDIUM, PORTRAIT

LIT = re.compile(r"\b(?:back-?)?(?:light\w*|lit|sun\w*|illuminat\w*|shadows?|glow\w*|lamp\w*|rays?|wind\w*|blow\w*)\b")
_CAMERA = r"(?:the )?(?:camera|viewer)"
VIEWS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("three-quarter view", r"\b(?:three[- ]quarters?|3/4)[- ](?:back )?(?:view|angle|profile|turn|pose|face)\b"),
        (
            "from behind",
            r"\bfrom (?:behind|the (?:back|rear))\b(?! (?:of )?(?:the|a|an|his|her|their|its|some)\b)"
            r"|\b(?:back|rear)[- ]view\b(?! mirror)|\bviewed? of (?:the|his|her|their|its) back\b|\bfacing away\b"
            rf"|\b(?:back|backs) (?:is |are )?(?:turned )?(?:to|towards?) {_CAMERA}\b|\bturned away from {_CAMERA}\b",
        ),
        (
            "profile",
            r"\bin (?:full |left |right |side )?profile\b|\bprofile (?:view|shot|portrait)\b|\bside[- ]profile\b"
            r"|\bside[- ]view\b(?! mirror)|\bside-on\b|\bfrom the side\b(?! of)",
        ),
        (
            "front",
            r"\bfront(?:al)?[- ]view\b|\b(?:seen |shot |viewed )?from the front\b(?! of)|\bfull[- ]face\b|\bhead-on\b",
        ),
        ("facing the camera", rf"\bfac(?:es|ing) {_CAMERA}\b"),
    )
)
_SOMEONE = (  # a close-up of anything else need not be one of the subject
    "face|head|portrait|him|her|them|person|people|man|woman|boy|girl|child|kid|baby|lady|guy|character|figure|animal|"
    "creature|cat|dog|fox|bear|rabbit|bird|robot"
)
SIDES = re.compile(r"\b(?:faces|facing|turned) (?:(?:to|towards?) )?(?:the )?(left|right)\b(?! (?:hand|arm|side of))")
SHOTS: tuple[tuple[str, tuple[float, float], re.Pattern[str]], ...] = tuple(
    (name, heights, re.compile(pattern))
    for name, heights, pattern in (  # heights of the face as a share of the picture's that the words allow
        ("medium close-up", (MEDIUM, 1.0), r"\bmedium close[- ]?up\b"),
        (
            "close-up",
            (PORTRAIT, 9.0),
            rf"\bclose[- ]?up\b(?! (?:of|on) (?!(?:(?:the|his|her|their|its|an?) )?(?:[\w-]+ )?(?:{_SOMEONE})\b))",
        ),
        ("full shot", (0.0, MEDIUM), r"\bfull[- ](?:body|length|figure|shot)\b|\bhead[- ]to[- ](?:toe|foot)\b"),
        ("wide shot", (0.0, MEDIUM), r"\b(?:extreme |very )?(?:wide|long)[- ]shot\b"),
        ("medium shot", (MEDIUM, CLOSE), r"\bmedium[- ]shot\b|\bwaist[- ]up\b"),
    )
)
LIGHT_SIDE = re.compile(r"\bfrom (?:the|camera) (left|right)\b")
DIM_LIGHT = re.compile(
    r"\b(?:dim(?:ly)?|low|faint)[- ](?:light(?:ing)?|lit)\b|\bin (?:the dark|darkness)\b|\bpitch[- ]black\b"
)
BRIGHT_LIGHT = re.compile(r"\bbright(?:ly)?[- ](?:light(?:ing)?|lit|sun(?:light|shine)?|daylight)\b|\bwell[- ]lit\b")
STANDS_STILL = re.compile(
    r"\b(?:standing|sitting|lying|stands|sits|lies) (?:\w+ )?still\b|\bmotionless\b|\bfreeze frame\b"
)
MOVES = re.compile(
    r"\b(?:walk|run|runn|jump|danc|wav|turn|spinn?|rotat|climb|swimm?|jogg|skat|melt|explod|transform)(?:s|es|ing)\b"
)
