"""The clinic's short form runs the whole way, and its table counts rightly."""

import json
from pathlib import Path

import pytest

from benchmarks import clinic
from benchmarks.clinic_table import table


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
    kept = json.loads((clinic.RESULTS / "clinic.json").read_text(encoding="utf-8"))
    now = clinic.summary(records)
    assert {name: kept[name] for name in now if name not in ("date", "machine")} == {
        name: now[name] for name in now if name not in ("date", "machine")
    }
