"""Everything that can go wrong during a training, done to real short ones on mini: nothing is lost, and it is said.

What comes out after going on is compared byte for byte with the file of a run that nothing disturbed.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from short_runs import Moment, Short, candidates_in, run_worker, undisturbed
from sqlalchemy import select

from trainer_core.dataset import manifest as manifests
from trainer_core.jobs import store
from trainer_core.jobs.backends.local import LocalBackend
from trainer_core.jobs.events import events_since
from trainer_core.jobs.recover import recover
from trainer_core.jobs.worker import work
from trainer_core.projects import Lora, Workspace
from trainer_core.training import checkpoints, run
from trainer_core.training.cache import read_entry, write_entry
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.records import newest


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Short:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


def messages(workspace: Workspace, job_id: str) -> str:
    return " ".join(e.data["text"] for e in events_since(workspace, job_id) if e.kind == "message")


def check_finished(short: Short, workspace: Workspace, job_id: str, folder: Path) -> None:
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    assert (folder / "lora.safetensors").read_bytes() == short.expected
    assert candidates_in(folder) == short.candidates
    with workspace.session() as session:
        assert len(session.scalars(select(Lora).where(Lora.run_id == job.run_id)).all()) == 1
    assert [path.name for path in folder.rglob("*.part*")] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_random_moments_it_ends_with_the_same_file(
    short: Short, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the moments are file operations (encoding, saving, exporting), half are times; some are SIGTERMs.

    KILLS=20 in the environment makes it 20 of them, which takes minutes; SEED chooses others.
    """
    kills, seed = int(os.environ.get("KILLS", "4")), int(os.environ.get("SEED", "1"))
    monkeypatch.setattr(LocalBackend, "start", lambda *_: None)  # the workers here are started with a moment to die at
    rng = random.Random(seed)
    words = tmp_path / "hits.txt"
    first = short.copy(tmp_path / "counted", encoded=False)
    job_id, folder = short.submit(first)
    assert run_worker(first, job_id, words=words) == 0
    check_finished(short, first, job_id, folder)
    told = events_since(first, job_id)[1:]  # without the wait in the queue
    seconds, operations = (told[-1].at - told[0].at).total_seconds(), int(words.with_suffix(".count").read_text())

    def moment(number: int) -> Moment:
        how = signal.SIGTERM if number % 5 == 4 else signal.SIGKILL
        if number % 2:
            return Moment(seconds=rng.uniform(0.1, seconds), signal=how)
        return Moment(operation=rng.randint(1, operations), signal=how)

    done = workspaces = 0
    workspace: Workspace | None = None
    while done < kills or workspace is not None:
        if workspace is None:
            workspaces += 1
            workspace = short.copy(tmp_path / f"home-{workspaces}", encoded=False)
            job_id, folder = short.submit(workspace)
        reached = newest(folder / "checkpoints")
        run_worker(workspace, job_id, moment(done) if done < kills else None, words)
        if store.get(workspace, job_id).state == "succeeded":
            check_finished(short, workspace, job_id, folder)
            workspace = None
            continue
        done += 1
        after = newest(folder / "checkpoints")
        assert reached is None or (after is not None and after.step >= reached.step)
        recover(workspace)
        if store.get(workspace, job_id).state == "failed":
            assert "The worker was lost 3 times" in (store.get(workspace, job_id).error or "")
            job_id = short.submit_again(workspace, job_id)
    print(f"{done} kills in {workspaces} runs:", words.read_text(), sep="\n")


@pytest.mark.slow
def test_damaged_and_missing_cache_entries_are_made_again(short: Short, tmp_path: Path) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    cut, flipped, gone = sorted(workspace.cache_folder().rglob("*.safetensors"))[:3]
    cut.write_bytes(cut.read_bytes()[:-7])
    content = bytearray(flipped.read_bytes())
    content[-1] ^= 1
    flipped.write_bytes(content)
    gone.unlink()
    job_id, folder = short.submit(workspace)
    work(workspace, job_id)
    check_finished(short, workspace, job_id, folder)
    assert "Stored encodings that were damaged and have been made again: 2." in messages(workspace, job_id)


def garbage(path: Path) -> None:
    path.write_bytes(b"\x00" * 1000)


