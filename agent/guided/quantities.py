"""How much: 'to 64', 'by a third', '30% longer', 'a bit less', 'twice as many' in one clause of a sentence."""

import re

from .fields import DOWN_FACTORS, FIELDS, LENGTH_WORDS, SHARES, UP_FACTORS
from .patterns import match, search, sub

NUMBER = r"(\d+(?:\.\d+)?(?:e-?\d+)?)"
Operation = tuple[str, float]  # ('set' | 'factor' | 'add', value), or ('vague_up' | 'vague_down', 0)

_LITTLE = r"\b(?:a )?(?:little|(?<!\d )(?<!\d-)bit|touch|tad|smidge|notch|wee bit|hair)\b|\bslightly\b|\bsomewhat\b"
_MUCH = (
    r"\bmuch\b|\ba lot\b|\bway\b|\bfar\b|\bconsiderably\b|\blots\b|\ba great deal\b|\bsignificantly\b"
    r"|\bheaps\b|\bloads\b|\btons\b|\bplenty\b"
)
_UP = (
    r"\bmore\b|\blonger\b|\bhigher\b|\bincreas\w+|\brais(?:e|ed|ing)\b|\bbigger\b|\blarger\b|\bextra\b|\bup\b"
    r"|\bboost\w*|\blift\b"
    r"|\bbump\b|\bslower\b|\bgreater\b|\bextend\b|\blengthen\b|\btoo (?:short|few|small|low)\b|\bon top\b"
)
_DOWN = (
    r"\bless\b|\bfewer\b|\bshorter\b|\blower\b|\bdecreas\w+|\breduc\w+|\bsmaller\b|\bcut\b|\bdown\b|\bcheaper\b"
    r"|\bfaster\b|\bquicker\b|\bshorten\b|\bdrop\b(?! out)|\bspeed\b.*\bup\b|\btoo (?:long|slow|many|much|big|high"
    r"|expensive)\b"
    r"|\bshrink\w*\b|\bslim\b|\btrim\b|\bshave\b|\btake off\b|\bremove\b|\bsubtract\b|\bminus\b|\boff\b"
)
_LENGTHS = (
    r"\b(?:more|less|fewer|long|short|increas\w+|reduc\w+|decreas\w+|extra|trim|shave|cut|boost\w*|slower|lower)\b"
)
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "tenth": 10}
_PART = re.compile(rf"(?:\b(?P<count>\d) |\ba |\b1 |\bone |\bby |\b)(?P<part>{'|'.join(_PARTS)})s?\b(?! an hour)")
_MULTIPLES = ((r"\bdoubl\w*\b|\btwice\b", 2.0), (r"\btripl\w*\b|\bthrice\b", 3.0), (r"\bquadrupl\w*\b", 4.0))


def operation(clause: str, name: str) -> Operation | None:
    """What the clause does to the field."""
    clause = _settled(clause)
    down = search(_DOWN, clause) is not None
    percent = search(rf"(?:\bto )?{NUMBER} ?%( of\b)?", clause)
    if percent and name not in SHARES:
        share = float(percent[1]) / 100
        if percent[2] or percent[0].startswith("to "):
            return "factor", share
        return "factor", 1 - share if down or search(r"-\s*\d", clause) else 1 + share
    if percent:
        return "set", float(percent[1]) / 100
    factor = _spoken_factor(clause, down)
    if factor is not None:
        return "factor", factor
    number = _number(clause, name)
    if number is not None:
        return _added(clause, number, down) if name == "steps" and _adds(clause) else ("set", number)
    return _vague(clause, name, down)


def _settled(clause: str) -> str:
    """Without what is not wanted: 'not 500', 'instead of 32', 'from 32 to'."""
    clause = sub(rf"\b(?:not|instead of|rather than|in place of|and not) {NUMBER}(?! ?%)(?: \w+)?", " ", clause)
    return sub(rf"\bfrom {NUMBER}(?: steps)? (?:up |down )?(?=to\b)", " ", clause)


def _adds(clause: str) -> bool:
    return bool(
        search(
            rf"\b(?:add|another|on top|plus|minus|extra|additional)\b|\+ ?{NUMBER}|{NUMBER} (?:\w+ )?(?:more|extra"
            rf"|additional|fewer|less|longer|shorter)\b"
            rf"|\b(?:more|fewer|less|longer|shorter) by\b|\bby {NUMBER}|\b(?:take|shave|trim"
            rf"|knock) (?:off )?{NUMBER}\b|{NUMBER}(?: steps)? off\b",
            clause,
        )
    )


def _added(clause: str, number: float, down: bool) -> Operation:
    return "add", -number if down else number


def _spoken_factor(clause: str, down: bool) -> float | None:
    times = search(
        rf"{NUMBER} ?(?:x\b|times\b|fold\b|-fold\b)|\b(?:x|times) ?{NUMBER}|\bby a factor of {NUMBER}|[*×] ?{NUMBER}",
        clause,
    )
    if times is None and (divided := search(rf"(?<!\d)/ ?{NUMBER}", clause)):
        return 1 / max(float(divided[1]), 1e-3)
    if times:
        value = float(next(entry for entry in times.groups() if entry))
        return 1 / value if down and value > 1 else value
    for pattern, value in _MULTIPLES:
        if search(pattern, clause):
            return value
    if search(r"\bhal(?:ve|ved|ving)\b", clause):
        return 0.5
    part = _PART.search(clause)
    return round(_of_part(clause, part, down), 4) if part else None


def _of_part(clause: str, part: re.Match[str], down: bool) -> float:
    share = int(part["count"] or 1) / _PARTS[part["part"]]
    before, after = clause[: part.start()], clause[part.end() :]
    grows = search(_UP, clause) is not None
    if match(r" (?:again|more|longer|higher|larger|bigger|extra|on top)\b", after):
        return 1 + share
    if match(r" (?:less|fewer|shorter|lower|smaller|cheaper|faster|quicker|off|down)\b", after):
        return 1 - share
    if match(r"(?: of\b| as (?:many|much|long|big|high)\b| the\b)", after) or search(
        r"\b(?:to|at|only|just|in)(?: about)? ?$", before
    ):
        return share
    if part["part"] == "half":
        return 1.5 if grows and search(r"\bby\b", part[0] + before) else 0.5
    return 1 - share if down else 1 + share if grows else share


def _number(clause: str, name: str) -> float | None:
    """The number that belongs to the field: after its name if there is one, else before it."""
    after = search(rf"(?:{FIELDS[name]})[^\d]*?{NUMBER}", clause)
    before = search(rf"{NUMBER}[^\d]*?(?:{FIELDS[name]})", clause)
    found = search(NUMBER, clause)
    chosen = after or before or found
    return float(chosen[1]) if chosen else None


def _vague(clause: str, name: str, down: bool) -> Operation | None:
    if name == "steps" and not search(rf"\bsteps?\b|\biterations?\b|{LENGTH_WORDS}|{_LENGTHS}", clause):
        return None  # 'turn the training off', 'kick off the training'
    up = search(_UP, sub(r"\bspeed\b.*\bup\b", " ", clause)) is not None
    if not (up or down) or (up and down and name != "steps"):
        return None
    level = 0 if search(_LITTLE, clause) else 2 if search(_MUCH, clause) else 1
    table = DOWN_FACTORS if down and not search(r"\bmore\b|\blonger\b", clause) else UP_FACTORS
    if search(r"\b(?:less|fewer) \w+", clause) and down:
        table = DOWN_FACTORS
    if name in table:
        return "factor", table[name][level]
    return ("vague_down" if down else "vague_up"), 0.0
