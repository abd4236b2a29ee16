"""Budgets: reserve, settle, refuse; exact, safe against launches at the same time, and beyond the reach of any tool."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from trainer_core import approvals, budgets, launching
from trainer_core.approvals import ApprovalMissing
from trainer_core.budgets import BudgetRefused, budgets_of, check, release, reserve, set_limit, settle
from trainer_core.costs import estimate
from trainer_core.jobs import store
from trainer_core.jobs.recover import recover
from trainer_core.jobs.selfcheck import TASK
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, Workspace, create_project, new_id, now
from trainer_core.recipes import RECIPES, RecipeName
from ui.shell import application


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


@pytest.fixture
def project(workspace: Workspace) -> str:
    return create_project(workspace, "Otter", "ada").id


def a_plan(workspace: Workspace, project: str) -> tuple[str, TrainingPlan, float]:
    """A stored LTX-2.3 plan and its price on fal by the list."""
    plan = propose(RECIPES[RecipeName.STYLE], BaseModelName.LTX23, "zzstyle", "0" * 64, images=20, clips=0)
    dollars = estimate(workspace, plan, "fal").dollars
    assert dollars is not None
    assert dollars > 0
    row = PlanRow(id=new_id("plan"), project_id=project, body=plan.model_dump(mode="json"), fingerprint="0" * 64)
    with workspace.session() as session:
        session.add(row)
    return row.id, plan, dollars


def approved(workspace: Workspace, project: str, backend: str = "local", run_id: str = "") -> launching.Launch:
    """A launch at fal's price that ada has said yes to."""
    plan_id, plan, dollars = a_plan(workspace, project)
    print_ = approvals.fingerprint(plan.fingerprint, backend, dollars, "ada", project_id=project, kind="training")
    approvals.grant(workspace, print_, "ada")
    return launching.Launch(
        run_id=run_id or new_id("run"),
        project_id=project,
        plan_id=plan_id,
        person="ada",
        approval=print_,
        dollars=dollars,
        backend=backend,
        sample_prompt="chr_x9, waving",
        train=TASK,
        evaluate=TASK,
        started=now(),
    )


def left(workspace: Workspace, project: str) -> tuple[float, float, float]:
    """(spent, reserved, left) of ada's budget."""
    budget = budgets_of(workspace, "ada", project)[0]
    return budget.spent, budget.reserved, budget.left


def test_a_launch_sets_its_ceiling_aside_and_its_end_settles_it(workspace: Workspace, project: str) -> None:
    wanted = approved(workspace, project)
    price = wanted.dollars or 0
    set_limit(workspace, "person", "ada", 3 * price, "ada")
    train, _score = launching.launch(workspace, wanted)
    assert left(workspace, project) == pytest.approx((0, price, 2 * price))
    assert store.claim(workspace, train.id, pid=1)
    assert store.finish(workspace, train.id, {})
    assert left(workspace, project) == pytest.approx((price, 0, 2 * price))
    settle(workspace, wanted.run_id, price / 2)  # the bill
    assert left(workspace, project) == pytest.approx((price / 2, 0, 2.5 * price))


def test_a_launch_that_never_ran_costs_nothing(workspace: Workspace, project: str) -> None:
    set_limit(workspace, "person", "ada", 100, "ada")
    cancelled, _ = launching.launch(workspace, approved(workspace, project))
    assert store.request_cancel(workspace, cancelled.id) == store.State.CANCELLED
    launching.launch(workspace, approved(workspace, project, backend="nowhere"))
    assert "cannot run" in recover(workspace)[0]
    failed, _ = launching.launch(workspace, approved(workspace, project))
    assert "could not be started" in launching.not_started(workspace, failed.id, OSError(12, "Cannot allocate memory"))
    assert left(workspace, project) == (0, 0, 100)


def test_a_run_that_broke_off_counts_in_full_until_its_bill_is_known(workspace: Workspace, project: str) -> None:
    set_limit(workspace, "person", "ada", 100, "ada")
    wanted = approved(workspace, project)
    train, _ = launching.launch(workspace, wanted)
    assert store.claim(workspace, train.id, pid=1)
    assert store.requeue(workspace, train.id, attempt=1, counted=False)  # as when the machine shuts down: attempt 0
    assert store.request_cancel(workspace, train.id) == store.State.CANCELLED
    assert left(workspace, project)[0] == pytest.approx(wanted.dollars)


