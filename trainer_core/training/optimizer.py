"""The optimizer of a plan's memory tier: AdamW with its moments in 32 or in 8 bits."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from trainer_core.memory_tiers import TIERS
from trainer_core.plan import TrainingPlan

from .averaging import limit_norms
from .quantise import QuantisationMissing


def new_optimizer(parameters: Mapping[str, torch.nn.Parameter], plan: TrainingPlan) -> torch.optim.Optimizer:
    """AdamW over the LoRA's parameters. Raises QuantisationMissing when the 8-bit one is not installed.

    In 8 bits (Dettmers et al. 2022, bitsandbytes) blocks of 256 values share a scale; tensors under 4,096 values keep
    32 bits. bitsandbytes waits for the device after each of them, AdamW in 32 bits never does.
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


def take_step(
    optimizer: torch.optim.Optimizer,
    parameters: Mapping[str, torch.nn.Parameter],
    plan: TrainingPlan,
    learning_rate: float,
) -> Tensor:
    """Move the parameters by their gradients, which are clipped to the plan's norm and then let go.

    Returns the norm that they had, on the device: one that is no number shows that something went wrong.
    """
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), plan.clip_gradient_norm)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if plan.largest_weight_norm:
        limit_norms(parameters, plan.alpha / plan.rank, plan.largest_weight_norm)
    return norm


def moments_on(moments: Mapping[str, Tensor], device: torch.device) -> dict[str, Any]:
    """A parameter's stored optimizer state as its optimizer wants it.

    Torch's fused AdamW keeps the count of steps as a float tensor beside the moments, bitsandbytes as a whole number.
    """
    placed: dict[str, Any] = {name: value.to(device) for name, value in moments.items()}
    return placed if moments["step"].is_floating_point() else placed | {"step": int(moments["step"])}
