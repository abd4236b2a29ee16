"""Time and money before a run: unknown stays unknown, and a measured run corrects the next estimate."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.plan_effects import totals
from trainer_core.costs import Estimate, estimate, steps_within
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import Workspace
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.speeds import not_reckoned, record_scoring, record_speed, step_tokens, tokens_per_sample


def plan_for(base: BaseModelName, images: int = 24, clips: int = 0) -> TrainingPlan:
    return propose(RECIPES[RecipeName.CHARACTER], base, "chr_x7kq", "0" * 64, images=images, clips=clips)


MINI = plan_for(BaseModelName.MINI, images=20, clips=4)
WAITING = "in 4 bits, its blocks waiting in the computer's own memory"
DOUBT = "this plan may be faster or slower"
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


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"rank": 64, "steps": 700}, ""),
        ({"memory": "full"}, f", with the base {WAITING}: {DOUBT}"),
        (
            {"memory": "full", "gradient_checkpointing": False},
            f", with the base {WAITING} and with gradient checkpointing: {DOUBT}",
        ),
        ({"gradient_checkpointing": False}, ""),  # the tier does it anyway
        ({"with_audio": True}, f", without sound: {DOUBT}"),
    ],
)
def test_an_estimate_says_where_the_measured_run_was_held_otherwise(
    workspace: Workspace, changes: dict[str, object], told: str
) -> None:
    """A speed of the slowest tier was once told "as measured" of a plan in full precision."""
    measured = plan_for(BaseModelName.LTX23, images=0, clips=30).changed(memory="offload", gradient_checkpointing=True)
    record_speed(workspace, measured, seconds_per_step=10.0, device="H100")
    basis = estimate(workspace, measured.changed(**changes)).basis
    assert re.fullmatch(rf"\d+ steps at 10 s, as measured on [\d-]+ \(H100\){told}; this machine: no charge", basis)


def test_a_record_from_before_conditions_were_kept_still_counts_and_is_doubted(workspace: Workspace) -> None:
    old = '{"ltx-2.3": {"seconds_per_step_token": 0.01, "machine": "H100", "date": "2026-11", "scoring_seconds": 90}}'
    (workspace.home / "speeds.json").write_text(old)
    found = estimate(workspace, LARGE)
    assert found.seconds == pytest.approx(0.01 * 256 * LARGE.steps)
    assert found.scoring_seconds == 90
    assert "not noted how the base was held: this plan may be faster or slower" in found.basis
    record_scoring(workspace, LARGE.base, 120)
    assert "not noted" in estimate(workspace, LARGE).basis
    record_speed(workspace, LARGE, seconds_per_step=2.0, device="H100")
    assert "may be" not in estimate(workspace, LARGE).basis
    assert estimate(workspace, LARGE).scoring_seconds == 120


def test_the_shipped_speed_names_its_conditions_too(workspace: Workspace) -> None:
    assert "may be" not in estimate(workspace, MINI).basis
    assert "without gradient checkpointing: this plan may" in estimate(workspace, MINI.changed(memory="int8")).basis


def test_a_reference_beside_each_sample_is_counted_in_a_step() -> None:
    """A pair doubles the tokens, and the estimate was once the same as without."""
    plan = plan_for(BaseModelName.LTX23, images=0, clips=12)
    alone = step_tokens(plan)
    assert step_tokens(plan.changed(reference="pair")) == 2 * alone
    assert step_tokens(plan.changed(reference="pair", reference_downscale=2)) == alone * 5 / 4
    assert step_tokens(plan.changed(reference="same_subject")) == alone * 8 / 7  # a still beside 7 latent frames
    mini = plan_for(BaseModelName.MINI, images=12)
    assert mini.preserved_samples == 4  # of 8, and they are asked without the reference
    assert step_tokens(mini) == pytest.approx(64 * (8 + 4 * 5 / 3))
    assert step_tokens(mini.changed(reference="same_subject")) == pytest.approx(64 * (2 * 8 + 4 * 5 / 3))


def test_a_run_that_was_resumed_shortly_before_its_end_spoils_no_record(workspace: Workspace) -> None:
    """Four steps with the last validation and checkpoint made 14 minutes into two and a half hours."""
    record_speed(workspace, LARGE, 11.0, "H100", steps=4)  # better than nothing
    assert "at 11 s" in estimate(workspace, LARGE).basis
    record_speed(workspace, LARGE, 1.0, "H100", steps=50)
    record_speed(workspace, LARGE, 11.0, "H100", steps=49)
    assert "at 1 s" in estimate(workspace, LARGE).basis
    record_speed(workspace, MINI, 9.0, "this machine", steps=4)
    assert "the first run here measures" in estimate(workspace, MINI).basis


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"learning_rate": 1e-4, "rank": 64}, []),
        ({"memory": "full", "gradient_checkpointing": False}, ["memory tier", "gradient checkpointing"]),
        ({"gradient_checkpointing": False}, []),  # the tier does it anyway
        ({"with_audio": True, "validation_every": 10}, ["sound", "validation every"]),
    ],
)
def test_time_is_not_said_to_stay_where_its_change_is_only_not_in_the_estimate(
    workspace: Workspace, changes: dict[str, object], left_out: list[str]
) -> None:
    """From the slowest tier to full precision "time and price stay" was said."""
    before = LARGE.changed(memory="offload", gradient_checkpointing=True)
    after = before.changed(**{"with_audio": False} | changes)
    assert sorted(not_reckoned(before, after)) == sorted(left_out)
    unknown = totals(estimate(workspace, before), estimate(workspace, after), before, after)
    assert unknown == "How long it takes is not known, before and now. Price: still no charge."
    record_speed(workspace, before, 1.0, "H100")
    told = totals(estimate(workspace, before), estimate(workspace, after), before, after)
    assert told.startswith("By the estimate time and price stay: " if left_out else "Time and price stay: ")
    assert all(name in told.partition("Not in the estimate is what this does to the time: ")[2] for name in left_out)
    longer = after.changed(steps=2 * after.steps)
    told = totals(estimate(workspace, before), estimate(workspace, longer), before, longer)
    assert told.startswith("Time: about ")
    assert ("Not in the estimate" in told) == bool(left_out)


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
