"""Files into a dataset and out to training: copies, ids, reasons, captions, samples and the held-out part."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer_core.dataset.buckets import Sample, samples_of, split_held_out
from trainer_core.dataset.clips import MAX_WINDOWS
from trainer_core.dataset.manifest import (
    Item,
    Manifest,
    add_files,
    load,
    one_line,
    path_of,
    save,
    set_caption,
    set_excluded,
)
from trainer_core.dataset.media import MediaInfo, read_image, write_clip
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    for index, path in enumerate((folder / "a.png", folder / "b.jpg", folder / "more" / "c.webp")):
        Image.fromarray(np.full((64, 48, 3), 40 * index, dtype=np.uint8)).save(path)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_are_copied_and_originals_stay(tmp_path: Path, source: Path) -> None:
    before = contents(source)
    told: list[tuple[int, int]] = []
    manifest = add_files(tmp_path / "set", [source], progress=lambda done, total: told.append((done, total)))
    assert [item.name for item in manifest.items] == ["a.png", "b.jpg", "c.webp"]
    assert contents(source) == before
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert load(tmp_path / "set") == manifest
    assert (manifest.images, manifest.clips) == (3, 0)
    for item in manifest.items:
        assert item.id == f"itm_{item.sha256[:12]}"
        assert read_image(path_of(tmp_path / "set", item)).shape == (64, 48, 3)


def test_adding_again_changes_nothing_and_copies_are_refused(tmp_path: Path, source: Path) -> None:
    first = add_files(tmp_path / "set", [source])
    assert add_files(tmp_path / "set", [source]) == first
    (source / "zz.png").write_bytes((source / "a.png").read_bytes())
    manifest = add_files(tmp_path / "set", [source])
    assert manifest.items == first.items
    assert [(entry.name, entry.reason) for entry in manifest.rejected] == [("zz.png", "It is an exact copy of a.png.")]
    assert manifest.rejected[0].duplicate_of == first.items[0].id


def test_the_rest_goes_on_when_files_are_bad(tmp_path: Path, source: Path) -> None:
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    (source / "song.mp3").write_bytes(b"ID3")
    (source / "notes.md").write_text("no media, no complaint")
    (source / ".hidden.png").write_bytes((source / "a.png").read_bytes())
    (source / "wrong.png").write_bytes((source / "b.jpg").read_bytes() + b"\0")
    os.mkfifo(source / "pipe.png")
    manifest = add_files(tmp_path / "set", [source, tmp_path / "nowhere"])
    assert [item.name for item in manifest.items] == ["a.png", "b.jpg", "wrong.png", "c.webp"]
    assert manifest.items[2].info.notes == ("named .png but holds JPEG",)
    assert manifest.items[2].file.endswith(".jpg")
    reasons = {entry.name: entry.reason for entry in manifest.rejected}
    assert set(reasons) == {"broken.jpg", "song.mp3", "pipe.png", "nowhere"}
    assert "JPG, PNG, WebP, MP4 and MOV" in reasons["song.mp3"]
    assert not [path for path in (tmp_path / "set" / "files").iterdir() if path.name.startswith(".")]


def test_links_do_not_lead_out(tmp_path: Path, source: Path) -> None:
    outside = tmp_path / "secret.png"
    Image.new("RGB", (64, 64)).save(outside)
    (source / "out.png").symlink_to(outside)
    (source / "loop.png").symlink_to(source / "loop.png")
    (source / "more" / "round").symlink_to(source)
    (source / "a.txt").symlink_to("/etc/hostname")
    manifest = add_files(tmp_path / "set", [source])
    assert len(manifest.items) == 3
    assert manifest.items[0].caption == ""
    assert {entry.name: entry.reason.split(";")[0] for entry in manifest.rejected} == {
        "loop.png": "It is a link that leads nowhere.",
        "out.png": "It is a link that leads out of the folder",
        "round": "It is a link to another folder, which is not followed",
    }


def test_a_linked_folder_is_told_and_not_followed(tmp_path: Path, source: Path) -> None:
    """A folder in a handed-over folder that was a link was left out in silence, and its pictures with it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (64, 64)).save(elsewhere / "far.png")
    (source / "linked").symlink_to(elsewhere)
    (source / ".hidden").symlink_to(elsewhere)
    manifest = add_files(tmp_path / "set", [source])
    assert "far.png" not in {item.name for item in manifest.items}
    assert [(entry.name, entry.reason) for entry in manifest.rejected] == [
        ("linked", "It is a link to another folder, which is not followed; add that folder itself.")
    ]


