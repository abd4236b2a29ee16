"""Starting a run: the yes, the money, the run and its jobs in one transaction, so that no crash leaves half of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import approvals, budgets
from .jobs import store
from .jobs.backends import BackendMissing
from .projects import Job, Run, Workspace

SAMPLE_PROMPT = "sample_prompt"  # the argument of a training job that asks for test clips on the way
SAMPLES, OF_STEP = "samples", "step-"  # the folder of a run for them, and how their names begin


class StillAtWork(Exception):
    """Another training of the project has begun meanwhile. The message is for a person."""


@dataclass(frozen=True)
class Launch:
    """What is to be started: a run of a plan, with its training and its scoring afterwards."""

    run_id: str
    project_id: str
    plan_id: str
    person: str
    approval: str  # the fingerprint that was approved
    dollars: float | None  # the most that it may cost; None when nobody knows
    backend: str
    sample_prompt: str  # of the test clips on the way
    train: str  # entry points
    evaluate: str
    started: datetime


def launch(workspace: Workspace, wanted: Launch) -> tuple[Job, Job]:
    """Use up the yes, set the money aside, and add the run with its two jobs: all of it or nothing.

    The training job still has to be started. Raises ApprovalMissing, StillAtWork or BudgetRefused: whoever asks first
    writes first, so of two people who say yes in the same moment one starts a run. The last two leave
    the yes as it was.
    """
    common: dict[str, Any] = {"project_id": wanted.project_id, "run_id": wanted.run_id, "backend": wanted.backend}
    with workspace.session() as session:
        approvals.consume_in(session, wanted.approval, wanted.person)  # writes, so from here on others wait
        if store.at_work_in(session, wanted.project_id):
            raise StillAtWork("Somebody has just started a training of this project. Nothing else was started.")
        run = session.merge(Run(id=wanted.run_id, project_id=wanted.project_id, plan_id=wanted.plan_id))
        run.created_at = wanted.started
        session.flush()
        arguments: Mapping[str, Any] = {"plan_id": wanted.plan_id, SAMPLE_PROMPT: wanted.sample_prompt}
        train = store.submit_in(session, task=wanted.train, arguments=arguments, **common)
        arguments = {"run_id": wanted.run_id}
        score = store.submit_in(session, task=wanted.evaluate, arguments=arguments, after=train.id, **common)
        budgets.reserve_in(session, wanted.run_id, wanted.person, wanted.project_id, wanted.dollars, train.id)
        run.train_job, run.evaluate_job = train.id, score.id
    return train, score


def not_started(workspace: Workspace, job_id: str, error: BackendMissing | OSError) -> str:
    """The backend did not take the job: it fails, its money is released, and a person is told in these words."""
    reason = str(error) if isinstance(error, BackendMissing) else f"This machine said: {error.strerror or error}."
    words = f"The training could not be started. {reason} Nothing was spent. Launch again to try once more."
    store.fail(workspace, job_id, words)
    return words
