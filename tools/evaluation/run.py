"""The evaluation job: chooses the best step and strength, makes test clips with and without the LoRA, measures them,
writes scorecard, sheet and report."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.registry import BaseModelMissing, base_fingerprint, load_pipeline
from trainer_core.dataset import manifest as dataset
from trainer_core.generation.generate import generate_batch, with_lora
from trainer_core.jobs import events
from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.lora.inspect import verify
from trainer_core.lora.report import LoraReport
from trainer_core.plan import BASES, TrainingPlan
from trainer_core.projects import PlanRow, Project, Run
from trainer_core.recipes import RECIPES
from trainer_core.speeds import record_scoring
from trainer_core.training.candidates import LORA_FILE, candidates_of

from ..audit.run import load_audit
from ..state import steps_of_run
from . import cannot_tell
from . import scorecard as scorecards
from .adoption import make_newest
from .audited import audited
from .base_clips import AtStrength, ClipCache
from .beside import Beside, read_beside
from .calibration import load_calibration
from .diagnosis import examine
from .making import ClipMaker
from .prompts import PromptCase, suite_for
from .reference import Reference, read_reference
from .report import write_report
from .scorecard import Scorecard
from .scoring import measure_all, variety
from .second_look import look_again
from .sheet import contact_sheet
from .style_motion_measures import measures_of_recipe
from .suite_measures import measures_of_suite
from .sweep import Range, Tried, cannot_judge, line_of_likeness, most_clips, sweep, sweep_cases, unjudged
from .takes import Takes
from .weights import effect_of, weight_measures


def evaluate(context: JobContext) -> dict[str, Any]:
    """Task "tools.evaluation.run:evaluate"; gives paths relative to the workspace.

    Arguments: "run_id", and "sweep" (true by default): earlier steps and other strengths are tried, the best is chosen
    by score, and its file becomes the run's newest LoRA. Raises JobFailed in words. A damaged LoRA file is no failure
    of this job: the scorecard says what is wrong with it.
    """
    began = time.monotonic()
    run, plan, project = _read(context)
    folder = context.workspace.run_folder(run.id)
    lora = folder / LORA_FILE
    if not lora.exists():
        raise JobFailed("This run has no LoRA file yet, so there is nothing to score. Train it first.")
    report = verify(lora, plan.base)
    dataset_folder = context.workspace.dataset_folder(project.id)
    noun = project.noun or RECIPES[plan.recipe].noun
    card = Scorecard(
        run_id=run.id,
        base=plan.base,
        recipe=plan.recipe,
        trigger=plan.trigger,
        noun=noun,
        lora_sha256=report.sha256,
        lora_problems=report.problems,
        lora_not_finite=report.nan + report.inf,
        lora_all_zero=report.modules > 0 and report.zero_modules == report.modules,
        weight_change=_weight_change(report),
        validation=_validation(context, run),
        width=plan.width,
        height=plan.height,
        frames=plan.frames if plan.frames > 1 else BASES[plan.base].frames,
        fps=plan.fps,
        sampling_steps=BASES[plan.base].sampling_steps,
        guidance=BASES[plan.base].guidance,
        honesty=BASES[plan.base].honesty,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if not report.ok:
        path = scorecards.save(folder, card)
        context.emit("message", text=card.words())
        page = write_report(folder, card, examine(card, plan), plan)
        return {
            "scorecard": _relative(context, path),
            "report": _relative(context, page),
            "sound": False,
            "words": card.words(),
        }
    try:
        reference = read_reference(dataset_folder, plan.trigger, plan.base)
    except ValueError as error:
        raise JobFailed(f"{error} The LoRA file itself is sound and kept.") from error
    audit = load_audit(dataset_folder)
    manifest = dataset.load(dataset_folder)
    changed = manifest.checksum != plan.dataset
    card = card.model_copy(update={"audited": audited(audit) if audit else None, "files_changed": changed})
    planned = suite_for(manifest, plan, noun, audit)
    beside = read_beside(planned.cases, dataset_folder, manifest, plan)
    notes = [*cannot_tell.of_files(manifest, plan, reference.figures, reference.unread, audit), *planned.notes]
    takes = _takes(context, plan, card, beside, reference, notes)
    chosen = _chosen(
        takes, plan, beside.cases, _tried(steps_of_run(context.workspace, run.id) or plan.steps, lora, report)
    )
    takes.of_suite(beside.cases, "lora", chosen.lora)
    card = _scored(takes, beside.cases, chosen.lora)
    of_recipe = measures_of_recipe(card, beside.cases, takes.frames, reference.pictures, dataset_folder, manifest)
    seconds = round(time.monotonic() - began, 1)
    measures = card.measures + measures_of_suite(card) + of_recipe
    card = card.model_copy(update={"measures": measures, "seconds": seconds})
    sheet = contact_sheet(card, folder, takes.frames, _shown(reference))
    make_newest(context.workspace, run, plan, chosen.lora)  # before the scorecard, which speaks of this file
    path = scorecards.save(folder, card)
    page = write_report(folder, card, examine(card, plan, audit, card.validation), plan, _shown(reference))
    takes.maker.forget()
    if card.sweep and card.sweep.strengths and not takes.maker.kept:  # else it was quicker than the next one may be
        record_scoring(context.workspace, plan.base, seconds)
    return {
        "scorecard": _relative(context, path),
        "report": _relative(context, page),
        "contact_sheet": _relative(context, sheet),
        "sound": True,
        "words": card.words(),
    }


def _read(context: JobContext) -> tuple[Run, TrainingPlan, Project]:
    run_id = str(context.job.arguments.get("run_id") or context.job.run_id)
    with context.workspace.session() as session:
        run = session.get(Run, run_id)
        if run is None:
            raise JobFailed(f"There is no run {run_id[:40]!r} in this workspace.")
        row = session.get_one(PlanRow, run.plan_id)
        project = session.get_one(Project, run.project_id)
    return run, TrainingPlan.model_validate(row.body), project


def _validation(context: JobContext, run: Run) -> tuple[tuple[int, float], ...]:
    """(step, loss) of the training job; after a restart a step may come twice, then the last one counts."""
    if run.train_job is None:
        return ()
    losses: dict[int, float] = {}
    for row in events.events_since(context.workspace, run.train_job, kinds=("validation",)):
        step, loss = row.data.get("step"), row.data.get("loss")
        if step is not None and loss is not None:
            losses[int(step)] = float(loss)
    return tuple(sorted(losses.items()))


def _takes(
    context: JobContext, plan: TrainingPlan, card: Scorecard, beside: Beside, reference: Reference, notes: list[str]
) -> Takes:
    """The base is loaded, and everything is ready to make clips."""
    try:
        pipeline = load_pipeline(plan.base, memory=plan.memory)
    except BaseModelMissing as error:
        raise JobFailed(f"{error} The trained LoRA file is kept; score it once the base model is there.") from error
    notes += [*beside.notes, *cannot_tell.of_prompts(beside.cases, pipeline, plan)]
    cache = ClipCache(context.workspace.cache_folder(), base_fingerprint(plan.base), plan.memory)
    left = len(beside.cases) + sum(case.on_base for case in beside.cases)
    maker = ClipMaker(context, card, beside, cache, pipeline, generate_batch, with_lora, left)
    return Takes(maker, card, context.workspace.run_folder(card.run_id), reference, notes)


def _chosen(takes: Takes, plan: TrainingPlan, cases: Sequence[PromptCase], last: Tried) -> Tried:
    """Make the base's clips, then try steps and strengths; `takes.card` says what was chosen."""
    context, card, few = takes.maker.context, takes.card, sweep_cases(cases)
    wanted = context.job.arguments.get("sweep", True)
    why = cannot_judge(card.base, card.recipe, takes.reference.figures.drawn)
    files = _files(takes, plan, last) if wanted and not why else []
    takes.maker.left += most_clips(len(files), len(few)) if files else 0
    takes.of_suite([case for case in cases if case.on_base], "base")
    if not wanted:
        return last
    if not files:
        takes.card = card.model_copy(
            update={"sweep": unjudged(last.step, why, earlier=bool(candidates_of(takes.folder)))}
        )
        return last
    within = Range(few, takes.scores_on_base(), line_of_likeness(), takes.of_sweep, takes.maker.skip)
    tried = sweep(files, within)
    context.emit("message", text=tried.words)
    file = next(each for each in files if each.step == tried.best_step)
    changes = {
        "sweep": tried,
        "lora_sha256": file.lora.sha256,
        "lora_file": str(file.lora.path.relative_to(takes.folder)),
        "weight_change": file.weight_change,
    }
    takes.card = card.model_copy(update=changes)
    return file.at(tried.best_strength)


