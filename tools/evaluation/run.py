"""The evaluation job: makes test clips with and without the LoRA, measures them, writes scorecard, sheet and report."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.registry import BaseModelMissing, load_pipeline
from trainer_core.dataset import manifest as dataset
from trainer_core.dataset.media import write_clip
from trainer_core.generation.generate import GenerateRequest, generate_batch, with_lora
from trainer_core.jobs import events
from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.lora.inspect import verify
from trainer_core.plan import BASES, BaseModelName, TrainingPlan
from trainer_core.projects import PlanRow, Project, Run
from trainer_core.recipes import RECIPES

from ..audit.run import load_audit
from . import cannot_tell
from . import scorecard as scorecards
from .audited import audited
from .beside import Beside, clips_of, read_beside
from .calibration import load_calibration
from .diagnosis import examine
from .prompts import PromptCase, suite_for
from .reference import Reference, read_reference
from .report import write_report
from .scorecard import ClipScore, Scorecard
from .scoring import Model, measure_all, score_clip, variety
from .sheet import contact_sheet

CLIPS = "test_clips"  # folder inside the run's folder
LORA_FILE = "lora.safetensors"
BATCH = {BaseModelName.MINI: 4, BaseModelName.LTX23: 1}  # clips made at once


@dataclass
class _Work:
    """What the job gathers on its way."""

    context: JobContext
    plan: TrainingPlan
    run_id: str
    beside: Beside
    total: int
    done: int = 0
    notes: list[str] = field(default_factory=list)  # what could not be tried or told
    frames: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def evaluate(context: JobContext) -> dict[str, Any]:
    """Task "tools.evaluation.run:evaluate" with arguments {"run_id"}; gives paths relative to the workspace.

    Raises JobFailed in words. A damaged LoRA file is no failure of this job: the scorecard says what is wrong with it.
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
        weight_change=report.delta_rms.median if report.delta_rms else None,
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
    card = card.model_copy(update={"audited": audited(audit) if audit else None})
    manifest = dataset.load(dataset_folder)
    planned = suite_for(manifest, plan, noun, audit)
    beside = read_beside(planned.cases, dataset_folder, manifest, plan)
    cases = beside.cases
    work = _Work(context, plan, run.id, beside, total=len(cases) + sum(case.on_base for case in cases))
    work.notes += [*cannot_tell.of_files(manifest, plan, reference.figures, reference.unread, audit), *planned.notes]
    _generate_all(work, cases, card)
    card = _scored(card, cases, work, reference).model_copy(update={"seconds": round(time.monotonic() - began, 1)})
    sheet = contact_sheet(card, folder, work.frames, _shown(reference))
    path = scorecards.save(folder, card)
    page = write_report(folder, card, examine(card, plan, audit, card.validation), plan, _shown(reference))
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


def _generate_all(work: _Work, cases: Sequence[PromptCase], card: Scorecard) -> None:
    try:
        pipeline = load_pipeline(work.plan.base, memory=work.plan.memory)
    except BaseModelMissing as error:
        raise JobFailed(f"{error} The trained LoRA file is kept; score it once the base model is there.") from error
    work.notes += [*work.beside.notes, *cannot_tell.of_prompts(cases, pipeline, work.plan)]
    _generate_side(work, pipeline, [case for case in cases if case.on_base], "base", card)
    with with_lora(pipeline, work.context.workspace.run_folder(work.run_id) / LORA_FILE):
        _generate_side(work, pipeline, cases, "lora", card)


def _generate_side(work: _Work, pipeline: Any, cases: Sequence[PromptCase], model: Model, card: Scorecard) -> None:
    batch = BATCH[card.base]
    for start in range(0, len(cases), batch):
        work.context.stop_if_cancelled()
        part = cases[start : start + batch]
        requests = [
            GenerateRequest(
                prompt=case.prompt,
                seed=case.seed,
                width=card.width,
                height=card.height,
                frames=card.frames,
                fps=card.fps,
                steps=card.sampling_steps,
                guidance=card.guidance,
            )
            for case in part
        ]
        for case, frames in zip(part, clips_of(pipeline, part, requests, generate_batch, work.beside), strict=True):
            _keep(work, case, model, frames, card)
        work.done += len(part)
        work.context.emit("progress", step=work.done, steps=work.total, text=f"test clips: {work.done} of {work.total}")


def _keep(work: _Work, case: PromptCase, model: Model, frames: NDArray[np.uint8], card: Scorecard) -> None:
    if trouble := cannot_tell.of_clip(case, frames, card.frames, model):
        work.notes.append(trouble)
    if not len(frames):
        return
    key, name = f"{model}/{case.id}", f"{CLIPS}/{model}-{case.id}.mp4"
    about = {"prompt": case.prompt, "seed": case.seed, "lora": card.lora_sha256 if model == "lora" else None}
    path = work.context.workspace.run_folder(work.run_id) / name
    write_clip(path, frames, card.fps, {"comment": "AI-generated", "description": json.dumps(about)})
    work.frames[key], work.files[key] = frames, name


def _scored(card: Scorecard, cases: Sequence[PromptCase], work: _Work, reference: Reference) -> Scorecard:
    by_id = {case.id: case for case in cases}
    clips: list[ClipScore] = []
    for key, frames in work.frames.items():
        model, _, case_id = key.partition("/")
        side: Model = "lora" if model == "lora" else "base"
        clips.append(score_clip(by_id[case_id], side, work.files[key], frames, reference))
    middles = {key: frames[len(frames) // 2] for key, frames in work.frames.items()}
    new = [case.id for case in cases if case.purpose in ("first", "new")]
    measures = measure_all(clips, load_calibration(), base=card.base, recipe=card.recipe)
    measures += (variety(middles, "lora", new), variety(middles, "base", new))
    found = {"measures": measures, "clips": tuple(clips), "training_set": reference.figures, "notes": tuple(work.notes)}
    return card.model_copy(update=found)


def _shown(reference: Reference) -> list[NDArray[np.uint8]]:
    """Ten files spread over the set, each by its middle picture."""
    count = min(10, len(reference.pictures))
    files = [reference.pictures[index * len(reference.pictures) // count] for index in range(count)]
    return [pictures[len(pictures) // 2] for pictures in files]


def _relative(context: JobContext, path: Any) -> str:
    return str(path.relative_to(context.workspace.home))
