"""Memory tiers: how the frozen base is held, which of them fits into the memory that is free, and the words for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from trainer_core.memory_tiers import TIERS, checkpointing
from trainer_core.plan import BaseModelName, MemoryTier, TrainingPlan

if TYPE_CHECKING:
    from .footprint import Footprint

GB = 1e9  # as on a graphics card's box, not 2**30
SPARE = 0.08  # share of the free memory that is left alone: fragmentation, and what the estimate does not know


@dataclass(frozen=True)
class Memory:
    """Memory that is free now, in bytes. `host`: the computer's own; the same as `free` where there is no GPU."""

    free: int
    total: int
    host: int
    device: str  # 'NVIDIA H100' or 'this computer (no GPU)'
    gpu: bool


@dataclass(frozen=True)
class Choice:
    """The tier for a plan. `changes`: what the plan must change for it. `fits` is False when even the last does not."""

    tier: MemoryTier
    changes: dict[str, Any]
    needed: int  # bytes, estimated
    fits: bool
    words: str


def measured() -> Memory:
    """What is free at this moment: on the GPU as CUDA says, else what the system can give without swapping."""
    import torch

    host = psutil.virtual_memory()
    if not torch.cuda.is_available():
        return Memory(host.available, host.total, host.available, "this computer (no GPU)", gpu=False)
    free, total = torch.cuda.mem_get_info()
    return Memory(free, total, host.available, torch.cuda.get_device_name(), gpu=True)


def fitted(plan: TrainingPlan) -> tuple[TrainingPlan, str]:
    """The plan with the memory tier that fits into what is free on this machine's GPU, and the words why.

    Unchanged where there is no GPU to measure; no words for mini, which fits anywhere.
    """
    if plan.base is BaseModelName.MINI:
        return plan, ""
    free = measured()
    if not free.gpu:
        return plan, memory_words(plan, free)
    choice = choose_tier(plan, free)
    return plan.changed(**choice.changes), f"Memory: {choice.words} A trial step before the run measures it."


def rungs(plan: TrainingPlan) -> list[dict[str, Any]]:
    """The plan's own way and those that need less memory, in order, as changes of the plan."""
    found: list[dict[str, Any]] = [{}]
    if not checkpointing(plan):
        found.append({"gradient_checkpointing": True})
    order = list(MemoryTier)
    return [*found, *({"memory": tier.value} for tier in order[order.index(plan.memory) + 1 :])]


def next_rung(plan: TrainingPlan, *, in_step: bool = True) -> dict[str, Any] | None:
    """What to change when the plan ran out of memory; None when there is nothing less.

    Outside of a step, while files are encoded or the base is loaded, gradient checkpointing would change nothing.
    """
    following = [change for change in rungs(plan)[1:] if in_step or "memory" in change]
    return following[0] if following else None


def choose_tier(plan: TrainingPlan, free: Memory) -> Choice:
    """The first way, from the most exact and fastest on, that fits into the free memory by the estimate.

    It begins without gradient checkpointing, which computes much twice to save memory (a step took 1.4 times as long
    on a CPU: benchmarks/README.md).
    """
    from .footprint import footprint

    tried: list[tuple[dict[str, Any], Footprint]] = []
    best = plan.changed(memory=MemoryTier.FULL, gradient_checkpointing=False)
    for changes in rungs(best):
        kept = {"gradient_checkpointing": plan.gradient_checkpointing} if "memory" in changes else {}
        candidate = best.changed(**changes | kept)
        size = footprint(candidate)
        tried.append((changes, size))
        if size.peak <= free.free * (1 - SPARE) and size.host <= free.host * (1 - SPARE):
            return _choice(plan, candidate, size, free, tried, fits=True)
    return _choice(plan, candidate, size, free, tried, fits=False)


def _choice(
    plan: TrainingPlan,
    candidate: TrainingPlan,
    size: "Footprint",
    free: Memory,
    tried: "list[tuple[dict[str, Any], Footprint]]",
    *,
    fits: bool,
) -> Choice:
    fields = ("memory", "gradient_checkpointing")
    changes = {name: getattr(candidate, name) for name in fields if getattr(candidate, name) != getattr(plan, name)}
    lead = f"the base is held {TIERS[candidate.memory].words}."
    why = f"It should need about {gigabytes(size.peak)}; {gigabytes(free.free)} are free on {free.device}."
    if not fits:
        why = (
            f"Even so it should need about {gigabytes(size.peak)} and {gigabytes(size.host)} of the computer's own "
            f"memory; {gigabytes(free.free)} and {gigabytes(free.host)} are free on {free.device}. It may not fit: a "
            "smaller size, fewer frames or a smaller batch needs less."
        )
    elif candidate.memory is not MemoryTier.FULL:
        why += f" In full precision it would need about {gigabytes(tried[1][1].peak)}."
    elif plan.gradient_checkpointing and not candidate.gradient_checkpointing:
        why += " That is enough to do without gradient checkpointing, so nothing has to be computed twice."
    if candidate.gradient_checkpointing and not plan.gradient_checkpointing:
        why += " Gradient checkpointing is on to save memory; a step takes about 1.4 times as long (measured on a CPU)."
    return Choice(candidate.memory, changes, size.peak, fits, f"{lead} {why}")


def memory_words(plan: TrainingPlan, free: Memory) -> str:
    """How the plan holds the base and why, for a person. Says what is estimated and what is measured."""
    from .footprint import footprint

    size = footprint(plan)
    words = (
        f"Memory: the base is held {TIERS[plan.memory].words}. By the estimate a step needs about "
        f"{gigabytes(size.training)} (base {gigabytes(size.weights)}, LoRA and optimizer {gigabytes(size.lora)}, "
        f"activations {gigabytes(size.activations)}), encoding before it {gigabytes(size.encoding)}."
    )
    if plan.base is not BaseModelName.MINI and not free.gpu:
        return f"{words} There is no GPU in this computer, so the tier was not chosen by what is free."
    fits = size.peak <= free.free and size.host <= free.host
    seen = f"{gigabytes(free.free)} are free on {free.device}"
    verdict = "so it should fit" if fits else "so it will probably not fit"
    return f"{words} {seen}, {verdict}; a trial step before the run measures it."


def out_of_memory_words(plan: TrainingPlan, where: str, kept: str, *, in_step: bool = True) -> str:
    """What a person is told when the memory ran out. `where`: 'in the trial step', 'while training'."""
    change = next_rung(plan, in_step=in_step)
    lead = f"The memory was not enough {where}. {kept}"
    smaller = "A smaller size, fewer frames or a smaller batch needs less too."
    if change is None:
        return f"{lead} The plan already uses the least memory there is for the base. {smaller}"
    if "memory" in change:
        what = f"Proposed: hold the base {TIERS[MemoryTier(change['memory'])].words}"
    else:
        what = "Proposed: gradient checkpointing, which computes activations again instead of keeping them"
    return f"{lead} {what} (say 'apply it'). {smaller}"


def gigabytes(count: float) -> str:
    """'31 GB', '0.4 GB', '12 MB'."""
    if count < 0.1 * GB:
        return f"{count / 1e6:.0f} MB"
    return f"{count / GB:.1f} GB" if count < 9.95 * GB else f"{count / GB:.0f} GB"
