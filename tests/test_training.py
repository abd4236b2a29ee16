"""Training on mini: encoding, loss, checkpoints, resuming after kill -9, and the file that comes out."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline
from PIL import Image

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import Part, load_part, load_pipeline
from trainer_core.dataset.manifest import add_files, set_captions
from trainer_core.dataset.manifest import load as load_manifest
from trainer_core.dataset.media import write_clip
from trainer_core.generation.generate import GenerateRequest, generate, with_lora
from trainer_core.jobs import store
from trainer_core.jobs.backends import backend_named
from trainer_core.jobs.context import JobCancelled
from trainer_core.jobs.events import events_since
from trainer_core.jobs.recover import recover
from trainer_core.jobs.worker import work
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName, MemoryTier, TrainingPlan, propose
from trainer_core.projects import PlanRow, Run, Workspace, create_project, new_id
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.speeds import Conditions, speed_for
from trainer_core.training import checkpoints, run
from trainer_core.training.captions import class_captions
from trainer_core.training.encode import Encoder, encode_all
from trainer_core.training.examples import Encoded
from trainer_core.training.model import add_lora
from trainer_core.training.objective import add_noise, draw_sigmas, flow_loss, pack, shift_of, unpack
from trainer_core.training.preservation import ask, preservation_loss

TRIGGER = "chr_x7kq"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


def make_project(workspace: Workspace, **changes: object) -> tuple[str, str, TrainingPlan]:
    """A project with seven drawn pictures and a clip, and a short plan: (project id, plan id, plan)."""
    project = create_project(workspace, "test", "me")
    source = workspace.home / "source"
    source.mkdir(exist_ok=True)
    rng = np.random.default_rng(3)
    character = random_character(rng, held_out=True)
    for index in range(7):
        Image.fromarray(render_image(character, random_scene(rng), size=96)).save(source / f"{index}.png")
    write_clip(source / "walk.mp4", render_clip(character, random_scene(rng), size=96, frames=20, fps=8.0), 8.0)
    folder = workspace.dataset_folder(project.id)
    manifest = add_files(folder, [source])
    manifest = set_captions(folder, {item.id: (f"{TRIGGER}, a character", "person") for item in manifest.items})
    plan = propose(
        RECIPES[RecipeName.CHARACTER],
        BaseModelName.MINI,
        TRIGGER,
        manifest.checksum,
        images=manifest.images,
        clips=manifest.clips,
    ).changed(
        **{
            "steps": 24,
            "warmup_steps": 2,
            "rank": 4,
            "alpha": 8.0,
            "batch_size": 2,
            "checkpoint_every": 4,
            "validation_every": 8,
        }
        | changes
    )
    row = PlanRow(
        id=new_id("plan"), project_id=project.id, body=plan.model_dump(mode="json"), fingerprint=plan.fingerprint
    )
    with workspace.session() as session:
        session.add(row)
    return project.id, row.id, plan


def submit(workspace: Workspace, project_id: str, plan_id: str, **arguments: str) -> tuple[str, Path]:
    """A run and its queued training job: (job id, run folder)."""
    run = Run(id=new_id("run"), project_id=project_id, plan_id=plan_id)
    with workspace.session() as session:
        session.add(run)
    job = store.submit(
        workspace,
        project_id=project_id,
        task="trainer_core.training.run:train",
        arguments={"plan_id": plan_id, **arguments},
        run_id=run.id,
    )
    return job.id, workspace.run_folder(run.id)


def wait_for(workspace: Workspace, job_id: str, states: set[str], seconds: float = 240) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (state := store.get(workspace, job_id).state) in states:
            return state
        time.sleep(0.1)
    raise AssertionError(f"job is still {state}: {[e.data for e in events_since(workspace, job_id)][-3:]}")


@pytest.mark.slow
def test_killed_at_any_step_resumes_to_the_same_bytes(workspace: Workspace) -> None:
    project_id, plan_id, plan = make_project(workspace)
    undisturbed, folder = submit(workspace, project_id, plan_id)
    work(workspace, undisturbed)
    job = store.get(workspace, undisturbed)
    assert job.state == "succeeded", job.error
    expected = (folder / "lora.safetensors").read_bytes()
    kinds = {event.kind for event in events_since(workspace, undisturbed)}
    assert {"progress", "validation", "checkpoint", "message"} <= kinds

    killed, other_folder = submit(workspace, project_id, plan_id)
    backend = backend_named("local")
    backend.start(workspace, killed)
    for step in (4, 12):  # killed twice: once right after each of these checkpoints
        until = time.monotonic() + 120
        while not (other_folder / "checkpoints" / f"step-{step:06d}").exists():
            assert time.monotonic() < until, store.get(workspace, killed).error
            time.sleep(0.02)
        os.kill(store.get(workspace, killed).pid or 0, signal.SIGKILL)
        time.sleep(0.5)
        assert recover(workspace)
    assert wait_for(workspace, killed, {"succeeded", "failed"}) == "succeeded", store.get(workspace, killed).error
    assert (other_folder / "lora.safetensors").read_bytes() == expected

    report = verify(folder / "lora.safetensors", BaseModelName.MINI)
    assert report.ok, report.problems
    assert report.rank == plan.rank


@pytest.mark.slow
def test_a_run_s_speed_is_kept_with_its_conditions_where_it_had_enough_steps(workspace: Workspace) -> None:
    """Sound was wished for and none is in the files, so it trained, and was measured, without."""
    fewest = {"validation_every": 25, "checkpoint_every": 25, "with_audio": True, "gradient_checkpointing": True}
    project_id, plan_id, _plan = make_project(workspace, steps=24, **fewest)
    work(workspace, submit(workspace, project_id, plan_id)[0])
    assert not (workspace.home / "speeds.json").exists()  # the shipped speed is better than that of 24 steps
    project_id, plan_id, plan = make_project(workspace, steps=50, **fewest)
    work(workspace, submit(workspace, project_id, plan_id)[0])
    found = speed_for(workspace, plan.changed(with_audio=False))
    assert found is not None
    assert found[0].conditions == Conditions(memory=MemoryTier.FULL, checkpointing=True, sound=False)
    assert found[1].endswith(")")  # as measured, with nothing otherwise


@pytest.mark.slow
def test_the_file_changes_generation_and_unloads_without_a_trace(workspace: Workspace) -> None:
    project_id, plan_id, _ = make_project(workspace, steps=12)
    job_id, folder = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    pipeline = load_pipeline(BaseModelName.MINI)
    request = GenerateRequest(f"{TRIGGER}, a character", seed=1, steps=3)
    before = generate(pipeline, request)
    with with_lora(pipeline, folder / "lora.safetensors"):
        changed = generate(pipeline, request)
    assert before.shape == (9, 64, 64, 3)
    assert not np.array_equal(before, changed)
    assert np.array_equal(before, generate(pipeline, request))


@pytest.mark.slow
def test_cancel_keeps_a_checkpoint_and_says_so(workspace: Workspace) -> None:
    project_id, plan_id, plan = make_project(workspace, steps=5000)
    job_id, folder = submit(workspace, project_id, plan_id)
    backend_named("local").start(workspace, job_id)
    until = time.monotonic() + 120
    while not list(folder.glob("checkpoints/step-*")):
        assert time.monotonic() < until
        time.sleep(0.05)
    store.request_cancel(workspace, job_id)
    assert wait_for(workspace, job_id, {"cancelled", "failed", "succeeded"}) == "cancelled"
    state, notes = checkpoints.load_latest(folder / "checkpoints", plan)
    assert state is not None
    assert not notes


@pytest.mark.slow
def test_changed_captions_are_refused_before_anything_is_trained(workspace: Workspace) -> None:
    project_id, plan_id, _ = make_project(workspace)
    folder = workspace.dataset_folder(project_id)
    item = add_files(folder, []).items[0]
    set_captions(folder, {item.id: ("something else", "person")})
    job_id, _ = submit(workspace, project_id, plan_id)
    work(workspace, job_id)
    job = store.get(workspace, job_id)
    assert job.state == "failed"
    assert "changed since this plan" in (job.error or "")


def test_class_captions_lose_the_trigger_and_speak_of_another_subject_too() -> None:
    """Once only the own class was asked about, and every other subject turned into the character."""
    whole, subject, other_whole, other, nothing = class_captions("chr_x7kq, a cat, at night", "chr_x7kq")
    assert (whole, subject, nothing) == ("a cat, at night", "a cat", "")
    assert other in ("a person", "a rabbit")
    assert other_whole == f"{other}, at night"
    assert class_captions("a cat called CHR_X7KQ: waving", "chr_x7kq")[0] == "a cat called waving"
    assert class_captions("chr_x7kqs, a cat", "chr_x7kq")[0] == "chr_x7kqs, a cat"  # another word is not the trigger
    assert class_captions("chr_x7kq", "chr_x7kq")[:2] == ("", "")


def test_class_preservation_holds_what_the_model_says_without_the_trigger(tmp_path: Path) -> None:
    """A LoRA that changes everything is pulled back on class captions; the base's own weights never move."""
    pipeline = load_pipeline(BaseModelName.MINI)
    transformer = pipeline.transformer
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, TRIGGER, "0" * 64, images=24, clips=0).changed(
        rank=4, alpha=4.0
    )
    assert plan.class_preservation > 0
    parameters = add_lora(transformer, plan)
    torch.manual_seed(0)
    for name, parameter in parameters.items():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    samples = [Encoded(torch.zeros(48, 1, 8, 8), f"{TRIGGER}, a cat") for _ in range(2)]
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path)
    words = {said: encoder.words(said) for said in class_captions(samples[0].caption, TRIGGER)}
    optimizer = torch.optim.AdamW(parameters.values(), lr=3e-3)

    def loss(step: int) -> torch.Tensor:
        return preservation_loss(transformer, ask(samples, words, plan, torch.Generator().manual_seed(step)), plan)

    before = float(loss(99).detach())
    for step in range(15):
        loss(step).backward()
        assert all(parameter.grad is not None for parameter in parameters.values())
        optimizer.step()
        optimizer.zero_grad()
    assert float(loss(99).detach()) < 0.7 * before


