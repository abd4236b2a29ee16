"""Clips are split where they should be, on copies, all or nothing, and back again."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tools.splitting import LONGEST, SHORTEST, Piece, propose_pieces, split, unsplit
from tools.vision.shots import Shots, Transition
from trainer_core.dataset import pieces as cutting
from trainer_core.dataset.manifest import add_files, load, path_of, set_caption
from trainer_core.dataset.media import UnusableMedia, iterate_frames, probe, write_clip

Frames = NDArray[np.uint8]


def shots(*transitions: tuple[str, float, float], **figures: object) -> Shots:
    found = tuple(Transition(kind=kind, start=start, end=end) for kind, start, end in transitions)  # type: ignore[arg-type]
    return Shots(cuts=(), still_share=0, motion=1, transitions=found, **figures)  # type: ignore[arg-type]


def spans(pieces: tuple[Piece, ...]) -> list[tuple[float, float]]:
    return [(round(piece.start, 2), round(piece.end, 2)) for piece in pieces]


def test_a_good_clip_is_left_alone() -> None:
    assert propose_pieces(shots(), 6.0) == ()
    assert propose_pieces(shots(), 2.0) == ()
    assert propose_pieces(shots(), 8.0) == ()


def test_cuts_dissolves_and_fades_part_a_clip() -> None:
    pieces = propose_pieces(shots(("cut", 4.0, 4.0), ("dissolve", 9.0, 10.0), ("fade", 14.0, 15.5)), 20.0)
    assert spans(pieces) == [(0, 4), (4, 8.96), (10.04, 13.96), (15.54, 20)]
    assert [piece.why for piece in pieces] == [
        "from the start up to a cut",
        "after a cut up to a dissolve",
        "after a dissolve up to a fade",
        "after a fade to the end",
    ]


def test_long_shots_become_equal_pieces() -> None:
    pieces = propose_pieces(shots(), 30.0)
    assert spans(pieces) == [(0, 7.5), (7.5, 15), (15, 22.5), (22.5, 30)]
    assert "part 2 of 4, because 30.0 s are more than 8 s" in pieces[1].why
    assert spans(propose_pieces(shots(), 8.5)) == [(0, 4.25), (4.25, 8.5)]


def test_black_frozen_and_tiny_parts_are_left_out() -> None:
    figures = {"black": ((0.0, 0.6), (12.0, 12.5)), "frozen": ((17.0, 20.0),)}
    assert spans(propose_pieces(shots(("cut", 6.0, 6.0), ("cut", 6.5, 6.5), **figures), 20.0)) == [
        (0.64, 6),
        (6.5, 11.96),
        (12.54, 16.96),
    ]


@settings(max_examples=60)
@given(
    seconds=st.floats(0.1, 400),
    marks=st.lists(
        st.tuples(st.sampled_from(["cut", "dissolve", "fade"]), st.floats(0, 1), st.floats(0, 3)), max_size=9
    ),
)
def test_pieces_lie_in_order_and_are_long_enough(seconds: float, marks: list[tuple[str, float, float]]) -> None:
    found = [(kind, share * seconds, min(seconds, share * seconds + length)) for kind, share, length in marks]
    pieces = propose_pieces(shots(*sorted(found, key=lambda mark: mark[1])), seconds)
    assert all(0 <= piece.start < piece.end <= seconds + 1e-3 for piece in pieces)
    assert all(one.end <= two.start + 1e-3 for one, two in pairwise(pieces))
    assert all(piece.seconds <= LONGEST + 1e-3 for piece in pieces)
    assert all(piece.seconds >= SHORTEST for piece in pieces if "part" in piece.why)


def counting(count: int, width: int = 64) -> Frames:
    """Frame i is evenly grey with value 10 + 6 i, from the 37th on darker again: numbers can be read back."""
    shades = [10 + 6 * (index if index <= 36 else 72 - index) for index in range(count)]
    return np.stack([np.full((48, width, 3), shade, dtype=np.uint8) for shade in shades])


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    write_clip(tmp_path / "long.mp4", counting(72), 24.0)
    write_clip(tmp_path / "other.mp4", counting(24, 96), 24.0)
    add_files(tmp_path / "set", [tmp_path / "long.mp4", tmp_path / "other.mp4"])
    return tmp_path / "set"


HALVES = [Piece(start=0.0, end=1.5, why=""), Piece(start=1.5, end=3.0, why="")]


def test_splitting_makes_copies_and_sets_the_original_aside(dataset: Path) -> None:
    original = load(dataset).items[0]
    set_caption(dataset, original.id, "a fox walks", "person")
    before = path_of(dataset, original).read_bytes()
    manifest = split(dataset, original.id, HALVES)
    assert load(dataset) == manifest
    assert path_of(dataset, original).read_bytes() == before
    assert [(item.name, item.excluded, item.piece_of) for item in manifest.items] == [
        ("long.mp4", True, None),
        ("other.mp4", False, None),
        ("long part 1 of 2.mp4", False, original.id),
        ("long part 2 of 2.mp4", False, original.id),
    ]
    for item, expected in zip(manifest.items[2:], (range(36), range(36, 0, -1)), strict=True):
        path = path_of(dataset, item)
        assert item.info == probe(path)
        assert (item.info.frames, item.info.fps, item.info.seconds) == (36, 24.0, 1.5)
        assert (item.caption, item.caption_source) == ("a fox walks", "person")
        numbers = [round((float(frame.mean()) - 10) / 6) for _, frame in iterate_frames(path)]
        assert numbers == list(expected)
    assert not list((dataset / "files").glob(".*"))


def test_splitting_can_be_undone_and_done_again(dataset: Path) -> None:
    before = load(dataset)
    after = split(dataset, before.items[0].id, HALVES)
    undone = unsplit(dataset, before.items[0].id)
    assert undone.usable == before.items
    assert undone.checksum == before.checksum
    assert split(dataset, before.items[0].id, HALVES) == after


def test_a_cut_made_again_has_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    """Else what was split, put together and split again has its pieces twice; it was so about once in a hundred."""
    source = path_of(dataset, load(dataset).items[0])
    found = set()
    for _ in range(30):  # memory is used between two cuts, which is what made the difference
        write_clip(tmp_path / "other.mp4", counting(72), 24.0)
        cutting.cut_clip(source, tmp_path / "cut.mp4", start=0.0, end=1.5)
        found.add((tmp_path / "cut.mp4").read_bytes())
    assert len(found) == 1


def test_nothing_changes_when_a_piece_fails(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(dataset), sorted(path.name for path in (dataset / "files").iterdir())
    whole = cutting.cut_clip

    def failing(source: Path, target: Path, *, start: float, end: float) -> None:
        whole(source, target, start=start, end=end)
        if start > 1:
            raise UnusableMedia("The clip is damaged.")

    monkeypatch.setattr(cutting, "cut_clip", failing)
    with pytest.raises(UnusableMedia):
        split(dataset, before[0].items[0].id, HALVES)
    assert (load(dataset), sorted(path.name for path in (dataset / "files").iterdir())) == before


def test_wrong_requests_are_refused_in_words(dataset: Path) -> None:
    first = load(dataset).items[0].id
    with pytest.raises(ValueError, match=r"from 2\.00 to 9\.00 s does not lie in long\.mp4, which has 3\.00 s"):
        split(dataset, first, [Piece(start=2, end=9, why="")])
    with pytest.raises(ValueError, match="not 0"):
        split(dataset, first, [])
    with pytest.raises(LookupError, match="no file 'itm_x'"):
        split(dataset, "itm_x", HALVES)
    with pytest.raises(LookupError, match="no file 'itm_x'"):
        unsplit(dataset, "itm_x")


def test_sound_and_uneven_times_are_kept(tmp_path: Path) -> None:
    path, moments = tmp_path / "a.mp4", [0.0, 0.05, 0.1, 0.5, 0.6, 1.0, 1.25, 1.3, 1.6, 1.9]
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=1000)
        video.height, video.width, video.pix_fmt = 48, 64, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        track = container.add_stream("aac", rate=44_100)
        for moment, picture in zip(moments, counting(len(moments)), strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for index in range(80):
            wave = np.sin(np.arange(1024, dtype=np.float32) / 8)[None]
            sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 44_100, index * 1024, Fraction(1, 44_100)
            container.mux(track.encode(sound))
        container.mux(track.encode(None))
    add_files(tmp_path / "set", [path])
    manifest = split(tmp_path / "set", load(tmp_path / "set").items[0].id, [Piece(start=0.5, end=1.5, why="")])
    piece = manifest.items[1]
    assert piece.info.has_audio
    frames = [seconds for seconds, _ in iterate_frames(path_of(tmp_path / "set", piece))]
    assert frames == pytest.approx([0, 0.1, 0.5, 0.75, 0.8], abs=2e-3)
