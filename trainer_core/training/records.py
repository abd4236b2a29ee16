"""What a checkpoint says of itself: its step, its plan and its figures, beside checksums of its files.

Apart from the tensors, so that a card can tell what there is to go on from without loading torch.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer_core.plan import Change, TrainingPlan, diff

CHECKPOINTS = "checkpoints"  # the folder in a run's folder
RECORD, STATE, SUMS = "state.json", "state.safetensors", "SHA256SUMS"


class CheckpointDamaged(ValueError):
    """The checkpoint is not as it was written; the message says what is wrong with it."""


class OtherPlan(Exception):
    """A checkpoint belongs to another plan. `step`: how far it is; `changes`: from its plan to the one asked for.

    `changes` is empty where the checkpoint's plan cannot be read, because another version of Sidekick wrote it.
    """

    def __init__(self, step: int, changes: list[Change]) -> None:
        self.step, self.changes = step, changes
        words = "; ".join(change.words for change in changes) or "it was written by another version of Sidekick"
        super().__init__(f"The checkpoint at step {step} belongs to another plan ({words}).")


class Record(BaseModel):
    """The content of state.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    step: Annotated[int, Field(ge=0)]
    plan: dict[str, Any]
    losses: list[tuple[int, float]]
    validation: list[tuple[int, float]]
    state_bytes: int

    def check_plan(self, plan: TrainingPlan) -> None:
        """Raises OtherPlan unless the checkpoint is of this plan."""
        try:
            before = TrainingPlan.model_validate(self.plan)
        except ValidationError as error:
            raise OtherPlan(self.step, []) from error
        if before != plan:
            raise OtherPlan(self.step, diff(before, plan))


def finished(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(folder.glob("step-*"))


def sums_of(path: Path) -> str:
    """The text of SHA256SUMS for a checkpoint's files, as `sha256sum -c` reads it."""
    return "".join(f"{sha256_of(path / name)}  {name}\n" for name in (RECORD, STATE))


def read_record(path: Path) -> Record:
    """The record of a checkpoint. Raises OSError and CheckpointDamaged; the tensors' file is only looked at in size."""
    content = (path / RECORD).read_bytes()
    if f"{hashlib.sha256(content).hexdigest()}  {RECORD}\n" not in (path / SUMS).read_text("ascii", "replace"):
        raise CheckpointDamaged(f"{RECORD} is damaged")
    try:
        record = Record.model_validate_json(content)
    except ValidationError as error:
        raise CheckpointDamaged(f"{RECORD} does not hold what it should") from error
    if (path / STATE).stat().st_size != record.state_bytes:
        raise CheckpointDamaged(f"{STATE} is not whole")
    return record


def newest(folder: Path) -> Record | None:
    """The record of the newest checkpoint that looks whole."""
    for path in reversed(finished(folder)):
        try:
            return read_record(path)
        except (OSError, CheckpointDamaged):
            continue
    return None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
