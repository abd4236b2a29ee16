"""The training loop: steps, validation, checkpoints. Knows tensors and a plan; not files, jobs or people."""

import time
from collections.abc import Iterator
from typing import Protocol

import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor

from trainer_core.memory_tiers import checkpointing
from trainer_core.plan import TrainingPlan

from .averaging import averaged, put, start_average, update_average
from .checkpoints import NotFinite, TrainingState, capture, restore
from .distributed import Ranks
from .examples import Material
from .inputs import Inputs, prepare_fixed
from .model import add_lora, autocast, flow_losses, predict
from .offload import enable_checkpointing
from .optimizer import new_optimizer, take_step
from .prefetch import Batch, feed, seed_of
from .preservation import preservation_loss

VALIDATION_SIGMAS = (0.2, 0.45, 0.7, 0.95)
VALIDATION = 1_000_000_000  # apart from the steps' own random numbers
REPORT_SECONDS = 2.0
SETTLING_STEPS = 3  # the first steps are slower and do not count for the pace


class Listener(Protocol):
    """Who is told. `checkpoint` must store the state before it returns; `should_stop` is asked after every step."""

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None: ...
    def validation(self, step: int, loss: float) -> None: ...
    def checkpoint(self, state: TrainingState) -> None: ...
    def should_stop(self) -> bool: ...


def learning_rate_at(plan: TrainingPlan, step: int) -> float:
    """Linear warm-up, then linear decay to the plan's final share of the learning rate."""
    if step < plan.warmup_steps:
        return plan.learning_rate * (step + 1) / plan.warmup_steps
    progress = (step - plan.warmup_steps) / max(1, plan.steps - plan.warmup_steps)
    return plan.learning_rate * (1 - (1 - plan.final_learning_rate_share) * progress)


def train(
    transformer: LTX2VideoTransformer3DModel,
    material: Material,
    plan: TrainingPlan,
    resumed: TrainingState | None,
    listener: Listener,
    ranks: Ranks | None = None,
) -> TrainingState:
    """Train the plan's LoRA into `transformer` and return the last state. Raises NotFinite.

    With `ema_decay` the finished transformer carries the weights' moving average. Stops early, after a checkpoint, when
    the listener says so: then `state.step < plan.steps`. With `ranks` all these processes call this with the same
    material and each tells its own listener; the first one's decides when to stop, and only its state has the tensors.
    """
    ranks = ranks or Ranks()
    device = next(transformer.parameters()).device
    with feed(material, plan, _numbers(plan, resumed.step if resumed else 0, ranks), device) as fed:
        return _train(transformer, material, plan, resumed, listener, ranks, fed)


def _train(
    transformer: LTX2VideoTransformer3DModel,
    material: Material,
    plan: TrainingPlan,
    resumed: TrainingState | None,
    listener: Listener,
    ranks: Ranks,
    fed: Iterator[Batch],
) -> TrainingState:
    device = next(transformer.parameters()).device
    parameters = add_lora(transformer, plan)
    if checkpointing(plan):
        enable_checkpointing(transformer)
    optimizer = new_optimizer(parameters, plan)
    state = resumed or TrainingState()
    if resumed:
        restore(parameters, optimizer, resumed)
    ranks.agree_on(state.step)
    average = start_average(parameters, state.average) if plan.ema_decay else None
    transformer.train()
    recent: list[Tensor] = []  # losses since the last checkpoint, and the norms of their gradients, on the device
    norms: list[Tensor] = []
    pace = _Pace()
    while state.step < plan.steps:
        rate = learning_rate_at(plan, state.step)
        loss = _accumulate(transformer, fed, plan, state.step, device, ranks)
        recent.append(ranks.average(parameters.values(), loss))
        norms.append(take_step(optimizer, parameters, plan, rate))
        state.step += 1
        if average is not None:
            update_average(average, parameters, plan.ema_decay, state.step)
        pace.step()
        validate, save = (_is_due(state.step, plan, every) for every in (plan.validation_every, plan.checkpoint_every))
        if pace.report_due or validate or save:
            listener.progress(state.step, _checked_mean(recent, norms, state.step), rate, pace.seconds_per_step)
            pace.reported()
        if validate:
            with averaged(parameters, average):  # what is exported is what is judged
                _validate(transformer, material, plan, state, listener, device, ranks)
            pace.pause()
        stop = ranks.stop(listener.should_stop())
        if save or stop:
            state.losses.append((state.step, _checked_mean(recent, norms, state.step)))
            recent.clear()
            norms.clear()
            if ranks.rank == 0:  # all hold the same, and only the first one saves
                capture(parameters, optimizer, average, state)
            listener.checkpoint(state)
            pace.pause()
        if stop:
            break
    if average is not None and state.step == plan.steps:
        put(parameters, average)
    return state


