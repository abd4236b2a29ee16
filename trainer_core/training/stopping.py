"""A training that a standing order stopped: it ends like a finished one, with what it had learned by then."""

import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from sqlalchemy import update

from trainer_core.jobs import orders
from trainer_core.jobs.context import JobCancelled, JobContext
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Lora, StandingOrder

from . import candidates, checkpoints
from .candidates import LORA_FILE, Candidate, candidates_of
from .checkpoints import TrainingState
from .overfitting import usable
from .records import CHECKPOINTS, CheckpointDamaged, OtherPlan, finished


def order_that_stopped(context: JobContext, plan: TrainingPlan, state: TrainingState) -> StandingOrder | None:
    """The order that ended the training before all its steps; None when all are done.

    Raises JobCancelled when it ended early for another reason: somebody cancelled it, or another worker took it over.
    """
    if state.step >= plan.steps:
        return None
    order = orders.stopped_by(context.workspace, context.job.id)
    if order is None or context.cancelled():
        raise JobCancelled
    return order


def stopped_already(context: JobContext, resumed: TrainingState | None) -> bool:
    """Whether an earlier attempt was stopped by an order at this checkpoint, and only then cut off."""
    order = orders.stopped_by(context.workspace, context.job.id)
    return resumed is not None and order is not None and resumed.step >= (order.step or 0)


def how_it_ended(context: JobContext, plan: TrainingPlan, state: TrainingState) -> dict[str, Any]:
    """For the job's result, once the LoRA file is written: which order stopped it, why, and the best step that is kept.

    Empty after all steps; then the project's orders that never fired are over.
    """
    order = order_that_stopped(context, plan, state)
    if order is None:
        orders.close(context.workspace, context.job.project_id)
        return {}
    best = keep_best(context, plan, state)
    loss = dict(usable(state.validation)).get(best.step if best else state.step)
    at = f"step {best.step}" if best else f"step {state.step}, the last one"
    if loss is not None:
        compared = ", and scoring compares it with the last one" if best else ""
        words = f"Of the steps that are kept, {at} has the lowest validation loss: {loss:.4f}."
        context.emit("message", text=f"{words} Its LoRA is kept{compared}.")
    return {"stopped": {"order": order.id, "words": order.words, "best_step": best.step if best else state.step}}


def set_aside(context: JobContext, state: TrainingState) -> None:
    """Keep the file of a run that was stopped earlier and has gone on since: as that of an earlier step.

    Copied before the new one takes its place, so that a kill at any moment leaves each LoRA with a file.
    """
    path = context.folder / LORA_FILE
    try:
        with safe_open(path, "pt") as file:
            step = int((file.metadata() or {}).get("ss_steps", state.step))
    except (OSError, SafetensorError, ValueError):  # there is none, or it is damaged and will be written anew
        return
    if step >= state.step:
        return
    kept = candidates.path_of(context.folder, step)
    kept.parent.mkdir(exist_ok=True)
    partial = kept.with_name(f".{kept.stem}.part")
    shutil.copyfile(path, partial)
    partial.replace(kept)
    before, now = (str(each.relative_to(context.workspace.home)) for each in (path, kept))
    with context.workspace.session() as session:
        session.execute(update(Lora).where(Lora.file == before).values(file=now))


def keep_best(context: JobContext, plan: TrainingPlan, state: TrainingState) -> Candidate | None:
    """The LoRA file of the step with the lowest validation loss, of those that are kept; written if it is not there.

    None when that is the last state itself, or nothing of an earlier step is kept.
    """
    losses = dict(usable(state.validation))
    folder = context.folder / CHECKPOINTS
    kept = {int(path.name.removeprefix("step-")): path for path in finished(folder)}
    steps = {candidate.step for candidate in candidates_of(context.folder)} | set(kept)
    known = [step for step in steps if step in losses and step <= state.step]
    best = min(known, key=lambda step: (losses[step], step), default=state.step)
    if best == state.step:
        return None
    path = candidates.path_of(context.folder, best)
    if not path.exists() and not _written(context, plan, kept[best]):
        return None
    return Candidate(best, path)


def _written(context: JobContext, plan: TrainingPlan, checkpoint: Path) -> bool:
    try:
        state = checkpoints.load(checkpoint, plan)
    except (OSError, CheckpointDamaged, OtherPlan):
        return False
    candidates.write(context.folder, state, plan, context.emit)
    return candidates.path_of(context.folder, state.step).exists()
