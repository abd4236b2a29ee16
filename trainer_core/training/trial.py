"""Memory in the training job: how the base is loaded and held, the trial step, and words when there is too little."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch
from diffusers import LTX2VideoTransformer3DModel

from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.memory_tiers import TIERS
from trainer_core.plan import MemoryTier, TrainingPlan

from .dry_run import dry_run
from .encode import Encoder
from .examples import Material
from .less_to_encode import less_to_encode, too_much_to_encode
from .memory import next_rung, out_of_memory_words
from .quantise import Quantiser

KEPT = "Your files and the plan are as they were, and checkpoints that were saved are kept."


def loading(tier: MemoryTier, device: torch.device) -> dict[str, Any]:
    """Arguments for a loader that fills an empty transformer, in a tier that packs its weights: `prepare`, `place`."""
    rules = TIERS[tier]
    quantiser = Quantiser(rules.bits, device, torch.bfloat16, rest="cpu" if rules.offload else None)
    return {"prepare": quantiser.prepare, "place": quantiser.place}


@contextmanager
def or_propose_less(context: JobContext, plan: TrainingPlan, where: str, *, in_step: bool = False) -> Iterator[None]:
    """Too little memory inside ends the job with words, and with an event 'proposal' that holds the plan's change."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_little(context, plan, where, in_step=in_step) from error


@contextmanager
def or_propose_less_to_encode(context: JobContext, plan: TrainingPlan, encoder: Encoder) -> Iterator[None]:
    """The same for what the encoder does inside, with a change that helps what it was busy with."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        if encoder.busy is None:
            raise
        _propose(context, less_to_encode(plan, encoder.busy))
        raise JobFailed(too_much_to_encode(plan, encoder.busy, KEPT)) from error


def try_a_step(
    context: JobContext,
    plan: TrainingPlan,
    transformer: LTX2VideoTransformer3DModel,
    material: Material,
    tell: Callable[..., None],
) -> None:
    """Tell what a step takes, before the long run. Raises JobFailed when it does not fit."""
    found = dry_run(transformer, plan, material)
    tell("trial", **asdict(found))
    if not found.fits:
        raise _too_little(context, plan, "in the trial step before the run", in_step=True)
    tell("message", text=found.words)


def _too_little(context: JobContext, plan: TrainingPlan, where: str, *, in_step: bool) -> JobFailed:
    _propose(context, next_rung(plan, in_step=in_step))
    return JobFailed(out_of_memory_words(plan, where, KEPT, in_step=in_step))


def _propose(context: JobContext, change: dict[str, Any] | None) -> None:
    if change:
        context.emit("proposal", finding="memory", change=change)
