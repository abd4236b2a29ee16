"""The inputs of the next batches are prepared in the background while the device works on this one.

What a batch holds is a function of its number alone, so the results are the same with and without.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .batches import Batches
from .examples import Material
from .inputs import Inputs, prepare
from .preservation import Asked, ask

AHEAD = {"cuda": 2, "cpu": 0}  # batches prepared before they are needed, by the kind of device; see `feed`
PRESERVATION = 2_000_000_000  # its random numbers are apart from those of the steps

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """What one batch shows the model; asked: what class preservation asks it, where the plan has that."""

    inputs: Inputs
    asked: Asked | None = None

    def to(self, device: torch.device) -> "Batch":
        """The same on a device; copies from pinned memory do not wait."""
        return Batch(self.inputs.to(device), self.asked.to(device) if self.asked else None)


def feed(
    material: Material, plan: TrainingPlan, numbers: Iterable[int], device: torch.device
) -> AbstractContextManager[Iterator[Batch]]:
    """The batches of these numbers in order, on the CPU; for a GPU in pinned memory, so that copies do not wait.

    On a GPU two are prepared ahead by a thread: the CPU's work and the copies would otherwise come between its steps.
    What that brings on a GPU has not been measured. On a CPU there is no thread: on mini preparing took under 1 ms of
    steps of a second and more (busy machine), and no difference could be seen (benchmarks/prefetch.py).
    """
    batches = Batches(material.training, plan.batch_size, plan.seed)

    def make(number: int) -> Batch:
        batch = batch_of(material, batches, plan, number)
        return pinned(batch) if device.type == "cuda" else batch

    return in_order(make, numbers, AHEAD.get(device.type, 0))


def batch_of(material: Material, batches: Batches, plan: TrainingPlan, number: int) -> Batch:
    """The batch with this number: its samples, its noise and all that is left to chance follow from that alone."""
    samples = [material.training[index] for index in batches.at(number)]
    inputs = prepare(samples, material.words, plan, torch.Generator().manual_seed(seed_of(plan.seed, number)))
    if not plan.class_preservation:
        return Batch(inputs)
    generator = torch.Generator().manual_seed(seed_of(plan.seed, PRESERVATION + number))
    return Batch(inputs, ask(samples[: plan.preserved_samples], material.words, plan, generator))


def seed_of(seed: int, number: int) -> int:
    """A seed for a numbered part of a run with a seed; 63 bits."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1))


@contextmanager
def in_order(make: Callable[[int], T], numbers: Iterable[int], ahead: int) -> Iterator[Iterator[T]]:
    """make(n) for each of the numbers, in order; a thread is up to `ahead` of them in front. 0 does without a thread.

    What `make` raises comes out where its result would. However the context is left, the thread ends with it: it
    finishes the one that it is at and starts no other.
    """
    if not ahead:
        yield map(make, numbers)
        return
    worker = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        yield _taken(worker, make, iter(numbers), ahead)
    finally:
        worker.shutdown(wait=True, cancel_futures=True)


def _taken(worker: ThreadPoolExecutor, make: Callable[[int], T], numbers: Iterator[int], ahead: int) -> Iterator[T]:
    waiting: deque[Future[T]] = deque(worker.submit(make, number) for number in islice(numbers, ahead))
    while waiting:
        found = waiting.popleft().result()
        waiting.extend(worker.submit(make, number) for number in islice(numbers, 1))
        yield found


def pinned(value: T) -> T:
    """The same with all tensors, also those inside of dataclasses, in memory that a GPU can copy from by itself."""
    if isinstance(value, Tensor):
        return cast(T, value.pin_memory())
    if is_dataclass(value) and not isinstance(value, type):
        parts: dict[str, Any] = {part.name: pinned(getattr(value, part.name)) for part in fields(value)}
        return cast(T, replace(value, **parts))
    return value
