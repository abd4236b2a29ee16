"""What the figures say should change. No finding without its evidence; 'nothing' and 'cannot tell' are answers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer_core.plan import BaseModelName, TrainingPlan, diff

from .actions import Action
from .calibration import load_calibration
from .facts import Fact, Losses, best_step, gather
from .rule_parts import LIMITS, Condition, Confidence, Rule
from .rules import RULES
from .scorecard import Scorecard

if TYPE_CHECKING:
    from tools.audit.model import Audit

_ORDER: dict[Confidence, int] = {"high": 0, "medium": 1, "low": 2}


class Evidence(BaseModel):
    """A figure beside its limit, and where the limit comes from."""

    model_config = ConfigDict(frozen=True)

    fact: str
    title: str
    value: float
    shown: str
    sign: str
    limit: float
    limit_shown: str  # empty where the limit needs no words, such as none at all
    source: str

    def words(self) -> str:
        """'likeness with the trigger word 0.41, below 0.64'."""
        if not self.limit_shown:
            return f"{self.title} {self.shown}"
        return f"{self.title} {self.shown}, {'below' if self.sign == '<' else 'above'} {self.limit_shown}"


class Finding(BaseModel):
    """One thing to change. `actions` say what to do, in order; `change` is the part of it that concerns the plan:
    fields and their new values, None where the plan is not the cause."""

    model_config = ConfigDict(frozen=True)

    id: str
    symptom: str
    evidence: tuple[Evidence, ...]
    cause: str
    words: str
    change: dict[str, Any] | None
    actions: tuple[Action, ...] = ()
    confidence: Confidence
    source: str


class Unknown(BaseModel):
    """A rule that could not be decided, and why."""

    model_config = ConfigDict(frozen=True)

    id: str
    symptom: str
    why: str


class Diagnosis(BaseModel):
    """Findings, most important first, and the rules that could not be decided."""

    model_config = ConfigDict(frozen=True)

    findings: tuple[Finding, ...]
    cannot_tell: tuple[Unknown, ...]


def diagnose(
    scorecard: Scorecard, plan: TrainingPlan, audit: "Audit | None" = None, validation_losses: Losses | None = None
) -> list[Finding]:
    """The findings, most important first; empty when the figures give no reason to change anything."""
    return list(examine(scorecard, plan, audit, validation_losses).findings)


def examine(
    scorecard: Scorecard, plan: TrainingPlan, audit: "Audit | None" = None, validation_losses: Losses | None = None
) -> Diagnosis:
    """Findings and what could not be told. Without `validation_losses` those of the scorecard are taken."""
    losses = scorecard.validation if validation_losses is None else validation_losses
    return decide(gather(scorecard, plan, audit, losses), scorecard, plan, losses)


def decide(facts: Mapping[str, Fact], scorecard: Scorecard, plan: TrainingPlan, losses: Losses = ()) -> Diagnosis:
    """Every rule on these facts. From the scorecard come the lines, from the plan what a finding would change."""
    findings: list[Finding] = []
    unknown: list[Unknown] = []
    silent: set[str] = set()
    taken: set[str] = set()  # plan fields that a more important finding changes: two pulls on one field help nobody
    for rule in RULES:  # in order of importance: a rule silences those that it explains
        if rule.id in silent or "*" in silent:
            continue
        evidence, missing = _evidence_for(rule, facts, scorecard)
        if missing:
            unknown.append(Unknown(id=rule.id, symptom=rule.symptom, why="; ".join(missing)))
        elif evidence:
            found = _finding(rule, evidence, facts, scorecard, plan, losses, taken)
            findings.append(found)
            taken |= set(found.change or ())
            silent |= set(rule.excludes)
    findings.sort(key=lambda finding: _ORDER[finding.confidence])
    return Diagnosis(findings=tuple(findings), cannot_tell=tuple(entry for entry in unknown if "*" not in silent))


def _evidence_for(rule: Rule, facts: Mapping[str, Fact], scorecard: Scorecard) -> tuple[list[Evidence], list[str]]:
    """All evidence that the rule needs, none where it does not hold; or why it cannot be decided."""
    held, missing = _compare(rule.when, facts, scorecard)
    if missing or len(held) < len(rule.when):
        return [], missing
    evidence = [entry for entry, condition in zip(held, rule.when, strict=True) if not condition.guard]
    if not rule.any_of:
        return evidence, []
    others = [_compare((condition,), facts, scorecard) for condition in rule.any_of]
    found = [entry for held, _ in others for entry in held]
    return (evidence + found, []) if found else ([], [why for _, whys in others for why in whys])


def _compare(
    conditions: tuple[Condition, ...], facts: Mapping[str, Fact], scorecard: Scorecard
) -> tuple[list[Evidence], list[str]]:
    """Evidence of the conditions that hold, and why others cannot be decided; none of it once one does not hold."""
    evidence: list[Evidence] = []
    missing: list[str] = []
    for condition in conditions:
        fact, limit = facts[condition.fact], _limit(condition.limit, scorecard)
        if fact.value is None:
            missing.append(f"{fact.title.rstrip(':')}: {fact.why}")
        elif limit is None:
            missing.append(f"{fact.title.rstrip(':')}: there is no line that holds for this material")
        elif (fact.value < limit[0]) if condition.sign == "<" else (fact.value > limit[0]):
            evidence.append(
                Evidence(
                    fact=condition.fact,
                    title=fact.title,
                    value=fact.value,
                    shown=fact.shown,
                    sign=condition.sign,
                    limit=limit[0],
                    limit_shown=fact.in_words(limit[0]) if limit[1] else "",
                    source=limit[1],
                )
            )
        else:
            return [], []
    return evidence, missing


def _limit(name: str, scorecard: Scorecard) -> tuple[float, str] | None:
    """A limit and its source; None where no line holds. A line from drawn clips holds for another base than mini only
    where it was seen what it does on photographs, and then says so."""
    line = load_calibration().lines.get(name)
    if line is not None and not line.holds_for(scorecard.base):
        return None
    if line is not None and scorecard.base is not BaseModelName.MINI:
        return line.value, f"{line.source}. {line.photographs.rstrip('.')}"
    if name in LIMITS:
        return LIMITS[name]
    measure = scorecard.measure(name)
    if measure is None or measure.threshold is None:
        return None
    return measure.threshold.value, measure.threshold.source


def _finding(
    rule: Rule,
    evidence: list[Evidence],
    facts: Mapping[str, Fact],
    scorecard: Scorecard,
    plan: TrainingPlan,
    losses: Losses,
    taken: set[str],
) -> Finding:
    confidence = rule.confidence
    for condition in rule.supported_by:
        support, _ = _compare((condition,), facts, scorecard)
        evidence = evidence + support
        if support:
            confidence = "high" if confidence == "medium" else "medium" if confidence == "low" else confidence
    actions = [propose(scorecard, plan) for propose in rule.actions]
    change = rule.change(plan, best_step(losses)) if rule.change else None
    words = f"{rule.symptom[0].upper()}{rule.symptom[1:]}: {'; '.join(entry.words() for entry in evidence)}."
    if scorecard.lora_problems:
        words = f"{rule.symptom[0].upper()}{rule.symptom[1:]}: {'; '.join(scorecard.lora_problems)}."
    words += f" Likely cause: {rule.cause}. {rule.advice}"
    if change and taken & set(change):
        change = None
        words += " Another finding changes the same setting: make that change first, then look at the score again."
    elif change:
        try:
            changes = diff(plan, plan.changed(**change))
        except ValidationError:
            change = None  # the plan cannot take it; the advice in words stands
        else:
            said = ", ".join(entry.words for entry in changes)
            actions.append(Action(kind="change_plan", words=said, by_sidekick=True, change=change))
    if actions:
        words += f" What to do: {'; '.join(action.words for action in actions)}."
    sources = "; ".join(dict.fromkeys([*(entry.source for entry in evidence if entry.source), rule.source]))
    return Finding(
        id=rule.id,
        symptom=rule.symptom,
        evidence=tuple(evidence),
        cause=rule.cause,
        words=f"{words} Sources: {sources}.",
        change=change,
        actions=tuple(actions),
        confidence=confidence,
        source=rule.source,
    )