def _files(takes: Takes, plan: TrainingPlan, last: Tried) -> list[Tried]:
    """The last file and the sound ones of earlier steps."""
    files = [last]
    for candidate in candidates_of(takes.folder):
        report = verify(candidate.path, plan.base)
        if not report.ok:
            takes.notes.append(f"The LoRA file of step {candidate.step} is damaged, so it was not compared.")
        elif candidate.step < last.step:
            files.append(_tried(candidate.step, candidate.path, report))
    return files


def _tried(step: int, path: Path, report: LoraReport) -> Tried:
    return Tried(step, AtStrength(path, report.sha256 or ""), _weight_change(report))


def _weight_change(report: LoraReport) -> float | None:
    return report.delta_rms.median if report.delta_rms else None


def _scored(takes: Takes, cases: Sequence[PromptCase], lora: AtStrength) -> Scorecard:
    middles = {key: frames[len(frames) // 2] for key, frames in takes.frames.items()}
    new = [case.id for case in cases if case.purpose in ("first", "new")]
    look, card = look_again(takes.scores, takes.frames, takes.reference, takes.card), takes.card
    figures = takes.reference.figures
    measures = measure_all(
        look.clips, load_calibration(), base=card.base, recipe=card.recipe, drawn=figures.drawn, said=look.said
    )
    measures += (variety(middles, "lora", new), variety(middles, "base", new))
    effect = effect_of(takes.maker.pipeline, lora.path, lora.strength, cases, card)
    measures += weight_measures(card.weight_change, effect)
    found = {"measures": measures, "clips": look.clips, "training_set": figures, "notes": tuple(takes.notes)}
    return card.model_copy(update=found)


def _shown(reference: Reference) -> list[NDArray[np.uint8]]:
    """Ten files spread over the set, each by its middle picture."""
    count = min(10, len(reference.pictures))
    files = [reference.pictures[index * len(reference.pictures) // count] for index in range(count)]
    return [pictures[len(pictures) // 2] for pictures in files]


def _relative(context: JobContext, path: Any) -> str:
    return str(path.relative_to(context.workspace.home))
