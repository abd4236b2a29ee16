"""A project with runs, LoRAs and scorecards, made in a moment: real files and rows, but nothing is trained."""

from pathlib import Path
from typing import Any

from lora_files import plan_for, write_lora

from tools.context import ToolContext
from tools.evaluation import scorecard as scorecards
from tools.evaluation.prompts import PromptCase
from tools.evaluation.scorecard import ClipScore, Measure, Scorecard, Sweep, SweepPoint, Threshold
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Job, Lora, PlanRow, Run, Workspace, create_project, new_id, update_project
from trainer_core.recipes import RecipeName
from trainer_core.training.records import sha256_of

TRIGGER = "chr_x7kq"


def new_project(home: Path, person: str = "you") -> ToolContext:
    """A character project without files."""
    workspace = Workspace.open(home)
    project = create_project(workspace, "Pip", person)
    update_project(workspace, project.id, recipe="character", trigger=TRIGGER, noun="cat")
    return ToolContext(workspace, project.id, person)


def add_run(context: ToolContext, seed: int = 0, **changes: Any) -> tuple[Run, Lora]:
    """A run that ended well, with a LoRA of random factors."""
    plan = plan_for(TRIGGER, **changes)
    row = PlanRow(
        id=new_id("plan"),
        project_id=context.project_id,
        body=plan.model_dump(mode="json"),
        fingerprint=plan.fingerprint,
    )
    job = Job(
        id=new_id("job"), project_id=context.project_id, task="x:y", arguments={}, state="succeeded",
        result={"steps": plan.steps},
    )  # fmt: skip
    with context.workspace.session() as session:
        session.add_all([row, job])
        session.flush()
        run = Run(id=new_id("run"), project_id=context.project_id, plan_id=row.id, train_job=job.id)
        session.add(run)
    file = write_lora(
        context.workspace.run_folder(run.id) / "lora.safetensors", seed, size=0.1, trigger=TRIGGER, **changes
    )
    lora = Lora(
        id=new_id("lora"),
        project_id=context.project_id,
        run_id=run.id,
        trigger=TRIGGER,
        base="mini",
        file=str(file.relative_to(context.workspace.home)),
        sha256=sha256_of(file),
    )
    with context.workspace.session() as session:
        session.add(lora)
    return run, lora


def score(context: ToolContext, run: Run, lora: Lora, likeness: list[float], **changes: Any) -> Scorecard:
    """A scorecard whose likeness is the mean of these clips, saved in the run's folder."""
    clips = [_clip(f"new-{number}", value) for number, value in enumerate(likeness)]
    mean = sum(likeness) / len(likeness)
    line = Threshold(value=0.5, direction="at least", source="a line for tests")
    card = Scorecard(
        **{
            "run_id": run.id, "base": "mini", "recipe": RecipeName.CHARACTER, "trigger": TRIGGER, "noun": "cat",
            "lora_sha256": lora.sha256, "width": 64, "height": 64, "frames": 9, "fps": 8.0, "sampling_steps": 12,
            "guidance": 3.0, "honesty": "", "created": "2026-11-21T18:00:00+00:00", "clips": tuple(clips),
            "measures": (
                Measure(
                    id="identity", title="Looks like your pictures", value=round(mean, 4), unit="cosine, -1 to 1",
                    definition="mean cosine of frames to the pictures", threshold=line,
                    verdict="good" if line.met_by(mean) else "poor", evidence=tuple(clip.case.id for clip in clips),
                ),
                Measure(
                    id="variety", title="Different scenes look different", value=1.0, unit="0 to 2",
                    definition="how far apart", evidence=("new-0", "new-1"),
                ),
            ),
        }
        | changes
    )  # fmt: skip
    scorecards.save(context.workspace.run_folder(run.id), card)
    return card


def best_at(strength: float) -> Sweep:
    """A sweep that found this strength best."""
    point = SweepPoint(step=300, strength=strength, score=0.7, identity=0.8, leak=0.1, consistency=0.9)
    return Sweep(
        checkpoints=(point.model_copy(update={"strength": 1.0, "score": 0.5}),),
        strengths=(point,),
        best_step=300,
        best_strength=strength,
        margin=0.2,
        definition="likeness minus leak",
        words=f"Use the LoRA at {strength:g}.",
    )


def plan_of(run: Run, context: ToolContext) -> TrainingPlan:
    with context.workspace.session() as session:
        return TrainingPlan.model_validate(session.get_one(PlanRow, run.plan_id).body)


def _clip(case_id: str, identity: float) -> ClipScore:
    number = int(case_id.split("-")[1])
    case = PromptCase(
        id=case_id, prompt=f"{TRIGGER}, a cat, scene {number}", uses_trigger=True, purpose="new", label="a scene",
        seed=1000 + number,
    )  # fmt: skip
    return ClipScore(
        case=case, model="lora", file=f"test_clips/{case_id}.mp4", identity=identity, identity_by_frame=(identity,),
        consistency=0.9, nearest=0.1, moving=0.0, change=0.0, empty=0.0, burned=0.0,
    )  # fmt: skip
