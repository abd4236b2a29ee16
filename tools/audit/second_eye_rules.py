"""The audit's rule about the second eye: files whose view the built-in eyes and the vision model see differently."""

from collections.abc import Callable

from ..text import plural, quoted
from .evidence import Evidence
from .findings import finding, named
from .model import Finding, SecondOpinion, View

SOURCE = "two independent eyes; which of them is right cannot be told without looking"


def _disagreements(evidence: Evidence) -> list[Finding]:
    both = [item for item in evidence.items if _agrees(evidence, item.id) is not None]
    hit = [item for item in both if _agrees(evidence, item.id) is False]
    if not hit:
        return []
    told = [f"{item.name} ({_words(evidence.views[item.id])}, not {_words(evidence.seconds[item.id])})" for item in hit]
    text = (
        f"Of {plural(len(both), 'file')} that both could read, the built-in eyes and {_model(evidence, hit[0].id)} see "
        f"{len(hit)} differently: {named(told)}. What the built-in eyes see is used; look at these yourself."
    )
    return [finding("eyes_disagree", "note", text, hit, "files seen differently", len(hit), 0, SOURCE)]


def _agrees(evidence: Evidence, item_id: str) -> bool | None:
    second = evidence.seconds.get(item_id)
    return second.agrees if second else None


def _model(evidence: Evidence, item_id: str) -> str:
    return quoted(evidence.seconds[item_id].model, 60)


def _words(view: View | SecondOpinion) -> str:
    """'three-quarter to the left'."""
    return view.class_.replace("_", "-") + (f" to the {view.side}" if view.side else "")


SECOND_EYE_RULES: tuple[Callable[[Evidence], list[Finding]], ...] = (_disagreements,)
"""Rules that look at second opinions."""
