"""Plain-English plan changes to the arguments of change_plan. No arithmetic on the plan happens here."""

import re
from dataclasses import dataclass, field
from typing import Any

from .fields import BY_FACTOR, FIELDS, SHARES, WHOLE, field_of, label, only_names
from .limits import take_limits, take_preset
from .patterns import search, split, sub
from .quantities import Operation, operation
from .switches import take_switches

_REAL = r"(?:real|big|full|actual|large|proper) (?:base )?model|real thing"
WHICH_TIER = (
    "Which way? “Use 8 bit”, “use 4 bit” or “offload to the CPU”: each needs less memory than the one before it and is "
    "slower and less exact."
)
_LESS_MEMORY = (
    r"\b(?:use|need|take|want|with) less (?:\w+ )?(?:memory|vram|ram)\b|\bsave (?:\w+ )?(?:memory|vram|ram)\b"
    r"|\b(?:lower|reduce|less|cut) (?:the )?(?:memory|vram|ram)\b(?: use| usage)?"
)
_VAGUE = re.compile(
    r"(?:please |make it |a bit |much )?(?:more|less|steps|rank|frames|resolution|\d+(?:\.\d+)?|double it|halve it"
    r"|half|twice"
    r"|double|increase it|decrease it|higher|lower|bigger|smaller|max|set everything to max(?:imum)?)"
    r"(?: of it| that| please| then| instead)*"
)
_INSTEAD = re.compile(  # a value on its own: of the field before it
    r"(?:(?:no|nope|wait|sorry|hm+|make (?:it|that)|i meant?|i said|i want|or|or rather|rather|better|actually|but"
    r"|at|in|to|only"
    r"|just|say|let's say|correction|scratch that)[, ]*)*(\d+(?:\.\d+)?(?:e-?\d+)?)(?: ?p)?(?: instead| please"
    r"| then| rather| better)*"
)
_PIECES = (
    r",(?!\d)|;|[.!?:](?!\d)|\band\b|\bbut\b|\bthen\b|\bplus\b(?! \d)|\balso\b|\bwith\b|\bwhile\b|\bat (?=rank"
    r"|alpha|\d+ steps)"
    r"|\bon (?=rank)|\bat the same time\b| - |\bas well as\b|&"
)


_PAIR = rf"(?:{'|'.join(FIELDS.values())})(?: ?(?:of|to|at|is|:))? ?\d[\d.e-]*"
_LISTED = re.compile(rf"\b{_PAIR}(?= {_PAIR})")  # 'rank 64 learning rate 1e-4 steps 900'
_LONE_ONE = re.compile(r"\b(?P<name>batch size|batch|seed|rank|alpha|accumulation)(?: of| to)? one\b")
_SIDE = re.compile(r"\b(?P<side>width|height)(?: of| to| is| at| should be|:)? ?(?P<pixels>\d{2,4})\b")
_NO_LENGTH = r"\bset (?:me |us |it )?up\b|\b(?:end|turn|come)s? up\b|\b(?:no|any) longer\b(?! (?:than|training))"
_OPEN: Operation = ("set", -1.0)  # a value was named, and how much of it was not


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

    def without(self, *names: str) -> dict[str, Any]:
        """The arguments with other names."""
        return {name: value for name, value in self.arguments.items() if name not in names}


def wanted_changes(text: str) -> Wanted:
    """The changes in a normalised sentence (see spelling.normal); falsy when there are none."""
    wanted = Wanted()
    text = sub(_NO_LENGTH, " ", text)
    text = _LONE_ONE.sub(r"\g<name> 1", text)
    text = _LISTED.sub(r"\g<0>,", text)
    text = take_switches(text, wanted.arguments)
    if "memory" not in wanted.arguments and search(_LESS_MEMORY, text):
        wanted.question = WHICH_TIER
        return wanted
    for side in _SIDE.finditer(text):
        wanted.arguments[side["side"]] = int(side["pixels"])
    text = _SIDE.sub(" , ", text)
    text = take_preset(text, wanted.arguments)
    text, wanted.question = take_limits(text, wanted.arguments)
    previous: tuple[str, Operation] | None = None
    for clause in _clauses(text):
        previous = _take_clause(clause, wanted, previous)
    if not wanted and (vague := _VAGUE.fullmatch(text.strip(" .!,"))):
        wanted.question = f"{vague[0].capitalize()}: of what? For example steps, rank, learning rate or minutes."
    return wanted


