"""What a reader learns to tell apart: the tools that a message wants, and the shape of their arguments.

An intent is the names of the tools, joined by ' + '; NONE where nothing is to be called. A frame adds the arguments:
values out of a closed list, yes or no, and figures that the sentence does not say stand as they are; a figure that
the sentence says is '#', words of one's own are '*'.
"""

import json
from collections.abc import Sequence
from typing import Any

from .features import numbers_in

NONE = "-"
_CLOSED = frozenset(
    (
        *("recipe", "preset", "base", "when", "do", "kind", "finding", "memory", "field", "views", "method"),
        *("optimizer", "precision", "scheduler", "timesteps"),
    )
)
Labelled = Sequence[tuple[str, dict[str, Any]]]


def intent(calls: Labelled) -> str:
    """'write_captions + propose_plan'."""
    return " + ".join(name for name, _ in calls) or NONE


def frame(said: str, calls: Labelled) -> str:
    """'[["change_plan", {"rank": "#"}]]'."""
    told = numbers_in(said)
    return json.dumps(
        [[name, {key: _shape(key, value, told) for key, value in arguments.items()}] for name, arguments in calls]
    )


def _shape(key: str, value: Any, told: list[float]) -> Any:
    if isinstance(value, bool) or key in _CLOSED or value == []:
        return value
    if isinstance(value, int | float):
        return "#" if _is_told(float(value), told) else value
    return "*"


def _is_told(value: float, told: list[float]) -> bool:
    return any(abs(value - shown) < 1e-9 for number in told for shown in (number, number / 100, number * 60))
