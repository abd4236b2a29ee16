"""Who the training loop tells in a job: events and files of the first process; the others tell nobody."""

import math
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from trainer_core.jobs.context import JobContext
from trainer_core.plan import TrainingPlan

from . import candidates, checkpoints
from .checkpoints import TrainingState


@dataclass
class Reporter:
    """Turns what the loop tells into events of the job, and keeps checkpoints and candidates."""

    context: JobContext
    plan: TrainingPlan
    folder: Path

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None:
        left = (self.plan.steps - step) * seconds_per_step
        self.context.emit(
            "progress",
            phase="training",
            step=step,
            steps=self.plan.steps,
            loss=loss,
            learning_rate=learning_rate,
            seconds_per_step=seconds_per_step,
            eta_seconds=None if math.isnan(left) else left,
            memory_gb=_memory_gb(),
        )

    def validation(self, step: int, loss: float) -> None:
        self.context.emit("validation", step=step, loss=loss)

    def checkpoint(self, state: TrainingState) -> None:
        path = checkpoints.save(self.folder, state, self.plan)
        self.context.emit("checkpoint", step=state.step, file=path.name)
        candidates.keep(self.context.folder, state, self.plan, self.context.emit)

    def should_stop(self) -> bool:
        return self.context.cancelled()


class Silent:
    """Is told everything and does nothing: the listener of a process that is not the first."""

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None:
        pass

    def validation(self, step: int, loss: float) -> None:
        pass

    def checkpoint(self, state: TrainingState) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def _memory_gb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return psutil.Process().memory_info().rss / 2**30
