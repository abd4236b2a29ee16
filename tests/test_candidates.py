"""LoRA files of earlier steps: when they are written, that they equal their checkpoint, and what stops them."""

import shutil
from pathlib import Path

import pytest
from safetensors import safe_open
from short_runs import SHORT
from test_training import make_project, submit

from trainer_core.jobs import store
from trainer_core.jobs.worker import work
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.projects import Workspace
from trainer_core.training import candidates, checkpoints
from trainer_core.training.candidates import candidate_steps, candidates_of
from trainer_core.training.checkpoints import TrainingState

Trained = tuple[Workspace, str, str, TrainingPlan]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A finished run of twelve steps with a moving average: (workspace, project id, job id, plan)."""
    workspace = Workspace.open(tmp_path_factory.mktemp("trained") / "home")
    project_id, plan_id, plan = make_project(workspace, **SHORT | {"ema_decay": 0.5})
    job_id, _ = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    assert store.get(workspace, job_id).state == "succeeded"
    workspace.engine.dispose()  # so that all of the database is in its file
    return workspace, project_id, job_id, plan


@pytest.fixture
def copied(trained: Trained, tmp_path: Path) -> tuple[Workspace, str, Path]:
    """The finished run in a workspace of its own: (workspace, job id, run folder)."""
    shutil.copytree(trained[0].home, tmp_path / "home")
    workspace = Workspace.open(tmp_path / "home")
    return workspace, trained[2], workspace.run_folder(store.get(workspace, trained[2]).run_id or "")


def stored(folder: Path, plan: TrainingPlan) -> TrainingState:
    state, notes = checkpoints.load_latest(folder / "checkpoints", plan)
    assert state is not None
    assert notes == []
    return state


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.safetensors") if path.name != "state.safetensors"}


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [
        (12, 2, (4, 8, 10)),
        (320, 50, (150, 200, 250)),
        (500, 200, (200, 400)),
        (1500, 200, (600, 800, 1200)),
        (60, 50, (50,)),
        (50, 50, ()),  # the last checkpoint is the LoRA itself
        (30, 50, ()),
    ],
)
def test_steps_are_checkpoints_before_the_last(
    trained: Trained, steps: int, every: int, expected: tuple[int, ...]
) -> None:
    assert candidate_steps(trained[3].changed(steps=steps, checkpoint_every=every)) == expected


def test_candidates_are_sound_and_say_their_step(copied: tuple[Workspace, str, Path]) -> None:
    found = candidates_of(copied[2])
    assert [candidate.step for candidate in found] == [4, 8, 10]
    for candidate in found:
        assert verify(candidate.path, BaseModelName.MINI).ok
        with safe_open(candidate.path, framework="pt") as file:
            assert file.metadata()["ss_steps"] == str(candidate.step)
            assert f"step {candidate.step} of 12" in file.metadata()["modelspec.title"]


def test_lost_between_checkpoint_and_candidate_it_ends_with_the_same_files(
    trained: Trained, copied: tuple[Workspace, str, Path]
) -> None:
    """What a worker leaves that is killed while it writes the candidate of step 10."""
    workspace, job_id, folder = copied
    before = content(folder)
    shutil.rmtree(folder / "checkpoints" / "step-000012")
    (folder / "lora.safetensors").unlink()
    (folder / "candidates" / "step-000010.safetensors").unlink()
    (folder / "candidates" / ".step-000010.safetensors.4711.part").write_bytes(b"half of it")
    old = store.get(workspace, job_id)
    job = store.submit(workspace, project_id=old.project_id, task=old.task, arguments=old.arguments, run_id=old.run_id)
    work(workspace, job.id)
    assert store.get(workspace, job.id).state == "succeeded"
    assert content(folder) == before
    assert not list(folder.rglob("*.part"))


def test_a_candidate_holds_what_would_be_exported_at_its_step(
    trained: Trained, copied: tuple[Workspace, str, Path], tmp_path: Path
) -> None:
    folder = copied[2]
    shutil.rmtree(folder / "checkpoints" / "step-000012")
    state = stored(folder, trained[3])
    assert state.average  # not the weights themselves
    candidates.keep(tmp_path, state, trained[3], print)
    assert candidates_of(tmp_path)[0].path.read_bytes() == candidates_of(folder)[-1].path.read_bytes()


@pytest.mark.parametrize("trouble", ["little space", "not to be written"])
def test_a_candidate_that_cannot_be_written_is_told_and_skipped(
    trained: Trained, copied: tuple[Workspace, str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    state = stored(copied[2], trained[3])
    state.step = 10
    told: list[str] = []
    if trouble == "little space":
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    else:
        (tmp_path / "candidates").write_text("a file where the folder should be")
    candidates.keep(tmp_path, state, trained[3], lambda kind, text: told.append(text))
    assert candidates_of(tmp_path) == []
    assert len(told) == 1
    assert told[0].startswith("The LoRA of step 10 is not kept for comparing: ")
    assert told[0].endswith(". Training goes on.")
