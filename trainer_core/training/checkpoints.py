"""Checkpoints of a training run: weights and optimizer as safetensors, the rest as JSON, each whole or not there.

Which samples, which noise and which sigmas a step sees is a function of the plan's seed and the step's number, so the
step is all there is to store of the random generators and of the position in the data.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .optimizer import moments_on
from .records import RECORD, STATE, SUMS, CheckpointDamaged, Record, finished, read_record, sums_of

KEPT = 3


class NotFinite(RuntimeError):
    """A number of the training became NaN or infinite; the message names which, and where it is known the step."""


@dataclass
class TrainingState:
    """Everything that changes while training."""

    step: int = 0  # steps that are done
    weights: dict[str, Tensor] = field(default_factory=dict)  # LoRA parameters by name, float32
    moments: dict[str, dict[str, Tensor]] = field(default_factory=dict)  # AdamW's state by parameter name
    average: dict[str, Tensor] = field(default_factory=dict)  # the weights' moving average; empty where it is off
    losses: list[tuple[int, float]] = field(default_factory=list)  # (step, mean training loss since the last entry)
    validation: list[tuple[int, float]] = field(default_factory=list)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """All tensors, by the names they have in the file."""
        yield from ((f"weights/{key}", value) for key, value in self.weights.items())
        yield from ((f"average/{key}", value) for key, value in self.average.items())
        for key, moments in self.moments.items():
            yield from ((f"moments/{moment}/{key}", value) for moment, value in moments.items())

    def check_finite(self) -> None:
        """Raises NotFinite when a tensor holds NaN or infinity."""
        for name, value in self.tensors():
            # least and largest tell it as well, in a fifth of the time: 300 million numbers come with each checkpoint
            if not torch.stack(torch.aminmax(value)).isfinite().all():
                kind = "optimizer's state" if name.startswith("moments/") else "LoRA's weights"
                raise NotFinite(f"The {kind} held values that are no numbers at step {self.step}.")


def save(folder: Path, state: TrainingState, plan: TrainingPlan) -> Path:
    """Write the state as `folder`/step-000120; of it and those before it the newest three stay.

    Raises OSError or SafetensorError when it cannot be written; then the others stay as they are.
    """
    for left in folder.glob(".step-*.partial"):  # of a worker that was killed while saving
        shutil.rmtree(left, ignore_errors=True)
    name = f"step-{state.step:06d}"
    partial, final = folder / f".{name}.partial", folder / name
    partial.mkdir(parents=True)
    try:
        _write(partial, state, plan)
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        _sync(folder)
    except (OSError, SafetensorError):
        shutil.rmtree(partial, ignore_errors=True)
        raise
    # One with a higher number is damaged, or training would have gone on from there: it does not count.
    for old in [path for path in finished(folder) if path.name <= name][:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def _write(partial: Path, state: TrainingState, plan: TrainingPlan) -> None:
    save_file({key: value.contiguous() for key, value in state.tensors()}, partial / STATE)
    record = Record(
        step=state.step,
        plan=plan.model_dump(mode="json"),
        losses=state.losses,
        validation=state.validation,
        state_bytes=(partial / STATE).stat().st_size,
    )
    (partial / RECORD).write_text(record.model_dump_json(), encoding="utf-8")
    (partial / SUMS).write_text(sums_of(partial), encoding="ascii")
    for path in (*partial.iterdir(), partial):
        _sync(path)


def load_latest(folder: Path, plan: TrainingPlan) -> tuple[TrainingState | None, list[str]]:
    """The newest checkpoint that is whole, and words about each that had to be passed over.

    Raises OtherPlan when it belongs to another plan: training that goes on from it would be neither of the two.
    """
    notes: list[str] = []
    paths = finished(folder)
    for path in reversed(paths):
        try:
            return load(path, plan), notes
        except (OSError, CheckpointDamaged) as error:
            reason = str(error) if isinstance(error, CheckpointDamaged) else error.strerror or "it cannot be read"
            notes.append(f"The checkpoint {path.name} cannot be used ({reason}); the one before it is tried.")
    if paths:
        notes.append("No checkpoint of this run can be used, so it starts from the beginning.")
    return None, notes


def load(path: Path, plan: TrainingPlan) -> TrainingState:
    """The state that a checkpoint holds. Raises OSError, CheckpointDamaged and OtherPlan."""
    record = read_record(path)
    record.check_plan(plan)
    if (path / SUMS).read_text("ascii", "replace") != sums_of(path):
        raise CheckpointDamaged(f"{STATE} is damaged")
    state = TrainingState(step=record.step, losses=list(record.losses), validation=list(record.validation))
    try:
        _sort_in(load_file(path / STATE), state)
        state.check_finite()
    except (SafetensorError, NotFinite) as error:
        raise CheckpointDamaged(f"{STATE} does not hold what it should") from error
    return state


def _sort_in(tensors: dict[str, Tensor], state: TrainingState) -> None:
    for key, value in tensors.items():
        kind, _, name = key.partition("/")
        if kind == "weights":
            state.weights[name] = value
        elif kind == "average":
            state.average[name] = value
        else:
            moment, _, name = name.partition("/")
            state.moments.setdefault(name, {})[moment] = value


def capture(
    parameters: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor] | None,
    into: TrainingState,
) -> None:
    """Copy weights, their moving average and the optimizer's moments into the state. Raises NotFinite."""
    into.weights = {name: p.detach().to("cpu", copy=True) for name, p in parameters.items()}
    into.average = {name: value.to("cpu", copy=True) for name, value in (average or {}).items()}
    into.moments = {
        name: {key: torch.as_tensor(value).to("cpu", copy=True) for key, value in optimizer.state[p].items()}
        for name, p in parameters.items()
        if p in optimizer.state
    }
    into.check_finite()


@torch.no_grad()
def restore(parameters: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer, state: TrainingState) -> None:
    """Put a state's weights and moments back, exactly."""
    for name, p in parameters.items():
        p.copy_(state.weights[name])
        if name in state.moments:
            optimizer.state[p] = moments_on(state.moments[name], p.device)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
