"""Where a project stands: the few facts that decide what comes next."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, bindparam, func, select

from trainer_core.consents import consents_of
from trainer_core.costs import Estimate, estimate
from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.manifest import Item, Manifest, load
from trainer_core.jobs import events, store
from trainer_core.plan import BASES, LONGEST_TRIGGERS, BaseModelName, TrainingPlan
from trainer_core.projects import Job, Lora, PlanRow, Run, Workspace, get_project
from trainer_core.recipes import RECIPES, Recipe, RecipeName

from .audit.run import AuditItem, load_audit
from .captioning.words import has_word
from .context import ToolContext, ToolRefused
from .library import known_loras
from .text import quoted
from .uploads import uploads_of

MOST_LORAS = 12  # that the conversation is told of; list_loras shows all


class PlanFacts(BaseModel):
    """The current plan in short."""

    id: str
    base: str
    preset: str
    steps: int
    rank: int
    learning_rate: float
    width: int
    height: int
    frames: int
    batch_size: int
    seconds: float | None
    dollars: float | None
    changes: int  # how many changes can be undone
    stale: bool  # the files or captions have changed since


class RunFacts(BaseModel):
    """The latest run in short. `state` is the training job's; `scoring` the evaluation's."""

    id: str
    state: str
    scoring: str
    of_current_plan: bool
    scorecard: bool
    error: str | None = None


class LoraFacts(BaseModel):
    """A LoRA that clips can be made with: its id, and the words that call it."""

    id: str
    trigger: str


class Facts(BaseModel):
    """What the conversation needs to know before every answer."""

    recipe: str | None = None
    noun: str | None = None
    trigger: str | None = None
    images: int = 0
    clips: int = 0
    set_aside: int = 0
    unusable: int = 0
    waiting_uploads: list[str] = []
    waiting_loras: list[str] = []  # LoRA files that were handed over
    verdict: str | None = None  # of the audit; None when there is none or it is stale
    better_left_out: int = 0  # files that the audit advises to set aside
    findings: list[str] = []
    without_caption: int = 0
    plan: PlanFacts | None = None
    run: RunFacts | None = None
    lora: str | None = None
    consents: int = 0  # of people shown, that stand
    consent_missing: bool = False  # a face is to be trained, and nobody has said that the person shown agreed
    loras: list[LoraFacts] = []  # this project's first, each newest first; at most MOST_LORAS

    @property
    def files(self) -> int:
        """Usable files."""
        return self.images + self.clips


def recipe_of(context: ToolContext) -> Recipe:
    """The project's recipe. Raises ToolRefused when none is chosen."""
    name = get_project(context.workspace, context.project_id).recipe
    if name is None:
        raise ToolRefused(
            "No recipe is chosen yet. First say what to teach: a character, face, style, motion or effect."
        )
    return RECIPES[RecipeName(name)]


def manifest_of(context: ToolContext) -> Manifest:
    """The project's dataset; may be empty."""
    return load(context.workspace.dataset_folder(context.project_id))


def without_caption(manifest: Manifest, trigger: str | None) -> list[Item]:
    """The usable files that still need a caption: those with none, or with one in which the trigger is no word."""
    usable = manifest.usable
    return [item for item in usable if not item.caption or (trigger and not has_word(item.caption, trigger))]


def item_named(manifest: Manifest, name: str) -> Item:
    """The item with this id or exact name. Raises ToolRefused where there is none, or several."""
    matches = [item for item in manifest.items if name in (item.id, item.name)]
    if len(matches) != 1:
        problem = "There is no file" if not matches else f"There are {len(matches)} files"
        raise ToolRefused(
            f"{problem} called {quoted(name, 60)!r} in the set. Use the id (itm_...) from show_captions or the audit."
        )
    return matches[0]


def plan_row(context: ToolContext) -> PlanRow:
    """The current plan's row. Raises ToolRefused when there is none."""
    plan_id = get_project(context.workspace, context.project_id).plan_id
    with context.workspace.session() as session:
        row = session.get(PlanRow, plan_id) if plan_id else None
    if row is None:
        raise ToolRefused("There is no plan yet. It comes after the files are added and captioned: propose one first.")
    return row