def test_strange_names_are_text(tmp_path: Path, source: Path) -> None:
    raw = os.fsencode(source) + b"/bad\xff\nname <b>x.png"
    with Path(os.fsdecode(raw)).open("wb") as file:
        Image.new("RGB", (64, 64), "red").save(file, "PNG")
    (source / ("n" * 200 + ".png")).write_bytes(b"nothing")
    manifest = add_files(tmp_path / "set", [source])
    assert manifest.items[2].name == "bad? name <b>x.png"
    assert len(manifest.rejected[0].name) <= 120
    assert load(tmp_path / "set") == manifest


def test_captions_beside_the_pictures(tmp_path: Path, source: Path) -> None:
    (source / "a.txt").write_text("\ufeff a fox,\n  in the snow \x07" + "x" * 9000, encoding="utf-8")
    manifest = add_files(tmp_path / "set", [source])
    first = manifest.items[0]
    assert first.caption.startswith("a fox, in the snow x")
    assert len(first.caption) == 2000
    assert first.caption_source == "file"
    changed = set_caption(tmp_path / "set", first.id, "my own words", "person")
    assert changed.items[0].caption == "my own words"
    assert changed.checksum != manifest.checksum
    assert changed.files_checksum == manifest.files_checksum
    with pytest.raises(LookupError, match="no file 'itm_x'"):
        set_caption(tmp_path / "set", "itm_x", "", "person")


def test_setting_aside_and_back(tmp_path: Path, source: Path) -> None:
    manifest = add_files(tmp_path / "set", [source])
    item = manifest.items[0]
    fewer = set_excluded(tmp_path / "set", item.id, True)
    assert fewer.images == 2
    assert fewer.checksum != manifest.checksum
    assert path_of(tmp_path / "set", item).exists()
    assert set_excluded(tmp_path / "set", item.id, False) == manifest


