"""LoRA files of earlier steps, kept beside the last one: the best of them is chosen by score after training."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_core.plan import TrainingPlan

if TYPE_CHECKING:  # a card asks which candidates there are, and must not load torch for it
    from torch import Tensor

    from .checkpoints import TrainingState

LORA_FILE = "lora.safetensors"  # in a run's folder, as training stood after all steps
CANDIDATES = "candidates"  # the folder in a run's folder
SHARES = (0.4, 0.6, 0.8)  # of the plan's steps
_RESERVE = 32 * 2**20  # bytes for events, headers and a file system's own needs

Tell = Callable[..., None]  # like JobContext.emit


@dataclass(frozen=True)
class Candidate:
    """A LoRA file as training stood after `step` steps."""

    step: int
    path: Path


def candidate_steps(plan: TrainingPlan) -> tuple[int, ...]:
    """The steps of which a candidate is kept, the last one aside: that is the run's LoRA file itself.

    They are the checkpoints nearest to 40, 60 and 80 % of the way: there the weights are copied and checked anyhow, so
    that no step waits for a candidate and a resumed run writes the same bytes. The learning rate falls on the way, so
    that about 60, 80 and 93 % of the training is done by then (the integral of a linear decay to a tenth). Three files
    are few enough for LTX-2.3, where one of rank 32 has 0.2 GB without sound, a sixth of a checkpoint. A run with no
    checkpoint before its end has none.
    """
    every = plan.checkpoint_every
    last = (plan.steps - 1) // every * every  # the last checkpoint before the end
    nearest = (min(max(every, round(share * plan.steps / every) * every), last) for share in SHARES)
    return tuple(sorted({step for step in nearest if step}))


def path_of(run_folder: Path, step: int) -> Path:
    """Where the candidate of a step lies."""
    return run_folder / CANDIDATES / f"step-{step:06d}.safetensors"


def candidates_of(run_folder: Path) -> list[Candidate]:
    """The candidates of a run, earliest first. Nothing is opened."""
    found = sorted((run_folder / CANDIDATES).glob("step-*.safetensors"))
    return [Candidate(int(path.stem.removeprefix("step-")), path) for path in found if path.stem[5:].isdecimal()]


def keep(run_folder: Path, state: "TrainingState", plan: TrainingPlan, tell: Tell) -> None:
    """Write the candidate of this state where its step is one of `candidate_steps`, verified, whole or not at all.

    A candidate is worth less than the run: one that cannot be written, or would take the space that the next
    checkpoint and the finished file need, is told and skipped. Call it after the checkpoint of this step is saved.
    """
    if state.step in candidate_steps(plan):
        write(run_folder, state, plan, tell)


def keep_best(run_folder: Path, state: "TrainingState", plan: TrainingPlan, tell: Tell) -> None:
    """Keep this state's LoRA as the best by validation loss so far; the one that was kept as that before goes."""
    write(run_folder, state, plan, tell)
    for candidate in candidates_of(run_folder):
        if candidate.step < state.step and candidate.step not in candidate_steps(plan):
            candidate.path.unlink(missing_ok=True)


def write(run_folder: Path, state: "TrainingState", plan: TrainingPlan, tell: Tell) -> None:
    """Write the candidate of this state, whatever its step; told and skipped where that cannot be done."""
    from safetensors import SafetensorError

    from trainer_core.lora.export import LoraExportError, export_lora

    try:
        clear_unfinished(run_folder)
        _check_space(run_folder, state)
        export_lora(
            path_of(run_folder, state.step),
            finished_weights(state),
            rank=plan.rank,
            alpha=plan.alpha,
            plan=plan,
            title=f"{plan.trigger} ({plan.recipe} LoRA, step {state.step} of {plan.steps})",
            steps=state.step,
        )
    except (OSError, SafetensorError, LoraExportError) as error:
        reason = str(error.strerror or error if isinstance(error, OSError) else error).rstrip(".")
        tell("message", text=f"The LoRA of step {state.step} is not kept for comparing: {reason}. Training goes on.")


def keep_missing(run_folder: Path, state: "TrainingState", plan: TrainingPlan, tell: Tell) -> None:
    """For a run that goes on: the candidate of its checkpoint, where the worker was lost between the two."""
    clear_unfinished(run_folder)
    if not path_of(run_folder, state.step).exists():
        keep(run_folder, state, plan, tell)


def clear_unfinished(run_folder: Path) -> None:
    """Remove what a worker that was killed while writing has left."""
    for left in (run_folder / CANDIDATES).glob(".step-*.part"):
        left.unlink(missing_ok=True)


def finished_weights(state: "TrainingState") -> "dict[str, Tensor]":
    """The weights that are exported, or their moving average where there is one, under peft's names for files."""
    return {name.replace(".default.", "."): value for name, value in (state.average or state.weights).items()}


def _check_space(run_folder: Path, state: "TrainingState") -> None:
    """Raises OSError with words when a candidate would take space that the run needs.

    The next checkpoint is written before the oldest is removed, and the finished file has the size of a candidate: two
    bytes a weight, where a checkpoint has four for each number of `state`.
    """
    file = 2 * sum(value.numel() for value in state.weights.values())
    checkpoint = sum(value.numel() * value.element_size() for _, value in state.tensors())
    needed = 2 * file + checkpoint + _RESERVE
    free = shutil.disk_usage(run_folder).free
    if free < needed:
        raise OSError(0, f"the disk has {_gb(free)} free, and the checkpoints to come need that")


def _gb(count: float) -> str:
    return f"{count / 2**30:.1f} GB"
