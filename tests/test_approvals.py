"""A yes is bound to one exact thing, works once and expires."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_core import approvals
from trainer_core.approvals import ApprovalMissing, consume, fingerprint, grant
from trainer_core.projects import Approval, Workspace, now

WHERE = {"project_id": "prj_1", "kind": "training"}
PRINT = fingerprint("a" * 64, "local", 0.0, "ada", **WHERE)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def test_a_yes_works_once(workspace: Workspace) -> None:
    grant(workspace, PRINT, "ada")
    consume(workspace, PRINT, "ada")
    with pytest.raises(ApprovalMissing, match="used already"):
        consume(workspace, PRINT, "ada")


def test_without_a_yes_nothing_goes(workspace: Workspace) -> None:
    with pytest.raises(ApprovalMissing, match="Nobody has approved exactly this"):
        consume(workspace, PRINT, "ada")


def test_a_double_click_is_one_yes(workspace: Workspace) -> None:
    grant(workspace, PRINT, "ada")
    grant(workspace, PRINT, "ada")
    consume(workspace, PRINT, "ada")
    with pytest.raises(ApprovalMissing):
        consume(workspace, PRINT, "ada")


def test_a_yes_expires(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(workspace, PRINT, "ada", minutes=30)
    monkeypatch.setattr(approvals, "now", lambda: now() + timedelta(minutes=31))
    with pytest.raises(ApprovalMissing, match="expired"):
        consume(workspace, PRINT, "ada")


def test_nobody_uses_anothers_yes(workspace: Workspace) -> None:
    grant(workspace, PRINT, "ada")
    with pytest.raises(ApprovalMissing):
        consume(workspace, PRINT, "bob")
    consume(workspace, PRINT, "ada")


def test_a_new_yes_after_a_used_one_counts(workspace: Workspace) -> None:
    grant(workspace, PRINT, "ada")
    consume(workspace, PRINT, "ada")
    grant(workspace, PRINT, "ada")
    consume(workspace, PRINT, "ada")


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1, float("nan")])
def test_odd_times_are_refused(workspace: Workspace, minutes: float) -> None:
    with pytest.raises(ValueError, match="an approval lasts"):
        grant(workspace, PRINT, "ada", minutes=minutes)


@pytest.mark.parametrize("ceiling", [-0.01, float("nan"), float("inf")])
def test_odd_ceilings_are_refused(ceiling: float) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        fingerprint("a" * 64, "local", ceiling, "ada", **WHERE)


PARTS = st.tuples(st.text(), st.text(), st.none() | st.integers(0, 10**6).map(lambda cents: cents / 100), st.text())


@given(PARTS, PARTS)
def test_fingerprints_are_equal_only_for_equal_things(one: tuple, other: tuple) -> None:
    assert (fingerprint(*one, **WHERE) == fingerprint(*other, **WHERE)) == (one == other)


def test_unknown_and_free_are_not_the_same() -> None:
    assert fingerprint("a", "fal", None, "ada", **WHERE) != fingerprint("a", "fal", 0.0, "ada", **WHERE)


def test_of_many_processes_one_gets_the_yes(workspace: Workspace) -> None:
    grant(workspace, PRINT, "ada")
    program = (
        "import sys; from pathlib import Path\n"
        "from trainer_core.approvals import *; from trainer_core.projects import *\n"
        "workspace = Workspace.open(Path(sys.argv[1])); sys.stdin.readline()\n"
        "try: consume(workspace, sys.argv[2], 'ada'); print('mine')\n"
        "except ApprovalMissing: print('none')"
    )
    command = [sys.executable, "-c", program, str(workspace.home), PRINT]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.communicate()[0].strip() for racer in racers]
    assert sorted(answers) == ["mine", "none", "none", "none"]


def test_the_yes_is_kept_in_the_database(workspace: Workspace) -> None:
    approval = grant(workspace, PRINT, "ada")
    again = Workspace.open(workspace.home)
    with again.session() as session:
        assert session.get_one(Approval, approval.id).person == "ada"
    consume(again, PRINT, "ada")
