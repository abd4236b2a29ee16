"""How well each sector of the view compass is covered, and what is missing there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..model import Audit, Coverage
from .compass_layout import Sector, Seen, sector_of

State = Literal["enough", "some", "none", ""]


@dataclass(frozen=True)
class Tally:
    """How a sector is covered: what the recipe needs of its view, files here, how many to add here, the shade."""

    entry: Coverage | None
    here: int
    add: int
    state: State  # empty where nothing is needed


def tally_of(audit: Audit, sector: Sector, known: Sequence[Seen]) -> Tally:
    """Only good files count; a side that has nothing shows it although the other side has some."""
    view, side = sector
    entry = next((entry for entry in audit.set.coverage if entry.name == view), None)
    missing = next((each for each in audit.set.missing if each.view == view), None)
    add = 0 if missing is None else {"left": missing.left, "right": missing.right}.get(side or "", missing.how_many)
    here = sum(seen.item.usable and sector_of(seen.view) == sector for seen in known)
    if entry is None or entry.want <= 0:
        return Tally(None, here, add, "")
    here = {"left": entry.left, "right": entry.right}.get(side or "", entry.have)
    state: State = "enough" if entry.have >= entry.want else "some"
    return Tally(entry, here, add, "none" if not here and (add or state == "some") else state)


def have_words(entry: Coverage) -> str:
    """'have 3 of 4' in words."""
    if entry.have >= entry.want:
        return f"have {entry.have}, enough"
    return f"have {entry.have} of {entry.want}" if entry.have else f"none of {entry.want} yet"
