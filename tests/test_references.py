"""References for in-context training: pairs, control clips, who is shown beside whom, and the file's header."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LTX2Pipeline
from PIL import Image
from pydantic import ValidationError

from trainer_core.base_models.registry import load_pipeline
from trainer_core.dataset.buckets import Sample, samples_of, split_held_out
from trainer_core.dataset.manifest import Item, Manifest, add_files, load, path_of
from trainer_core.dataset.media import MediaInfo, read_frames, write_clip
from trainer_core.dataset.pieces import add_pieces
from trainer_core.dataset.references import unpaired_ends
from trainer_core.dataset.sizes import further_sizes, sizes_of
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.encode import Encoder, encode_all
from trainer_core.training.examples import Encoded
from trainer_core.training.references import shown_beside

STILL = MediaInfo(
    kind="image", width=64, height=64, frames=1, fps=None, seconds=0.0, has_audio=False, variable_frame_rate=False
)


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    return path


def clip(path: Path, seed: int, frames: int = 12) -> Path:
    rng = np.random.default_rng(seed)
    write_clip(path, np.repeat(rng.integers(0, 255, (frames, 8, 8, 3), dtype=np.uint8).repeat(8, 1), 8, 2), 8.0)
    return path


def names(manifest: Manifest) -> list[str]:
    return [item.name for item in manifest.usable]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    clip(folder / "melt_start.mp4", 1)
    clip(folder / "melt_end.mp4", 2)
    picture(folder / "stone_START.png", 3)
    clip(folder / "stone_end.mp4", 4)
    picture(folder / "weekend.png", 5)
    clip(folder / "alone_end.mp4", 6)
    picture(folder / "lost_start.png", 7)
    return folder


def test_of_a_pair_the_end_is_learned_and_the_start_is_its_reference(tmp_path: Path, pairs: Path) -> None:
    manifest = add_files(tmp_path, [pairs])
    assert names(manifest) == ["alone_end.mp4", "melt_end.mp4", "stone_end.mp4", "weekend.png"]
    shown = {item.name: item.reference for item in manifest.items}
    melt, stone = shown["melt_end.mp4"], shown["stone_end.mp4"]
    assert melt is not None
    assert (melt.showing, melt.name, melt.info.kind) == ("start", "melt_start.mp4", "clip")
    assert stone is not None
    assert stone.info.kind == "image"
    assert (tmp_path / melt.file).read_bytes() == (pairs / "melt_start.mp4").read_bytes()
    assert shown["weekend.png"] is None
    assert [item.name for item in unpaired_ends(manifest)] == ["alone_end.mp4"]
    (told,) = manifest.rejected
    assert told.name == "lost_start.png"
    assert "its end is not there" in told.reason
    assert load(tmp_path) == manifest


def test_files_handed_over_one_by_one_are_paired_too_and_later_ones_find_their_end(tmp_path: Path) -> None:
    start, end = clip(tmp_path / "a" / "x_start.mp4", 1), clip(tmp_path / "b" / "x_end.mp4", 2)
    together = add_files(tmp_path / "set", [start, end])
    assert [item.reference is not None for item in together.items] == [True]
    first = add_files(tmp_path / "later", [start])
    assert not first.items
    assert add_files(tmp_path / "later", [end]).items[0].reference is None
    now = add_files(tmp_path / "later", [start])
    assert now.items[0].reference is not None
    assert not now.rejected  # what was said of the start is no longer true


def test_a_start_that_came_in_by_itself_before_is_no_longer_learned(tmp_path: Path) -> None:
    start, end = clip(tmp_path / "first.mp4", 1), clip(tmp_path / "x_end.mp4", 2)
    add_files(tmp_path / "set", [start])
    start.rename(tmp_path / "x_start.mp4")
    manifest = add_files(tmp_path / "set", [tmp_path / "x_start.mp4", end])
    assert names(manifest) == ["x_end.mp4"]


def test_a_start_that_cannot_be_used_is_told_and_its_end_stays(tmp_path: Path) -> None:
    end = clip(tmp_path / "x_end.mp4", 2)
    (tmp_path / "x_start.mp4").write_bytes(end.read_bytes())
    clip(tmp_path / "y_end.mp4", 3)
    (tmp_path / "y_start.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42 nothing")
    picture(tmp_path / "z_start.png", 4)
    clip(tmp_path / "z_start.mp4", 5)
    clip(tmp_path / "z_end.mp4", 6)
    manifest = add_files(
        tmp_path / "set", [tmp_path / f"{name}" for name in sorted(p.name for p in tmp_path.iterdir())]
    )
    assert names(manifest) == ["x_end.mp4", "y_end.mp4", "z_end.mp4"]
    reasons = {entry.name: entry.reason for entry in manifest.rejected}
    assert "exact copy of x_end.mp4" in reasons["x_start.mp4"]
    assert "damaged" in reasons["y_start.mp4"]
    assert "another start of z_end.mp4" in reasons["z_start.png"]
    assert [item.reference is not None for item in manifest.items] == [False, False, True]


def test_a_changed_reference_is_another_dataset_and_old_tables_still_load(tmp_path: Path, pairs: Path) -> None:
    manifest = add_files(tmp_path, [pairs / "melt_start.mp4", pairs / "melt_end.mp4"])
    (item,) = manifest.items
    without = manifest.model_copy(update={"items": (item.model_copy(update={"reference": None}),)})
    other = item.reference.model_copy(update={"sha256": "0" * 64}) if item.reference else None
    changed = manifest.model_copy(update={"items": (item.model_copy(update={"reference": other}),)})
    assert len({manifest.checksum, without.checksum, changed.checksum}) == 3
    old = without.model_dump_json(exclude={"items": {"__all__": {"reference"}}})
    assert "reference" not in old
    assert Manifest.model_validate_json(old).checksum == without.checksum


def plan_of(manifest: Manifest, **changes: object) -> TrainingPlan:
    recipe = RECIPES[RecipeName.CHARACTER]
    plan = propose(recipe, BaseModelName.MINI, "fx_x7kq", manifest.checksum, images=manifest.images, clips=1)
    short = {"steps": 6, "warmup_steps": 1, "rank": 2, "alpha": 2.0, "batch_size": 2, "class_preservation": 0.0}
    return plan.changed(**short | {"checkpoint_every": 3, "validation_every": 3} | changes)


@pytest.fixture(scope="module")
def pipeline() -> LTX2Pipeline:
    return load_pipeline(BaseModelName.MINI)


def encoded(pipeline: LTX2Pipeline, folder: Path, plan: TrainingPlan) -> tuple[list[Sample], list[Encoded]]:
    manifest = load(folder)
    samples, _ = samples_of(manifest, plan)
    encoder = Encoder(lambda _part: pipeline, "test", folder / "cache")
    examples, _ = encode_all(encoder, folder, manifest, samples, plan, lambda _done, _all: None)
    return samples, examples


def test_pairs_are_encoded_at_their_own_size_with_as_many_frames_as_the_target(
    pipeline: LTX2Pipeline, tmp_path: Path
) -> None:
    clip(tmp_path / "in" / "long_start.mp4", 1, frames=30)
    clip(tmp_path / "in" / "long_end.mp4", 2, frames=12)
    clip(tmp_path / "in" / "short_start.mp4", 3, frames=5)
    clip(tmp_path / "in" / "short_end.mp4", 4, frames=12)
    picture(tmp_path / "in" / "still_start.png", 5)
    clip(tmp_path / "in" / "still_end.mp4", 6, frames=12)
    clip(tmp_path / "in" / "plain.mp4", 7, frames=12)
    manifest = add_files(tmp_path / "set", [tmp_path / "in"])
    plan = plan_of(manifest, reference="pair", reference_downscale=2, frames=9)
    samples, examples = encoded(pipeline, tmp_path / "set", plan)
    by_name: dict[str, list[tuple[int, ...]]] = {}
    for sample, example in zip(samples, examples, strict=True):
        shapes = [tuple(shown.shape[1:]) for shown in example.references]
        assert tuple(example.latents.shape[1:]) == (2, 8, 8)
        by_name.setdefault(manifest.item(sample.item_id).name, []).extend(shapes)
    assert by_name == {
        "long_end.mp4": [(2, 4, 4)],
        "short_end.mp4": [(1, 4, 4)],
        "still_end.mp4": [(1, 4, 4)],
        "plain.mp4": [],
    }
    assert len({example.bucket for example in examples}) == 3  # no batch mixes them


def test_a_subject_is_shown_by_other_training_pictures_only(pipeline: LTX2Pipeline, tmp_path: Path) -> None:
    for seed in range(12):
        picture(tmp_path / "in" / f"{seed:02}.png", seed)
    clip(tmp_path / "in" / "walk.mp4", 20)
    manifest = add_files(tmp_path / "set", [tmp_path / "in"])
    plan = plan_of(manifest, reference="same_subject", frames=9, held_out_share=0.3)
    samples, _ = samples_of(manifest, plan)
    training, held_out = split_held_out(samples, plan.held_out_share, plan.seed)
    shown = shown_beside(manifest, samples, plan)
    learned = {sample.item_id for sample in training}
    assert held_out
    for sample in samples:
        beside = {each.media.sha256 for each in shown[sample]}
        assert beside <= {item.sha256 for item in manifest.items if item.id in learned and item.info.kind == "image"}
        assert manifest.item(sample.item_id).sha256 not in beside
        assert len(beside) >= len(learned) - 2
    _, examples = encoded(pipeline, tmp_path / "set", plan)
    still = next(example for example in examples if example.latents.shape[1] == 1)
    assert any(torch.equal(still.references[0], other.latents) for other in examples)  # encoded once, used as both
    assert {tuple(r.shape) for example in examples for r in example.references} == {tuple(still.latents.shape)}


def test_what_was_cut_from_one_clip_is_not_shown_beside_it(tmp_path: Path) -> None:
    manifest = Manifest(
        items=tuple(
            Item(
                id=f"itm_{n:012x}", name=f"{n}.png", file=f"{n}.png", sha256=f"{n:064x}", info=STILL, piece_of=piece_of
            )
            for n, piece_of in ((1, None), (2, "itm_000000000001"), (3, "itm_000000000001"), (4, None))
        )
    )
    plan = plan_of(manifest, reference="same_subject", held_out_share=0.0)
    samples, _ = samples_of(manifest, plan)
    shown = shown_beside(manifest, samples, plan)
    assert [len(shown[sample]) for sample in samples] == [1, 1, 1, 3]
    assert all(each.media.name == "4.png" for sample in samples[:3] for each in shown[sample])


def test_a_plan_refuses_references_that_would_have_no_legal_size(tmp_path: Path) -> None:
    plan = plan_of(Manifest(), reference="pair", reference_downscale=2)
    with pytest.raises(ValidationError, match=r"must be multiples of 32 too. The nearest factor that does is 2"):
        plan.changed(reference_downscale=3)


def test_pieces_of_a_clip_have_the_same_part_of_its_reference(tmp_path: Path) -> None:
    clip(tmp_path / "a_start.mp4", 1, frames=16)  # 2 s
    clip(tmp_path / "a_end.mp4", 2, frames=40)  # 5 s
    manifest = add_files(tmp_path / "set", [tmp_path / "a_start.mp4", tmp_path / "a_end.mp4"])
    whole = manifest.items[0]
    pieces = add_pieces(tmp_path / "set", whole.id, [(0.0, 1.0), (1.0, 3.0), (3.0, 5.0)]).usable
    seconds = [piece.reference.info.seconds if piece.reference else None for piece in pieces]
    assert seconds == [pytest.approx(1.0), pytest.approx(1.0), None]
    first, second = (piece.reference for piece in pieces[:2])
    assert first is not None
    assert second is not None
    assert whole.reference is not None
    original = read_frames(path_of(tmp_path / "set", whole.reference), fps=8.0, frames=16).astype(int)
    shown = read_frames(path_of(tmp_path / "set", second), fps=8.0, frames=8).astype(int)
    assert np.abs(shown - original[8:]).mean() < np.abs(shown - original[:8]).mean() / 3
    assert unpaired_ends(manifest) == []


def test_files_without_a_reference_are_named_and_nothing_is_said_without_references(
    tmp_path: Path, pairs: Path
) -> None:
    manifest = add_files(tmp_path, [pairs])
    _, notes = samples_of(manifest, plan_of(manifest, reference="pair"))
    told = "2 of 4 files have no reference and are trained as plain examples: alone_end.mp4, weekend.png"
    assert told in notes
    _, notes = samples_of(manifest, plan_of(manifest))
    assert not any("reference" in note for note in notes)
    _, notes = samples_of(manifest, plan_of(manifest, reference="same_subject"))
    assert any("the set has 1 picture" in note for note in notes)


def test_sizes_of_files_with_their_own_proportions_are_legal_for_smaller_references_too() -> None:
    plan = propose(RECIPES[RecipeName.FACE], BaseModelName.LTX23, "abc", "0" * 64, images=20, clips=0)
    plan = plan.changed(reference="same_subject", reference_downscale=2, keep_aspect=True, more_resolutions=(768,))
    sizes = [*sizes_of(plan), *(size for found in further_sizes(plan).values() for size in found)]
    assert len(sizes) > 8
    assert all(edge % 64 == 0 for size in sizes for edge in size)
