"""The optimizer of a plan's memory tier: AdamW with its moments in 32 or in 8 bits."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from trainer_core.memory_tiers import TIERS
from trainer_core.plan import TrainingPlan

from .quantise import QuantisationMissing


def new_optimizer(parameters: Mapping[str, torch.nn.Parameter], plan: TrainingPlan) -> torch.optim.Optimizer:
    """AdamW over the LoRA's parameters. Raises QuantisationMissing when the 8-bit one is not installed.

    In 8 bits (Dettmers et al. 2022, bitsandbytes) blocks of 256 values share a scale; tensors under 4,096 values keep
    32 bits.
    """
    chosen: dict[str, Any] = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if TIERS[plan.memory].optimizer_bits == 32:
        return torch.optim.AdamW(parameters.values(), fused=True, **chosen)  # a third of the plain one's time on a CPU
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError as error:
        raise QuantisationMissing(
            f"The memory tier {plan.memory} needs bitsandbytes, which is not installed. Run: pip install "
            "'lora-sidekick[lowmem]'"
        ) from error
    return AdamW8bit(parameters.values(), **chosen)


def moments_on(moments: Mapping[str, Tensor], device: torch.device) -> dict[str, Any]:
    """A parameter's stored optimizer state as its optimizer wants it.

    Torch's fused AdamW keeps the count of steps as a float tensor beside the moments, bitsandbytes as a whole number.
    """
    placed: dict[str, Any] = {name: value.to(device) for name, value in moments.items()}
    return placed if moments["step"].is_floating_point() else placed | {"step": int(moments["step"])}
