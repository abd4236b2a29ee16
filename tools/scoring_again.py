"""Scoring once more: after one that failed or was stopped, or when its files were lost. Nothing is trained for it."""

from trainer_core.jobs import store
from trainer_core.jobs.backends import backend_named
from trainer_core.projects import Run

from .context import NoArguments, Tool, ToolContext, ToolRefused, ToolResult
from .results import trained
from .resuming import look_after
from .runs import BACKEND, EVALUATE
from .state import job_of, latest_run


def score_again(context: ToolContext, _arguments: NoArguments) -> ToolResult:
    """Start the newest run's scoring once more. Test clips that are kept are not made again."""
    run = latest_run(context)
    unfinished = store.list_jobs(context.workspace, context.project_id, states=store.UNFINISHED)
    if busy := [job for job in unfinished if job.run_id]:
        lost = [words for job in busy for words in look_after(context, job)]
        raise ToolRefused(
            " ".join(["A training or scoring of this project is at work. Wait for it, or cancel it first.", *lost])
        )
    if not trained(job_of(context.workspace, run.train_job)):
        raise ToolRefused(
            f"{run.id} has not come to the end of its training, so there is nothing to score. Launch it again first."
        )
    job = store.submit(
        context.workspace,
        project_id=context.project_id,
        task=EVALUATE,
        arguments={"run_id": run.id},
        run_id=run.id,
        backend=BACKEND,
        after=run.train_job,  # which has ended: it tells the job apart from a training
    )
    with context.workspace.session() as session:
        session.get_one(Run, run.id).evaluate_job = job.id
    backend_named(BACKEND).start(context.workspace, job.id)
    return ToolResult(
        text=f"Scoring of {run.id} has started once more. Test clips that are still there are not made again, and "
        "nothing is trained. The scorecard and the report are replaced when it is done.",
        data={"run_id": run.id, "evaluate_job": job.id},
    )


TOOLS = (
    Tool(
        "score_again",
        "Score the newest trained run once more, without training: when its scoring failed or was stopped, or its "
        "scorecard or report is gone or damaged.",
        NoArguments,
        score_again,
    ),
)