def _is_due(step: int, plan: TrainingPlan, every: int) -> bool:
    return step == plan.steps or step % every == 0


def _numbers(plan: TrainingPlan, first: int, ranks: Ranks) -> Iterator[int]:
    """The numbers of this process' batches from step `first` on, in order."""
    for step in range(first, plan.steps):
        yield from _numbers_of(plan, step, ranks)


def _numbers_of(plan: TrainingPlan, step: int, ranks: Ranks) -> range:
    return ranks.share(range(step * plan.gradient_accumulation, (step + 1) * plan.gradient_accumulation))


def _accumulate(
    transformer: LTX2VideoTransformer3DModel,
    fed: Iterator[Batch],
    plan: TrainingPlan,
    step: int,
    device: torch.device,
    ranks: Ranks,
) -> Tensor:
    """Add up the gradients of this process' batches of a step; returns their mean loss, on the device.

    Each batch has a number of its own, which decides its samples and its random draws, whoever takes it.
    """
    losses = []
    share = 1 / plan.gradient_accumulation
    for _number in _numbers_of(plan, step, ranks):
        batch = next(fed).to(device)
        loss = _losses(transformer, batch.inputs, plan).mean()
        (loss * share).backward()
        losses.append(loss.detach())
        if batch.asked:
            (preservation_loss(transformer, batch.asked, plan) * share).backward()
    return torch.stack(losses).mean()


def _losses(transformer: LTX2VideoTransformer3DModel, inputs: Inputs, plan: TrainingPlan) -> Tensor:
    with autocast(plan, inputs.video.inputs.device):
        predicted = predict(transformer, inputs)
    return flow_losses(predicted, inputs)


@torch.no_grad()
def _validate(
    transformer: LTX2VideoTransformer3DModel,
    material: Material,
    plan: TrainingPlan,
    state: TrainingState,
    listener: Listener,
    device: torch.device,
    ranks: Ranks,
) -> None:
    """Loss on held-out samples with noise and sigmas that never change, so that two steps can be compared.

    Processes share the samples. Each passes through the model equally often, for where the base is shared out they can
    only pass together: one without a sample of its own takes the last one and does not count it.
    """
    if not material.held_out:
        return
    transformer.eval()
    count = len(material.held_out)
    losses = torch.zeros(count, len(VALIDATION_SIGMAS), device=device)
    for first in range(0, count, ranks.size):
        place = min(first + ranks.rank, count - 1)
        generator = torch.Generator().manual_seed(seed_of(plan.seed, VALIDATION + place))
        for column, level in enumerate(VALIDATION_SIGMAS):
            inputs = prepare_fixed(material.held_out[place], material.words, plan, level, generator)
            loss = _losses(transformer, inputs.to(device), plan)
            if first + ranks.rank < count:
                losses[place, column] = loss.squeeze(0)
    transformer.train()
    mean = float(ranks.collect(losses).mean())
    state.validation.append((state.step, mean))
    listener.validation(state.step, mean)


def _checked_mean(losses: list[Tensor], norms: list[Tensor], step: int) -> float:
    """Mean loss of the steps up to `step`; the one place that waits for the device. Raises NotFinite."""
    figures = torch.stack([torch.stack(losses).float(), torch.stack(norms).float()]).cpu()
    wrong = ~figures.isfinite()
    if wrong.any():
        first = int(wrong.any(0).int().argmax())
        kind = "loss" if wrong[0, first] else "gradient"
        raise NotFinite(f"The {kind} was no longer a number at step {step - len(losses) + first + 1}.")
    return float(figures[0].mean())


class _Pace:
    """Seconds a step takes once things have settled; pauses (validation, saving) are not counted."""

    def __init__(self) -> None:
        self._seen = 0
        self._counted = 0
        self._spent = 0.0
        self._mark = self._told = time.monotonic()

    def step(self) -> None:
        now = time.monotonic()
        self._seen += 1
        if self._seen > SETTLING_STEPS:
            self._counted += 1
            self._spent += now - self._mark
        self._mark = now

    def pause(self) -> None:
        self._mark = time.monotonic()

    def reported(self) -> None:
        self._told = time.monotonic()

    @property
    def report_due(self) -> bool:
        return time.monotonic() - self._told >= REPORT_SECONDS

    @property
    def seconds_per_step(self) -> float:
        return self._spent / self._counted if self._counted else float("nan")
