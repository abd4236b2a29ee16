"""Plain-English plan changes to the arguments of change_plan. No arithmetic on the plan happens here."""

import re
from dataclasses import dataclass, field
from typing import Any

from .switches import take_switches

_REAL = r"(?:real|big|full|actual) (?:base )?model"
WHICH_TIER = (
    "Which way? “Use 8 bit”, “use 4 bit” or “offload to the CPU”: each needs less memory than the one before it and is "
    "slower and less exact."
)
_LESS_MEMORY = (
    r"\b(?:use|need|take|want|with) less (?:\w+ )?(?:memory|vram|ram)\b|\bsave (?:\w+ )?(?:memory|vram|ram)\b"
    r"|\b(?:lower|reduce|less) (?:the )?(?:memory|vram|ram)\b(?: use| usage)?"
)
_N = r"(\d+(?:\.\d+)?(?:e-?\d+)?)"
_FIELDS = {  # in order: the first that is found in a clause is meant
    "learning_rate": r"learning[ -]rate",
    "caption_dropout": r"(?:caption )?dropout",
    "class_preservation": r"(?:class|prior)[ -]preservation",
    "ema_decay": r"\bema(?: decay)?\b|moving average(?: decay)?",
    "largest_weight_norm": r"weight[ -]norm(?: limit)?|norm limit",
    "first_frame_probability": r"first[ -]frame(?: conditioning| probability)?",
    "held_out_share": r"h[oe]ld[ -]?out(?: share)?|validation share",
    "rank": r"\brank",
    "alpha": r"\balpha",
    "gradient_accumulation": r"(?:gradient )?accumulat\w+",
    "batch_size": r"\bbatch(?:[ -]size)?",
    "reference_downscale": r"reference[ -](?:downscal\w+|scale|size)",
    "frames": r"\bframes?\b",
    "seed": r"\bseed",
    "steps": r"\bsteps?\b|\biterations?\b|\btraining\b|\btrain(?:s|ed)?\b|\brun\b",
    "size": r"\bresolution|\bpixels?|\bsize\b",
}
_WHOLE = ("steps", "rank", "batch_size", "gradient_accumulation", "reference_downscale", "frames", "seed")
_SHARES = ("caption_dropout", "class_preservation", "ema_decay", "first_frame_probability", "held_out_share")
_LITTLE = r"\ba (?:little|bit|touch|tad|smidge)\b|\bslightly\b|\bsomewhat\b|\ba little bit\b"
_MUCH = r"\bmuch\b|\ba lot\b|\bway\b|\bfar\b|\bconsiderably\b|\blots\b"
_UP = (
    r"\bmore\b|\blonger\b|\bhigher\b|\bincrease\b|\braise\b|\bbigger\b|\blarger\b|\bextra\b|\bup\b|\bboost\b"
    r"|\bbump\b|\bslower\b|\bgreater\b|\bextend\b"
)
_DOWN = (
    r"\bless\b|\bfewer\b|\bshorter\b|\blower\b|\bdecrease\b|\breduce\b|\bsmaller\b|\bcut\b|\bdown\b|\bcheaper\b"
    r"|\bfaster\b|\bquicker\b|"
    r"\bshorten\b|\bdrop\b"
)
_LENGTH_WORDS = r"\blonger\b|\bshorter\b|\bshorten\b|\bcheaper\b|\bfaster\b|\bquicker\b|\bextend\b|\bas long\b"
_FACTORS = {  # field: (a little up, up, much up); the way down is one over it, save where given
    "steps": (1.2, 1.3, 1.6),
    "learning_rate": (1.5, 2.0, 3.0),
    "rank": (2.0, 2.0, 4.0),
}
_DOWN_FACTORS = {"steps": (0.85, 0.75, 0.5), "learning_rate": (0.75, 0.5, 0.3), "rank": (0.5, 0.5, 0.25)}
_UNIT = {"second": 1 / 60, "minute": 1.0, "hour": 60.0}
_LIMIT = (
    r"(?:under|below|less than|at most|no more than|not more than|no longer than|not longer than|shorter than|within"
    r"|max(?:imum)?(?: of)?|"
    r"up to|not over|never over|stay(?:s|ing)? (?:under|below|within)|cap(?:ped)? (?:it )?at|limit(?:ed)? (?:it )?to"
    r"|keep it to|in under|in)"
)