def test_a_refused_budget_leaves_the_yes_and_says_the_figures(workspace: Workspace, project: str) -> None:
    wanted = approved(workspace, project)
    set_limit(workspace, "project", project, (wanted.dollars or 0) - 0.01, "ada")
    with pytest.raises(
        BudgetRefused, match=r"This may cost \$[\d.]+, but of this project's budget .* is left: \$0.00 is"
    ):
        launching.launch(workspace, wanted)
    assert store.list_jobs(workspace) == []
    set_limit(workspace, "project", project, wanted.dollars or 0, "ada")
    launching.launch(workspace, wanted)  # exactly as much as there is, with the same yes
    with pytest.raises(ApprovalMissing, match="used already"):
        launching.launch(workspace, wanted)


def test_of_people_who_say_yes_in_the_same_moment_one_starts_a_run(workspace: Workspace, project: str) -> None:
    """Each yes is of its own person: two runs of one plan were once started."""
    plan_id, _plan, _ = a_plan(workspace, project)
    people = [f"person {number}" for number in range(6)]
    wanted = [
        replace(approved(workspace, project), plan_id=plan_id, person=person, approval=person) for person in people
    ]
    for person in people:
        approvals.grant(workspace, person, person, project_id=project)
    start = threading.Barrier(len(people))

    def begin(one: launching.Launch) -> str:
        start.wait()
        try:
            return launching.launch(workspace, one)[0].run_id or ""
        except launching.StillAtWork as refused:
            return str(refused)

    with ThreadPoolExecutor(len(people)) as pool:
        answers = list(pool.map(begin, wanted))
    assert sum("Somebody has just started" in answer for answer in answers) == len(people) - 1
    assert {job.run_id for job in store.list_jobs(workspace)} <= set(answers)
    still_open = [each for person in people for each in approvals.list_granted(workspace, person) if each.open]
    assert len(still_open) == len(people) - 1


def test_without_a_yes_no_money_is_set_aside(workspace: Workspace, project: str) -> None:
    set_limit(workspace, "person", "ada", 100, "ada")
    wanted = approved(workspace, project)
    assert approvals.revoke_all(workspace, wanted.approval, "ada") == 1
    with pytest.raises(ApprovalMissing, match="taken back"):
        launching.launch(workspace, wanted)
    assert left(workspace, project) == (0, 0, 100)


def test_an_unknown_price_is_refused_while_a_limit_stands(workspace: Workspace, project: str) -> None:
    reserve(workspace, "run_1", "ada", project, None)  # no limit: the person decides
    set_limit(workspace, "person", "ada", 100, "ada")
    with pytest.raises(BudgetRefused, match="Nobody knows what this would cost"):
        check(workspace, "ada", project, None)
    with pytest.raises(BudgetRefused, match=r"without a price.*sidekick budget settle"):
        check(workspace, "ada", project, 1.0)
    assert check(workspace, "ada", project, 0.0)  # what costs nothing may go on
    settle(workspace, "run_1", 7.5)
    assert check(workspace, "ada", project, 92.5)[0].spent == 7.5


def test_each_launch_of_a_run_that_was_gone_on_with_gets_its_own_bill(workspace: Workspace, project: str) -> None:
    for _ in range(2):
        wanted = approved(workspace, project, run_id="run_1")
        train, _ = launching.launch(workspace, wanted)
        assert store.claim(workspace, train.id, pid=1)
        assert store.fail(workspace, train.id, "Out of memory.")
    set_limit(workspace, "person", "ada", 100, "ada")
    assert left(workspace, project)[0] == pytest.approx(2 * (wanted.dollars or 0))
    settle(workspace, "run_1", 3)
    settle(workspace, "run_1", 1)
    assert left(workspace, project) == (4, 0, 96)
    settle(workspace, "run_1", 2)  # the latest bill was wrong
    assert left(workspace, project)[0] == 3


def test_both_limits_hold_and_each_person_has_an_own_share_of_everyones(workspace: Workspace, project: str) -> None:
    other = create_project(workspace, "Fox", "bob").id
    set_limit(workspace, "person", budgets.EVERYONE, 10, "root")
    set_limit(workspace, "project", project, 15, "root")
    reserve(workspace, "run_1", "ada", project, 10)
    with pytest.raises(BudgetRefused, match="budget of ada"):
        reserve(workspace, "run_2", "ada", other, 0.01)
    with pytest.raises(BudgetRefused, match=r"this project's budget \(\$15.00\) only \$5.00 is left"):
        reserve(workspace, "run_3", "bob", project, 6)
    set_limit(workspace, "person", "ada", 11, "root")
    reserve(workspace, "run_2", "ada", other, 1)
    assert [budget.name for budget in budgets_of(workspace, "bob", project)] == ["bob", project]