def plan_of(context: ToolContext) -> TrainingPlan:
    """The current plan."""
    return TrainingPlan.model_validate(plan_row(context).body)


def estimate_of(workspace: Workspace, plan: TrainingPlan, manifest: Manifest, done: int = 0) -> Estimate:
    """Time and price of the plan on this machine, with the samples that the files give; after `done` steps."""
    samples, _notes = samples_of(manifest, plan)
    return estimate(workspace, plan, "local", samples=samples, done=done)


def changes_to_undo(workspace: Workspace, row: PlanRow) -> int:
    """How many plans this one has been changed from."""
    with workspace.session() as session:  # one query: a long conversation has made hundreds of plans
        return (session.scalar(_length_of_chain(), {"plan": row.id}) or 1) - 1


@cache
def _length_of_chain() -> Select[int]:
    """Counts a plan and those before it. Made once: making it takes longer than the database does."""
    plans, before = PlanRow.__table__, PlanRow.__table__.alias()
    chain = select(plans.c.id, plans.c.previous).where(plans.c.id == bindparam("plan")).cte("chain", recursive=True)
    chain = chain.union_all(select(before.c.id, before.c.previous).where(before.c.id == chain.c.previous))
    return select(func.count()).select_from(chain)


def runs_of(context: ToolContext) -> list[Run]:
    """The project's runs, oldest first."""
    with context.workspace.session() as session:
        query = select(Run).where(Run.project_id == context.project_id).order_by(Run.created_at, Run.id)
        return list(session.scalars(query))


def latest_run(context: ToolContext) -> Run:
    """The newest run. Raises ToolRefused when there is none."""
    runs = runs_of(context)
    if not runs:
        raise ToolRefused("Nothing has been trained in this project yet, so there is nothing to show.")
    return runs[-1]


def job_of(workspace: Workspace, job_id: str | None) -> Job | None:
    """The job, if the run got as far as having one."""
    return store.get(workspace, job_id) if job_id else None


def latest_lora(context: ToolContext) -> Lora | None:
    """The project's newest trained LoRA; where nothing was trained, the newest that was added or merged."""
    with context.workspace.session() as session:
        query = select(Lora).where(Lora.project_id == context.project_id)
        query = query.order_by(Lora.run_id.is_(None), Lora.created_at.desc()).limit(1)
        return session.scalars(query).first()


def facts_of(context: ToolContext) -> Facts:
    """Everything at a glance; reads only."""
    with context.workspace.reading():
        return _facts(context)


def _facts(context: ToolContext) -> Facts:
    project = get_project(context.workspace, context.project_id)
    folder = context.workspace.dataset_folder(context.project_id)
    manifest = load(folder)
    audit = load_audit(folder)
    lora = latest_lora(context)
    standing = len(consents_of(context.workspace, context.project_id))
    waiting = [entry for entry in uploads_of(context.workspace, context.project_id) if not entry.added]
    return Facts(
        recipe=project.recipe,
        noun=quoted(project.noun, 40) if project.noun else None,
        trigger=project.trigger,
        images=manifest.images,
        clips=manifest.clips,
        set_aside=sum(item.excluded for item in manifest.items),
        unusable=len(manifest.rejected),
        waiting_uploads=[entry.id for entry in waiting if not entry.is_lora],
        waiting_loras=[entry.id for entry in waiting if entry.is_lora],
        verdict=audit.verdict if audit else None,
        better_left_out=sum(_advised(item) for item in audit.items) if audit else 0,
        findings=[finding.id for finding in audit.findings] if audit else [],
        without_caption=len(without_caption(manifest, project.trigger)),
        plan=_plan_facts(context, manifest) if project.plan_id else None,
        run=_run_facts(context),
        lora=lora.id if lora else None,
        consents=standing,
        consent_missing=project.recipe == RecipeName.FACE and not standing,
        loras=[
            LoraFacts(id=each.row.id, trigger=quoted(each.row.trigger, LONGEST_TRIGGERS))
            for each in known_loras(context)[:MOST_LORAS]
            if each.file.is_file()
        ],
    )


