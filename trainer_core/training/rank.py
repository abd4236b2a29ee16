"""One of the processes that train together: `accelerate launch ... -m trainer_core.training.rank JOB_ID`."""

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import torch.distributed as dist

from trainer_core.jobs import store
from trainer_core.jobs.context import JobCancelled, JobContext
from trainer_core.jobs.failures import words_for, write_log
from trainer_core.jobs.redact import RedactedStream
from trainer_core.jobs.stuck import looked_after
from trainer_core.projects import Workspace

from . import run
from .distributed import RanksDisagree, RanksMissing, follows_from_a_loss, join
from .launch import leave_words

SETTLE_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the job's plan together with the others; 0 when it ended in order, finished or cancelled."""
    parser = argparse.ArgumentParser(prog="trainer_core.training.rank", description=__doc__)
    parser.add_argument("job_id")
    parser.add_argument("--attempt", type=int, required=True, help="the job's attempt that this belongs to")
    parser.add_argument("--sharded", action="store_true", help="share out the frozen base among the processes")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    options = parser.parse_args(arguments)
    if options.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout, sys.stderr = RedactedStream(sys.stdout), RedactedStream(sys.stderr)
    workspace = Workspace.open()
    job = store.get(workspace, options.job_id)
    context = JobContext(workspace, job, store.job_folder(workspace, job))
    if job.attempt != options.attempt or job.state != store.State.RUNNING:
        print(f"The job {job.id} has moved on since this command was made. Nothing was started.", file=sys.stderr)
        return 1
    try:
        _train(context, sharded=options.sharded)
    except JobCancelled:
        pass  # all stop after the same step, and the job's own process says so
    except (
        Exception,
        SystemExit,
    ) as error:  # whatever a process fails of must reach a person, and the others must not wait for it
        # If another one was lost first, this only follows from that, and the launcher ends this process meanwhile.
        time.sleep(SETTLE_SECONDS)
        if not follows_from_a_loss(error):
            told = isinstance(error, (*run.FOR_A_PERSON, RanksDisagree, RanksMissing))
            leave_words(context.folder, str(error) if told else words_for(error))
        with suppress(OSError):  # a full disk
            write_log(context.folder, error)
        return 1
    dist.destroy_process_group()
    return 0


def _train(context: JobContext, *, sharded: bool) -> None:
    ranks, device = join(sharded=sharded)
    plan = run.read_plan(context.workspace, context.job.arguments["plan_id"])
    material = run.read_material(context, plan, run.tell_nobody)
    if ranks.rank == 0:
        with looked_after(context):
            run.train_here(context, plan, material, ranks, device, context.emit)
    else:
        run.train_here(context, plan, material, ranks, device, run.tell_nobody)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
