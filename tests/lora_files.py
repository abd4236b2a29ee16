"""LoRA files for mini with given or random factors, written as every finished run writes its own."""

from pathlib import Path

import torch
from torch import Tensor

from trainer_core.lora.base_shapes import linear_shapes
from trainer_core.lora.export import export_lora
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName


def plan_for(trigger: str = "chr_x7kq", **changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, trigger, "0" * 64, images=12, clips=0)
    return plan.changed(**changes)


def attention(base: BaseModelName = BaseModelName.MINI) -> dict[str, tuple[int, int]]:
    """The layers that a LoRA without sound is trained on, with (outputs, inputs)."""
    return {
        name: shape
        for name, shape in linear_shapes(base).items()
        if (".attn1.to_" in name or ".attn2.to_" in name) and "gate" not in name
    }


def random_state(seed: int, rank: int = 4, size: float = 0.02, only: str = "") -> dict[str, Tensor]:
    """peft's names, random factors for every attention layer whose name contains `only`."""
    rng = torch.Generator().manual_seed(seed)
    state = {}
    for name, (outputs, inputs) in attention().items():
        if only in name:
            state[f"{name}.lora_A.weight"] = size * torch.randn(rank, inputs, generator=rng)
            state[f"{name}.lora_B.weight"] = size * torch.randn(outputs, rank, generator=rng)
    return state


def write_lora(
    path: Path,
    seed: int = 0,
    *,
    state: dict[str, Tensor] | None = None,
    rank: int = 4,
    size: float = 0.02,
    only: str = "",
    trigger: str = "chr_x7kq",
    **changes: object,
) -> Path:
    """A verified file for mini."""
    state = random_state(seed, rank, size, only) if state is None else state
    rank = next(iter(state.values())).shape[0]
    plan = plan_for(trigger, **changes)
    export_lora(path, state, rank=rank, alpha=rank, plan=plan, title=f"{trigger} (test)")
    return path
