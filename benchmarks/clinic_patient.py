"""One patient of the clinic: a project that goes the product's whole way, spoiled on purpose, treated, seen again."""

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import WriteCaptions, write_captions
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.evaluation import scorecard as scorecards
from tools.evaluation.facts import gather
from tools.plan_changes import ChangePlan
from tools.plans import ProposePlan, change_plan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe
from tools.repairs import ApplyFinding, apply_finding
from tools.results import findings_of
from tools.state import plan_row
from tools.uploads import register
from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.dataset import manifest as manifests
from trainer_core.jobs import store
from trainer_core.jobs.worker import work
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Run, Workspace, create_project, get_project, new_id, update_project
from trainer_core.recipes import RecipeName
from trainer_core.training.candidates import LORA_FILE

from .clinic_cases import Case, Scene, draw_files, scenes

TRAIN, EVALUATE = "trainer_core.training.run:train", "tools.evaluation.run:evaluate"
ADDED = 10  # pictures that the person draws when a finding asks for more
YAW_OF = {"front": 0.0, "three_quarter": 45.0, "profile": 90.0, "back": 180.0}
TRIGGERS = tuple(f"chr_{first}{digit}kv" for first in "xqzj" for digit in "2479")  # one for each character


class Visit(BaseModel):
    """One training with its score: the findings, most important first, and the figures that findings are made from."""

    findings: list[str]
    words: list[str]
    figures: dict[str, float | None]
    steps: int
    shared: bool  # an equal plan was trained for another patient of this character
    score_seconds: float


class Treatment(BaseModel):
    """A patient's record. `better` is None where nothing was to be made better or no finding could be applied."""

    case: str
    number: int
    first: Visit
    applied: str | None = None  # in words
    second: Visit | None = None
    right: bool
    better: bool | None = None
    error: str | None = None