def test_two_runs_may_encode_the_same_file_at_once(tmp_path: Path) -> None:
    """Both once wrote the same partial file, and the slower one failed."""
    pipeline = load_part(BaseModelName.MINI, Part.TEXT)
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path)
    with ThreadPoolExecutor(4) as pool:
        for number in range(4):
            found = list(pool.map(lambda _, n=number: encoder.words(f"a cat {n}"), range(4)))
            assert all(torch.equal(found[0].video, words.video) for words in found)


def test_captions_are_kept_by_the_bits_of_the_text_encoder_that_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan in full precision was once trained on what a Gemma in 4 bits had said for a run before it."""
    asked: list[MemoryTier] = []

    def load(_base: BaseModelName, part: Part, memory: MemoryTier) -> LTX2Pipeline:
        asked.append(memory)
        return load_part(BaseModelName.MINI, part)

    monkeypatch.setattr(run, "load_part", load)
    monkeypatch.setattr(run, "base_fingerprint", lambda _base: "test")

    def encode(base: BaseModelName, *tiers: MemoryTier) -> list[MemoryTier]:
        """Of the tiers, one after the other, those for which the text encoder was loaded."""
        asked.clear()
        plan = propose(RECIPES[RecipeName.CHARACTER], base, TRIGGER, "0" * 64, images=24, clips=0)
        for tier in tiers:
            run.encoder_for(plan.changed(memory=tier), tmp_path).words("a cat")
        return list(asked)

    Encoder(lambda part: load_part(BaseModelName.MINI, part), "test", tmp_path).words("a cat")  # as it always was kept
    full, eight, four, waiting = MemoryTier
    assert encode(BaseModelName.MINI, *MemoryTier) == []  # mini's is whole in every tier
    assert encode(BaseModelName.LTX23, four, full, eight) == [four, eight]
    assert (
        encode(BaseModelName.LTX23, waiting, eight, full) == []
    )  # the base waits elsewhere; Gemma has the same 4 bits


def test_a_cancel_is_heard_between_two_captions(tmp_path: Path) -> None:
    """Nobody looked while captions were read, so hundreds of them were like a text encoder that hangs."""
    pipeline = load_part(BaseModelName.MINI, Part.TEXT)
    encoder = Encoder(lambda _part: pipeline, "test", tmp_path / "cache")
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, TRIGGER, "0" * 64, images=24, clips=0)
    looks: list[int] = []

    def look_up() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        encode_all(encoder, tmp_path, load_manifest(tmp_path), [], plan, lambda *_: None, "abcde", look_up)
    assert len([*(tmp_path / "cache").rglob("*.safetensors")]) == 2


def test_shift_follows_the_published_line() -> None:
    assert shift_of(1024) == pytest.approx(0.95)
    assert shift_of(4096) == pytest.approx(2.05)
    assert shift_of(128) == pytest.approx(0.95 + (128 - 1024) * 1.1 / 3072)


def test_sigmas_cover_the_whole_range_and_lean_to_noise_for_long_clips() -> None:
    few = draw_sigmas(20_000, 128, torch.Generator().manual_seed(0))
    many = draw_sigmas(20_000, 4096, torch.Generator().manual_seed(0))
    assert 0 < float(few.min()) < 0.01
    assert float(few.max()) == pytest.approx(1.0, abs=1e-3)
    assert float(many.median()) > float(few.median()) + 0.15


def test_noise_is_mixed_as_rectified_flow_says() -> None:
    latents, noise = torch.randn(2, 6, 4), torch.randn(2, 6, 4)
    noised = add_noise(latents, torch.tensor([0.25, 1.0]), noise)
    assert torch.allclose(noised.inputs[0], 0.75 * latents[0] + 0.25 * noise[0])
    assert torch.equal(noised.inputs[1], noise[1])
    assert torch.equal(noised.target, noise - latents)
    assert noised.timesteps.tolist() == [[250.0], [1000.0]]
    assert flow_loss(noised.target, noised).tolist() == [0.0, 0.0]


def test_clean_first_frame_has_timestep_zero_and_no_loss() -> None:
    latents, noise = torch.randn(1, 4, 3), torch.randn(1, 4, 3)
    clean = torch.tensor([[True, True, False, False]])
    noised = add_noise(latents, torch.tensor([0.5]), noise, clean=clean)
    assert torch.equal(noised.inputs[0, :2], latents[0, :2])
    assert noised.timesteps.tolist() == [[0.0, 0.0, 500.0, 500.0]]
    wrong_there = noised.target.clone()
    wrong_there[0, :2] += 100
    assert float(flow_loss(wrong_there, noised)) == 0.0


def test_pack_and_unpack_are_inverse() -> None:
    latents = torch.randn(2, 5, 3, 4, 6)
    assert torch.equal(unpack(pack(latents), 3, 4, 6), latents)
