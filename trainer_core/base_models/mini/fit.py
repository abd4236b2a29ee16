"""A small resumable training loop for mini's own weights: everything random depends on the seed and the step alone."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

STATE = "state.safetensors"


def fit(
    model: nn.Module,
    loss_of: Callable[[int], Tensor],
    folder: Path,
    *,
    steps: int,
    learning_rate: float,
    warmup: int = 200,
    ema_decay: float = 0.998,
    save_every: int = 200,
    say: Callable[[str], None] = print,
) -> nn.Module:
    """Train `model` in place for `steps` and leave it holding the averaged (EMA) weights.

    `loss_of(step)` gives the loss of a step; the learning rate warms up, then falls along a cosine to a twentieth.
    A state in `folder` written by an earlier call is taken up where it was left.
    """
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(parameters.values(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.01)
    average = {name: p.detach().clone() for name, p in parameters.items()}
    first = _restore(folder, parameters, average, optimizer)
    began, seen, recent = time.monotonic(), first, 0.0
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _schedule(step, steps, warmup)
        loss = loss_of(step)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        keep = min(ema_decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(average.values()), [p.detach() for p in parameters.values()], 1 - keep)
        recent += loss.item()
        if (step + 1) % 50 == 0:
            pace = (time.monotonic() - began) / (step + 1 - seen)
            say(f"step {step + 1}/{steps}  loss {recent / 50:.4f}  {pace:.3f} s/step")
            recent = 0.0
        if (step + 1) % save_every == 0 or step + 1 == steps:
            _save(folder, step + 1, parameters, average, optimizer)
    with torch.no_grad():
        for name, p in parameters.items():
            p.copy_(average[name])
    return model


def _schedule(step: int, steps: int, warmup: int) -> float:
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * progress))


def _save(
    folder: Path,
    step: int,
    parameters: dict[str, nn.Parameter],
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"weights.{name}": p.detach() for name, p in parameters.items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for name, p in parameters.items():
        for key, value in optimizer.state.get(p, {}).items():
            tensors[f"optimizer.{key}.{name}"] = torch.as_tensor(value)
    partial = folder / "state.partial"
    save_file({key: value.contiguous() for key, value in tensors.items()}, partial, {"step": json.dumps(step)})
    partial.replace(folder / STATE)


def _restore(
    folder: Path, parameters: dict[str, nn.Parameter], average: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> int:
    path = folder / STATE
    if not path.exists():
        return 0
    tensors = load_file(path)
    with torch.no_grad():
        for name, p in parameters.items():
            p.copy_(tensors[f"weights.{name}"])
            average[name].copy_(tensors[f"average.{name}"])
            keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if f"optimizer.{key}.{name}" in tensors]
            optimizer.state[p] = {key: tensors[f"optimizer.{key}.{name}"] for key in keys}
    with safe_open(path, "pt") as file:
        return int(json.loads(file.metadata()["step"]))
