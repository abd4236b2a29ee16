"""docs/scores.md says what the measures and the rules of diagnosis are; its tables are made from them."""

import os
from pathlib import Path

import pytest

from tests.test_diagnosis import FLAT, scorecard
from tools.evaluation.actions import Action
from tools.evaluation.calibration import load_calibration
from tools.evaluation.definitions import DEFINITIONS, Definition
from tools.evaluation.facts import Fact, gather
from tools.evaluation.further_definitions import FURTHER
from tools.evaluation.rule_parts import LIMITS, Condition, Rule
from tools.evaluation.rules import RULES
from tools.evaluation.scoring import ONE_SUBJECT
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName

PAGE = Path(__file__).parent.parent / "docs" / "scores.md"
BY_SCORECARD = "the line of that score"


def plan() -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=24, clips=4)


def facts() -> dict[str, Fact]:
    return gather(scorecard(), plan(), None, FLAT)


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("'chr_x7kq'", "the trigger").replace("chr_x7kq", "").replace("  ", " ")


def compared(condition: Condition, known: dict[str, Fact]) -> str:
    """'likeness with the trigger word below its line'."""
    fact = known[condition.fact]
    title = fact.title.rstrip(":").replace(" for 28 files", " for that many files")
    sign = "below" if condition.sign == "<" else "above"
    if condition.limit not in LIMITS:
        return f"{title} {sign} {BY_SCORECARD}"
    return f"{title} {sign} {fact.in_words(LIMITS[condition.limit][0])}"


def evidence(rule: Rule, known: dict[str, Fact]) -> str:
    parts = [compared(condition, known) for condition in rule.when if not condition.guard]
    words = " and ".join(parts)
    if rule.any_of:
        words += f"{'; and ' if words else ''}one of: {'; '.join(compared(each, known) for each in rule.any_of)}"
    guards = [compared(condition, known) for condition in rule.when if condition.guard]
    return words + (f"; only where {' and '.join(guards)}" if guards else "")


def sources(rule: Rule) -> str:
    """Where the lines come from, and what the rule follows."""
    lines = [LIMITS[each.limit][1] for each in (*rule.when, *rule.any_of) if each.limit in LIMITS and not each.guard]
    named = ["calibrated line" if line.startswith("calibration of") else line for line in lines if line]
    return "; ".join(dict.fromkeys([*named, rule.source]))


def action_words(rule: Rule) -> list[Action]:
    return [propose_action(scorecard(), plan()) for propose_action in rule.actions]


def findings_table() -> str:
    known = facts()
    rows = [
        "| finding | what you see | evidence | likely cause | what to do | lines and sources |",
        "|---|---|---|---|---|---|",
    ]
    for rule in RULES:
        own = [action.words for action in action_words(rule) if not action.by_sidekick]
        need = f" From you: {'; '.join(own)}." if own else ""
        cells = (f"`{rule.id}`", rule.symptom, evidence(rule, known), rule.cause, rule.advice + need, sources(rule))
        rows.append("| " + " | ".join(cell(each) for each in cells) + " |")
    return "\n".join(rows)


def holds_for(definition: Definition) -> str:
    bases = [base.value for base in definition.bases] if len(definition.bases) < len(BaseModelName) else []
    line = load_calibration().lines.get(definition.stored_line)
    if line is not None and not bases:
        bases = [base.value for base in BaseModelName if line.holds_for(base)]
    if definition.drawn_world or (definition.embedder and not bases):
        bases = [BaseModelName.MINI.value]
    recipes = definition.recipes or (ONE_SUBJECT if definition.embedder else ())
    return "; ".join(filter(None, [" and ".join(bases), " and ".join(recipes)])) or "all"


def measures_table() -> str:
    rows = ["| score | how it is measured | unit | holds for |", "|---|---|---|---|"]
    for definition in (*DEFINITIONS, *FURTHER):
        note = f" {definition.validity}" if definition.validity else ""
        cells = (definition.title, definition.words + "." + note, definition.unit, holds_for(definition))
        rows.append("| " + " | ".join(cell(each) for each in cells) + " |")
    return "\n".join(rows)


@pytest.mark.parametrize(("name", "table"), [("measures", measures_table()), ("findings", findings_table())])
def test_the_page_says_what_the_rules_say(name: str, table: str) -> None:
    """Set UPDATE_GOLDEN=1 to write the tables anew."""
    text = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- {name}: made by tests/test_scores_page.py -->\n", f"\n<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    assert found, f"the page has no place for the table of {name}"
    wanted = before + start + table + end + after
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted, "UPDATE_GOLDEN=1 pytest tests/test_scores_page.py writes the tables anew"
