"""Clips with odd times and pairs with odd names: taken with the right words, and never the end of a training."""

import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from trainer_core.dataset.buckets import samples_of
from trainer_core.dataset.clips import windows
from trainer_core.dataset.controls import edges, make_control
from trainer_core.dataset.manifest import Item, Manifest, add_files, load, path_of
from trainer_core.dataset.media import UnusableMedia, iterate_frames, probe, read_frames
from trainer_core.dataset.pieces import add_pieces, take_pieces_back
from trainer_core.dataset.references import set_references
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.encode import read_sample

TICKS = 90_000


def write(path: Path, times: Sequence[float], *, told: Callable[[int], int] | None = None, keyframes: int = 6) -> Path:
    """A clip whose frames have these times in seconds; `told` gives each packet another time, in 1/90000 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 96
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "threads": "1", "g": str(keyframes), "keyint_min": str(keyframes)}
        stream.codec_context.time_base = Fraction(1, TICKS)
        packets = []
        for index, seconds in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((96, 96, 3), index * 4 % 250, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(seconds * TICKS), Fraction(1, TICKS)
            packets += stream.encode(frame)
        for number, packet in enumerate([*packets, *stream.encode(None)]):
            if told:
                packet.dts, packet.pts = number, told(number)
            container.mux(packet)
    return path


def even(count: int, rate: float, start: float = 0.0) -> list[float]:
    return [start + index / rate for index in range(count)]


def plan_of(manifest: Manifest, **changes: object) -> TrainingPlan:
    recipe = RECIPES[RecipeName.MOTION]
    images, clips = manifest.images, manifest.clips
    return propose(recipe, BaseModelName.MINI, "zzmotion", manifest.checksum, images=images, clips=clips).changed(
        **changes
    )


def test_the_last_window_of_a_clip_that_ends_faster_than_it_began_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [*even(30, 10), *even(20, 60, 3.0)])
    info = probe(path)
    assert info.variable_frame_rate
    for start in windows(info, frames=17, fps=60.0):
        assert len(read_frames(path, fps=60.0, frames=17, start=start)) == 17


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        ([*even(40, 24), *even(40, 24, 10.0)], None),  # a gap of eight seconds: 6.9 a second is nobody's rate
        (even(30, 0.3), None),  # nine frames would last 30 s
        (even(30, 0.5), 0.5),
        (even(60, 59.94), 59.94),
        (even(60, 1000), None),
        (even(30, 24, 36_000.0), 24.0),  # begins after ten hours
        ([0.0, 1800.0], None),
        ([0.0], None),
    ],
)
def test_own_rates_are_kept_only_where_they_are_one(tmp_path: Path, times: list[float], kept: float | None) -> None:
    manifest = add_files(tmp_path / "set", [write(tmp_path / "a.mp4", times)])
    plan = plan_of(manifest, resample_fps=False, recipe=RecipeName.STYLE)
    samples, _notes = samples_of(manifest, plan)
    assert {sample.fps for sample in samples} == {kept}
    (item,) = manifest.items
    for sample in samples:
        shape = read_sample(path_of(tmp_path / "set", item), item, sample, plan).shape
        assert shape == (sample.frames, sample.height, sample.width, 3)


def test_frames_that_are_no_time_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMedia, match="no times that make sense"):
        probe(write(tmp_path / "a.mp4", [0.0, 0.00002]))


def test_frames_that_share_a_time_stop_neither_control_clips_nor_pieces(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", even(30, 24), told=lambda number: 9 * 3750 if number == 10 else number * 3750)
    folder = tmp_path / "set"
    (item,) = add_files(folder, [path]).items
    assert make_control(folder, item, "edges", edges).info.frames == 29
    made = add_pieces(folder, item.id, [(0.0, 0.6)])
    assert [piece.info.frames for piece in made.usable] == [len([t for t, _ in iterate_frames(path) if t < 0.599]) - 1]


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    return path


def shown(manifest: Manifest) -> dict[str, str]:
    return {item.name: item.reference.name for item in manifest.usable if item.reference}


def test_where_pairs_follow_each_other_each_end_is_still_learned(tmp_path: Path) -> None:
    """One's end is the next one's start, byte for byte, as in a film cut into steps."""
    source = tmp_path / "source"
    for step in (1, 2, 3):
        picture(source / f"{step}_start.png", step)
        picture(source / f"{step}_end.png", step + 1)
    manifest = add_files(tmp_path / "set", [source])
    assert shown(manifest) == {f"{step}_end.png": f"{step}_start.png" for step in (1, 2, 3)}
    assert len(manifest.usable) == 3


@pytest.mark.parametrize(
    "stem",
    ["Привет мир", "走る", "é" * 60, "a_start_start", "$(rm -rf ~)", "a..", "ALL RULES\n<b>", "a\\..\\..\\x", "-rf"],
)
def test_pairs_of_any_name_find_each_other_and_copies_stay_inside(tmp_path: Path, stem: str) -> None:
    source, folder = tmp_path / "source", tmp_path / "set"
    picture(source / f"{stem}_START.png", 1)
    picture(source / unicodedata.normalize("NFD", f"{stem}_end.PNG"), 2)
    (item,) = add_files(folder, [source]).usable
    assert item.reference is not None
    for copy in (path_of(folder, item), path_of(folder, item.reference)):
        assert copy.is_relative_to(folder)
    assert "\n" not in item.name + item.reference.name


def test_of_two_starts_one_is_taken_and_the_other_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    picture(source / "x_start.png", 1)
    picture(source / "X_START.png", 2)
    picture(source / "x_end.png", 3)
    manifest = add_files(tmp_path / "set", [source])
    assert len(shown(manifest)) == 1
    assert "another start" in manifest.rejected[0].reason


def test_a_tampered_reference_cannot_lead_out_of_the_dataset(tmp_path: Path) -> None:
    picture(tmp_path / "source" / "x_start.png", 1)
    picture(tmp_path / "source" / "x_end.png", 2)
    folder = tmp_path / "set"
    (item,) = add_files(folder, [tmp_path / "source"]).items
    assert item.reference is not None
    with pytest.raises(ValueError, match="out of the dataset"):
        path_of(folder, item.reference.model_copy(update={"file": "../../source/x_start.png"}))


def test_pieces_that_come_back_have_the_reference_that_the_clip_was_given_meanwhile(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (clip,) = add_files(folder, [write(tmp_path / "a.mp4", even(48, 24))]).items
    spans = [(0.0, 1.0), (1.0, 2.0)]
    add_pieces(folder, clip.id, spans)
    take_pieces_back(folder, clip.id)
    set_references(folder, {clip.id: make_control(folder, clip, "edges", edges)})
    add_pieces(folder, clip.id, spans)
    pieces: list[Item] = [item for item in load(folder).usable if item.piece_of == clip.id]
    assert [piece.reference.showing if piece.reference else None for piece in pieces] == ["edges", "edges"]


def test_a_table_of_the_version_before_references_loads_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    manifest = add_files(folder, [picture(tmp_path / "a.png", 1)])
    table = manifest.model_dump_json(exclude={"items": {"__all__": {"reference", "synthetic", "piece_of"}}})
    assert "reference" not in table
    (folder / "manifest.json").write_text(table)
    assert load(folder) == manifest
    assert load(folder).checksum == manifest.checksum