def test_one_run_is_not_paid_twice_and_a_release_gives_all_back(workspace: Workspace, project: str) -> None:
    set_limit(workspace, "person", "ada", 10, "ada")
    reserve(workspace, "run_1", "ada", project, 5)
    with pytest.raises(BudgetRefused, match="set aside already"):
        reserve(workspace, "run_1", "ada", project, 5)
    assert release(workspace, "run_1")
    assert not release(workspace, "run_1")
    assert left(workspace, project) == (0, 0, 10)
    with pytest.raises(LookupError, match="nothing to settle"):
        settle(workspace, "run_1", 5)


@given(st.lists(st.integers(1, 999_999), min_size=1, max_size=6), st.integers(0, 3_000_000))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_are_exact_to_the_millionth(workspace: Workspace, prices: list[int], most: int) -> None:
    person = new_id("someone")
    set_limit(workspace, "person", person, most / 1e6, "root")
    taken = 0
    for number, price in enumerate(prices):
        if taken + price <= most:
            reserve(workspace, f"{person}_{number}", person, "prj_1", price / 1e6)
            taken += price
        else:
            with pytest.raises(BudgetRefused):
                reserve(workspace, f"{person}_{number}", person, "prj_1", price / 1e6)
    assert round(budgets_of(workspace, person, "prj_1")[0].left * 1e6) == most - taken


def test_of_many_processes_no_more_get_money_than_there_is(workspace: Workspace) -> None:
    set_limit(workspace, "person", "ada", 7.0, "ada")
    program = (
        "import sys; from pathlib import Path\n"
        "from trainer_core.budgets import *; from trainer_core.projects import *\n"
        "workspace = Workspace.open(Path(sys.argv[1])); sys.stdin.readline()\n"
        "for number in range(4):\n"
        "    try: reserve(workspace, f'run_{sys.argv[2]}_{number}', 'ada', 'prj_1', 1.0); print('got')\n"
        "    except BudgetRefused: print('none')"
    )
    command = [sys.executable, "-c", program, str(workspace.home)]
    racers = [
        subprocess.Popen([*command, str(each)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for each in range(4)
    ]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [line for racer in racers for line in racer.communicate()[0].split()]
    assert sorted(answers) == ["got"] * 7 + ["none"] * 9
    assert budgets_of(workspace, "ada", "prj_1")[0].left == 0


@pytest.mark.parametrize("dollars", [-0.01, float("nan"), float("inf")])
def test_odd_amounts_are_refused(workspace: Workspace, project: str, dollars: float) -> None:
    with pytest.raises(ValueError, match="limit is an amount"):
        set_limit(workspace, "person", "ada", dollars, "ada")
    with pytest.raises(ValueError, match="makes no sense"):
        reserve(workspace, "run_1", "ada", project, dollars)
    with pytest.raises(ValueError, match="makes no sense"):
        settle(workspace, "run_1", dollars)


def test_the_command_shows_sets_and_removes(workspace: Workspace, project: str) -> None:
    def sidekick(*words: str) -> str:
        done = CliRunner().invoke(application, ["budget", *words, "--home", str(workspace.home)])
        return f"{done.exit_code} {done.output}"

    assert "0 No limit is set" in sidekick("show")
    assert "0 Your limit: at most $20.00" in sidekick("set", "20")
    assert "0 The limit of project" in sidekick("set", "5", "--project", project)
    reserve(workspace, "run_1", "you", project, 2.5)
    assert "0 run_1: $2.00 counted" in sidekick("settle", "run_1", "2")
    assert "Your limit: at most $20.00; $2.00 spent; $18.00 left." in sidekick("show")
    assert "1 There is no project" in sidekick("set", "5", "--project", "prj_no")
    assert "1 Name one of" in sidekick("set", "5", "--everyone", "--person", "ada")
    assert "0 Your limit is taken away" in sidekick("remove")
    assert "1 There is no such limit" in sidekick("remove")


def test_no_tool_and_no_agent_can_set_a_limit() -> None:
    root = Path(__file__).parents[1]
    for folder in ("tools", "agent"):
        for file in (root / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert not any(word in text for word in ("set_limit", "remove_limit", "BudgetLimit", "budgets.settle")), (
                file
            )
