"""How the latest run is doing: the tool, and progress in words."""

from typing import Any

from trainer_core.costs import Estimate
from trainer_core.jobs import events, store

from .context import NoArguments, ToolContext, ToolResult
from .resuming import look_after, why_it_waits
from .standing_orders import stopped_words
from .state import job_of, latest_run, proposal_of
from .text import quoted


def training_status(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """How the latest run is doing."""
    run = latest_run(context)
    train, score = job_of(context.workspace, run.train_job), job_of(context.workspace, run.evaluate_job)
    if lost := [*look_after(context, train), *look_after(context, score)]:
        train, score = job_of(context.workspace, run.train_job), job_of(context.workspace, run.evaluate_job)
    if train is None:
        return ToolResult(text=f"{run.id} was not started.", data={"run_id": run.id, "state": "not started"})
    lines = [f"{run.id}: training {train.state}" + (f"; scoring {score.state}" if score else ""), *lost]
    if train.state == store.State.QUEUED:
        lines += why_it_waits(context, train)
    if asked := stopped_words(context.workspace, train):
        lines.append(f"The training {asked}.")
    progress = events.latest(context.workspace, train.id, "progress")
    if progress and train.state == store.State.RUNNING:
        lines.append(progress_words(progress.data))
    validation = events.latest(context.workspace, train.id, "validation")
    if validation and isinstance(validation.data.get("loss"), int | float):
        lines.append(f"Validation loss {validation.data['loss']:.4f} at step {validation.data.get('step')}.")
    if train.error:
        lines.append(quoted(train.error, 500))
    elif score and score.error:
        lines.append(quoted(score.error, 500))
    return ToolResult(
        text="\n".join(lines),
        data={"run_id": run.id, "state": train.state, "scoring": score.state if score else None}
        | ({"proposed": proposed.change} if (proposed := proposal_of(context.workspace, train)) else {}),
    )


def progress_words(data: dict[str, Any]) -> str:
    """'step 120 of 500 (24 %), loss 0.0312, about 2 minutes left' ; missing figures are left out."""
    data = events.sound_progress(data)
    step, steps = data.get("step"), data.get("steps")
    if data.get("phase") == "encoding":
        return f"reading the files once, {step} of {steps}"
    parts = [f"step {step} of {steps} ({step / steps:.0%})" if step and steps else "starting"]
    if isinstance(data.get("loss"), int | float):
        parts.append(f"loss {data['loss']:.4f}")
    if isinstance(data.get("eta_seconds"), int | float):
        parts.append(f"{Estimate(seconds=data['eta_seconds'], dollars=None, basis='').time} left")
    return ", ".join(parts)
