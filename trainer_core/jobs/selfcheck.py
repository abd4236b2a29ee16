"""A little job that shows that jobs work on this machine: it counts, and tells of every step."""

import time
from typing import Any

from .context import JobContext, JobFailed

TASK = "trainer_core.jobs.selfcheck:count"


def count(context: JobContext) -> dict[str, Any]:
    """Count for `seconds` in `steps` steps. Arguments: seconds (default 1.0), steps (default 10), fail_at (a step).

    Resumes where an earlier attempt stopped: the last step done is kept in `count.txt` in the job's folder.
    """
    arguments = context.job.arguments
    steps = int(arguments.get("steps", 10))
    pause = float(arguments.get("seconds", 1.0)) / steps
    kept = context.folder / f"{context.job.id}-count.txt"
    first = int(kept.read_text()) if kept.exists() else 0
    for step in range(first + 1, steps + 1):
        context.stop_if_cancelled()
        if step == arguments.get("fail_at"):
            raise JobFailed(f"The self-check stopped at step {step}, as it was asked to. Nothing else was touched.")
        time.sleep(pause)
        kept.write_text(str(step))
        context.emit("progress", step=step, steps=steps)
    return {"steps": steps, "resumed_at": first}
