"""What happens to the LoRA's weights between steps: a moving average that is kept, and a limit on how large they grow.

Neither waits for the device: everything stays in tensors.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

Parameters = Mapping[str, torch.nn.Parameter]


def decay_at(decay: float, step: int) -> float:
    """The decay after `step` steps: it starts low, so that the average forgets where training began.

    min(decay, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage with a number of updates n.
    """
    return min(decay, (1 + step) / (10 + step))


@torch.no_grad()
def start_average(parameters: Parameters, stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The average to go on from: the stored one of a resumed run, else a copy of the weights."""
    return {name: (stored[name] if stored else p).detach().to(p.device, copy=True) for name, p in parameters.items()}


@torch.no_grad()
def update_average(average: dict[str, Tensor], parameters: Parameters, decay: float, step: int) -> None:
    """Move the average towards the weights after `step` steps (counted from 1)."""
    weight = 1 - decay_at(decay, step)
    torch._foreach_lerp_(list(average.values()), [parameters[name].data for name in average], weight)


@contextmanager
def averaged(parameters: Parameters, average: dict[str, Tensor] | None) -> Iterator[None]:
    """The parameters are the average's inside; without an average nothing changes."""
    if average is None:
        yield
        return
    kept = {name: p.detach().clone() for name, p in parameters.items()}
    put(parameters, average)
    try:
        yield
    finally:
        put(parameters, kept)


@torch.no_grad()
def put(parameters: Parameters, values: Mapping[str, Tensor]) -> None:
    """Copy values into the parameters of the same names."""
    for name, p in parameters.items():
        p.copy_(values[name])


@torch.no_grad()
def limit_norms(parameters: Parameters, scale: float, largest: float) -> None:
    """Shrink each pair of factors whose change scale ||B A||_F is above `largest` to that, both by the same share.

    ||B A||_F^2 = trace(B^T B A A^T) needs only rank x rank matrices. After kohya's "scale weight norms".
    """
    for name, down in parameters.items():
        if ".lora_A." not in name:
            continue
        up = parameters[name.replace(".lora_A.", ".lora_B.")]
        squared = ((up.T @ up) * (down @ down.T)).sum().clamp(min=0)
        share = (largest / (scale * squared.sqrt()).clamp(min=1e-12)).clamp(max=1).sqrt()
        down.mul_(share)
        up.mul_(share)