def _advised(item: AuditItem) -> bool:
    return item.id is not None and not item.usable and not item.excluded


def _plan_facts(context: ToolContext, manifest: Manifest) -> PlanFacts:
    row = plan_row(context)
    plan = TrainingPlan.model_validate(row.body)
    cost = estimate_of(context.workspace, plan, manifest)
    return PlanFacts(
        id=row.id,
        base=plan.base,
        preset=plan.preset,
        steps=plan.steps,
        rank=plan.rank,
        learning_rate=plan.learning_rate,
        width=plan.width,
        height=plan.height,
        frames=plan.frames,
        batch_size=plan.batch_size,
        seconds=cost.seconds,
        dollars=cost.dollars,
        changes=changes_to_undo(context.workspace, row),
        stale=plan.dataset != manifest.checksum,
    )


def _run_facts(context: ToolContext) -> RunFacts | None:
    runs = runs_of(context)
    if not runs:
        return None
    run = runs[-1]
    train, scoring = job_of(context.workspace, run.train_job), job_of(context.workspace, run.evaluate_job)
    return RunFacts(
        id=run.id,
        state=train.state if train else "not started",
        scoring=scoring.state if scoring else "not started",
        of_current_plan=run.plan_id == get_project(context.workspace, context.project_id).plan_id,
        scorecard=(context.workspace.run_folder(run.id) / "scorecard.json").exists(),
        error=quoted(train.error, 300) if train and train.error else None,
    )


def base_missing(base: BaseModelName) -> str | None:
    """None when the base model can be loaded, else what is missing."""
    from trainer_core.base_models import registry  # loads torch, which a chat does not need before this

    return registry.base_missing(base)


def honesty(base: str) -> str:
    """What must be said with every result of this base; empty for LTX-2.3."""
    return next((rules.honesty for name, rules in BASES.items() if name == base), "")


def as_json(facts: Facts) -> dict[str, Any]:
    """The facts for a prompt: short figures, nothing empty."""
    return facts.model_dump(mode="json", exclude_defaults=True)


def plan_of_run(workspace: Workspace, run_id: str | None) -> TrainingPlan | None:
    """The plan that a run was made with."""
    with workspace.session() as session:
        run = session.get(Run, run_id) if run_id else None
        row = session.get(PlanRow, run.plan_id) if run else None
    return TrainingPlan.model_validate(row.body) if row else None


def steps_of_run(workspace: Workspace, run_id: str | None) -> int | None:
    """How many steps the run's LoRA file was trained for: fewer than its plan's where a standing order stopped it."""
    with workspace.session() as session:
        run = session.get(Run, run_id) if run_id else None
    train = job_of(workspace, run.train_job) if run else None
    done = (train.result or {}).get("steps") if train else None
    plan = plan_of_run(workspace, run_id)
    return int(done) if done else plan.steps if plan else None


class Proposal(BaseModel):
    """What a failed training job proposed: the id of its finding, and the change of the plan."""

    finding: str
    change: dict[str, Any]


def proposal_of(workspace: Workspace, job: Job | None) -> Proposal | None:
    """What a training job that failed proposed to change, where it knew."""
    if job is None or job.state != store.State.FAILED:
        return None
    row = events.latest(workspace, job.id, "proposal")
    return Proposal(finding=row.data.get("finding", "memory"), change=dict(row.data["change"])) if row else None


def lora_of_run(workspace: Workspace, run_id: str | None) -> Lora | None:
    """The LoRA that a run produced: the chosen one, where scoring preferred an earlier step."""
    with workspace.session() as session:
        query = select(Lora).where(Lora.run_id == run_id).order_by(Lora.created_at.desc()).limit(1)
        return session.scalars(query).first() if run_id else None
