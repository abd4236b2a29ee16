"""A workspace that an earlier version made opens and works; a job with very many events stays quick to ask about."""

import time
from pathlib import Path

from sqlalchemy import text

from trainer_core.jobs import events, store
from trainer_core.jobs.recover import recover
from trainer_core.jobs.selfcheck import TASK
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, Workspace, create_project
from trainer_core.recipes import RECIPES, RecipeName

LATER = {  # settings of plans that the version before in-context training did not know
    "gradient_accumulation",
    "more_resolutions",
    "keep_aspect",
    "resample_fps",
    "reference",
    "reference_downscale",
    "with_audio",
    "memory",
}


def test_a_workspace_of_the_version_before_opens_and_its_jobs_and_plans_work(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    project = create_project(workspace, "cats", "ada")
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "zzcat", "0" * 64, images=20, clips=0)
    body = plan.model_dump(mode="json", exclude=LATER)
    with workspace.session() as session:  # that version told a reused process number from its own by this column
        session.execute(text("ALTER TABLE jobs ADD COLUMN process_started FLOAT"))
        session.execute(text("DROP INDEX ix_events_job_kind"))
        session.add(PlanRow(id="plan_1", project_id=project.id, body=body, fingerprint="0" * 64))
    lost = store.submit(workspace, project_id=project.id, task=TASK, arguments={}, backend="gone")
    assert store.claim(workspace, lost.id, pid=1)
    with workspace.session() as session:
        session.execute(text("UPDATE jobs SET process_started = 1.5"))
    workspace.engine.dispose()

    again = Workspace.open(tmp_path)
    with again.session() as session:
        assert TrainingPlan.model_validate(session.get_one(PlanRow, "plan_1").body) == plan
        indexes = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'index'")).scalars().all()
        assert "ix_events_job_kind" in indexes
    assert store.get(again, lost.id).state == store.State.RUNNING
    fresh = store.submit(again, project_id=project.id, task=TASK, arguments={})
    assert store.claim(again, fresh.id, pid=1)
    assert store.finish(again, fresh.id, {})
    assert store.requeue(again, lost.id, attempt=1)


def test_a_job_with_100_000_events_is_recovered_and_asked_about_at_once(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    project = create_project(workspace, "cats", "ada")
    job = store.submit(workspace, project_id=project.id, task=TASK, arguments={})
    assert store.claim(workspace, job.id, pid=1)
    events.emit(workspace, job.id, "checkpoint", {"step": 50})
    numbers = "WITH RECURSIVE n(step) AS (SELECT 0 UNION ALL SELECT step + 1 FROM n WHERE step < 99999) "
    rows = "SELECT :job, 'progress', '{\"step\": ' || step || '}', '2026-01-01 00:00:00.000000' FROM n"
    with workspace.session() as session:
        session.execute(text(f"{numbers}INSERT INTO events (job_id, kind, data, at) {rows}"), {"job": job.id})
    for _ in range(3):
        assert store.requeue(workspace, job.id, attempt=store.get(workspace, job.id).attempt)
        assert store.claim(workspace, job.id, pid=1)
    began = time.process_time()
    assert "lost 3 times without getting further than step 50" in recover(workspace)[0]
    latest = [events.latest(workspace, job.id, kind) for kind in ("progress", "checkpoint", "validation")]
    assert time.process_time() - began < 1.5  # all events would take many seconds
    assert [event and event.data["step"] for event in latest] == [99_999, 50, None]
