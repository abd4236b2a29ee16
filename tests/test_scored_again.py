"""After a scoring that failed, or whose files were lost: what a person is told, and that it can be done again."""

from pathlib import Path

import pytest
from test_wrong_inputs import Scoring, lora_file, scoring

from agent.watcher import trains
from tools import scoring_again
from tools.context import NoArguments, ToolRefused
from tools.registry import TOOLS
from tools.scoring_again import score_again
from trainer_core.jobs import store
from trainer_core.projects import Run


class Started:
    """A backend that starts nothing."""

    started: list[str]

    def __init__(self) -> None:
        self.started = []

    def start(self, _workspace: object, job_id: str) -> None:
        self.started.append(job_id)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scoring:
    """A project whose training succeeded and whose scoring failed."""
    told = scoring(tmp_path, lora=lora_file(tmp_path / "sound.safetensors"))
    workspace = told.job.workspace
    train = store.submit(
        workspace,
        project_id=told.tools.project_id,
        task="trainer_core.training.run:train",
        arguments={"plan_id": "plan_1"},
        run_id="run_1",
    )
    store.claim(workspace, train.id, 1)
    store.finish(workspace, train.id, {}, attempt=1)
    with workspace.session() as session:
        run = session.get_one(Run, "run_1")
        run.train_job, run.evaluate_job = train.id, told.job.job.id
    store.fail(workspace, told.job.job.id, "The disk is full.", attempt=1)
    monkeypatch.setattr(scoring_again, "backend_named", lambda _name: Started())
    return told


def test_a_failed_scoring_is_done_again_without_training(told: Scoring):
    with pytest.raises(ToolRefused, match=r"disk is full\. Once that is put right, score the run again"):
        TOOLS["show_scorecard"].run(told.tools, NoArguments())
    result = score_again(told.tools, NoArguments())
    job = store.get(told.job.workspace, result.data["evaluate_job"])
    assert (job.task, job.arguments, job.state) == ("tools.evaluation.run:evaluate", {"run_id": "run_1"}, "queued")
    assert not trains(job), "nobody is told that a training has started"
    assert [each.id for each in store.ready_jobs(told.job.workspace)] == [job.id]
    with told.job.workspace.session() as session:
        assert session.get_one(Run, "run_1").evaluate_job == job.id
    with pytest.raises(ToolRefused, match="at work"):  # never two at once
        score_again(told.tools, NoArguments())


def test_a_training_that_did_not_end_is_not_scored(told: Scoring):
    with told.job.workspace.session() as session:
        session.get_one(Run, "run_1").train_job = None
    with pytest.raises(ToolRefused, match=r"end of its training.*Launch it again"):
        score_again(told.tools, NoArguments())


@pytest.mark.parametrize("content", ["{}", "nonsense", '{"run_id": 3', "[]", "\x00\xff", "", None])
@pytest.mark.parametrize("tool", ["show_scorecard", "diagnose", "apply_finding"])
def test_a_scorecard_edited_to_nonsense_is_said_and_not_repeated(told: Scoring, tool: str, content: str | None):
    path = told.job.folder / "scorecard.json"
    path.mkdir() if content is None else path.write_text(content)
    with pytest.raises(ToolRefused, match=r"scorecard of run_1.*changed or damaged.*not touched.*Score the run again"):
        TOOLS[tool].run(told.tools, TOOLS[tool].arguments())


def test_a_scorecard_that_was_deleted_is_said_to_be_gone(told: Scoring):
    job = told.job.job.id
    with told.job.workspace.session() as session:
        row = session.get_one(type(told.job.job), job)
        row.state, row.error = "succeeded", None
    with pytest.raises(ToolRefused, match=r"its file is gone\. Score the run again"):
        TOOLS["show_scorecard"].run(told.tools, NoArguments())
