"""Embedder, measures, prompts, scorecard and sheet, on characters that are drawn here and were never trained on."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import PreTrainedTokenizerFast

from tools.evaluation import calibration, measures, prompts, scorecard, sheet
from tools.evaluation.embedder import WEIGHTS, embed
from tools.evaluation.reference import Reference, read_reference, reference_of
from tools.evaluation.scoring import measure_all, score_clip
from tools.evaluation.sweep import cannot_judge
from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.dataset import manifest as dataset
from trainer_core.jobs import store
from trainer_core.jobs.context import JobContext, JobFailed
from trainer_core.lora.report import LoraReport
from trainer_core.plan import BASES, BaseModelName, TrainingPlan, propose
from trainer_core.projects import PlanRow, Run, Workspace, create_project, update_project
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"


def unseen(seed: int) -> Character:
    return random_character(np.random.default_rng(seed), held_out=True)


def picture_of(character: Character, seed: int, size: int = 64) -> np.ndarray:
    return render_image(character, random_scene(np.random.default_rng(seed)), size=size)


def clip_of(character: Character, seed: int, motion: str = "walking") -> np.ndarray:
    scene = random_scene(np.random.default_rng(seed), motion=motion)
    return render_clip(character, scene, size=64, frames=9)


@pytest.fixture(scope="module")
def taught() -> Character:
    return unseen(3)


@pytest.fixture(scope="module")
def reference(taught: Character) -> Reference:
    return reference_of([picture_of(taught, seed, 96)[None] for seed in range(8)])


# embedder


def test_embedder_tells_never_seen_characters_apart():
    characters = [unseen(seed) for seed in range(40, 50)]
    vectors = np.stack([embed([picture_of(each, 100 * n + k) for k in range(4)]) for n, each in enumerate(characters)])
    cosines = np.einsum("aid,bjd->abij", vectors, vectors)
    own = np.eye(len(characters), dtype=bool)
    same = cosines[own][:, *np.triu_indices(4, 1)].reshape(-1)
    assert calibration.auc(same, cosines[~own].reshape(-1)) >= 0.97


def test_vectors_have_length_one_whatever_the_picture():
    pictures = [np.zeros((5, 9, 3), np.uint8), np.full((300, 200, 3), 255, np.uint8), picture_of(unseen(1), 1)]
    assert np.linalg.norm(embed(pictures), axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert embed([]).shape == (0, 64)


def test_calibration_is_of_the_shipped_weights_and_reaches_the_goal():
    stored = calibration.load_calibration()
    assert stored.embedder_sha256 == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    for name in ("drawn", "damaged"):
        material = stored.materials[name]
        assert material.auc >= 0.97
        assert material.different.p95 < material.threshold < material.same.p50


def test_auc_equals_counting_pairs():
    rng = np.random.default_rng(0)
    high, low = rng.integers(0, 6, 40).astype(np.float32), rng.integers(0, 6, 50).astype(np.float32)
    counted = np.mean([(a > b) + 0.5 * (a == b) for a in high for b in low])
    assert calibration.auc(high, low) == pytest.approx(counted)


# measures


def test_a_clip_that_changes_its_character_is_less_consistent(taught: Character):
    true = embed(clip_of(taught, 5))
    changed = np.concatenate([true[:5], embed(clip_of(unseen(4), 5))[5:]])
    assert measures.consistency(true) > 0.95 > measures.consistency(changed) + 0.1
    assert measures.consistency(true[:1]) == 1.0


def test_a_copy_is_nearest_and_another_scene_is_not(taught: Character):
    known = measures.thumbnails([picture_of(taught, seed) for seed in range(3)])
    assert measures.nearest(measures.thumbnails([picture_of(taught, 1, 256)]), known) > 0.99
    assert measures.nearest(measures.thumbnails([picture_of(unseen(9), 77)]), known) < 0.95
    assert measures.sameness(known[[0, 0]]) == pytest.approx(1, abs=1e-5)


def test_movement_and_damage_are_seen(taught: Character):
    still = np.repeat(clip_of(taught, 1)[:1], 9, axis=0)
    moving = clip_of(taught, 2, "jumping")
    assert measures.moving_share(still, 8.0) == 0 == measures.change(still)
    assert measures.change(moving) > 1
    black = np.zeros_like(still)
    assert (measures.empty_share(black), measures.empty_share(still)) == (1, 0)
    assert measures.burned_share(black) == 1
    assert measures.burned_share(np.full_like(still, 128)) == 0


# scorecard


def drawn_scores(taught: Character, reference: Reference, *, learned: bool, leaks: bool) -> list[scorecard.ClipScore]:
    """Clips as a base model and a LoRA would make them: the base draws someone else each time."""
    clips = []
    for number, case in enumerate(prompts.suite(RECIPES[RecipeName.CHARACTER], TRIGGER, taught.kind, [])):
        other = unseen(200 + number)
        shows = learned if case.uses_trigger else leaks
        clips.append(score_clip(case, "lora", "x.mp4", clip_of(taught if shows else other, number), reference, fps=8))
        clips.append(score_clip(case, "base", "x.mp4", clip_of(other, number), reference, fps=8))
    return clips


@pytest.mark.parametrize(("learned", "leaks"), [(True, False), (False, False), (True, True)])
def test_scorecard_agrees_with_what_is_on_the_clips(taught, reference, learned: bool, leaks: bool):
    clips = drawn_scores(taught, reference, learned=learned, leaks=leaks)
    stored = calibration.load_calibration()
    found = measure_all(clips, stored, base=BaseModelName.MINI, recipe=RecipeName.CHARACTER)
    verdict = {measure.id: measure.verdict for measure in found}
    assert verdict["identity"] == verdict["lift"] == ("good" if learned else "poor")
    assert verdict["leak"] == ("poor" if leaks else "good")
    assert verdict["consistency"] == verdict["empty"] == "good"
    for measure in found:
        assert measure.definition
        assert measure.threshold is None or measure.threshold.source


def test_no_verdict_where_the_embedder_is_not_calibrated(taught, reference):
    clips = drawn_scores(taught, reference, learned=True, leaks=False)[:4]
    for base, recipe in ((BaseModelName.LTX23, RecipeName.CHARACTER), (BaseModelName.MINI, RecipeName.STYLE)):
        found = measure_all(clips, calibration.load_calibration(), base=base, recipe=recipe)
        identity = next(measure for measure in found if measure.id == "identity")
        assert (identity.verdict, identity.threshold) == ("shown", None)
        assert "no verdict" in identity.validity
    mini = {"base": BaseModelName.MINI, "recipe": RecipeName.CHARACTER}
    found = measure_all(clips, calibration.load_calibration(), drawn=0.2, **mini)
    identity = next(measure for measure in found if measure.id == "identity")
    assert (identity.verdict, identity.threshold) == ("shown", None)  # a lion and a cheetah were one character once
    assert "do not look drawn" in identity.validity
    assert "do not look drawn" in cannot_judge(BaseModelName.MINI, RecipeName.CHARACTER, drawn=0.2)
    assert cannot_judge(BaseModelName.MINI, RecipeName.CHARACTER, drawn=0.5) == ""


def test_reference_of_nothing_is_said_in_words(tmp_path: Path):
    with pytest.raises(ValueError, match="nothing to compare"):
        read_reference(tmp_path, TRIGGER)


# the job


@pytest.fixture
def job(tmp_path: Path, taught: Character) -> JobContext:
    """A run with six pictures in its dataset and an evaluation job that has started."""
    workspace = Workspace.open(tmp_path / "home")
    project = create_project(workspace, "test", "you")
    update_project(workspace, project.id, trigger=TRIGGER, noun=taught.kind, recipe="character")
    for seed in range(6):
        Image.fromarray(picture_of(taught, seed, 128)).save(tmp_path / f"{seed}.png")
    folder = workspace.dataset_folder(project.id)
    table = dataset.add_files(folder, sorted(tmp_path.glob("*.png")))
    for item in table.items:
        dataset.set_caption(folder, item.id, f"{TRIGGER}, a {taught.kind}", "measured")
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, TRIGGER, table.checksum, images=6, clips=0)
    with workspace.session() as session:
        session.add(PlanRow(id="plan_1", project_id=project.id, body=plan.model_dump(mode="json"), fingerprint="x"))
        session.flush()
        session.add(Run(id="run_1", project_id=project.id, plan_id="plan_1"))
    submitted = store.submit(
        workspace,
        project_id=project.id,
        task="tools.evaluation.run:evaluate",
        arguments={"run_id": "run_1", "sweep": False},  # see test_sweep.py
        run_id="run_1",
    )
    store.claim(workspace, submitted.id, 1)
    return JobContext(workspace, store.get(workspace, submitted.id), workspace.run_folder("run_1"))


def test_without_a_lora_file_the_job_says_so(job: JobContext):
    from tools.evaluation.run import evaluate

    with pytest.raises(JobFailed, match="no LoRA file"):
        evaluate(job)


def test_a_damaged_file_gets_a_scorecard_that_says_so(job: JobContext):
    from tools.evaluation.run import evaluate

    (job.folder / "lora.safetensors").write_bytes(b"this is no LoRA")
    assert evaluate(job)["sound"] is False
    card = scorecard.load(job.folder)
    assert card is not None
    assert card.lora_problems
    assert "cannot be used" in card.words()


def test_the_whole_evaluation_with_a_drawing_generator(job: JobContext, taught: Character, monkeypatch):
    """Only the generator is replaced, by the renderer: everything else is the real job."""
    from tools.evaluation import run

    state = {"lora": False}

    @contextmanager
    def with_lora(pipeline: object, path: Path, strength: float) -> Iterator[None]:
        state["lora"] = True
        yield

    def generate_batch(pipeline: object, requests: list) -> list[np.ndarray]:
        shows = [state["lora"] and TRIGGER in request.prompt for request in requests]
        return [
            clip_of(taught if show else unseen(500 + number), request.seed)
            for number, (show, request) in enumerate(zip(shows, requests, strict=True))
        ]

    reader = SimpleNamespace(tokenizer=PreTrainedTokenizerFast.from_pretrained(MINI_WEIGHTS / "tokenizer"))
    monkeypatch.setattr(run, "load_pipeline", lambda base, memory: reader)
    monkeypatch.setattr(run, "generate_batch", generate_batch)
    monkeypatch.setattr(run, "with_lora", with_lora)
    monkeypatch.setattr(run, "effect_of", lambda *_: None)
    monkeypatch.setattr(run, "verify", lambda path, base: LoraReport(file="lora.safetensors", ok=True, sha256="0" * 64))
    (job.folder / "lora.safetensors").write_bytes(b"stands for a file")
    result = run.evaluate(job)
    card = scorecard.load(job.folder)
    assert card is not None
    assert card.words() == result["words"]
    assert BASES[BaseModelName.MINI].honesty in result["words"]
    assert card.training_set is not None
    assert (card.training_set.captions, card.training_set.captions_with_trigger) == (6, 6)
    assert all((job.folder / clip.file).stat().st_size > 500 for clip in card.clips)
    assert card.measure("identity").verdict == "good"  # type: ignore[union-attr]
    image = Image.open(job.workspace.home / result["contact_sheet"])
    assert image.width > 1200 < 3 * image.height
    titles = [
        row.title
        for row in sheet.rows_of(
            card, {f"{c.model}/{c.case.id}": np.zeros((9, 64, 64, 3), np.uint8) for c in card.clips}, []
        )
    ]
    assert titles[1:] == [
        "Before training",
        f"With your LoRA and {TRIGGER}",
        "Seen from other sides",
        f"With your LoRA, without {TRIGGER}",
        "Before training, without it",
    ]


@pytest.mark.slow
def test_a_lora_that_changes_next_to_nothing_gains_nothing(job: JobContext):
    """The real job on mini: every clip with the LoRA is the base model's, so no figure may claim anything."""
    from tools.evaluation.run import evaluate
    from trainer_core.base_models.registry import base_missing, load_pipeline
    from trainer_core.lora.export import export_lora
    from trainer_core.training.model import add_lora, lora_state

    if base_missing(BaseModelName.MINI):
        pytest.skip("mini is not built")
    with job.workspace.session() as session:
        plan = TrainingPlan.model_validate(session.get_one(PlanRow, "plan_1").body)
    transformer = load_pipeline(BaseModelName.MINI).transformer
    add_lora(transformer, plan)
    state = {
        name: value if "lora_A" in name else torch.full_like(value, 1e-9)
        for name, value in lora_state(transformer).items()
    }
    export_lora(job.folder / "lora.safetensors", state, rank=plan.rank, alpha=plan.alpha, plan=plan, title="nothing")
    assert evaluate(job)["sound"] is True
    card = scorecard.load(job.folder)
    assert card is not None
    assert card.value("lift") == pytest.approx(0, abs=1e-3)
    assert card.value("leak") == pytest.approx(0, abs=1e-3)
    assert card.measure("lift").verdict == "poor"  # type: ignore[union-attr]
    assert card.value("variety") == pytest.approx(card.value("variety_base"), abs=1e-3)
    assert len(list((job.folder / "test_clips").glob("*.mp4"))) == len(card.clips)
