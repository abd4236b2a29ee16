"""Tools for training: the approval card, launch, status and cancel."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from trainer_core import approvals
from trainer_core.costs import Estimate
from trainer_core.dataset.manifest import Manifest
from trainer_core.dataset.references import references_missing
from trainer_core.jobs import events, store
from trainer_core.jobs.backends import backend_named
from trainer_core.plan import BASES, TrainingPlan
from trainer_core.projects import PlanRow, Run, new_id, now

from .audit.run import Finding, load_audit
from .base_models import terms_missing
from .context import Card, NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .plan_reasons_shown import beyond
from .resuming import (
    Stopped,
    look_after,
    run_to_go_on,
    start_time,
    why_it_waits,
    words_before,
    words_of_other_plan,
    words_since,
)
from .state import (
    base_missing,
    estimate_of,
    job_of,
    latest_run,
    manifest_of,
    plan_row,
    proposal_of,
    recipe_of,
    runs_of,
)
from .synthetic.words import synthetic_words
from .text import plural, quoted

BACKEND = "local"
CARD_MINUTES = 30
TRAIN = "trainer_core.training.run:train"
EVALUATE = "tools.evaluation.run:evaluate"


def launch_card(context: ToolContext, _arguments: NoArguments) -> Card:
    """What a person is asked to approve. Changes nothing. Raises ToolRefused while something is missing."""
    row, plan, manifest = _ready(context)
    stopped = run_to_go_on(context, plan)
    cost = estimate_of(context.workspace, plan, manifest, stopped.step if stopped else 0)
    print_ = _fingerprint(context, plan, cost, stopped)
    expires = now() + timedelta(minutes=CARD_MINUTES)
    rules = BASES[plan.base]
    lines = [
        f"Train a {plan.recipe} LoRA on {rules.title}, here on this machine.",
        f"{plural(plan.images, 'picture')} and {plural(plan.clips, 'clip')}, trigger {plan.trigger}.",
        *([words] if (words := synthetic_words(manifest)) else []),
        f"{plan.steps} steps, rank {plan.rank}, learning rate {plan.learning_rate:g}, {plan.width}x{plan.height}.",
        *([f"{more[0].upper()}{more[1:]}."] if (more := "; ".join(beyond(plan))) else []),
        "Afterwards the file is checked, test clips are made with and without the trigger, earlier steps and other "
        "strengths are compared, and the best is scored.",
        *(
            words_before(stopped, plan)
            if stopped
            else words_of_other_plan(context, plan) or words_since(context, row, plan)  # each tells what differs
        ),
        *([rules.honesty] if rules.honesty else []),
    ]
    if plan.recipe == "face":
        lines.append("With your yes you confirm that the person shown has agreed to this.")
    return Card(
        id="card_" + hashlib.sha256(f"{print_} {expires.isoformat()}".encode()).hexdigest()[:12],
        title="Go on with this training?" if stopped else "Start this training?",
        lines=[line.replace("->", "→") for line in lines],  # a window may break a line within the other
        price=cost.price
        if cost.dollars is None
        else f"{cost.price} (this machine)"
        if cost.dollars == 0
        else f"at most {cost.price}",
        time=f"{cost.time} ({cost.basis})",
        expires=f"This card is good for {CARD_MINUTES} minutes.",
        expires_at=expires.isoformat(),
        fingerprint=print_,
        person=context.person,
    )


def launch_training(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Start the current plan, or go on with its stopped run. Uses up the person's approval of exactly this."""
    row, plan, manifest = _ready(context)
    stopped = run_to_go_on(context, plan)
    cost = estimate_of(context.workspace, plan, manifest, stopped.step if stopped else 0)
    try:
        approvals.consume(context.workspace, _fingerprint(context, plan, cost, stopped), context.person)
    except approvals.ApprovalMissing as missing:
        raise ToolRefused(str(missing)) from missing
    started = start_time(runs_of(context))
    run = stopped.run if stopped else Run(id=new_id("run"), project_id=context.project_id, plan_id=row.id)
    with context.workspace.session() as session:
        stored = session.merge(run)
        stored.created_at, stored.plan_id = started, row.id
    train = store.submit(
        context.workspace,
        project_id=context.project_id,
        task=TRAIN,
        arguments={"plan_id": row.id},
        run_id=run.id,
        backend=BACKEND,
    )
    score = store.submit(
        context.workspace,
        project_id=context.project_id,
        task=EVALUATE,
        arguments={"run_id": run.id},
        run_id=run.id,
        backend=BACKEND,
        after=train.id,
    )
    with context.workspace.session() as session:
        stored = session.get_one(Run, run.id)
        stored.train_job, stored.evaluate_job = train.id, score.id
    backend_named(BACKEND).start(context.workspace, train.id)
    how = f"goes on as {run.id} from step {stopped.step}" if stopped else f"has started as {run.id}"
    steps = plan.steps - (stopped.step if stopped else 0)
    text = (
        f"Training {how}: {plural(steps, 'step')}, {cost.time}, {cost.price}. It runs in its own "
        f"process and goes on "
        "when this window is closed. Scoring follows by itself."
    )
    data = {"run_id": run.id, "train_job": train.id, "evaluate_job": score.id}
    return ToolResult(text=text, data=data | ({"from_step": stopped.step} if stopped else {}))


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
    step, steps = data.get("step"), data.get("steps")
    if data.get("phase") == "encoding":
        return f"reading the files once, {step} of {steps}"
    parts = [f"step {step} of {steps} ({step / steps:.0%})" if step and steps else "starting"]
    if isinstance(data.get("loss"), int | float):
        parts.append(f"loss {data['loss']:.4f}")
    if isinstance(data.get("eta_seconds"), int | float):
        parts.append(f"{Estimate(seconds=data['eta_seconds'], dollars=None, basis='').time} left")
    return ", ".join(parts)


