"""Test clips with a file shown beside the prompt, on mini itself."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.evaluation.beside import clips_of, read_beside
from tools.evaluation.prompts import PromptCase, suite_for
from trainer_core.base_models.registry import load_pipeline
from trainer_core.dataset import manifest as dataset
from trainer_core.dataset.media import write_clip
from trainer_core.generation.generate import GenerateRequest, generate_batch
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName

TRIGGER = "chr_x7kq"


def plan_of(table: dataset.Manifest, **changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName.FACE], BaseModelName.MINI, TRIGGER, table.checksum, images=4, clips=0)
    return plan.changed(**changes)


def noise(seed: int, frames: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (frames, 80, 80, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        Image.fromarray(noise(number)[0]).save(tmp_path / f"{number}_end.png")
        write_clip(tmp_path / f"{number}_start.mp4", noise(10 + number, 6), 8.0)
    table = dataset.add_files(tmp_path / "set", sorted(tmp_path.glob("*_*.*")))
    words = {item.id: (f"{TRIGGER}, number {n}", "person") for n, item in enumerate(table.items)}
    dataset.set_captions(tmp_path / "set", words)  # type: ignore[arg-type]
    return tmp_path / "set"


def cases_of(folder: Path, plan: TrainingPlan) -> tuple[PromptCase, ...]:
    return suite_for(dataset.load(folder), plan, "person").cases


def test_clips_come_in_order_and_the_picture_changes_its_own(folder: Path):
    table = dataset.load(folder)
    plan = plan_of(table, reference="same_subject", reference_downscale=2)
    cases = cases_of(folder, plan)
    plain, shown = (next(case for case in cases if case.purpose == purpose) for purpose in ("first", "reference"))
    assert (plain.reference, plain.prompt, plain.seed) == (None, shown.prompt, shown.seed)
    beside = read_beside([shown, plain], folder, table, plan)
    assert beside.notes == ()
    assert beside.pictures[shown.reference or ""].shape == (1, 80, 80, 3)
    pipeline = load_pipeline(BaseModelName.MINI)
    requests = [GenerateRequest(case.prompt, seed=case.seed, steps=2) for case in beside.cases]
    with_picture, without = clips_of(pipeline, beside.cases, requests, generate_batch, beside)
    assert with_picture.shape == without.shape == (9, 64, 64, 3)
    assert np.array_equal(without, generate_batch(pipeline, requests[1:])[0])
    assert not np.array_equal(with_picture, without)


def test_a_pair_shows_its_start_as_long_as_it_is(folder: Path):
    table = dataset.load(folder)
    plan = plan_of(table, reference="pair")
    cases = [case for case in cases_of(folder, plan) if case.reference]
    beside = read_beside(cases, folder, table, plan)
    assert {frames.shape for frames in beside.pictures.values()} == {(6, 80, 80, 3)}


def test_a_file_that_is_gone_costs_its_case_alone(folder: Path):
    table = dataset.load(folder)
    plan = plan_of(table, reference="same_subject")
    cases = cases_of(folder, plan)
    gone = next(case.reference for case in cases if case.reference)
    (folder / table.item(gone).file).unlink()
    beside = read_beside(cases, folder, table, plan)
    assert len(beside.notes) == 1
    assert "left out" in beside.notes[0]
    assert beside.cases == tuple(case for case in cases if case.reference is None)
