"""Tools for results: the scorecard, and what to change next."""

from collections.abc import Sequence
from pathlib import Path

from trainer_core.jobs import events, store
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Job, Lora, PlanRow, Run

from .audit.run import load_audit
from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .evaluation import scorecard as scorecards
from .evaluation.diagnosis import Diagnosis, Finding, examine
from .evaluation.run_files import SHEET_NAME, report_of
from .evaluation.scorecard import Measure, Scorecard, figure, no_cause
from .scored_loras import best_strength
from .state import Proposal, job_of, latest_lora, latest_run, proposal_of, runs_of
from .text import quoted

SHOWN_REASONS = 4  # why something could not be judged; the report has all


def show_scorecard(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """The newest scorecard in words, with the contact sheet and the file."""
    run, card = _scored(context)
    folder = context.workspace.run_folder(run.id)
    lora = _lora_of(context, run)
    lines = [*_of_an_earlier_run(context, run), card.words(), *where_lines_come_from(card.measures)]
    if lora and not card.lora_problems and lora.sha256 == card.lora_sha256:
        strength = best_strength(card)
        use = f" and the LoRA at strength {strength:g}" if strength != 1 else ""
        lines.append(f"The LoRA file is {lora.file}; use the trigger word {lora.trigger}{use} in prompts.")
    sheet, report = folder / SHEET_NAME, report_of(folder)
    if report:
        lines.append(
            f"Everything on one page, clips side by side and why each finding was made: {_shown(context, report)}."
        )
    return ToolResult(
        text="\n".join(lines),
        data={"run_id": run.id, "measures": [measure.model_dump(mode="json") for measure in card.measures]},
        pictures=[_shown(context, sheet)] if sheet.exists() and card.clips else [],
        files=[*([lora.file] if lora else []), *([_shown(context, report)] if report else [])],
    )


def where_lines_come_from(measures: Sequence[Measure]) -> list[str]:
    """For the figures that were judged: how far each is from its line, and the line's source, once for those alike."""
    by_source: dict[str, list[str]] = {}
    for measure in measures:
        line = measure.threshold
        if line is None or measure.value is None:
            continue
        gap = measure.value - line.value
        side = "on" if gap == 0 else f"{figure(abs(gap))} {'above' if gap > 0 else 'below'}"
        by_source.setdefault(line.source, []).append(f"{measure.title} is {side} its line of {line.value:.2f}")
    return [f"- {'; '.join(words)}. The line's source: {source.rstrip('.')}." for source, words in by_source.items()]


def _shown(context: ToolContext, path: Path) -> str:
    return str(path.relative_to(context.workspace.home))


def diagnose_run(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """What the figures of the newest run say should change."""
    train = job_of(context.workspace, latest_run(context).train_job)
    if train and (proposed := proposal_of(context.workspace, train)):
        return ToolResult(
            text=f"- {quoted(train.error or '', 500)} [finding {proposed.finding}]",
            data={"run_id": train.run_id, "findings": [], "proposed": proposed.change},
        )
    run, card = _scored(context)
    diagnosis = diagnosis_of(context)
    found = diagnosis.findings
    if not found:
        text = "\n".join([*_of_an_earlier_run(context, run), _nothing_found(card, diagnosis)])
        return ToolResult(text=text, data={"run_id": run.id, "findings": []})
    lines = _of_an_earlier_run(context, run)
    lines += [f"- {finding.words}" + (f" [finding {finding.id}]" if finding.actions else "") for finding in found]
    return ToolResult(
        text="\n".join(lines),
        data={"run_id": run.id, "findings": [finding.model_dump(mode="json") for finding in found]},
    )


def _nothing_found(card: Scorecard, diagnosis: Diagnosis) -> str:
    """'No reason to change' only where all could be judged and nothing is poor: the rest is said, with the reason."""
    reasons: dict[str, list[str]] = {}
    for entry in diagnosis.cannot_tell:
        if entry.symptom not in reasons.setdefault(entry.why, []):
            reasons[entry.why].append(entry.symptom)
    poor = no_cause(card)
    if not reasons:
        fine = "The figures give no reason to change anything."
        return f"{poor or fine} Look at the clips yourself: measures do not see everything."
    lines = [poor or "What could be judged gives no reason to change anything.", "This could not be judged:"]
    lines += [
        f"- whether {' or '.join(symptoms[:3])}: {why}" for why, symptoms in list(reasons.items())[:SHOWN_REASONS]
    ]
    return "\n".join([*lines, "Look at the clips yourself: measures do not see everything."])


def findings_of(context: ToolContext) -> list[Finding]:
    """The findings about the newest scored run, most important first. Raises ToolRefused when nothing is scored."""
    return list(diagnosis_of(context).findings)


def diagnosis_of(context: ToolContext) -> Diagnosis:
    """Findings about the newest scored run, and what could not be told. Raises ToolRefused when nothing is scored."""
    run, card = _scored(context)
    with context.workspace.session() as session:
        row = session.get_one(PlanRow, run.plan_id)
    audit = load_audit(context.workspace.dataset_folder(context.project_id))
    return examine(card, TrainingPlan.model_validate(row.body), audit, _validation(context, run, card))


def scored_trigger(context: ToolContext) -> str:
    """The trigger word that the newest scored run was trained with."""
    return _scored(context)[1].trigger


def proposed_by_run(context: ToolContext) -> Proposal | None:
    """What the newest run itself proposed when it failed, such as less memory or a lower learning rate."""
    runs = runs_of(context)
    return proposal_of(context.workspace, job_of(context.workspace, runs[-1].train_job)) if runs else None


def _validation(context: ToolContext, run: Run, card: Scorecard) -> list[tuple[int, float]]:
    if card.validation:
        return list(card.validation)
    train = job_of(context.workspace, run.train_job)
    if train is None:
        return []
    rows = events.events_since(context.workspace, train.id, kinds=("validation",))
    losses = [(row.data.get("step"), row.data.get("loss")) for row in rows]
    return [(int(step), float(loss)) for step, loss in losses if step is not None and loss is not None]


def _scored(context: ToolContext) -> tuple[Run, Scorecard]:
    """The newest run that has a scorecard. Raises ToolRefused where there is none, or it cannot be read."""
    for run in reversed(runs_of(context)):
        try:
            card = scorecards.load(context.workspace.run_folder(run.id))
        except scorecards.ScorecardDamaged as damaged:
            raise ToolRefused(str(damaged)) from damaged
        if card is not None:
            return run, card
    run = latest_run(context)
    train, score = job_of(context.workspace, run.train_job), job_of(context.workspace, run.evaluate_job)
    error = next((job.error for job in (train, score) if job and job.error), None)
    if error:
        again = " Once that is put right, score the run again." if trained(train) else ""
        raise ToolRefused(f"There is no scorecard: {quoted(error, 400)}{again}")
    if trained(train) and score and score.state not in store.UNFINISHED:
        ended = "its file is gone" if score.state == store.State.SUCCEEDED else "scoring was stopped"
        raise ToolRefused(f"There is no scorecard of {run.id}: {ended}. Score the run again for a new one.")
    state = f"training {train.state if train else 'not started'}, scoring {score.state if score else 'not started'}"
    raise ToolRefused(f"There is no scorecard yet ({state}).")


def trained(job: Job | None) -> bool:
    """Whether a training job came to its end."""
    return job is not None and job.state == store.State.SUCCEEDED


def _of_an_earlier_run(context: ToolContext, run: Run) -> list[str]:
    newest = latest_run(context)
    return [] if newest.id == run.id else [f"These are the figures of {run.id}; {newest.id}, the newest, has none."]


def _lora_of(context: ToolContext, run: Run) -> Lora | None:
    lora = latest_lora(context)
    return lora if lora and lora.run_id == run.id else None


TOOLS = (
    Tool(
        "show_scorecard",
        "The measured figures of the newest LoRA, with the contact sheet and the file.",
        NoArguments,
        show_scorecard,
    ),
    Tool(
        "diagnose",
        "What to change next, from the figures, with threshold and source for each finding.",
        NoArguments,
        diagnose_run,
    ),
)
