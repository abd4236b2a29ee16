"""References for in-context training: pairs, control clips, who is shown beside whom, and the file's header."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from trainer_core.dataset.manifest import Manifest, add_files, load
from trainer_core.dataset.media import write_clip
from trainer_core.dataset.references import unpaired_ends

Frames = NDArray[np.uint8]


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
