"""The weights' moving average and the limit on their size: right by their formulas, kept over a stop, exported."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_official_defects import Noted, material, plan_of, small_model
from trainer_core.training import checkpoints
from trainer_core.training.averaging import averaged, decay_at, limit_norms, start_average, update_average
from trainer_core.training.loop import train
from trainer_core.training.model import lora_state


def factors(rank: int, inputs: int, outputs: int, size: float) -> dict[str, torch.nn.Parameter]:
    torch.manual_seed(0)
    return {
        "layer.lora_A.default.weight": torch.nn.Parameter(size * torch.randn(rank, inputs)),
        "layer.lora_B.default.weight": torch.nn.Parameter(size * torch.randn(outputs, rank)),
    }


def change(parameters: dict[str, torch.nn.Parameter], scale: float) -> torch.Tensor:
    down, up = parameters.values()
    return scale * (up @ down).detach()


def test_the_average_follows_its_formula() -> None:
    parameters = {"a": torch.nn.Parameter(torch.zeros(1))}
    average = start_average(parameters, {})
    expected = 0.0
    for step in range(1, 30):
        parameters["a"].data.fill_(float(step))
        update_average(average, parameters, 0.9, step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    assert float(average["a"]) == pytest.approx(expected, rel=1e-5)
    assert decay_at(0.999, 0) == pytest.approx(0.1)
    assert decay_at(0.9, 10**6) == 0.9


def test_the_weights_are_as_before_after_a_look_with_the_average() -> None:
    parameters = {"a": torch.nn.Parameter(torch.ones(3))}
    with averaged(parameters, {"a": torch.zeros(3)}):
        assert not parameters["a"].any()
    assert torch.equal(parameters["a"].data, torch.ones(3))


@settings(max_examples=40, deadline=None)
@given(
    rank=st.integers(1, 6),
    inputs=st.integers(1, 12),
    outputs=st.integers(1, 12),
    size=st.floats(1e-3, 1e2),
    largest=st.floats(1e-3, 10),
)
def test_no_change_is_larger_than_the_limit_and_small_ones_stay(
    rank: int, inputs: int, outputs: int, size: float, largest: float
) -> None:
    parameters = factors(rank, inputs, outputs, size)
    before = change(parameters, 2.0)
    limit_norms(parameters, 2.0, largest)
    after = change(parameters, 2.0)
    if float(before.norm()) <= largest * 0.999:
        assert torch.equal(before, after)
    else:
        assert float(after.norm()) == pytest.approx(min(largest, float(before.norm())), rel=1e-3)
        turned = float((before * after).sum() / (before.norm() * after.norm()))
        assert math.isclose(turned, 1.0, rel_tol=1e-3)  # only shorter, not another direction


def test_a_stopped_run_goes_on_to_the_same_average_and_exports_it(tmp_path) -> None:  # type: ignore[no-untyped-def]
    plan = plan_of(ema_decay=0.9, learning_rate=0.01)
    transformer = small_model()
    whole = train(transformer, material(transformer), plan, None, Noted())
    exported = lora_state(transformer)
    transformer = small_model()
    half = train(transformer, material(transformer), plan, None, Noted(stop_at=3))
    checkpoints.save(tmp_path, half, plan)
    resumed, _ = checkpoints.load_latest(tmp_path, plan)
    transformer = small_model()
    again = train(transformer, material(transformer), plan, resumed, Noted())
    assert all(torch.equal(again.average[name], whole.average[name]) for name in whole.average)
    assert all(torch.equal(exported[name], value) for name, value in lora_state(transformer).items())
    assert any(not torch.equal(whole.average[name], whole.weights[name]) for name in whole.weights)
    assert {tuple(value.shape) for value in exported.values()} == {tuple(v.shape) for v in whole.average.values()}
    assert sum(float(v.sum()) for v in exported.values()) == pytest.approx(
        sum(float(v.sum()) for v in whole.average.values()), rel=1e-4
    )


def test_a_run_with_a_limit_stays_below_it() -> None:
    plan = plan_of(largest_weight_norm=0.001, learning_rate=0.05)
    transformer = small_model()
    state = train(transformer, material(transformer), plan, None, Noted())
    for name, down in state.weights.items():
        if ".lora_A." in name:
            up = state.weights[name.replace(".lora_A.", ".lora_B.")]
            assert float((plan.alpha / plan.rank * up @ down).norm()) <= 0.001 * 1.001