_VAGUE = re.compile(
    r"(?:please |make it |a bit |much )?(?:more|less|steps|rank|frames|resolution|\d+|double it|halve it|half|twice"
    r"|double|"
    r"increase it|decrease it|higher|lower|bigger|smaller|max|set everything to max(?:imum)?)(?: of it| that| please)?"
)


@dataclass
class Wanted:
    """What a sentence asks to change. `question` is set when it has several meanings."""

    arguments: dict[str, Any] = field(default_factory=dict)
    question: str | None = None

    def __bool__(self) -> bool:
        return bool(self.arguments or self.question)

    def only(self, *names: str) -> dict[str, Any]:
        """The arguments with these names."""
        return {name: value for name, value in self.arguments.items() if name in names}


def wanted_changes(text: str) -> Wanted:
    """The changes in a normalised sentence (see spelling.normal); falsy when there are none."""
    wanted = Wanted()
    text = take_switches(text, wanted.arguments)
    if "memory" not in wanted.arguments and re.search(_LESS_MEMORY, text):
        wanted.question = WHICH_TIER
        return wanted
    text = _take_preset(text, wanted)
    text = _take_limits(text, wanted)
    previous: tuple[str, Any] | None = None
    for clause in _clauses(text):
        previous = _take_clause(clause, wanted, previous)
    if not wanted and (vague := _VAGUE.fullmatch(text.strip(" .!,"))):
        wanted.question = f"{vague[0].capitalize()}: of what? For example steps, rank, learning rate or minutes."
    return wanted


def _clauses(text: str) -> list[str]:
    parts = re.split(r",(?!\d)|;|\.(?!\d)|\band\b|\bbut\b|\bthen\b|\bplus\b(?! \d)|\balso\b|\bwith\b|\bwhile\b", text)
    return [part.strip() for part in parts if part.strip()]


def _take_preset(text: str, wanted: Wanted) -> str:
    names = {
        "fast": "fast",
        "quick": "fast",
        "standard": "standard",
        "default": "standard",
        "normal": "standard",
        "quality": "quality",
    }
    name = "(fast|quick|standard|default|normal|quality)"
    found = (
        re.search(rf"\b(?:the )?{name}(?:est)? (?:preset|mode|plan|version|settings?|one|option|training|run)\b", text)
        or re.search(rf"\bpreset (?:to )?(?:the )?{name}\b", text)
        or re.search(
            rf"\b(?:use|switch to|go with|go for|take|choose|pick|try|make it|set it to"
            rf"|go) (?:the )?{name}\b(?! enough)",
            text,
        )
        or re.search(r"\b(?:best|highest|better|higher|top|maximum) (quality)\b", text)
        or re.match(rf"{name}(?: please)?(?=,| but\b| and\b|$)", text)
    )
    if found is None:
        return text
    wanted.arguments["preset"] = names[found[1]]
    return text[: found.start()] + " , " + text[found.end() :]


