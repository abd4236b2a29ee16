"""Findings for the page: each piece of evidence as a scale, with the very clips that it was measured on."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from ..diagnosis import Diagnosis, Evidence, Finding
from ..rules import RULES
from ..scorecard import ClipScore, Scorecard
from .charts import Scale, scale
from .media import Clips, Shown
from .words import PLAIN, PLAIN_FACTS, advice, arrows, bounded, figure, proposed

MOST_CLIPS = 6  # of one finding; all clips are further down

# Facts of a diagnosis that are made of other measures than the one of their own name.
_MADE_OF = {
    "view_gap": ("identity_three-quarter", "identity_profile", "identity_back"),
    "burned_more": ("burned",),
    "place_lost": ("place_followed",),
}
_PAIRED = (
    "lift",
    "leak",
    "burned_more",
    "still",
    "place_lost",
    "variety",
)  # shown beside the same clip on the base model
_ELSEWHERE = {
    "validation_rise": ("losses", "the validation loss"),
    "validation_fall": ("losses", "the validation loss"),
    "learning_rate": ("plan", "the plan"),
    "rank": ("plan", "the plan"),
    "steps": ("plan", "the plan"),
    "clips": ("plan", "the plan"),
    "captions": ("training-set", "the training set"),
    "one_background": ("training-set", "the training set"),
    "repeats": ("training-set", "the training set"),
    "looks_in_captions": ("training-set", "the training set"),
    "missing_views": ("training-set", "the training set"),
    "few_of_view": ("training-set", "the training set"),
}
_GRAVEST_FIRST: dict[str, Callable[[ClipScore, ClipScore | None], float]] = {
    "identity": lambda clip, base: clip.identity,
    "identity_views": lambda clip, base: clip.identity,
    "view_gap": lambda clip, base: clip.identity,
    "lift": lambda clip, base: clip.identity - (base.identity if base else 0),
    "leak": lambda clip, base: (base.identity if base else 0) - clip.identity,
    "consistency": lambda clip, base: clip.consistency,
    "copying": lambda clip, base: -clip.nearest,
    "empty": lambda clip, base: -clip.empty,
    "burned_more": lambda clip, base: -clip.burned,
    "still": lambda clip, base: clip.moving,
}
_FIGURES: dict[str, tuple[str, Callable[[ClipScore], float]]] = {
    "consistency": ("steadiness", lambda clip: clip.consistency),
    "copying": ("closest picture", lambda clip: clip.nearest),
    "empty": ("empty frames", lambda clip: clip.empty),
    "burned_more": ("burned", lambda clip: clip.burned),
    "still": ("moves", lambda clip: clip.moving),
    "variety": ("", lambda clip: clip.identity),
}
_LIKENESS: tuple[str, Callable[[ClipScore], float]] = ("likeness", lambda clip: clip.identity)


@dataclass(frozen=True)
class Still:
    """A clip of the evidence, shown small; `anchor` is where it plays on this page."""

    shown: Shown
    pictures: tuple[Markup, ...]
    label: str
    figure: str
    alt: str
    anchor: str


@dataclass(frozen=True)
class Piece:
    """One piece of evidence."""

    title: str
    words: str
    scale: Scale | None
    plain: str
    source: str
    definition: str
    validity: str
    elsewhere: tuple[str, str] | None


@dataclass(frozen=True)
class FindingShown:
    """One finding as the page shows it."""

    number: int
    symptom: str
    confidence: str
    pieces: tuple[Piece, ...]
    problems: tuple[str, ...]
    cause: str
    advice: str
    changes: tuple[tuple[str, str], ...]  # what to do, and who does it
    by_sidekick: bool  # some of it
    after: int | None  # the finding whose change of the plan comes first
    source: str
    stills: tuple[Still, ...]
    more: int


def findings_shown(
    card: Scorecard, diagnosis: Diagnosis, clips: Clips, anchors: dict[tuple[str, str], str]
) -> list[FindingShown]:
    """The findings in their order. `anchors` gives the place on the page of each clip by (model, case id)."""
    return [_shown(number, card, diagnosis, clips, anchors) for number in range(1, len(diagnosis.findings) + 1)]


def _shown(
    number: int, card: Scorecard, diagnosis: Diagnosis, clips: Clips, anchors: dict[tuple[str, str], str]
) -> FindingShown:
    finding = diagnosis.findings[number - 1]
    stills = _stills(finding, card, clips, anchors)
    damaged = any(entry.fact == "problems" for entry in finding.evidence)
    return FindingShown(
        number=number,
        symptom=_capital(finding.symptom),
        confidence=finding.confidence,
        pieces=tuple(_piece(entry, card) for entry in finding.evidence if entry.fact != "problems"),
        problems=card.lora_problems if damaged else (),
        cause=_capital(finding.cause),
        advice=arrows(advice(finding)),
        changes=tuple((_capital(words), who) for words, who in proposed(finding)),
        by_sidekick=any(action.by_sidekick for action in finding.actions),
        after=_after(number, diagnosis),
        source=finding.source,
        stills=tuple(stills[:MOST_CLIPS]),
        more=max(0, len(stills) - MOST_CLIPS),
    )


def _after(number: int, diagnosis: Diagnosis) -> int | None:
    """The first finding that changes the plan, for a later one that would too but was left without a change."""
    finding = diagnosis.findings[number - 1]
    wants = any(rule.id == finding.id and rule.change for rule in RULES)
    earlier = [place for place, each in enumerate(diagnosis.findings[: number - 1], 1) if each.change]
    return earlier[0] if wants and not finding.change and earlier else None


def _piece(entry: Evidence, card: Scorecard) -> Piece:
    measure = card.measure(entry.fact)
    limit_shown = entry.limit_shown or f"{entry.limit:g}"
    plain, spread = PLAIN.get(entry.fact) or PLAIN_FACTS.get(entry.fact, ""), None
    if measure and measure.low is not None and measure.high is not None:
        spread = (measure.low, measure.high)
    return Piece(
        title=_capital(entry.title.removesuffix(":")),
        words=entry.words(),
        scale=scale(
            entry.value,
            entry.shown,
            limit=entry.limit,
            limit_shown=limit_shown,
            at_least=entry.sign == "<",
            spread=spread,
            bounded=measure is not None and bounded(measure),
        ),
        plain=plain,
        source=entry.source,
        definition=_capital(measure.definition) if measure else "",
        validity=measure.validity if measure else "",
        elsewhere=_ELSEWHERE.get(entry.fact),
    )


def _stills(finding: Finding, card: Scorecard, clips: Clips, anchors: dict[tuple[str, str], str]) -> list[Still]:
    """The clips of all evidence, gravest first, each once."""
    by_key = {(clip.model, clip.case.id): clip for clip in card.clips}
    found: dict[tuple[str, str], Still] = {}
    for entry in finding.evidence:
        order = _GRAVEST_FIRST.get(entry.fact)
        pairs = [(by_key.get(("lora", case)), by_key.get(("base", case))) for case in _cases(entry, card)]
        known = [(clip, base) for clip, base in pairs if clip is not None]
        if order is not None:
            known.sort(key=lambda pair: order(*pair))
        for clip, base in known:
            shown = [clip] if base is None or entry.fact not in _PAIRED else [base, clip]
            for each in shown:
                key = (each.model, each.case.id)
                found.setdefault(key, _still(each, entry.fact, clips.shown(each), anchors[key]))
    return list(found.values())


def _cases(entry: Evidence, card: Scorecard) -> list[str]:
    measures = [card.measure(name) for name in _MADE_OF.get(entry.fact, (entry.fact,))]
    return list(dict.fromkeys(case for measure in measures if measure for case in measure.evidence))


def _still(clip: ClipScore, fact: str, shown: Shown, anchor: str) -> Still:
    name, of = _FIGURES.get(fact, _LIKENESS)
    side = "before training" if clip.model == "base" else "with your LoRA"
    ends = fact == "consistency" and shown.stills
    return Still(
        shown=shown,
        pictures=(shown.stills[0], shown.stills[-1]) if ends else shown.stills[1:2],
        label=f"{clip.case.label}, {side}",
        figure=f"{name} {figure(of(clip))}" if name else "",
        alt=f"{'First and last' if ends else 'Middle'} frame: {clip.case.label}, {side}",
        anchor=anchor,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
