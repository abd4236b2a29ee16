"""Jobs on this machine: each in a process of its own, which lives on when the window that started it is gone."""

import os
import platform
import subprocess
import sys
import threading
from datetime import timedelta

from ...projects import Workspace, now
from .. import store
from ..failures import LOG_NAME
from ..locks import is_held

NICE = 5
SILENCE = timedelta(minutes=2)  # a worker on another machine that says nothing for so long is gone


class LocalBackend:
    """Workers as processes on this machine."""

    name = "local"

    def start(self, workspace: Workspace, job_id: str) -> None:
        """Start a worker for the job, unless the job waits for another: then that one's worker goes on with it."""
        job = store.get(workspace, job_id)
        if job.state != store.State.QUEUED:
            return
        if job.after is not None and store.get(workspace, job.after).state in store.UNFINISHED:
            return
        command = [sys.executable, "-P", "-m", "trainer_core.jobs.worker", job_id, "--nice", str(NICE)]
        # In the environment and not on the command line, which every user of the machine can read.
        surroundings = os.environ | {
            "SIDEKICK_HOME": str(workspace.home),
            "SIDEKICK_DATABASE_URL": workspace.database_url,
        }
        with (store.job_folder(workspace, job) / LOG_NAME).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=surroundings,
                cwd=workspace.home,
                start_new_session=True,
            )
        threading.Thread(target=process.wait, daemon=True).start()  # or the ended worker stays as a zombie

    def alive(self, workspace: Workspace, job_id: str) -> bool:
        """Is a worker at this running job? Told by the lock it holds; on another machine by its signs of life."""
        job = store.get(workspace, job_id)
        if job.state != store.State.RUNNING:
            return False
        if job.host != platform.node() and not workspace.database_url.startswith("sqlite"):
            return now() - job.updated_at < SILENCE
        return is_held(store.lock_of(workspace, job_id))

    def cancel(self, workspace: Workspace, job_id: str) -> str:
        """Ask the job to stop. A job whose worker is gone is cancelled at once."""
        state = store.request_cancel(workspace, job_id)
        if state == store.State.RUNNING and not self.alive(workspace, job_id):
            store.cancel(workspace, job_id)
        return store.get(workspace, job_id).state
