"""Short real trainings on mini, and workers that are killed at a chosen file operation or after a chosen time."""

import multiprocessing
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from test_training import make_project, submit

from trainer_core.jobs import store
from trainer_core.jobs.worker import main, work
from trainer_core.plan import TrainingPlan
from trainer_core.projects import Workspace
from trainer_core.training.candidates import candidates_of

SHORT: dict[str, Any] = {
    "steps": 12,
    "warmup_steps": 2,
    "rank": 2,
    "alpha": 2.0,
    "batch_size": 1,
    "checkpoint_every": 2,
    "validation_every": 6,
    "class_preservation": 0.0,
}
_OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
_SERVER = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Short:
    """A short run that nothing disturbed: the project before it, and the file that came out."""

    before: Path
    cache: Path
    project_id: str
    plan_id: str
    plan: TrainingPlan
    expected: bytes
    candidates: dict[str, bytes]  # the LoRA files of earlier steps, by name

    def copy(self, home: Path, *, encoded: bool) -> Workspace:
        """The project in a workspace of its own, with or without everything in the cache."""
        shutil.copytree(self.before, home)
        if encoded:
            shutil.copytree(self.cache, home / "cache")
        return Workspace.open(home)

    def submit(self, workspace: Workspace) -> tuple[str, Path]:
        """A new run and its queued job: (job id, run folder)."""
        return submit(workspace, self.project_id, self.plan_id)

    def submit_again(self, workspace: Workspace, job_id: str) -> str:
        """A new job in the same run, as launching again makes one."""
        old = store.get(workspace, job_id)
        job = store.submit(
            workspace, project_id=old.project_id, task=old.task, arguments=old.arguments, run_id=old.run_id
        )
        return job.id


def undisturbed(folder: Path) -> Short:
    """Make the project and train it once."""
    workspace = Workspace.open(folder / "home")
    project_id, plan_id, plan = make_project(workspace, **SHORT)
    workspace.engine.dispose()  # so that all of the database is in its file
    shutil.copytree(folder / "home", folder / "before")
    job_id, run = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    expected = (run / "lora.safetensors").read_bytes()
    # What training has imported by now, so that the workers need not import it again and again.
    used = [name for name in sys.modules if name.split(".")[0] in ("trainer_core", "diffusers", "transformers", "peft")]
    _SERVER.set_forkserver_preload(used)
    return Short(folder / "before", workspace.cache_folder(), project_id, plan_id, plan, expected, candidates_in(run))


def candidates_in(run: Path) -> dict[str, bytes]:
    """The bytes of a run's LoRA files of earlier steps, by name."""
    return {candidate.path.name: candidate.path.read_bytes() for candidate in candidates_of(run)}


@dataclass(frozen=True)
class Moment:
    """When a worker is to get a signal: before its n-th file operation in the workspace, or after some seconds."""

    operation: int | None = None
    seconds: float | None = None
    signal: int = signal.SIGKILL


def run_worker(workspace: Workspace, job_id: str, moment: Moment | None = None, words: Path | None = None) -> int:
    """A real worker in a process of its own, to its end: its exit code. `words` takes down where it was hit."""
    process = _SERVER.Process(target=_worker, args=(workspace.home, job_id, moment, words))
    process.start()
    process.join(240)
    assert process.exitcode is not None, "the worker hangs"
    return process.exitcode


def _worker(home: Path, job_id: str, moment: Moment | None, words: Path | None) -> None:
    sys.stdout = sys.stderr = (home / "test-worker.log").open("a")

    def hit(where: str) -> None:
        if words is not None:
            with words.open("a") as file:
                file.write(where + "\n")
        os.kill(os.getpid(), moment.signal if moment else 0)

    if moment and moment.seconds is not None:
        threading.Timer(moment.seconds, partial(hit, f"after {moment.seconds:.2f} s")).start()
    count = 0

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in _OPERATIONS or not arguments or not str(arguments[0]).startswith(f"{home}/"):
            return
        count += 1
        if moment and count == moment.operation:
            hit(f"{event} {Path(arguments[0]).relative_to(home)}")

    sys.addaudithook(heard)
    main([job_id, "--home", str(home)])
    if words is not None:
        words.with_suffix(".count").write_text(str(count))
    os._exit(0)
