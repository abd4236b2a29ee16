"""One layer merged by PEFT: a model of a single linear layer carries the LoRAs, and `add_weighted_adapter` adds one."""

from collections.abc import Sequence
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from torch import Tensor, nn

from .factors import Factors

MERGED = "merged"
Weighted = Sequence[tuple[Factors, float]]


class _Layer(nn.Module):
    """A linear layer that only lends its size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=False)


def combine(parts: Weighted, method: str, *, rank: int, density: float, seed: int) -> Factors:
    """The factors of the weighted sum of changes, as PEFT's `method` makes them.

    A layer that only one LoRA changes is scaled and nothing else (PEFT does so with a single adapter), and for svd cut
    to the rank. For svd the changes are first turned into the few directions that they have, which alters neither
    singular values nor the result (the turns are orthogonal) and spares a decomposition of outputs x inputs. `rank` is
    svd's.
    """
    if method != "svd":
        return _by_peft(parts, method, rank, density, seed)
    if len(parts) == 1:
        alone = parts[0][0]
        parts = [*parts, (Factors(alone.down, torch.zeros_like(alone.up)), 1.0)]
    small, left, right = _turned(parts)
    made = _by_peft(small, method, min(rank, left.shape[1], right.shape[1]), density, seed)
    return Factors(made.down @ right.T, left @ made.up)


def _turned(parts: Weighted) -> tuple[list[tuple[Factors, float]], Tensor, Tensor]:
    """The factors in an orthonormal basis of their own outputs (outputs, m) and inputs (inputs, n)."""
    left = torch.linalg.qr(torch.cat([factors.up for factors, _ in parts], dim=1)).Q
    right = torch.linalg.qr(torch.cat([factors.down for factors, _ in parts]).T).Q
    return [(Factors(f.down @ right, left.T @ f.up), strength) for f, strength in parts], left, right


@torch.no_grad()
def _by_peft(parts: Weighted, method: str, rank: int, density: float, seed: int) -> Factors:
    names = [f"lora_{place}" for place in range(len(parts))]
    model = _carrying(parts, names)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        tuner: Any = model.base_model
        tuner.add_weighted_adapter(
            names,
            [strength for _, strength in parts],
            MERGED,
            combination_type=method,
            svd_rank=rank if method == "svd" else None,
            svd_full_matrices=False,
            density=density if method not in ("cat", "svd", "linear") else None,
        )
    layer = _layer_of(model)
    return Factors(layer.lora_A[MERGED].weight.detach(), layer.lora_B[MERGED].weight.detach())


def _carrying(parts: Weighted, names: Sequence[str]) -> PeftModel:
    """A model of one layer with each part as an adapter of its name."""
    lent = _Layer(parts[0][0].down.shape[1], parts[0][0].up.shape[0])
    configs = [LoraConfig(r=factors.rank, lora_alpha=factors.rank, target_modules=["layer"]) for factors, _ in parts]
    model = PeftModel(lent, configs[0], adapter_name=names[0])  # type: ignore[arg-type]
    for name, config in zip(names[1:], configs[1:], strict=True):
        model.add_adapter(name, config)
    layer = _layer_of(model)
    for name, (factors, _) in zip(names, parts, strict=True):
        layer.lora_A[name].weight.data = factors.down
        layer.lora_B[name].weight.data = factors.up
    return model


def _layer_of(model: PeftModel) -> Any:
    tuner: Any = model.base_model
    return tuner.model.layer
