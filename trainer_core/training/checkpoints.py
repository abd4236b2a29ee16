"""Checkpoints of a training run: weights and optimizer as safetensors, the rest as JSON, each whole or not there.

Which samples, which noise and which sigmas a step sees is a function of the plan's seed and the step's number, so the
step is all there is to store of the random generators and of the position in the data.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

KEPT = 3


@dataclass
class TrainingState:
    """Everything that changes while training."""

    step: int = 0  # steps that are done
    weights: dict[str, Tensor] = field(default_factory=dict)  # LoRA parameters by name, float32
    moments: dict[str, dict[str, Tensor]] = field(default_factory=dict)  # AdamW's state by parameter name
    average: dict[str, Tensor] = field(default_factory=dict)  # the weights' moving average; empty where it is off
    losses: list[tuple[int, float]] = field(default_factory=list)  # (step, mean training loss since the last entry)
    validation: list[tuple[int, float]] = field(default_factory=list)


def save(folder: Path, state: TrainingState, plan_fingerprint: str) -> Path:
    """Write the state as `folder`/step-000120 and drop all but the newest three. Raises OSError; the others stay."""
    name = f"step-{state.step:06d}"
    partial, final = folder / f".{name}.partial", folder / name
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        tensors = {f"weights/{key}": value for key, value in state.weights.items()}
        tensors |= {f"average/{key}": value for key, value in state.average.items()}
        for key, moments in state.moments.items():
            tensors |= {f"moments/{moment}/{key}": value for moment, value in moments.items()}
        save_file({key: value.contiguous() for key, value in tensors.items()}, partial / "state.safetensors")
        record = {
            "step": state.step,
            "plan": plan_fingerprint,
            "losses": state.losses,
            "validation": state.validation,
            "sha256": _sha256(partial / "state.safetensors"),
        }
        (partial / "state.json").write_text(json.dumps(record))
        for path in (*partial.iterdir(), partial):
            _sync(path)
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        _sync(folder)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    for old in _finished(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def load_latest(folder: Path, plan_fingerprint: str) -> tuple[TrainingState | None, list[str]]:
    """The newest checkpoint that is whole and of this plan, and words about each that had to be passed over."""
    notes: list[str] = []
    for path in reversed(_finished(folder)):
        try:
            return _load(path, plan_fingerprint), notes
        except (OSError, ValueError, KeyError) as error:
            notes.append(f"Checkpoint {path.name} cannot be used ({error}); the one before it is tried.")
    return None, notes


def _load(path: Path, plan_fingerprint: str) -> TrainingState:
    record = json.loads((path / "state.json").read_text())
    if record["plan"] != plan_fingerprint:
        raise ValueError("it belongs to another plan")
    if record["sha256"] != _sha256(path / "state.safetensors"):
        raise ValueError("it is damaged")
    state = TrainingState(step=record["step"])
    state.losses = [(step, loss) for step, loss in record["losses"]]
    state.validation = [(step, loss) for step, loss in record["validation"]]
    for key, value in load_file(path / "state.safetensors").items():
        kind, _, name = key.partition("/")
        if kind == "weights":
            state.weights[name] = value
        elif kind == "average":
            state.average[name] = value
        else:
            moment, _, name = name.partition("/")
            state.moments.setdefault(name, {})[moment] = value
    return state


def capture(
    parameters: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    average: dict[str, Tensor] | None,
    into: TrainingState,
) -> None:
    """Copy weights, their moving average and the optimizer's moments into the state."""
    into.weights = {name: p.detach().to("cpu", copy=True) for name, p in parameters.items()}
    into.average = {name: value.to("cpu", copy=True) for name, value in (average or {}).items()}
    into.moments = {
        name: {key: torch.as_tensor(value).cpu() for key, value in optimizer.state[p].items()}
        for name, p in parameters.items()
        if p in optimizer.state
    }


@torch.no_grad()
def restore(parameters: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer, state: TrainingState) -> None:
    """Put a state's weights and moments back, exactly."""
    for name, p in parameters.items():
        p.copy_(state.weights[name])
        if name in state.moments:
            moments = state.moments[name]
            optimizer.state[p] = {key: value if key == "step" else value.to(p.device) for key, value in moments.items()}


def _finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*"))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