def another_picture(path: Path) -> None:
    other = next(each for each in sorted(path.parent.iterdir()) if each != path and each.suffix == path.suffix)
    path.write_bytes(other.read_bytes())


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [garbage, another_picture, Path.unlink])
def test_a_file_that_goes_bad_after_intake_stops_with_its_name(
    short: Short, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    workspace = short.copy(tmp_path / "home", encoded=False)
    dataset = workspace.dataset_folder(short.project_id)
    item = next(item for item in manifests.load(dataset).usable[3:] if item.info.kind == "image")
    path = manifests.path_of(dataset, item)
    good = path.read_bytes()
    spoil(path)
    job_id, folder = short.submit(workspace)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "failed"
    assert (job.error or "").startswith(f"Sidekick's copy of {item.name} ")
    assert "add it again" in (job.error or "")
    path.write_bytes(good)
    again = short.submit_again(workspace, job_id)
    work(workspace, again)
    check_finished(short, workspace, again, folder)


@pytest.mark.slow
def test_numbers_that_are_none_stop_with_a_proposal_and_go_on_when_cured(short: Short, tmp_path: Path) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    entries = [
        path for path in workspace.cache_folder().rglob("*.safetensors") if "latents" in (read_entry(path) or {})
    ]
    kept = {path: path.read_bytes() for path in entries}
    for path in entries:
        tensors = read_entry(path) or {}
        write_entry(path, {"latents": tensors["latents"] * float("nan")})
    job_id, folder = short.submit(workspace)
    work(workspace, job_id)
    error = store.get(workspace, job_id).error or ""
    assert "The loss was no longer a number at step 1." in error
    assert f"A learning rate of {short.plan.learning_rate / 5:g} (a fifth)" in error
    assert newest(folder / "checkpoints") is None
    assert not (folder / "lora.safetensors").exists()
    for path, content in kept.items():
        path.write_bytes(content)
    again = short.submit_again(workspace, job_id)
    work(workspace, again)
    check_finished(short, workspace, again, folder)


@pytest.mark.slow
def test_a_spoiled_gradient_in_a_run_keeps_the_last_good_checkpoint(
    short: Short, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    job_id, folder = short.submit(workspace)
    clip = torch.nn.utils.clip_grad_norm_
    steps_after_4 = 0

    def spoiled(parameters, *arguments, **named):  # type: ignore[no-untyped-def]
        nonlocal steps_after_4
        steps_after_4 += (folder / "checkpoints" / "step-000004").exists()
        kept = list(parameters)
        if steps_after_4 == 2:  # step 6, right before its checkpoint
            kept[0].grad[0, 0] = float("nan")
        return clip(kept, *arguments, **named)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", spoiled)
    work(workspace, job_id)
    assert "The gradient was no longer a number at step 6." in (store.get(workspace, job_id).error or "")
    saved = newest(folder / "checkpoints")
    assert saved is not None
    assert saved.step == 4
    again = short.submit_again(workspace, job_id)
    work(workspace, again)
    check_finished(short, workspace, again, folder)
    assert "Going on from the checkpoint at step 4." in messages(workspace, again)


@pytest.mark.slow
def test_checkpoints_of_another_plan_in_the_run_s_folder_are_refused_and_stay(short: Short, tmp_path: Path) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    job_id, folder = short.submit(workspace)
    other = TrainingState(step=8, weights={"a": torch.ones(2)})
    saved = checkpoints.save(folder / "checkpoints", other, short.plan.changed(rank=4))
    work(workspace, job_id)
    error = store.get(workspace, job_id).error or ""
    assert "The checkpoint at step 8 belongs to another plan (rank 4 -> 2 (50 % less))." in error
    assert "Nothing was trained and the checkpoint is kept." in error
    assert saved.exists()
    assert not (folder / "lora.safetensors").exists()


@pytest.mark.slow
def test_cancelled_while_saving_it_keeps_the_checkpoint(
    short: Short, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    job_id, folder = short.submit(workspace)
    save = checkpoints.save

    def cancelled(*arguments):  # type: ignore[no-untyped-def]
        store.request_cancel(workspace, job_id)
        time.sleep(1.1)  # a cancel is looked for once a second
        return save(*arguments)

    monkeypatch.setattr(run.checkpoints, "save", cancelled)
    work(workspace, job_id)
    monkeypatch.undo()
    assert store.get(workspace, job_id).state == "cancelled"
    state, notes = checkpoints.load_latest(folder / "checkpoints", short.plan)
    assert state is not None
    assert not notes
    again = short.submit_again(workspace, job_id)
    work(workspace, again)
    check_finished(short, workspace, again, folder)


@pytest.mark.slow
def test_of_two_workers_at_one_job_exactly_one_works(short: Short, tmp_path: Path) -> None:
    workspace = short.copy(tmp_path / "home", encoded=True)
    job_id, folder = short.submit(workspace)
    workers = [threading.Thread(target=run_worker, args=(workspace, job_id)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    check_finished(short, workspace, job_id, folder)
    assert store.get(workspace, job_id).attempt == 1
    saved = [event.data["step"] for event in events_since(workspace, job_id) if event.kind == "checkpoint"]
    assert saved == [2, 4, 6, 8, 10, 12]
