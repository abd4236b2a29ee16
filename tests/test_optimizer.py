"""A run in any memory tier goes on from its checkpoint to the same bytes."""

from pathlib import Path

import pytest
import torch

from tests.test_official_defects import Noted, material, plan_of, small_model
from trainer_core.memory_tiers import TIERS
from trainer_core.plan import MemoryTier
from trainer_core.training import checkpoints
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.loop import train
from trainer_core.training.offload import hold
from trainer_core.training.video_only import without_audio

RANK = 32  # wide enough that the larger factors have 8-bit moments


def run(tier: MemoryTier, resumed: TrainingState | None = None, stop_at: int = 10**9) -> TrainingState:
    plan = plan_of(memory=tier.value, rank=RANK, alpha=float(RANK))
    transformer = without_audio(small_model())
    transformer.transformer_blocks = transformer.transformer_blocks[:2]
    hold(transformer, tier, torch.device("cpu"))
    return train(transformer, material(transformer), plan, resumed, Noted(stop_at=stop_at))


@pytest.mark.parametrize("tier", list(MemoryTier))
def test_six_steps_are_three_and_three_more_from_a_checkpoint(tier: MemoryTier, tmp_path: Path) -> None:
    plan = plan_of(memory=tier.value, rank=RANK, alpha=float(RANK))
    whole, half = run(tier), run(tier, stop_at=3)
    assert half.step == 3
    checkpoints.save(tmp_path, half, plan)
    resumed, notes = checkpoints.load_latest(tmp_path, plan)
    assert resumed is not None
    assert not notes
    again = run(tier, resumed)
    assert again.step == whole.step == plan.steps
    assert all(torch.equal(again.weights[name], value) for name, value in whole.weights.items())
    moments = [
        (value, again.moments[name][kind]) for name, kinds in whole.moments.items() for kind, value in kinds.items()
    ]
    assert all(torch.equal(a, b) for a, b in moments)
    eight_bits = any(value.dtype == torch.uint8 for value, _ in moments)
    assert eight_bits == (TIERS[tier].optimizer_bits == 8)