def cancel_training(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Stop the run that is at work."""
    unfinished = [
        job for job in store.list_jobs(context.workspace, context.project_id, states=store.UNFINISHED) if job.run_id
    ]
    if not unfinished:
        raise ToolRefused("Nothing is training at the moment, so there is nothing to stop.")
    states = [backend_named(job.backend).cancel(context.workspace, job.id) for job in reversed(unfinished)]
    waiting = any(state == store.State.RUNNING for state in states)
    text = (
        "Asked it to stop; it does so within a step or two." if waiting else "Stopped."
    ) + " Checkpoints that were saved are kept; your files and the plan are as they were."
    return ToolResult(text=text, data={"jobs": [job.id for job in unfinished]})


def _ready(context: ToolContext) -> tuple[PlanRow, TrainingPlan, Manifest]:
    """The plan and files if everything for a launch is in place. Raises ToolRefused with what is missing."""
    recipe = recipe_of(context)
    row = plan_row(context)
    plan = TrainingPlan.model_validate(row.body)
    manifest = manifest_of(context)
    usable = len(manifest.usable)
    if usable < recipe.minimum:
        raise ToolRefused(
            f"The {recipe.name} recipe needs at least {recipe.minimum} usable files; there are {usable}. Add more "
            f"first."
        )
    audit = load_audit(context.workspace.dataset_folder(context.project_id))
    if audit is None:
        raise ToolRefused("The files have not been looked at since they last changed. Run the audit first.")
    if audit.verdict == "blocked":
        raise ToolRefused("The audit says that this set can't be trained as it is: " + _blocking(audit.findings))
    if plan.dataset != manifest.checksum:
        raise ToolRefused(
            "Files or captions have changed since the plan was made. Refresh the plan (propose or change it), then "
            "launch."
        )
    if (reason := references_missing(manifest, plan)) is not None:
        raise ToolRefused(reason)
    missing = base_missing(plan.base) or terms_missing(context.workspace, plan.base)
    if missing:
        raise ToolRefused(missing)
    busy = [
        job for job in store.list_jobs(context.workspace, context.project_id, states=store.UNFINISHED) if job.run_id
    ]
    if busy:
        lost = [words for job in busy for words in look_after(context, job)]
        raise ToolRefused(
            " ".join(["A training of this project is still at work. Wait for it, or cancel it first.", *lost])
        )
    return row, plan, manifest


def _blocking(findings: Sequence[Finding]) -> str:
    return " ".join(quoted(entry.text, 200) for entry in findings if entry.level == "blocked") or "see the audit."


def _fingerprint(context: ToolContext, plan: TrainingPlan, cost: Estimate, stopped: Stopped | None) -> str:
    """Of what the person says yes to: going on from one step is not the same as starting from the beginning."""
    what = f"{plan.fingerprint} {stopped.run.id} {stopped.step}" if stopped else plan.fingerprint
    return approvals.fingerprint(what, BACKEND, cost.dollars, context.person)


TOOLS = (
    Tool(
        "launch_training",
        "Open the approval card for the current plan. Only a person's clear yes to that card starts anything.",
        NoArguments,
        launch_training,
        launch_card,
    ),
    Tool("training_status", "How the latest training and its scoring are doing.", NoArguments, training_status),
    Tool("cancel_training", "Stop the training that is running.", NoArguments, cancel_training),
)

__all__ = ["TOOLS", "launch_card", "progress_words"]
