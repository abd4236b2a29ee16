"""One patient of the clinic: a project that goes the product's whole way, spoiled on purpose, treated, seen again."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from tools.audit.run import load_audit
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.tools import WriteCaptions, write_captions
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, SetExcluded, add_files, set_excluded
from tools.evaluation import scorecard as scorecards
from tools.evaluation.facts import gather
from tools.plan_changes import ChangePlan
from tools.plans import ProposePlan, change_plan, propose_plan
from tools.recipes import ChooseRecipe, choose_recipe, make_trigger
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

from .clinic_cases import Case, Scene, draw_files, scenes

TRAIN, EVALUATE = "trainer_core.training.run:train", "tools.evaluation.run:evaluate"
ADDED = 8  # pictures that the person draws when a finding asks for more


class Visit(BaseModel):
    """One training with its score: the findings, most important first, and the figures that findings are made from."""

    findings: list[str]
    words: list[str]
    figures: dict[str, float | None]
    train_seconds: float
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
    """A spoiled project in a workspace of its own."""

    def __init__(self, case: Case, number: int, folder: Path) -> None:
        self.case, self.folder = case, folder
        self.rng = np.random.default_rng([number, sum(map(ord, case.name))])
        self.character: Character = random_character(np.random.default_rng(1000 + number), held_out=True)
        workspace = Workspace.open(folder / "home")
        self.context = ToolContext(workspace, create_project(workspace, case.name, "clinic").id, "clinic")

    def prepare(self) -> None:
        """Files, captions and plan, with the case's own trouble in them."""
        context, case = self.context, self.case
        case.draw(self.character, self.rng, self.folder / "files")
        choose_recipe(context, ChooseRecipe(recipe=RecipeName.CHARACTER, noun=self.character.noun))
        if case.trigger:  # the tool refuses an ordinary word; a project that was made elsewhere may still have one
            update_project(context.workspace, context.project_id, trigger=case.trigger)
        self._add(self.folder / "files")
        propose_plan(context, ProposePlan())
        if case.captions == "no trigger":
            self._forget_trigger()
        if case.plan:
            change_plan(context, ChangePlan.model_validate(case.plan))

    def visit(self) -> Visit:
        """Train, score and diagnose the current plan."""
        context = self.context
        run, train, score = self._submit()
        began = time.monotonic()
        work(context.workspace, train)
        seconds = time.monotonic() - began
        failed = [
            job.error for job in (store.get(context.workspace, train), store.get(context.workspace, score)) if job.error
        ]
        if failed:
            raise RuntimeError(failed[0])
        trained = float(store.get(context.workspace, train).result["seconds"])
        if self.case.damage and not (self.folder / "damaged").exists():
            self._cut_off(run)
        card = scorecards.load(context.workspace.run_folder(run))
        assert card is not None
        plan = TrainingPlan.model_validate(plan_row(context).body)
        audit = load_audit(context.workspace.dataset_folder(context.project_id))
        facts = gather(card, plan, audit, card.validation)
        findings = findings_of(context)
        return Visit(
            findings=[finding.id for finding in findings],
            words=[finding.words for finding in findings],
            figures={name: fact.value for name, fact in facts.items()} | {"sound_file": float(not card.lora_problems)},
            train_seconds=round(trained, 1),
            score_seconds=round(seconds - trained, 1),
        )

    def _submit(self) -> tuple[str, str, str]:
        """Store run and jobs as the launch does; the launch itself would refuse most of these sets, rightly."""
        context = self.context
        row = plan_row(context)
        run = Run(id=new_id("run"), project_id=context.project_id, plan_id=row.id)
        with context.workspace.session() as session:
            session.add(run)
        common: dict[str, Any] = {"project_id": context.project_id, "run_id": run.id}
        train = store.submit(context.workspace, task=TRAIN, arguments={"plan_id": row.id}, **common)
        score = store.submit(context.workspace, task=EVALUATE, arguments={"run_id": run.id}, after=train.id, **common)
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

    def treat(self, finding: str) -> str:
        """Do what the first finding says; returns what was done, in words. Raises ToolRefused where nothing can be."""
        cures = {
            "captions_without_trigger": self._write_captions_again,
            "trigger_is_a_word": self._new_trigger,
            "views": self._add_sides,
            "one_background": self._add_places,
            "near_duplicates": self._replace_duplicates,
            "damaged_file": lambda: "trained again",
        }
        if finding in cures:
            done = cures[finding]()
            if finding != "damaged_file":
                change_plan(self.context, ChangePlan())  # files or captions have changed: the plan is refreshed
            return done
        return change_plan(self.context, ChangePlan(apply_finding=finding)).text

    def _write_captions_again(self) -> str:
        folder = self.context.workspace.dataset_folder(self.context.project_id)
        manifests.set_captions(folder, {item.id: ("", "none") for item in manifests.load(folder).usable})
        write_captions(self.context, WriteCaptions())
        return "captions written again"

    def _new_trigger(self) -> str:
        context = self.context
        trigger = make_trigger(context.workspace, RecipeName.CHARACTER)
        update_project(context.workspace, context.project_id, trigger=trigger)
        self._write_captions_again()
        propose_plan(context, ProposePlan())
        return f"new trigger word {trigger}"

    def _add_sides(self) -> str:
        takes = scenes(self.rng, ADDED, yaws=(45, -45, 90, -90, 180, 50, -90, 175))
        return self._draw_more(takes, "pictures from other sides")

    def _add_places(self) -> str:
        return self._draw_more(scenes(self.rng, ADDED, places=("beach", "night", "snow", "stage")), "other places")

    def _replace_duplicates(self) -> str:
        set_excluded(self.context, SetExcluded(advised=True))
        return "duplicates left out; " + self._draw_more(scenes(self.rng, 2 * ADDED), "different pictures")

    def _draw_more(self, takes: list[Scene], what: str) -> str:
        folder = self.folder / "more"
        draw_files(self.character, takes, folder, first=100)
        self._add(folder)
        return f"added {len(takes)} {what}"

    def _forget_trigger(self) -> None:
        """The captions as people write them who do not know about trigger words."""
        context = self.context
        folder = context.workspace.dataset_folder(context.project_id)
        trigger = get_project(context.workspace, context.project_id).trigger or ""
        captions = {
            item.id: (item.caption.replace(f"{trigger}, ", "").replace(trigger, "").strip(), "person")
            for item in manifests.load(folder).usable
        }
        manifests.set_captions(folder, captions)
        change_plan(context, ChangePlan())

    def _cut_off(self, run: str) -> None:
        """What an interrupted download leaves: half of the file. Then it is scored again."""
        context = self.context
        (self.folder / "damaged").touch()
        path = context.workspace.run_folder(run) / "lora.safetensors"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        score = store.submit(
            context.workspace, project_id=context.project_id, run_id=run, task=EVALUATE, arguments={"run_id": run}
        )
        work(context.workspace, score.id)


def treat(case: Case, number: int, folder: Path) -> Treatment:
    """The whole way of one patient: spoil, train, score, diagnose, treat, train and score again."""
    patient = Patient(case, number, folder)
    patient.prepare()
    first = patient.visit()
    found = first.findings[0] if first.findings else None
    right = found in case.right if case.right else found is None
    record = Treatment(case=case.name, number=number, first=first, right=right, better=None)
    if found is None or not case.right:
        return record
    try:
        record.applied = patient.treat(found)
    except ToolRefused as refused:
        record.applied = f"nothing could be done: {refused}"
        record.better = False
        return record
    record.second = patient.visit()
    before, after = (visit.figures.get(case.measure) for visit in (first, record.second))
    if before is not None and after is not None:
        record.better = after > before if case.better == "higher" else after < before
    return record
