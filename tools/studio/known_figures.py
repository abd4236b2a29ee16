"""What the cosine was between LoRAs whose relation is known, so that a figure can be read beside others."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from trainer_core.plan import BaseModelName

FILE = Path(__file__).with_name("interference_known.json")


def beside_known(base: BaseModelName, cosine: float | None) -> str:
    """A sentence with the figures that were measured on this base; empty where none were."""
    known = _known().get(base.value)
    if known is None or cosine is None:
        return ""
    parts = "; ".join(f"{each['what']} {_range(each['low'], each['high'])}" for each in known["pairs"])
    return f"For comparison, measured on {base.value} on {known['date']}: {parts}."


def _range(low: float, high: float) -> str:
    return f"{low:+.3f}" if low == high else f"{low:+.3f} to {high:+.3f}"


@cache
def _known() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found
