"""Test clips on the way of a training: what they show, what they say of themselves, and that they change nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from short_runs import SHORT
from test_training import TRIGGER, make_project, submit

from trainer_core.base_models.registry import load_pipeline
from trainer_core.dataset.media import read_own_frames, write_clip
from trainer_core.generation.generate import GenerateRequest, generate, with_lora
from trainer_core.generation.provenance import read_provenance
from trainer_core.jobs import events, store
from trainer_core.jobs.worker import work
from trainer_core.launching import SAMPLE_PROMPT
from trainer_core.plan import BASES, BaseModelName
from trainer_core.projects import Workspace
from trainer_core.training import sampling
from trainer_core.training.candidates import candidates_of
from trainer_core.training.records import sha256_of

PROMPT = f"{TRIGGER}, a character, waving on a beach"


Run = tuple[Workspace, str, Path]  # the job's id and the run's folder


def a_project(folder: Path) -> tuple[Workspace, str, str]:
    """(workspace, project id, plan id) for a training of twelve steps."""
    workspace = Workspace.open(folder / "home")
    project_id, plan_id, _plan = make_project(workspace, **SHORT | {"ema_decay": 0.5, "learning_rate": 0.03})
    return workspace, project_id, plan_id


def trained(workspace: Workspace, project_id: str, plan_id: str, **arguments: str) -> Run:
    """A finished run of it."""
    job_id, run_folder = submit(workspace, project_id, plan_id, **arguments)
    work(workspace, job_id)
    assert store.get(workspace, job_id).state == "succeeded"
    return workspace, job_id, run_folder


def shown(path: Path) -> NDArray[np.uint8]:
    return read_own_frames(path, first=0, frames=9, width=64, height=64)


def as_written(frames: NDArray[np.uint8], folder: Path) -> NDArray[np.uint8]:
    """Frames with what the compression of a file takes from them."""
    write_clip(folder / "clip.mp4", frames, 8.0)
    return shown(folder / "clip.mp4")


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str, str]:
    return a_project(tmp_path_factory.mktemp("sampled"))


@pytest.fixture(scope="module")
def sampled(project: tuple[Workspace, str, str]) -> Run:
    return trained(*project, **{SAMPLE_PROMPT: PROMPT})


def test_each_kept_step_has_a_clip_that_says_how_it_was_made(sampled: Run) -> None:
    workspace, job_id, folder = sampled
    told = [row.data["step"] for row in events.events_since(workspace, job_id, kinds=["sample"])]
    assert told == [4, 8, 10]
    for candidate in candidates_of(folder):
        provenance = read_provenance(sampling.sample_path(folder, candidate.step))
        assert provenance.marked
        assert provenance.made is not None
        assert provenance.made.prompt == PROMPT
        assert provenance.made.loras[0].sha256 == sha256_of(candidate.path)


def test_a_clip_is_what_the_pipeline_makes_with_that_steps_file(sampled: Run, tmp_path: Path) -> None:
    _workspace, _job, folder = sampled
    base = BASES[BaseModelName.MINI]
    pipeline = load_pipeline(BaseModelName.MINI)
    request = GenerateRequest(PROMPT, seed=sampling.SEED, steps=base.sampling_steps, guidance=base.guidance)
    plain = as_written(generate(pipeline, request), tmp_path)
    with with_lora(pipeline, folder / "candidates/step-000010.safetensors"):
        wanted = as_written(generate(pipeline, request), tmp_path)
    off, changed = difference(shown(sampling.sample_path(folder, 10)), wanted), difference(wanted, plain)
    assert off < changed / 4, f"off by {off:.3f}, and the LoRA changes {changed:.3f} (of 255)"


def test_the_lora_is_the_same_bytes_with_and_without_clips(project: tuple[Workspace, str, str], sampled: Run) -> None:
    _workspace, _job, plain = trained(*project)
    assert not (plain / sampling.SAMPLES).exists()
    assert (plain / "lora.safetensors").read_bytes() == (sampled[2] / "lora.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "the GPU's memory is full"),
        (OSError(28, "No space left on device"), ": No space left on device."),
    ],
)
def test_a_clip_that_cannot_be_made_is_told_once_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    tried = []

    def fails(*_arguments: object) -> None:
        tried.append(1)
        raise error

    monkeypatch.setattr(sampling, "denoised", fails)
    workspace, job_id, folder = trained(*a_project(tmp_path), **{SAMPLE_PROMPT: PROMPT})
    said = [row.data["text"] for row in events.events_since(workspace, job_id, kinds=["message"])]
    assert len(tried) == 1
    assert sum(words in text for text in said) == 1
    assert [candidate.step for candidate in candidates_of(folder)] == [4, 8, 10]
