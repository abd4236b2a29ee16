"""The trial step before the long run: what it tells, that it leaves no trace, and what follows too little memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import LTX2Pipeline

from tests.test_official_defects import Noted, material, plan_of, small_model
from tests.test_training import make_project, submit
from trainer_core.base_models.registry import Part
from trainer_core.jobs import store
from trainer_core.jobs.events import events_since
from trainer_core.jobs.worker import work
from trainer_core.plan import BaseModelName, MemoryTier
from trainer_core.projects import Workspace
from trainer_core.training import run
from trainer_core.training.dry_run import dry_run, largest
from trainer_core.training.loop import train
from trainer_core.training.offload import hold
from trainer_core.training.video_only import without_audio

CPU = torch.device("cpu")
Load = Callable[..., Any]


@pytest.mark.parametrize("tier", [MemoryTier.FULL, MemoryTier.INT8, MemoryTier.OFFLOAD])
def test_a_trial_step_leaves_no_trace(tier: MemoryTier) -> None:
    plan = plan_of(memory=tier.value, class_preservation=0.0, ema_decay=0.9)
    weights = []
    for tried in (False, True):
        transformer = without_audio(small_model())
        transformer.transformer_blocks = transformer.transformer_blocks[:2]
        hold(transformer, tier, CPU)
        made = material(transformer)
        if tried:
            before, names = torch.get_rng_state(), [name for name, _ in transformer.named_parameters()]
            found = dry_run(transformer, plan, made)
            assert found.fits
            assert 0 < found.peak < found.total
            assert found.seconds > 0
            assert "One step took" in found.words
            assert torch.equal(torch.get_rng_state(), before)
            assert [name for name, _ in transformer.named_parameters()] == names
            assert all(p.grad is None for p in transformer.parameters())
        state = train(transformer, made, plan, None, Noted())
        weights.append({**state.weights, **state.average})
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[1][name], value) for name, value in weights[0].items())


def test_the_trial_is_made_at_the_largest_bucket() -> None:
    transformer = small_model()
    made = material(transformer, frames=(1, 2, 3, 2, 3))
    assert [example.latents.shape[1] for example in largest(made.training)] == [3, 3]
    seen: list[int] = []
    short = without_audio(transformer)
    short.transformer_blocks = short.transformer_blocks[:1]
    short.register_forward_pre_hook(
        lambda _module, _args, kwargs: seen.append(kwargs["hidden_states"].shape[1]), with_kwargs=True
    )
    dry_run(short, plan_of(), made)
    assert set(seen) == {3 * 2 * 2}


def test_a_rare_clean_first_frame_and_a_second_batch_are_in_the_trial_and_not_a_surprise_after_it() -> None:
    """Both take memory that other steps do not; a trial without them said that it fits, and the run did not."""
    transformer = without_audio(small_model())
    transformer.transformer_blocks = transformer.transformer_blocks[:1]
    seen: list[tuple[int, ...]] = []
    transformer.register_forward_pre_hook(
        lambda _module, _args, kwargs: seen.append(tuple(kwargs["timestep"].shape)), with_kwargs=True
    )
    dry_run(transformer, plan_of(first_frame_probability=0.01, gradient_accumulation=4), material(transformer))
    assert seen == [(2, 8)] * 4  # two batches in each of two steps


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


def hungry(load: Load, after: int) -> Load:
    """A loader whose transformer runs out of memory, as CUDA says it, after so many forward passes."""

    def loaded(*arguments: Any, **named: Any) -> Any:
        transformer, passes = load(*arguments, **named), []

        def forward(*_: Any) -> None:
            passes.append(1)
            if len(passes) > after:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        transformer.register_forward_pre_hook(forward)
        return transformer

    return loaded


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tier", "checkpointing", "after", "change", "words"),
    [
        ("full", False, 0, {"gradient_checkpointing": True}, "in the trial step"),
        ("full", True, 8, {"memory": "int8"}, "while training"),
        ("offload", True, 0, None, "least memory"),
    ],
)
def test_too_little_memory_ends_with_words_and_the_next_tier(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    tier: str,
    checkpointing: bool,
    after: int,
    change: dict[str, object] | None,
    words: str,
) -> None:
    monkeypatch.setattr(run, "load_transformer", hungry(run.load_transformer, after))
    project_id, plan_id, _ = make_project(
        workspace, memory=tier, gradient_checkpointing=checkpointing, class_preservation=0.0, steps=12
    )
    job_id, folder = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "failed"
    assert words in (job.error or "")
    assert "kept" in (job.error or "")
    events = events_since(workspace, job_id)
    assert [event.data["change"] for event in events if event.kind == "proposal"] == ([change] if change else [])
    trials = [event.data for event in events if event.kind == "trial"]
    assert [trial["fits"] for trial in trials] == [after > 0]
    assert bool(list(folder.glob("checkpoints/step-*"))) == (after > 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("full", "change", "words"),
    [
        ("video", {"width": 32, "height": 32}, "while pictures and clips were encoded"),
        ("text", None, "while the captions were read"),
    ],
)
def test_too_little_memory_for_encoding_ends_with_a_change_that_helps(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, full: str, change: dict[str, object] | None, words: str
) -> None:
    """A lower tier was proposed for whatever did not fit, and the next try ended in the same way."""
    load = run.load_part

    def hungry_part(base: BaseModelName, part: Part, memory: MemoryTier) -> LTX2Pipeline:
        if part.value == full:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return load(base, part, memory)

    monkeypatch.setattr(run, "load_part", hungry_part)
    project_id, plan_id, _ = make_project(workspace, steps=12)
    job_id, _folder = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "failed"
    assert words in (job.error or "")
    events = events_since(workspace, job_id)
    assert [event.data["change"] for event in events if event.kind == "proposal"] == ([change] if change else [])


@pytest.mark.slow
def test_a_run_in_four_bits_tries_a_step_first_and_ends_with_a_verified_file(workspace: Workspace) -> None:
    project_id, plan_id, _ = make_project(workspace, memory="int4", class_preservation=0.0, steps=4)
    job_id, folder = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "succeeded", job.error
    assert (folder / "lora.safetensors").exists()
    said = [event.data.get("text", "") for event in events_since(workspace, job_id) if event.kind == "message"]
    assert any(text.startswith("One step took") for text in said)
