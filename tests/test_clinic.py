"""The clinic's short form runs the whole way, and its table counts rightly."""

import json
from pathlib import Path
from typing import Literal

import pytest

from benchmarks import clinic
from benchmarks.clinic_table import table
from tools.evaluation.calibration import load_calibration
from tools.evaluation.diagnosis import decide
from tools.evaluation.facts import Fact
from tools.evaluation.scorecard import Measure, Scorecard, Threshold
from trainer_core.plan import BaseModelName, propose
from trainer_core.recipes import RECIPES, RecipeName


def record(
    case: str, *, right: bool, better: bool | None = None, error: str | None = None, identity: float = 0.3
) -> dict:
    findings = [case] if right and case != "sound" else ["leak"] if not right else []
    first = {"findings": findings, "figures": {"identity": identity}}
    second = {"findings": [], "figures": {"identity": 0.9 if better else identity}}
    return {
        "case": case, "number": 0, "first": first, "second": second, "right": right, "better": better, "error": error,
    }  # fmt: skip


def test_the_table_counts_diagnoses_changes_and_false_alarms() -> None:
    records = [
        record("few_steps", right=True, better=True),
        record("few_steps", right=True, better=False),
        record("few_steps", right=True, better=False, identity=0.9),
        record("rank_1", right=False, better=None),
        record("sound", right=True),
        record("sound", right=False),
        record("one_view", right=False, error="cut off"),
    ]
    table = clinic.summary(records)
    assert table["right_first_diagnosis"]["share"] == pytest.approx(3 / 4, abs=1e-3)
    assert table["better_after_the_change"] == clinic._share([True, False])
    assert table["false_alarms_on_sound_runs"]["share"] == 0.5
    assert table["did_no_harm"] == 1, "what was not harmed cannot be cured"
    assert table["right_where_it_did_harm"] == clinic._share([True, True, False])
    assert table["no_longer_failing"] == clinic._share([True, False])
    assert table["errors"] == 1
    assert table["by_case"]["few_steps"]["first_findings"] == ["few_steps"] * 3


def test_wilsons_interval_is_the_published_one() -> None:
    """Wilson (1927): 10 of 10 is no certainty; 5 of 10 lies between 0.237 and 0.763."""
    assert clinic.wilson(10, 10) == pytest.approx((0.722, 1.0), abs=1e-3)
    assert clinic.wilson(5, 10) == pytest.approx((0.237, 0.763), abs=1e-3)
    assert clinic.wilson(0, 0) == (0.0, 1.0)


def lines_of_mini() -> Scorecard:
    """A scorecard with nothing but the lines that mini's clips are held to."""
    material = load_calibration().materials["reconstructed"]
    assert material.consistency is not None
    lines: dict[str, tuple[float, Literal["at least", "at most"]]] = {
        "identity": (material.threshold, "at least"),
        "identity_views": (material.threshold, "at least"),
        "lift": (material.chance, "at least"),
        "leak": (material.chance, "at most"),
        "consistency": (material.consistency.p05, "at least"),
    }
    measures = tuple(
        Measure(
            id=name, title=name, value=None, unit="", definition="",
            threshold=Threshold(value=value, direction=direction, source="calibration"),
        )
        for name, (value, direction) in lines.items()
    )  # fmt: skip
    return Scorecard(
        run_id="run_1", base=BaseModelName.MINI, recipe=RecipeName.CHARACTER, trigger="chr_x7kq", noun="cat",
        lora_sha256=None, measures=measures, width=64, height=64, frames=9, fps=8, sampling_steps=12, guidance=3,
        honesty="", created="",
    )  # fmt: skip


def test_todays_rules_find_in_the_clinic_s_figures_what_was_found_then() -> None:
    """A change of the rules that would undo the clinic's proof is seen here: its visits are diagnosed again."""
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=24, clips=0)
    lines = lines_of_mini()
    for patient in clinic.read(clinic.RECORDS):
        for visit in filter(None, (patient["first"], patient["second"])):
            figures = visit["figures"]
            later = {  # facts that came after the first records, on the standard preset and with a base that is sound
                "steps_beyond": figures["steps"],
                "empty_more": figures.get("empty"),
                "face_recipe": 0.0,
                "face": None,
            }
            facts = {name: Fact(title=name, value=value, why="?") for name, value in (later | figures).items()}
            found = [finding.id for finding in decide(facts, lines, plan).findings]
            assert found == visit["findings"], (patient["case"], patient["number"])


@pytest.mark.slow
@pytest.mark.thorough
def test_the_short_form_diagnoses_treats_and_sees_it_better(tmp_path: Path) -> None:
    damaged = clinic.short(tmp_path, ("damaged_file",))[0]
    assert damaged["right"]
    assert damaged["first"]["figures"]["sound_file"] == 0.0
    assert damaged["better"], "the file that was trained again is sound"
    assert damaged["second"]["shared"], "equal plans are not trained twice"


def test_the_readme_shows_the_records_as_they_are() -> None:
    readme = (clinic.RESULTS.parent / "README.md").read_text(encoding="utf-8")
    records = clinic.read(clinic.RECORDS)
    assert table(records) in readme, "python -m benchmarks.clinic_table prints it"
    now, front = clinic.summary(records), (clinic.RESULTS.parents[1] / "README.md").read_text(encoding="utf-8")
    right, better, alarms = (
        f"{round(each['share'] * each['of'])} of {each['of']}"
        for each in (now["right_first_diagnosis"], now["better_after_the_change"], now["false_alarms_on_sound_runs"])
    )
    assert f"right in {right}, its change helped in {better}, and none of {alarms.removeprefix('0 of ')} sound" in front
    kept = json.loads((clinic.RESULTS / "clinic.json").read_text(encoding="utf-8"))
    assert {name: kept[name] for name in now if name not in ("date", "machine")} == {
        name: now[name] for name in now if name not in ("date", "machine")
    }