def _take_limits(text: str, wanted: Wanted) -> str:
    """Limits and targets for time and price; what is taken out is not read again as something else."""
    unit = r"(second|minute|hour)s?"
    if re.search(r"\b(?:turn off|disable|no|skip|without)\b.* \b(?:validation|held[ -]?out)", text):
        wanted.arguments["held_out_share"] = 0.0
        return ""
    for pattern, name in (
        (rf"{_LIMIT} {_N} {unit}", "max_minutes"),
        (rf"{_N} {unit} (?:at most|max(?:imum)?|tops|or less|or under|limit)", "max_minutes"),
        (
            rf"(?:for|takes?|last(?:s|ing)?|about|around|roughly|exactly) (?:about |around "
            rf"|roughly )?{_N} {unit}(?: of training)?",
            "minutes",
        ),
        (rf"{_N}[ -]{unit} (?:run|training|plan)", "minutes"),
        (rf"(?:use|spend|make it|give it) {_N} {unit}", "minutes"),
    ):
        found = re.search(pattern, text)
        if found:
            wanted.arguments[name] = round(float(found[1]) * _UNIT[found[2]], 4)
            text = text[: found.start()] + " , " + text[found.end() :]
    money = re.search(rf"(?:{_LIMIT}|for) (?:\$ ?{_N}|{_N} ?(?:dollars?|bucks|usd|\$))", text)
    if money:
        wanted.arguments["max_dollars"] = float(money[1] or money[2])
        text = text[: money.start()] + " , " + text[money.end() :]
    credits = re.search(rf"{_N} credits?", text)
    if credits:
        wanted.question = (
            "I count in dollars, not credits: training on this machine has no charge. Is there a "
            "limit in minutes or dollars?"
        )
        text = text[: credits.start()] + " , " + text[credits.end() :]
    more = re.search(rf"{_N} {unit} (more|longer|extra|less|shorter)", text)
    if more:
        wanted.question = (
            f"Do you mean that it should take {more[1]} {more[2]}s {more[3]} than now, or that many "
            f"in all? Say it in steps or in all."
        )
        text = text[: more.start()] + " , " + text[more.end() :]
    return text


def _take_clause(clause: str, wanted: Wanted, previous: tuple[str, Any] | None) -> tuple[str, Any] | None:
    base = re.search(rf"\b(?:on|to|use|with|for|take)\b.*\b(mini|ltx(?:[ -]?(?:2\.3|video))*|{_REAL})\b", clause)
    if base:
        wanted.arguments["base"] = "mini" if base[1] == "mini" else "ltx-2.3"
        return None
    size = re.search(r"\b(\d{2,4}) ?(?:x|by|×) ?(\d{2,4})\b", clause)
    if size:
        wanted.arguments |= {"width": int(size[1]), "height": int(size[2])}
        return None
    name = _field_of(clause)
    if name is None:
        bare = re.fullmatch(r"(?:but |at |in |only )?(\d{2,4})(?: ?p)?(?: instead| please)?", clause)
        if bare and "preset" in wanted.arguments:  # 'the quality preset but 768'
            wanted.arguments |= {"width": int(bare[1]), "height": int(bare[1])}
        return previous
    operation = _operation(clause, name)
    if operation is None and previous is not None and _only_names(clause, name):  # 'double the rank and the steps'
        operation = previous[1]
    if operation is None:
        return previous
    _store(name, operation, clause, wanted)
    return name, operation


def _field_of(clause: str) -> str | None:
    for name, pattern in _FIELDS.items():
        if re.search(pattern, clause):
            return name
    if re.search(_LENGTH_WORDS, clause):
        return "steps"
    return None


def _only_names(clause: str, name: str) -> bool:
    rest = re.sub(_FIELDS[name], "", clause)
    return re.fullmatch(r"(?:the|its|our|my|too|as well|please|\s)*", rest) is not None