class Patient:
    """A spoiled project in a workspace of its own.

    Patients of one character share files, trigger word and seed wherever the case leaves them alone, so that two of
    them may come to the same plan. Equal plans train to equal bytes (tests hold it): such a training is not made twice.
    """

    def __init__(self, case: Case, number: int, folder: Path, trained: Path) -> None:
        self.case, self.number, self.folder, self.trained = case, number, folder, trained
        self.rng = np.random.default_rng([number, 7])
        self.character: Character = random_character(np.random.default_rng(1000 + number), held_out=True)
        (folder / "home").mkdir(parents=True)
        (trained / "cache").mkdir(parents=True, exist_ok=True)
        (folder / "home" / "cache").symlink_to(trained / "cache")  # clips of the base alone are the same for all
        workspace = Workspace.open(folder / "home")
        self.context = ToolContext(workspace, create_project(workspace, case.name, "clinic").id, "clinic")

    def prepare(self) -> None:
        """Files, captions and plan, with the case's own trouble in them."""
        context, case = self.context, self.case
        case.draw(self.character, self.rng, self.folder / "files")
        choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun=self.character.noun))
        # the tool refuses an ordinary word; a project that was made elsewhere may still have one
        update_project(context.workspace, context.project_id, trigger=case.trigger or TRIGGERS[self.number])
        self._add(self.folder / "files")
        propose_plan(context, ProposePlan())
        if case.captions != "ours":
            self._caption_badly()
        if case.plan:
            change_plan(context, ChangePlan.model_validate(case.plan))

    def visit(self) -> Visit:
        """Train, score and diagnose the current plan."""
        context = self.context
        plan = TrainingPlan.model_validate(plan_row(context).body)
        kept = self.trained / plan.fingerprint
        run, train, score = self._submit()
        shared = kept.exists()
        if shared:
            shutil.copytree(kept, context.workspace.run_folder(run), dirs_exist_ok=True)
        else:
            work(context.workspace, train)
            self._check(train, score)
            self._keep(run, kept)
        if self.case.damage and not (self.folder / "damaged").exists():
            self._cut_off(run)
        card = scorecards.load(context.workspace.run_folder(run))
        if card is None:
            raise RuntimeError("There is no scorecard.")
        facts = gather(card, plan, None, card.validation)
        findings = findings_of(context)
        return Visit(
            findings=[finding.id for finding in findings],
            words=[finding.words for finding in findings],
            figures={name: fact.value for name, fact in facts.items()} | {"sound_file": float(not card.lora_problems)},
            steps=plan.steps,
            shared=shared,
            score_seconds=card.seconds,
        )

    def _check(self, *jobs: str) -> None:
        errors = [error for job in jobs if (error := store.get(self.context.workspace, job).error)]
        if errors:
            raise RuntimeError(errors[0])

    def _keep(self, run: str, kept: Path) -> None:
        """File and scores for another patient that comes to the same plan; whole or not at all."""
        unfinished = Path(tempfile.mkdtemp(dir=self.trained))
        for name in (LORA_FILE, scorecards.FILE_NAME):
            shutil.copy(self.context.workspace.run_folder(run) / name, unfinished / name)
        with contextlib.suppress(OSError):  # another worker was first
            unfinished.rename(kept)

    def _submit(self) -> tuple[str, str, str]:
        """Store run and jobs as the launch does; the launch itself would refuse most of these sets, rightly."""
        context = self.context
        row = plan_row(context)
        run = Run(id=new_id("run"), project_id=context.project_id, plan_id=row.id)
        with context.workspace.session() as session:
            session.add(run)
        common: dict[str, Any] = {"project_id": context.project_id, "run_id": run.id}
        train = store.submit(context.workspace, task=TRAIN, arguments={"plan_id": row.id}, **common)
        score = store.submit(
            context.workspace, task=EVALUATE, arguments={"run_id": run.id, "sweep": False}, after=train.id, **common
        )
        with context.workspace.session() as session:
            stored = session.get_one(Run, run.id)
            stored.train_job, stored.evaluate_job = train.id, score.id
        return run.id, train.id, score.id

    def _add(self, folder: Path) -> None:
        context = self.context
        uploads = register(context.workspace, context.project_id, [folder])
        add_files(context, AddFiles(uploads=[entry.id for entry in uploads]))
        audit_dataset(context, LookAtFiles())
        write_captions(context, WriteCaptions())

    def treat(self) -> str:
        """Do what the first finding says with the product's own tool; the files that it asks for are drawn."""
        finding = next(finding for finding in findings_of(self.context) if finding.actions)
        done = [apply_finding(self.context, ApplyFinding()).text]
        for action in finding.actions:
            if action.kind == "add_views":
                done.append(self._draw_views(action.views))
            elif action.kind == "add_files":
                done.append(self._draw_more(scenes(self.rng, ADDED)))
        return "\n".join(done)

    def _draw_views(self, views: dict[str, int]) -> str:
        yaws = [YAW_OF[view] * (-1) ** n for view, count in views.items() for n in range(count)]
        return self._draw_more(scenes(self.rng, len(yaws), yaws=tuple(yaws)))

    def _draw_more(self, takes: list[Scene]) -> str:
        folder = self.folder / "more"
        draw_files(self.character, takes, folder, first=100)
        self._add(folder)
        change_plan(self.context, ChangePlan())  # the plan is refreshed
        return f"{len(takes)} more files were drawn and added"

    def _caption_badly(self) -> None:
        """The captions as people write them who do not know about trigger words, or about backgrounds."""
        context = self.context
        folder = context.workspace.dataset_folder(context.project_id)
        trigger = get_project(context.workspace, context.project_id).trigger or ""
        captions = {
            item.id: item.caption.replace(f"{trigger}, ", "").replace(trigger, "").strip()
            if self.case.captions == "no trigger"
            else f"{trigger}, a {self.character.noun}"
            for item in manifests.load(folder).usable
        }
        manifests.set_captions(folder, {item: (caption, "person") for item, caption in captions.items()})
        change_plan(context, ChangePlan())

    def _cut_off(self, run: str) -> None:
        """What an interrupted download leaves: half of the file. Then it is scored again."""
        context = self.context
        (self.folder / "damaged").touch()
        path = context.workspace.run_folder(run) / LORA_FILE
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        score = store.submit(
            context.workspace,
            project_id=context.project_id,
            run_id=run,
            task=EVALUATE,
            arguments={"run_id": run, "sweep": False},
        )
        work(context.workspace, score.id)


def treat(case: Case, number: int, folder: Path, trained: Path, *, steps: int | None = None) -> Treatment:
    """The whole way of one patient: spoil, train, score, diagnose, treat, train and score again.

    `trained` keeps what patients share. `steps`: in place of the plan's, for the short form.
    """
    patient = Patient(case, number, folder, trained)
    patient.prepare()
    if steps:
        change_plan(patient.context, ChangePlan(steps=steps))
    first = patient.visit()
    found = first.findings[0] if first.findings else None
    right = found in case.right if case.right else found is None
    record = Treatment(case=case.name, number=number, first=first, right=right, better=None)
    if found is None or not case.right:
        return record
    try:
        record.applied = patient.treat()
    except ToolRefused as refused:
        record.applied = f"nothing could be done: {refused}"
        record.better = False
        return record
    record.second = patient.visit()
    before, after = (visit.figures.get(case.measure) for visit in (first, record.second))
    if before is not None and after is not None:
        record.better = after > before if case.better == "higher" else after < before
    return record
