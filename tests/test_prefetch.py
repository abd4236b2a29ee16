"""Feeding: what is prepared ahead is what would have been prepared, errors come out, no thread stays, nobody waits."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.test_official_defects import CAPTION, Noted, material, plan_of, small_model
from trainer_core.plan import TrainingPlan
from trainer_core.training import loop, prefetch
from trainer_core.training.batches import Batches
from trainer_core.training.captions import class_captions
from trainer_core.training.examples import Material
from trainer_core.training.loop import train
from trainer_core.training.prefetch import batch_of, feed, in_order

CPU = torch.device("cpu")


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this CPU as on a GPU."""
    monkeypatch.setitem(prefetch.AHEAD, "cpu", 2)


def asked_about(transformer: LTX2VideoTransformer3DModel) -> Material:
    """Material that class preservation can be trained with too."""
    given = material(transformer)
    words = given.words[CAPTION]
    return Material(
        given.training, given.held_out, given.words | dict.fromkeys(class_captions(CAPTION, "chr_x7kq"), words)
    )


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def weights(plan: TrainingPlan, listener: Noted | None = None) -> dict[str, Tensor]:
    transformer = small_model()
    return train(transformer, asked_about(transformer), plan, None, listener or Noted()).weights


def test_training_with_and_without_prefetch_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(
        class_preservation=0.5, caption_dropout=0.3, first_frame_probability=0.5, gradient_accumulation=2, steps=2
    )
    plain = weights(plan)
    monkeypatch.setitem(prefetch.AHEAD, "cpu", 2)
    prepared = weights(plan)
    assert prepared.keys() == plain.keys()
    assert all(torch.equal(prepared[name], plain[name]) for name in plain)
    assert not threads()


@pytest.mark.usefixtures("ahead")
def test_a_resumed_run_is_fed_from_where_it_stopped() -> None:
    plan = plan_of(steps=4, gradient_accumulation=2, checkpoint_every=2)
    whole = weights(plan)
    stopping = Noted(stop_at=2)
    weights(plan, stopping)
    assert stopping.states[-1].step == 2
    transformer = small_model()
    resumed = train(transformer, asked_about(transformer), plan, stopping.states[-1], Noted()).weights
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_results_come_in_order_and_at_most_two_wait() -> None:
    begun: list[int] = []

    def make(number: int) -> int:
        begun.append(number)
        return number

    with in_order(make, range(9), 2) as found:
        for number in range(9):
            assert next(found) == number
            time.sleep(0.01)
            assert len(begun) <= number + 1 + 2
        assert next(found, None) is None
    assert begun == list(range(9))
    assert not threads()


@pytest.mark.parametrize("ahead", [0, 2])
def test_an_error_comes_out_where_its_result_would(ahead: int) -> None:
    def make(number: int) -> int:
        if number == 3:
            raise ValueError("number three")
        return number

    with in_order(make, range(9), ahead) as found:
        assert [next(found) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="number three"):
            next(found)
    assert not threads()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, GeneratorExit])
def test_however_the_loop_is_left_the_thread_ends(error: type[BaseException]) -> None:
    begun: list[int] = []

    def make(number: int) -> int:
        begun.append(number)
        time.sleep(0.05)
        return number

    def leave() -> None:
        with in_order(make, range(1000), 2) as found:
            next(found)
            raise error

    with pytest.raises(error):
        leave()
    assert not threads()
    assert len(begun) <= 4
    time.sleep(0.1)
    assert len(begun) <= 4


@pytest.mark.usefixtures("ahead")
def test_a_stopped_run_and_a_listener_that_fails_leave_no_thread() -> None:
    class Failing(Noted):
        def checkpoint(self, state: object) -> None:
            assert threads()
            raise OSError("The disk is full.")

    stopping = Noted(stop_at=3)
    weights(plan_of(steps=500), stopping)
    assert stopping.states[-1].step == 3
    assert not threads()
    with pytest.raises(OSError, match="full"):
        weights(plan_of(), Failing())
    assert not threads()


@pytest.mark.usefixtures("ahead")
def test_a_caption_without_words_stops_the_run_with_its_error() -> None:
    transformer = small_model()
    given = material(transformer)
    with pytest.raises(KeyError):
        train(transformer, Material(given.training, [], {}), plan_of(), None, Noted())
    assert not threads()


def test_a_batch_follows_from_its_number_alone() -> None:
    transformer = small_model()
    given, plan = asked_about(transformer), plan_of(class_preservation=0.5)
    with feed(given, plan, range(5), CPU) as fed:
        fourth = list(fed)[3]
    again = batch_of(given, Batches(given.training, plan.batch_size, plan.seed), plan, 3)
    assert torch.equal(fourth.inputs.video.inputs, again.inputs.video.inputs)
    assert fourth.asked is not None
    assert again.asked is not None
    assert torch.equal(fourth.asked.noise, again.asked.noise)


def test_a_batch_counts_time_at_its_clips_rate_and_stills_at_the_plans() -> None:
    given = material(small_model(), frames=(1, 1, 2, 2, 2, 2))
    clips = [replace(example, fps=12.0) for example in given.training[2:4]]
    mixed = Material([*given.training[:2], *clips, *given.training[4:]], [], given.words)
    with feed(mixed, plan_of(), range(3), CPU) as fed:
        rates = sorted((batch.inputs.shape[0], batch.inputs.fps) for batch in fed)
    assert rates == [(1, 8.0), (2, 8.0), (2, 12.0)]


WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "equal"}


class Waits(TorchDispatchMode):
    """Notes each operation that, on a GPU, makes the host wait for it, with the place that asked for it.

    `.item()`, `float()` and `bool()` of a tensor are `_local_scalar_dense`; an index that is a mask must be counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        masked = name in ("index", "index_put", "index_put_") and any(
            index is not None and index.dtype == torch.bool for index in args[1]
        )
        if masked or name in WAITS:
            self.places[next(self._callers())] += 1
        return func(*args, **(kwargs or {}))

    @staticmethod
    def _callers() -> Iterator[str]:
        frame = sys._getframe(2)
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if any(part in path.parts for part in ("trainer_core", "diffusers", "peft", "optim")):
                yield f"{path.stem}.{frame.f_code.co_name}"
            frame = frame.f_back  # type: ignore[assignment]
        yield "elsewhere"


@pytest.mark.usefixtures("ahead")
@pytest.mark.parametrize(
    "changes",
    [
        {"first_frame_probability": 0.5, "caption_dropout": 0.3},
        {"class_preservation": 0.5},
        {"gradient_accumulation": 2, "ema_decay": 0.9, "largest_weight_norm": 0.5},
    ],
)
def test_a_step_never_waits_for_the_device(monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]) -> None:
    """Inputs are prepared in a thread of their own, on the CPU; here it is the rest of the step that is looked at."""
    monkeypatch.setattr(loop, "REPORT_SECONDS", 1e9)
    found = {}
    for steps in (2, 3):
        transformer = small_model()
        given = asked_about(transformer)
        plan = plan_of(steps=steps, checkpoint_every=1000, validation_every=1000, **changes)
        with Waits() as waits:
            train(transformer, given, plan, None, Noted())
        found[steps] = waits.places
    assert found[3] == found[2]  # only what is asked once, at the end: the mean loss, validation, the checkpoint


def test_what_watches_for_waiting_sees_it() -> None:
    with Waits() as waits:
        bool(torch.ones(3).any())
        torch.arange(4)[torch.tensor([True, False, True, False])]
    assert sum(waits.places.values()) == 2