def _operation(clause: str, name: str) -> tuple[str, float] | None:
    """('set', value), ('factor', value) or ('add', value)."""
    down = re.search(_DOWN, clause) is not None
    percent = re.search(rf"(?:\bto )?{_N} ?%( of)?", clause)
    if percent and name not in _SHARES:
        share = float(percent[1]) / 100
        if percent[2] or percent[0].startswith("to "):
            return "factor", share
        return "factor", 1 - share if down or re.search(r"-\s*\d", clause) else 1 + share
    if percent:
        return "set", float(percent[1]) / 100
    factor = _spoken_factor(clause, down)
    if factor is not None:
        return "factor", factor
    number = _number(clause, name)
    if number is not None:
        adds = re.search(
            rf"\b(?:add|another)\b|{_N} (?:\w+ )?(?:more|extra|additional|fewer|less|longer|shorter)\b"
            rf"|\b(?:more|fewer|less|longer|shorter) by\b|\bby {_N}",
            clause,
        )
        if adds and name in ("steps",):
            return "add", -number if down or re.search(r"\b(?:remove|subtract|take off)\b", clause) else number
        return "set", number
    return _vague(clause, name, down)


def _spoken_factor(clause: str, down: bool) -> float | None:
    times = re.search(rf"{_N} ?(?:x\b|times\b)|\b(?:x|times) ?{_N}|\bby a factor of {_N}", clause)
    if times:
        value = float(next(entry for entry in times.groups() if entry))
        return 1 / value if down and value > 1 else value
    for pattern, value in (
        (r"\bhalf again\b|\bhalf more\b|\bhalf longer\b|\b50 more\b%?", 1.5),
        (r"\bhalf\b|\bhalve\b|\bhalved\b", 0.5),
        (r"\bthird (?:more|longer)\b", 4 / 3),
        (r"\bby a (?:1 )?third\b", 2 / 3 if down else 4 / 3),
        (r"\bby a quarter\b", 0.75 if down else 1.25),
        (r"\bthird (?:less|fewer|shorter)\b", 2 / 3),
        (r"\bquarter (?:more|longer)\b", 1.25),
        (r"\bquarter (?:less|fewer|shorter)\b", 0.75),
        (r"\ba quarter of\b|\bquarter the\b", 0.25),
        (r"\bdoubl\w*\b|\btwice\b", 2.0),
        (r"\btripl\w*\b|\bthrice\b", 3.0),
        (r"\bquadrupl\w*\b", 4.0),
    ):
        if re.search(pattern, clause):
            return round(value, 4)
    return None


def _number(clause: str, name: str) -> float | None:
    """The number that belongs to the field: after its name if there is one, else before it."""
    after = re.search(rf"(?:{_FIELDS[name]})[^\d]*?{_N}", clause)
    before = re.search(rf"{_N}[^\d]*?(?:{_FIELDS[name]})", clause)
    found = re.search(rf"{_N}", clause)
    chosen = after or before or found
    return float(chosen[1]) if chosen else None


def _vague(clause: str, name: str, down: bool) -> tuple[str, float] | None:
    up = re.search(_UP, clause) is not None
    if not (up or down) or (up and down and name != "steps"):
        return None
    level = 0 if re.search(_LITTLE, clause) else 2 if re.search(_MUCH, clause) else 1
    table = _DOWN_FACTORS if down and not re.search(r"\bmore\b|\blonger\b", clause) else _FACTORS
    if name in table:
        return "factor", table[name][level]
    return ("vague_down" if down else "vague_up"), 0.0


def _store(name: str, operation: tuple[str, float], clause: str, wanted: Wanted) -> None:
    kind, value = operation
    if kind.startswith("vague"):
        label = {"size": "resolution", "batch_size": "batch size"}.get(name, name.replace("_", " "))
        wanted.question = f"To what should I set the {label}? Give me a number."
        return
    if name == "size":
        if kind == "set":
            wanted.arguments |= {"width": int(value), "height": int(value)}
        else:
            wanted.question = "Which resolution in pixels? For example 512x512."
        return
    if kind == "factor":
        if name not in ("steps", "rank", "learning_rate"):
            wanted.question = f"To what should I set the {name.replace('_', ' ')}? Give me a number."
            return
        wanted.arguments[f"{name}_factor"] = round(value, 4)
    elif kind == "add":
        wanted.arguments["steps_added"] = int(value)
    else:
        whole = name in _WHOLE
        wanted.arguments[name] = int(value) if whole else value
