"""Several processes train what one process trains: shares, sums, stopping, resuming, and one that is killed."""

import json
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from tests.ranks import FOUR, LONG, SHARDED, SOUND, TWO, free_port, left_by, together, trained
from tests.test_official_defects import plan_of
from tests.test_training import make_project, submit, wait_for
from trainer_core.jobs import store
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.context import JobFailed
from trainer_core.jobs.events import events_since
from trainer_core.lora.export import export_lora
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName, TrainingPlan
from trainer_core.projects import Workspace
from trainer_core.training import checkpoints, rank, run
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.distributed import Ranks, RanksMissing, follows_from_a_loss, join
from trainer_core.training.launch import LAST_WORDS, WORDS_BYTES, command, layout_for, leave_words

PATIENCE_SECONDS = 140  # starting PyTorch in four processes takes long where two cores are busy


def file_of(state: TrainingState, plan: TrainingPlan, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of the LoRA file that is made of a state."""
    export_lora(path, run.finished_weights(state), rank=plan.rank, alpha=plan.alpha, plan=plan, title="test")
    return load_file(path)


def assert_equal(one: TrainingState, other: TrainingState, tolerance: float = 0.0) -> None:
    """Weights, average, moments and curves are the same; the tolerance is relative to each tensor's largest value."""
    assert one.step == other.step
    ours, theirs = dict(one.tensors()), dict(other.tensors())
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        apart = float((value - theirs[name]).abs().max())
        assert apart <= tolerance * max(float(value.abs().max()), 1e-12), name
    for curve in ("losses", "validation"):
        for (step, loss), (at, value) in zip(getattr(one, curve), getattr(other, curve), strict=True):
            assert step == at
            assert loss == pytest.approx(value, rel=max(tolerance, 1e-9))


@pytest.mark.slow
def test_two_processes_with_one_batch_each_train_the_same_bits_as_one_with_two(tmp_path: Path) -> None:
    both, alone = left_by("two", TWO), trained(TWO)
    assert_equal(both, alone)
    ours, theirs = (file_of(state, TWO, tmp_path / "lora.safetensors") for state in (both, alone))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


@pytest.mark.slow
def test_two_processes_with_preservation_average_and_first_frames_train_the_same_as_one(tmp_path: Path) -> None:
    """Four batches are added up in another order than by one process: hence a tolerance."""
    both, alone = left_by("four", FOUR), trained(FOUR)
    assert both.average
    assert_equal(both, alone, tolerance=2e-3)
    ours, theirs = (file_of(state, FOUR, tmp_path / "lora.safetensors") for state in (both, alone))
    for name, value in theirs.items():
        apart = float((ours[name].float() - value.float()).abs().max())
        assert apart <= 0.01 * float(value.float().abs().max()), name  # bfloat16 has 8 bits


@pytest.mark.slow
def test_layers_that_only_some_processes_have_a_gradient_for_train_the_same_as_in_one() -> None:
    """Stills have no sound: the audio layers of a step get a gradient from both processes, from one or from none."""
    both = left_by("sound", SOUND)
    assert any(".audio_attn1." in name for name in both.weights)
    assert_equal(both, trained(SOUND))


@pytest.mark.slow
def test_what_the_first_process_wants_stops_all_after_the_same_step_and_one_process_can_go_on() -> None:
    stopped = left_by("stopped", LONG)
    assert 2 < stopped.step <= 4
    assert (together() / "stopped-other.json").read_text() == f'{{"step": {stopped.step}}}'
    went_on, whole = trained(LONG, resumed=stopped), trained(LONG)
    assert went_on.losses[-1] == whole.losses[-1]
    assert all(torch.equal(value, whole.weights[name]) for name, value in went_on.weights.items())


@pytest.mark.slow
def test_two_processes_go_on_from_one_process_s_checkpoint() -> None:
    assert_equal(left_by("resumed", TWO), trained(TWO))


@pytest.mark.slow
def test_a_base_that_is_shared_out_trains_the_same_as_a_whole_one() -> None:
    assert_equal(left_by("sharded", SHARDED), trained(SHARDED))


@pytest.mark.slow
def test_an_error_that_follows_from_a_lost_process_is_told_from_one_s_own() -> None:
    assert json.loads((together() / "lost.json").read_text()) is True
    assert not follows_from_a_loss(RuntimeError("The size of tensor a must match"))


def test_one_process_is_asked_and_obeyed_at_once() -> None:
    alone = Ranks()
    assert alone.share(range(4, 8)) == range(4, 8)
    assert alone.stop(True)
    assert not alone.stop(False)


@pytest.mark.parametrize(
    ("batches", "offered", "processes"), [(1, 8, 1), (4, 4, 4), (4, 3, 2), (6, 4, 3), (7, 4, 1), (8, 16, 8)]
)
def test_the_most_processes_that_the_batches_can_be_shared_out_among(
    batches: int, offered: int, processes: int
) -> None:
    layout = layout_for(plan_of(gradient_accumulation=batches), {"SIDEKICK_PROCESSES": str(offered)})
    assert layout.total == processes
    assert bool(layout.note) == (processes < offered)
    if layout.note:
        assert f"{processes} of {offered} processes train" in layout.note


def test_words_name_an_accumulation_that_would_use_all() -> None:
    layout = layout_for(plan_of(gradient_accumulation=6), {"SIDEKICK_PROCESSES": "4"})
    assert "such as 8" in layout.note


def test_several_machines() -> None:
    settings = {"SIDEKICK_PROCESSES": "4", "SIDEKICK_MACHINES": "2", "SIDEKICK_MAIN_ADDRESS": "10.0.0.1:29500"}
    layout = layout_for(plan_of(gradient_accumulation=8), settings)
    assert (layout.processes, layout.machines, layout.note) == (4, 2, "")
    words = " ".join(command(layout, 1, "job_1", 2))
    assert "--num_processes 8 --num_machines 2 --machine_rank 1" in words
    assert "--main_process_ip 10.0.0.1" in words
    assert "--main_process_port 29500" in words
    odd = layout_for(plan_of(gradient_accumulation=3), settings)
    assert (odd.processes, odd.machines) == (3, 1)
    assert odd.note


@pytest.mark.parametrize(
    ("settings", "memory", "words"),
    [
        ({"SIDEKICK_PROCESSES": "many"}, "full", "whole number"),
        ({"SIDEKICK_PROCESSES": "0"}, "full", "whole number"),
        ({"SIDEKICK_MACHINES": "2"}, "full", "SIDEKICK_MAIN_ADDRESS"),
        ({"SIDEKICK_MACHINES": "2", "SIDEKICK_MAIN_ADDRESS": "nowhere"}, "full", "host:port"),
        ({"SIDEKICK_SHARD_BASE": "1"}, "int8", "full precision"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused_in_words(
    settings: dict[str, str], memory: str, words: str
) -> None:
    with pytest.raises(JobFailed, match=words):
        layout_for(plan_of(gradient_accumulation=2, memory=memory), settings)


def test_a_process_whose_others_do_not_come_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RanksMissing, match="Not all of the 2 training processes"):
        join(patience=timedelta(seconds=1))


@pytest.mark.slow
def test_why_a_process_failed_is_left_for_the_job_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the only process of a launch finds the checkpoint of another plan."""
    workspace = Workspace.open(tmp_path / "home")
    project_id, plan_id, plan = make_project(workspace, class_preservation=0.0)
    job_id, folder = submit(workspace, project_id, plan_id)
    assert store.claim(workspace, job_id, os.getpid())
    checkpoints.save(folder / "checkpoints", TrainingState(step=4), plan.changed(learning_rate=0.01))
    (folder / LAST_WORDS).write_bytes(bytes(WORDS_BYTES))
    named = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    for name, value in (named | {"SIDEKICK_HOME": str(workspace.home), "CUDA_VISIBLE_DEVICES": ""}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", sys.stdout)  # main puts redacting streams in their place
    monkeypatch.setattr("sys.stderr", sys.stderr)
    try:
        assert rank.main([job_id, "--attempt", "1"]) == 1
    finally:
        dist.destroy_process_group()
    assert "belongs to another plan" in (folder / LAST_WORDS).read_text()
    leave_words(folder, "what follows from that")  # another process, later
    assert "what follows" not in (folder / LAST_WORDS).read_text()


def processes_of(workspace: Workspace, job_id: str) -> list[psutil.Process]:
    """The job's training processes by rank; empty until there are two."""
    pid = store.get(workspace, job_id).pid
    found = {}
    try:
        for process in psutil.Process(pid).children(recursive=True):
            if "trainer_core.training.rank" in process.cmdline() and "RANK" in (named := process.environ()):
                found[int(named["RANK"])] = process
    except psutil.Error:  # ended while it was looked at
        return []
    return [found[rank] for rank in sorted(found)] if len(found) == 2 else []


def has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
@pytest.mark.thorough
def test_a_killed_process_ends_the_others_and_all_go_on_to_a_sound_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("SIDEKICK_PROCESSES", "2")
    workspace = Workspace.open(tmp_path / "home")
    short = {"steps": 6, "checkpoint_every": 1, "validation_every": 6, "class_preservation": 0.0}
    project_id, plan_id, _plan = make_project(workspace, **short, gradient_accumulation=2)
    killed, folder = submit(workspace, project_id, plan_id)
    backend_named("local").start(workspace, killed)
    until = time.monotonic() + PATIENCE_SECONDS
    while not (folder / "checkpoints" / "step-000001").exists():
        assert time.monotonic() < until, (folder / "worker.log").read_text()[-2000:]
        time.sleep(0.02)
    first, second = processes_of(workspace, killed)
    os.kill(second.pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while not has_ended(first):
        assert time.monotonic() < until, "the other process hangs"
        time.sleep(0.05)
    ended = wait_for(workspace, killed, {"succeeded", "failed"}, PATIENCE_SECONDS)
    assert ended == "succeeded", store.get(workspace, killed).error
    texts = [event.data.get("text", "") for event in events_since(workspace, killed) if event.kind == "message"]
    assert any("One of the training processes was lost" in text for text in texts), texts
    assert any("Going on from the checkpoint" in text for text in texts), texts
    assert verify(folder / "lora.safetensors", BaseModelName.MINI).ok
