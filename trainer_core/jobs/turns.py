"""One training or scoring at a time on a machine's GPUs or processor: the others wait in the queue and say for whom."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..projects import Job, Workspace
from . import store
from .events import emit
from .locks import lock

LOOK_SECONDS = 1.0


@contextmanager
def turn(workspace: Workspace, job: Job) -> Iterator[bool]:
    """Wait until the job may use the device and hold it for the block; False when the job is not queued any more.

    Only jobs of runs need the device. Whoever holds it loses it when its process ends, however it ends.
    """
    if job.run_id is None:
        yield True
        return
    path, told = _device_lock(workspace), ""
    while store.get(workspace, job.id).state == store.State.QUEUED:
        with lock(path, patience=LOOK_SECONDS) as ours:
            if ours:
                with suppress(OSError):  # a full disk: the others then wait for "another run"
                    path.write_text(job.run_id, encoding="utf-8")
                yield True
                return
        holder = path.read_text("utf-8", "replace")[:40]
        if holder != told:
            words = f"Waits for {holder or 'another run'}, which uses this machine now. It starts by itself after that."
            emit(workspace, job.id, "message", {"text": words})
            told = holder
    yield False


def _device_lock(workspace: Workspace) -> Path:
    """The lock of the GPUs that this process may use, which CUDA_VISIBLE_DEVICES can narrow down."""
    which = re.sub(r"[^A-Za-z0-9]+", "-", os.environ.get("CUDA_VISIBLE_DEVICES", "")).strip("-")
    return workspace.home / "locks" / f"device-{which[:80] or 'all'}.lock"
