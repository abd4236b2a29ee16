"""`sidekick doctor`: says what is there, hides keys, and notices a package that is not ours."""

import json
import sys
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ui import doctor
from ui.shell import application

SECRET = "sk-this-must-never-be-shown"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://ada:{SECRET}@example.org/v1")
    monkeypatch.delenv("FAL_KEY", raising=False)


def state_of(report: doctor.Report, name: str) -> str:
    return next(check.state for check in report.checks if check.name == name)


def test_the_report_covers_the_machine_and_shows_no_key(tmp_path: Path) -> None:
    result = CliRunner().invoke(application, ["doctor", "--home", str(tmp_path), "--json"])
    assert SECRET not in result.output
    report = doctor.Report.model_validate(json.loads(result.output))
    names = {check.name for check in report.checks}
    assert {"Python", "Processor", "Memory", "Disk", "Workspace", "Jobs", "Sidekick's packages", "FAL_KEY"} <= names
    assert "Model mini" in names
    assert state_of(report, "OPENAI_API_KEY") == "ok"
    assert state_of(report, "FAL_KEY") == "absent"
    assert state_of(report, "Jobs") == "ok"
    assert state_of(report, "Sidekick's packages") == "ok"
    assert result.exit_code == (0 if report.ready else 1)
    out = StringIO()
    doctor.print_report(report, Console(file=out, width=300))
    assert SECRET not in out.getvalue()
    assert "It would add:" in out.getvalue()


def test_a_strangers_package_of_the_same_name_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stranger = ModuleType("tools")
    place = tmp_path / "tools" / "__init__.py"
    place.parent.mkdir()
    place.write_text("")
    from importlib.util import spec_from_file_location

    stranger.__spec__ = spec_from_file_location("tools", place)
    monkeypatch.setitem(sys.modules, "tools", stranger)
    check = next(check for check in doctor._installation() if check.name == "Sidekick's packages")
    assert check.state == "problem"
    assert "tools" in check.found
    assert not doctor.Report(checks=[check]).ready


def test_a_workspace_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    (check,) = doctor._workspace(blocked)
    assert check.state == "problem"
    assert "SIDEKICK_HOME" in check.found


def test_a_database_that_cannot_be_opened_is_a_problem_and_its_address_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDEKICK_DATABASE_URL", f"sqlite:///{tmp_path}/{SECRET}/nowhere/sidekick.db")
    (check,) = doctor._workspace(tmp_path)
    assert (check.name, check.state) == ("Database", "problem")
    assert SECRET not in check.found


@pytest.mark.parametrize("extra", ["slack", "postgres", "minilm", "text", "lowmem"])
def test_each_extra_is_named_with_what_it_adds(extra: str) -> None:
    assert any(f"lora-sidekick[{extra}]" in check.adds for check in doctor._installation())
