"""What a finding says is done by the tool: in the captions, in the trigger word, among the files, in the plan."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rooms import planned_room
from test_diagnosis import scorecard

from tools.audit.run import load_audit
from tools.audit.tools import LookAtFiles, audit_dataset
from tools.captioning.words import has_word
from tools.context import NoArguments, ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.evaluation import scorecard as scorecards
from tools.evaluation.audited import audited
from tools.evaluation.scorecard import Scorecard
from tools.plan_changes import ChangePlan
from tools.plans import change_plan, retrigger_plan
from tools.repairs import ApplyFinding, apply_finding
from tools.results import diagnose_run
from tools.state import manifest_of, plan_of, plan_row
from tools.uploads import register
from trainer_core.dataset import manifest as manifests
from trainer_core.projects import Run, get_project, new_id, update_project


@pytest.fixture
def planned(tmp_path: Path) -> ToolContext:
    return planned_room(tmp_path / "home")


def scored(context: ToolContext, card: Scorecard) -> ToolContext:
    """The present plan as a run that came out like `card`, with what the audit says of the files."""
    run = Run(id=new_id("run"), project_id=context.project_id, plan_id=plan_row(context).id)
    with context.workspace.session() as session:
        session.add(run)
    folder = context.workspace.run_folder(run.id)
    folder.mkdir(parents=True, exist_ok=True)
    audit = load_audit(folder_of(context))
    seen = audited(audit) if audit else None
    scorecards.save(folder, card.model_copy(update={"run_id": run.id, "audited": seen}))
    return context


def folder_of(context: ToolContext) -> Path:
    return context.workspace.dataset_folder(context.project_id)


def applied(context: ToolContext, finding: str = "first") -> str:
    return apply_finding(context, ApplyFinding(finding=finding)).text


def test_a_change_of_the_plan_is_made_and_can_be_taken_back(planned: ToolContext) -> None:
    before = plan_of(planned)
    text = applied(scored(planned, scorecard(trigger=before.trigger, leak=0.6)), "leak")
    assert plan_of(planned).class_preservation == 1.0
    assert f"class preservation {before.class_preservation:g} -> 1" in text


def test_the_trigger_goes_into_captions_and_a_persons_words_stay(planned: ToolContext) -> None:
    trigger = plan_of(planned).trigger
    items = manifest_of(planned).usable
    manifests.set_captions(
        folder_of(planned), {item.id: (f"my own words {n}", "person") for n, item in enumerate(items)}
    )
    card = scorecard(trigger=trigger, captions=0, identity=0.2)
    text = applied(scored(planned, card))
    captions = [item.caption for item in manifest_of(planned).usable]
    assert captions == [f"{trigger}, my own words {n}" for n in range(len(items))]
    assert plan_of(planned).dataset == manifest_of(planned).checksum, "the plan is for these captions"
    assert "their own words stayed" in text


def test_a_file_without_a_caption_gets_one_that_begins_like_all_others(planned: ToolContext) -> None:
    """An owl's was once "a owl"."""
    trigger = plan_of(planned).trigger
    update_project(planned.workspace, planned.project_id, noun="owl")
    manifests.set_captions(folder_of(planned), {item.id: ("", "person") for item in manifest_of(planned).usable})
    applied(scored(planned, scorecard(trigger=trigger, captions=0, identity=0.2)))
    assert {item.caption for item in manifest_of(planned).usable} == {f"{trigger}, an owl"}


def test_a_new_trigger_word_reaches_project_plan_and_captions(planned: ToolContext) -> None:
    update_project(planned.workspace, planned.project_id, trigger="person")
    old = plan_of(planned).trigger
    captions = {
        item.id: (item.caption.replace(old, "person"), item.caption_source) for item in manifest_of(planned).usable
    }
    manifests.set_captions(folder_of(planned), captions)
    retrigger_plan(planned, "person")
    change_plan(planned, ChangePlan(steps=400))
    applied(scored(planned, scorecard(trigger="person", leak=0.5)), "trigger_is_a_word")
    trigger = plan_of(planned).trigger
    assert trigger.startswith("chr_")
    assert get_project(planned.workspace, planned.project_id).trigger == trigger
    assert all(has_word(item.caption, trigger) for item in manifest_of(planned).usable)
    assert plan_of(planned).steps == 400, "everything else in the plan stays"
    assert plan_of(planned).dataset == manifest_of(planned).checksum
    assert f"changed already, from person to {trigger}" in applied(planned, "trigger_is_a_word")
    assert plan_of(planned).trigger == trigger, "applied twice, it is not changed twice"


def test_repeats_are_set_aside_and_other_files_are_asked_for(planned: ToolContext, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    first = manifest_of(planned).usable[0]
    picture = np.asarray(Image.open(manifests.path_of(folder_of(planned), first)).convert("RGB")).astype(np.int16)
    for n in range(10):
        noise = np.random.default_rng(n).integers(-2, 3, picture.shape)
        Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8)).save(more / f"again-{n}.png")
    uploads = register(planned.workspace, planned.project_id, [more])
    add_files(planned, AddFiles(uploads=[entry.id for entry in uploads]))
    audit_dataset(planned, LookAtFiles())
    count = len(manifest_of(planned).usable)
    trigger = plan_of(planned).trigger
    text = applied(scored(planned, scorecard(trigger=trigger, identity_views=0.6)), "near_duplicates")
    assert len(manifest_of(planned).usable) == count - 10
    assert "needs you" in text
    assert "differ in pose" in text


def test_unknown_findings_and_nothing_to_do_are_said(planned: ToolContext) -> None:
    scored(planned, scorecard(trigger=plan_of(planned).trigger))
    with pytest.raises(ToolRefused, match="no reason to change"):
        applied(planned)
    with pytest.raises(ToolRefused, match="no finding 'burned'"):
        applied(planned, "burned")


def test_findings_that_can_be_acted_on_carry_their_id(planned: ToolContext) -> None:
    scored(planned, scorecard(trigger=plan_of(planned).trigger, leak=0.6, still=0.8))
    text = diagnose_run(planned, NoArguments()).text
    assert "[finding leak]" in text
