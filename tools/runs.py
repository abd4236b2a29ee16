"""Tools for training: the approval card, launch and cancel; the status is in run_status.py."""

from collections.abc import Sequence

from trainer_core import budgets, launching
from trainer_core.approvals import ApprovalMissing
from trainer_core.costs import Estimate
from trainer_core.dataset.manifest import Manifest
from trainer_core.dataset.references import references_missing
from trainer_core.jobs import store
from trainer_core.jobs.backends import BackendMissing, backend_named
from trainer_core.plan import BASES, TrainingPlan
from trainer_core.projects import Consent, PlanRow, get_project, new_id

from .audit.run import Finding, load_audit
from .base_models import terms_missing
from .captioning.templates import a
from .cards import card_of, print_of
from .consent import consent_lines, consents_for
from .context import Card, NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .evaluation.prompts import first_prompt
from .gates import budget_words
from .plan_reasons_shown import beyond
from .resuming import (
    Stopped,
    look_after,
    run_to_go_on,
    start_time,
    words_before,
    words_of_other_plan,
    words_since,
)
from .run_status import training_status
from .state import (
    base_missing,
    estimate_of,
    manifest_of,
    plan_row,
    recipe_of,
    runs_of,
)
from .synthetic.words import synthetic_words
from .text import plural, quoted

BACKEND = "local"
TRAIN = "trainer_core.training.run:train"
EVALUATE = "tools.evaluation.run:evaluate"


def launch_card(context: ToolContext, _arguments: NoArguments) -> Card:
    """What a person is asked to approve. Changes nothing. Raises ToolRefused while something is missing."""
    row, plan, manifest = _ready(context)
    stopped = run_to_go_on(context, plan)
    cost = estimate_of(context.workspace, plan, manifest, stopped.step if stopped else 0)
    standing = consents_for(context, plan)
    try:
        held = budgets.check(context.workspace, context.person, context.project_id, cost.dollars)
    except budgets.BudgetRefused as refused:
        raise ToolRefused(str(refused)) from refused
    rules = BASES[plan.base]
    lines = [
        f"Train {a(plan.recipe)} LoRA on {rules.title}, here on this machine.",
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
    lines += [*consent_lines(standing), *map(budget_words, held)]
    return card_of(
        context,
        _fingerprint(context, plan, cost, stopped, standing),
        title="Go on with this training?" if stopped else "Start this training?",
        lines=lines,
        price=cost.price
        if cost.dollars is None
        else f"{cost.price} (this machine)"
        if cost.dollars == 0
        else f"at most {cost.price}",
        time=f"{cost.whole} ({cost.basis})",
    )


def launch_training(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Start the current plan, or go on with its stopped run. Uses up the person's approval of exactly this.

    A budget that refuses leaves the approval as it was.
    """
    row, plan, manifest = _ready(context)
    stopped = run_to_go_on(context, plan)
    cost = estimate_of(context.workspace, plan, manifest, stopped.step if stopped else 0)
    wanted = launching.Launch(
        run_id=stopped.run.id if stopped else new_id("run"),
        project_id=context.project_id,
        plan_id=row.id,
        person=context.person,
        approval=_fingerprint(context, plan, cost, stopped, consents_for(context, plan)),
        dollars=cost.dollars,
        backend=BACKEND,
        sample_prompt=first_prompt(plan, get_project(context.workspace, context.project_id).noun),
        train=TRAIN,
        evaluate=EVALUATE,
        started=start_time(runs_of(context)),
    )
    try:
        train, score = launching.launch(context.workspace, wanted)
    except (ApprovalMissing, launching.StillAtWork, budgets.BudgetRefused) as refused:
        raise ToolRefused(str(refused)) from refused
    try:
        backend_named(BACKEND).start(context.workspace, train.id)
    except (BackendMissing, OSError) as error:
        raise ToolRefused(launching.not_started(context.workspace, train.id, error)) from error
    how = f"goes on as {wanted.run_id} from step {stopped.step}" if stopped else f"has started as {wanted.run_id}"
    steps = plan.steps - (stopped.step if stopped else 0)
    text = (
        f"Training {how}: {plural(steps, 'step')}, {cost.whole}, {cost.price}. It runs in its own process and goes on "
        "when this window is closed. Scoring follows by itself."
    )
    data = {"run_id": wanted.run_id, "train_job": train.id, "evaluate_job": score.id}
    return ToolResult(text=text, data=data | ({"from_step": stopped.step} if stopped else {}))


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


def _fingerprint(
    context: ToolContext, plan: TrainingPlan, cost: Estimate, stopped: Stopped | None, standing: Sequence[Consent]
) -> str:
    """Of what the person says yes to: going on from one step is not the same as starting from the beginning."""
    what = [plan.fingerprint, *([stopped.run.id, str(stopped.step)] if stopped else [])]
    what += [each.id for each in standing]
    return print_of(context, "training", " ".join(what), BACKEND, cost.dollars)


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

__all__ = ["TOOLS", "launch_card"]
