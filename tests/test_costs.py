"""Time and money before a run: unknown stays unknown, and a measured run corrects the next estimate."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_core.costs import Estimate, estimate, record_scoring, record_speed, steps_within, tokens_per_sample
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import Workspace
from trainer_core.recipes import RECIPES, RecipeName


def plan_for(base: BaseModelName, images: int = 24, clips: int = 0) -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], base, "chr_x7kq", "0" * 64, images=images, clips=clips)


MINI = plan_for(BaseModelName.MINI, images=20, clips=4)
LARGE = plan_for(BaseModelName.LTX23, images=24)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def test_tokens_follow_the_bases_compression() -> None:
    assert tokens_per_sample(plan_for(BaseModelName.MINI, images=0, clips=12)) == 128  # 8 x 8 x 2 latent frames
    assert tokens_per_sample(plan_for(BaseModelName.MINI, images=12)) == 64
    assert tokens_per_sample(MINI) == pytest.approx((20 * 64 + 4 * 128) / 24)
    wide = plan_for(BaseModelName.LTX23, images=0, clips=12).changed(width=960, height=544, frames=49)
    assert tokens_per_sample(wide) == 30 * 17 * 7  # the example of the research notes: 3,570 tokens


def test_mini_here_has_a_time_and_no_charge(workspace: Workspace) -> None:
    found = estimate(workspace, MINI)
    assert found.dollars == 0.0
    assert found.price == "no charge"
    assert "this machine: no charge" in found.basis
    assert found.seconds is not None
    assert 10 < found.seconds < 3600
    assert found.time.startswith("about ")


def test_a_measured_run_corrects_the_estimate(workspace: Workspace) -> None:
    record_speed(workspace, MINI, seconds_per_step=0.25, device="2 CPU cores")
    found = estimate(workspace, MINI, samples=[])
    overhead = found.seconds - 0.25 * MINI.steps  # type: ignore[operator]
    assert 0 <= overhead < 60
    assert "as measured on" in found.basis
    twice = estimate(workspace, MINI.changed(steps=2 * MINI.steps), samples=[])
    assert twice.seconds - found.seconds == pytest.approx(0.25 * MINI.steps)  # type: ignore[operator]
    assert sorted(file.name for file in workspace.home.glob("speeds.json*")) == ["speeds.json"]


def test_scoring_has_a_time_of_its_own_that_a_measured_one_corrects(workspace: Workspace) -> None:
    """The card once told the training's time only, and a person waited for the scoring as well."""
    assert re.fullmatch(r"about .* of training, then about .* of scoring", estimate(workspace, MINI).whole)
    record_scoring(workspace, MINI.base, 300)
    assert list(workspace.home.glob("speeds.json*")) == []  # nothing is known of its steps, so nothing is kept
    record_speed(workspace, MINI, seconds_per_step=0.25, device="2 CPU cores")
    assert "then about" in estimate(workspace, MINI).whole
    record_scoring(workspace, MINI.base, 300)
    record_speed(workspace, MINI, seconds_per_step=0.5, device="2 CPU cores")
    assert estimate(workspace, MINI).whole.endswith("then about 5 minutes of scoring")
    assert estimate(workspace, LARGE).whole == "time not known"
    record_speed(workspace, LARGE, seconds_per_step=0.7, device="one GPU")
    assert estimate(workspace, LARGE).whole.endswith("of training; how long scoring takes is not known")


def test_the_large_model_is_unknown_here_until_measured(workspace: Workspace) -> None:
    found = estimate(workspace, LARGE)
    assert found.seconds is None
    assert found.time == "time not known"
    assert found.dollars == 0.0
    assert steps_within(workspace, LARGE, 3600) is None
    record_speed(workspace, LARGE, seconds_per_step=0.7, device="one GPU")
    assert estimate(workspace, LARGE).seconds == pytest.approx(0.7 * LARGE.steps)


def test_a_damaged_record_is_ignored(workspace: Workspace) -> None:
    for damage in (
        "",
        "{",
        '{"mini": {"seconds_per_step_token": -1}}',
        '{"mini": {"seconds_per_step_token": NaN}}',
        "[]",
    ):
        (workspace.home / "speeds.json").write_text(damage)
        assert "the first run here measures" in estimate(workspace, MINI).basis


def test_the_list_price_of_the_cloud_carries_its_date(workspace: Workspace) -> None:
    found = estimate(workspace, LARGE.changed(steps=1000), backend="fal")
    assert found.dollars == 6.0
    assert found.price == "$6.00"
    assert found.seconds is None
    assert "list price of 20" in found.basis


@pytest.mark.parametrize(("plan", "backend"), [(MINI, "fal"), (LARGE, "ray"), (MINI, "elsewhere")])
def test_unknown_is_never_zero(workspace: Workspace, plan: TrainingPlan, backend: str) -> None:
    found = estimate(workspace, plan, backend=backend)
    assert found.dollars is None
    assert found.price == "price not known"


@given(seconds=st.floats(0, 20_000))
@settings(max_examples=50, deadline=None)
def test_steps_within_fit_and_ten_more_do_not(seconds: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = Workspace(tmp_path_factory.getbasetemp(), "sqlite://")
    steps = steps_within(workspace, MINI, seconds)
    assert steps is not None
    if steps > MINI.warmup_steps:
        assert estimate(workspace, MINI.changed(steps=min(steps, 20_000))).seconds <= seconds + 0.1  # type: ignore[operator]
    if MINI.warmup_steps < steps + 10 <= 20_000:
        assert estimate(workspace, MINI.changed(steps=steps + 10)).seconds > seconds - 0.1  # type: ignore[operator]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "about 5 seconds"),
        (44, "about 45 seconds"),
        (61, "about 1 minute"),
        (280, "about 5 minutes"),
        (7200, "about 2.0 hours"),
    ],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert Estimate(seconds=seconds, dollars=None, basis="").time == words