def _clauses(text: str) -> list[str]:
    return [part.strip() for part in split(_PIECES, text) if part.strip()]


def _take_clause(clause: str, wanted: Wanted, previous: tuple[str, Operation] | None) -> tuple[str, Operation] | None:
    base = search(
        rf"\b(?:on|to|use|with|for|take|want|try|choose|switch|go|^base)\b.*\b(mini|ltx(?:[ -]?(?:2\.3"
        rf"|video))*|22 ?b\w*|{_REAL})\b",
        clause,
    )
    if base:
        wanted.arguments["base"] = "mini" if base[1] == "mini" else "ltx-2.3"
        return None
    size = search(r"\b(\d{2,4}) ?(?:x|by|×|\*) ?(\d{2,4})\b", clause)
    if size:
        wanted.arguments |= {"width": int(size[1]), "height": int(size[2])}
        rest = clause.replace(size[0], " ")
        return _take_clause(rest, wanted, previous) if search(r"\d", rest) else None
    name = field_of(clause)
    if name is None:
        return _of_before(clause, wanted, previous)
    how = operation(clause, name)
    if how is None and previous is not None and only_names(clause, name):  # 'double the rank and the steps'
        how = previous[1]
    if how is None:
        return (name, _OPEN) if previous is None else previous  # 'the rank: 64', the figure comes in the next clause
    _store(name, how, wanted)
    return name, how


def _of_before(clause: str, wanted: Wanted, previous: tuple[str, Operation] | None) -> tuple[str, Operation] | None:
    """A figure without a name belongs to what was named before: 'quality preset but 768', 'rank 16, no wait, 32'."""
    if previous is not None and previous[1] == _OPEN and search(r"\bof (?:it|that|this)\b", clause):
        how = operation(clause, previous[0])
        if how is not None:
            _store(previous[0], how, wanted)
        return previous
    if previous is not None and search(r"\b(?:them|it|that|this|those)\b", clause) and previous[0] in BY_FACTOR:
        how = operation(clause, previous[0])  # 'too many steps, cut them in half'
        if how is not None and how != previous[1] and (search(r"\d", clause) or how[0] == "factor"):
            wanted.arguments.pop(f"{previous[0]}_factor", None)
            _store(previous[0], how, wanted)
            return previous[0], how
    bare = _INSTEAD.fullmatch(clause)
    if bare is None:
        return previous
    value = float(bare[1])
    if previous is not None and previous[1][0] in ("set", "factor"):
        wanted.arguments.pop(f"{previous[0]}_factor", None)
        _store(previous[0], ("set", value), wanted)
    elif previous is None and "preset" in wanted.arguments and value >= 32:
        wanted.arguments |= {"width": int(value), "height": int(value)}
    return previous


def _store(name: str, how: Operation, wanted: Wanted) -> None:
    kind, value = how
    if kind.startswith("vague"):
        wanted.question = f"To what should I set the {label(name)}? Give me a number."
    elif name == "size":
        if kind == "set":
            wanted.arguments |= {"width": int(value), "height": int(value)}
        else:
            wanted.question = "Which resolution in pixels? For example 512x512."
    elif kind == "factor" and name in SHARES and 0 < value < 1:
        wanted.arguments[name] = round(value, 4)
    elif name == "learning_rate" and kind == "set" and value >= 1:
        wanted.question = "To what should I set the learning rate? It is a small number, such as 0.0002 or 1e-4."
    elif kind == "factor":
        if name in BY_FACTOR:
            wanted.arguments[f"{name}_factor"] = round(value, 4)
        else:
            wanted.question = f"To what should I set the {label(name)}? Give me a number."
    elif kind == "add":
        wanted.arguments["steps_added"] = int(value)
    else:
        wanted.arguments[name] = int(value) if name in WHOLE else value