def test_a_damaged_or_tampered_table(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "set"
    manifest = add_files(folder, [source])
    evil = manifest.items[0].model_copy(update={"file": "../../etc/passwd"})
    with pytest.raises(ValueError, match="out of the dataset"):
        path_of(folder, evil)
    (folder / "manifest.json").write_text('{"items": [{"id": 3}]}')
    with pytest.raises(ValueError, match="copied files are untouched"):
        load(folder)


@settings(max_examples=80)
@given(text=st.text(max_size=400), limit=st.integers(4, 60))
def test_one_line_is_one_capped_storable_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.isprintable()
    assert json.loads(json.dumps(line).encode()) == line


def item(number: int, kind: str = "image", seconds: float = 0.0) -> Item:
    digest = f"{number:064x}"[::-1]
    info = MediaInfo(
        kind=kind,  # type: ignore[arg-type]
        width=512,
        height=512,
        frames=max(1, round(seconds * 24)),
        fps=24.0 if seconds else None,
        seconds=seconds,
        has_audio=False,
        variable_frame_rate=False,
    )
    return Item(id=f"itm_{digest[:12]}", name=f"{number}", file=f"files/{number}", sha256=digest, info=info)


def plan_for(manifest: Manifest, recipe: str = "character") -> TrainingPlan:
    return propose(
        RECIPES[recipe],  # type: ignore[index]
        BaseModelName.MINI,
        "chr_abc1",
        manifest.checksum,
        images=manifest.images,
        clips=manifest.clips,
    )


def test_samples_of_pictures_and_clips() -> None:
    manifest = Manifest(items=(item(1), item(2, "clip", 3.5), item(3, "clip", 0.6), item(4, "clip", 30.0)))
    samples, notes = samples_of(manifest, plan_for(manifest))
    by_item = [[sample for sample in samples if sample.item_id == each.id] for each in manifest.items]
    assert by_item[0] == [Sample(manifest.items[0].id, 0.0, 1, 64, 64)]
    assert [(sample.start, sample.frames) for sample in by_item[1]] == [(0.0, 9), (1.125, 9), (2.25, 9)]
    assert [sample.frames for sample in by_item[2]] == [1]
    assert len(by_item[3]) == MAX_WINDOWS
    assert by_item[3][-1].start > 26
    assert "0.6 s is too short for 9 frames" in notes[0]
    assert f"{MAX_WINDOWS} of its 26 possible windows are used" in notes[1]
    assert notes[2:] == ["Fewer samples than the batch of 8, so some repeat within a batch: 64x64 with 1 frame (2)"]


def test_stills_are_left_out_where_motion_is_taught() -> None:
    manifest = Manifest(items=(item(1), item(2, "clip", 3.5)))
    samples, notes = samples_of(manifest, plan_for(manifest, "motion"))
    assert {sample.item_id for sample in samples} == {manifest.items[1].id}
    assert "stills cannot teach a way of moving" in notes[0]


@given(count=st.integers(0, 60), share=st.floats(0, 0.5), seed=st.integers(0, 1000))
def test_the_held_out_part_is_split_by_item(count: int, share: float, seed: int) -> None:
    samples = [Sample(item(number).id, start, 9, 64, 64) for number in range(count) for start in (0.0, 1.0)]
    train, held_out = split_held_out(samples, share, seed)
    assert sorted(train + held_out, key=samples.index) == samples
    assert not {sample.item_id for sample in train} & {sample.item_id for sample in held_out}
    assert (train, held_out) == split_held_out(samples, share, seed)
    assert bool(train) == bool(samples)
    assert bool(held_out) == (share > 0 and count >= 5)


@given(split=st.sets(st.integers(0, 19), max_size=15), share=st.floats(0.01, 0.5), seed=st.integers(0, 1000))
def test_pieces_of_one_clip_are_held_out_together(split: set[int], share: float, seed: int) -> None:
    """A validation loss over pieces whose neighbours are trained on would say too little about new footage."""
    items: list[Item] = []
    for number in range(20):
        whole = item(number, "clip", 30.0)
        parts = [item(1000 + 10 * number + part, "clip", 6.0) for part in range(3)]
        smaller = item(1009 + 10 * number, "clip", 3.0).model_copy(update={"piece_of": parts[0].id})
        items.append(whole.model_copy(update={"excluded": number in split and number % 2 == 0}))
        if number in split:
            items += [*(part.model_copy(update={"piece_of": whole.id}) for part in parts), smaller]
    manifest = Manifest(items=tuple(items))
    samples, _notes = samples_of(manifest, plan_for(manifest))
    sides = split_held_out(samples, share, seed)
    given_clips = [{sample.taken_from or sample.item_id for sample in side} for side in sides]
    assert not given_clips[0] & given_clips[1]
    assert len(given_clips[0] | given_clips[1]) == 20
    assert len(given_clips[1]) == max(1, round(share * 20))


def test_a_clip_goes_all_the_way(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (48, 64, 64, 3), dtype=np.uint8)
    write_clip(tmp_path / "a.mov", frames, 24.0)
    manifest = add_files(tmp_path / "set", [tmp_path / "a.mov"])
    assert manifest.clips == 1
    assert manifest.items[0].info.seconds == 2.0
    save(tmp_path / "other", manifest)
    assert load(tmp_path / "other").checksum == manifest.checksum
