"""A yes is bound to one exact thing, works once and expires."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import gates
from tools.context import ToolContext
from trainer_core import approvals
from trainer_core.approvals import ApprovalMissing, consume, fingerprint, grant, list_granted, revoke, revoke_all
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import Approval, Workspace, create_project, now
from trainer_core.recipes import RECIPES, RecipeName

WHERE: dict[str, Any] = {"project_id": "prj_1", "kind": "training"}
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


PLAN = propose(RECIPES[RecipeName.FACE], BaseModelName.LTX23, "zzface", "0" * 64, images=20, clips=4)
CHANGES: dict[str, st.SearchStrategy] = {
    "dataset": st.text("0123456789abcdef", min_size=64, max_size=64),  # files and captions
    "trigger": st.from_regex(r"[a-z]{3}_[a-z0-9]{4}", fullmatch=True),
    "steps": st.integers(100, 5000),
    "rank": st.integers(1, 128),
    "alpha": st.floats(1, 128),
    "learning_rate": st.floats(1e-5, 1e-2),
    "images": st.integers(0, 100),
    "clips": st.integers(0, 100),
    "width": st.sampled_from([256, 512, 768]),
    "frames": st.sampled_from([1, 9, 49]),
    "seed": st.integers(0, 1000),
    "with_audio": st.booleans(),
    "keep_aspect": st.booleans(),
    "precision": st.sampled_from(["auto", "bf16"]),
    "recipe": st.sampled_from(list(RecipeName)),
}
ASKED = {"backend": "local", "price": 7.5, "person": "ada", "project_id": "prj_1", "kind": "training"}
ASKED_CHANGES: dict[str, st.SearchStrategy] = {
    "backend": st.sampled_from(["local", "fal", "ray"]),
    "price": st.none() | st.integers(0, 10_000).map(lambda cents: cents / 100),
    "person": st.sampled_from(["ada", "bob", "Ada", "ada "]),
    "project_id": st.sampled_from(["prj_1", "prj_2"]),
    "kind": st.sampled_from(["training", "download", "take in", "unmark", "consent"]),
}


def print_of(plan: TrainingPlan, asked: dict) -> str:
    """The fingerprint of a plan and the circumstances in which it was asked for."""
    rest = {name: asked[name] for name in ("project_id", "kind")}
    return fingerprint(plan.fingerprint, asked["backend"], asked["price"], asked["person"], **rest)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.open(tmp_path_factory.mktemp("shared"))


@given(st.fixed_dictionaries({}, optional=CHANGES), st.fixed_dictionaries({}, optional=ASKED_CHANGES))
@settings(max_examples=60, deadline=None)
def test_any_change_of_plan_price_place_or_person_needs_a_new_yes(shared: Workspace, plan: dict, asked: dict) -> None:
    changed = PLAN.changed(**plan), ASKED | asked
    given_for, wanted = print_of(PLAN, ASKED), print_of(*changed)
    grant(shared, given_for, "ada")
    if changed == (PLAN, ASKED):
        consume(shared, wanted, "ada")
        return
    with pytest.raises(ApprovalMissing):
        consume(shared, wanted, str(changed[1]["person"]))
    assert revoke_all(shared, given_for, "ada") == 1  # it still stood for what it was given for


def test_a_yes_is_listed_with_its_words_and_can_be_taken_back(workspace: Workspace) -> None:
    approval = grant(workspace, PRINT, "ada", project_id="prj_1", about="Train Otter for $7.50. " * 40)
    grant(workspace, PRINT, "bob", project_id="prj_1", about="Bob's")
    grant(workspace, PRINT, "ada", project_id="prj_2", about="Another project's")
    shown = list_granted(workspace, "ada", "prj_1")
    assert [(each.id, each.open) for each in shown] == [(approval.id, True)]
    assert shown[0].about.startswith("Train Otter for $7.50.")
    assert len(shown[0].about) == approvals.LONGEST_WORDS
    with pytest.raises(LookupError, match="not yours"):
        revoke(workspace, approval.id, "bob")
    revoke(workspace, approval.id, "ada")
    assert revoke_all(workspace, PRINT, "ada") == 1  # the other project's
    with pytest.raises(ApprovalMissing, match="taken back"):
        consume(workspace, PRINT, "ada")
    with pytest.raises(LookupError, match="not open"):
        revoke(workspace, approval.id, "ada")
    assert not any(each.open for each in list_granted(workspace, "ada"))
    consume(workspace, PRINT, "bob")


def test_a_yes_of_the_version_before_has_no_words_and_works(workspace: Workspace) -> None:
    with workspace.session() as session:
        for number in range(2):
            expires = now() + timedelta(minutes=5)
            session.add(Approval(id=f"apr_{number}", fingerprint=PRINT + str(number), person="ada", expires_at=expires))
    assert {(each.about, each.project_id, each.open) for each in list_granted(workspace, "ada")} == {("", None, True)}
    revoke(workspace, "apr_0", "ada")
    with pytest.raises(ApprovalMissing, match="taken back"):
        consume(workspace, PRINT + "0", "ada")
    consume(workspace, PRINT + "1", "ada")


def test_what_was_taken_back_is_told_also_where_another_yes_was_used_in_that_moment(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = create_project(workspace, "Pip", "ada")
    for about in ("Start this?", "Download that?"):
        grant(workspace, about, "ada", project_id=project.id, about=about)

    def used_meanwhile(*which: Any) -> None:
        if which[1] == first.id:
            consume(workspace, "Start this?", "ada")
        revoke(*which)

    first = next(each for each in list_granted(workspace, "ada") if each.about == "Start this?")
    monkeypatch.setattr(approvals, "revoke", used_meanwhile)
    told = gates.revoke_approval(ToolContext(workspace, project.id, "ada"), gates.RevokeApproval())
    assert told.data == {"revoked": 1}
    assert "Taken back: Download that?" in told.text
    assert "Too late, it was used or has expired meanwhile: Start this?" in told.text
