"""Buckets: whatever the files and the plan, nothing is dropped without a word, and what is read is what is said."""

import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from trainer_core.base_models.registry import load_part
from trainer_core.dataset.buckets import Sample, samples_of, split_held_out
from trainer_core.dataset.clips import first_frame
from trainer_core.dataset.manifest import Item, Manifest, add_files
from trainer_core.dataset.media import MediaInfo, iterate_frames, probe, read_frames, read_own_frames, write_clip
from trainer_core.dataset.sizes import ASPECTS, MOST_AREA, further_sizes, nearest_legal, sizes_of
from trainer_core.plan import BASES, BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.speeds import tokens_per_sample
from trainer_core.training.batches import Batches
from trainer_core.training.encode import Encoder, read_sample
from trainer_core.training.examples import Encoded

MINI, LTX = BaseModelName.MINI, BaseModelName.LTX23


def plan_of(base: BaseModelName = MINI, recipe: str = "character", **changes: object) -> TrainingPlan:
    plan = propose(RECIPES[RecipeName(recipe)], base, "chr_x7kq", "0" * 64, images=12, clips=12)
    return plan.changed(**{"held_out_share": 0.0} | changes)


def item_of(number: int, kind: str = "image", size: tuple[int, int] = (512, 512), **info: object) -> Item:
    facts = {"frames": 1, "fps": None, "seconds": 0.0, "has_audio": False, "variable_frame_rate": False}
    described = MediaInfo.model_validate({"kind": kind, "width": size[0], "height": size[1]} | facts | info)
    return Item(
        id=f"itm_{number:012x}", name=f"file-{number}", file=f"files/{number}", sha256=f"{number:064x}", info=described
    )


def clip_of(number: int, frames: int, fps: float, size: tuple[int, int] = (512, 512), varies: bool = False) -> Item:
    seconds = round(frames / fps, 3)
    return item_of(number, "clip", size, frames=frames, fps=round(fps, 3), seconds=seconds, variable_frame_rate=varies)


EDGES = st.integers(32, 2200)
SIZES = st.tuples(EDGES, EDGES)
CLIPS = st.builds(
    clip_of,
    st.just(0),
    st.integers(1, 2000),
    st.sampled_from([1.0, 7.3, 12.0, 23.976, 23.974, 24.0, 25.0, 29.97, 30.02, 60.0, 120.0, 240.0]),
    SIZES,
    st.booleans(),
)
MANIFESTS = st.lists(CLIPS | st.builds(item_of, st.just(0), st.just("image"), SIZES), max_size=12).map(
    lambda items: Manifest(
        items=tuple(
            each.model_copy(update={"id": f"itm_{n:012x}", "name": f"file-{n}", "excluded": n % 5 == 4})
            for n, each in enumerate(items)
        )
    )
)


@st.composite
def plans(draw: st.DrawFn) -> TrainingPlan:
    base = draw(st.sampled_from(BaseModelName))
    rules = BASES[base]
    edges = st.integers(1, rules.largest_edge // rules.size_factor).map(lambda n: n * rules.size_factor)
    return plan_of(
        base,
        draw(st.sampled_from(RecipeName)),
        width=draw(edges),
        height=draw(edges),
        frames=draw(st.sampled_from([1, 9, 17] if base is MINI else [1, 9, 49, 257])),
        fps=draw(st.sampled_from([8.0, 23.976, 24.0, 60.0])),
        batch_size=draw(st.integers(1, 4)),
        keep_aspect=draw(st.booleans()),
        resample_fps=draw(st.booleans()),
        more_resolutions=tuple(draw(st.lists(st.integers(32, 2000), max_size=3))),
        held_out_share=draw(st.sampled_from([0.0, 0.3])),
    )


@settings(max_examples=80, deadline=None)
@given(manifest=MANIFESTS, plan=plans())
def test_every_usable_file_is_trained_on_or_named_with_the_reason(manifest: Manifest, plan: TrainingPlan) -> None:
    samples, notes = samples_of(manifest, plan)
    told = [(names.split(", "), words) for names, _, words in (note.partition(": ") for note in notes)]
    rules = BASES[plan.base]
    assert {sample.item_id for sample in samples} <= {item.id for item in manifest.usable}
    for item in manifest.usable:
        own = [sample for sample in samples if sample.item_id == item.id]
        if not own:
            assert any("left out, because" in words and item.name in names for names, words in told)
            continue
        assert (own[0].width, own[0].height) in sizes_of(plan)
        assert len(set(own)) == len(own)
        for sample in own:
            assert sample.width % rules.size_factor == sample.height % rules.size_factor == 0
            assert max(sample.width, sample.height) <= rules.largest_edge
            assert sample.frames % rules.frame_factor == 1
            assert sample.frames <= plan.frames
            if (sample.width, sample.height) != (own[0].width, own[0].height):
                assert sample.width <= item.info.width
                assert sample.height <= item.info.height
            check_its_end(sample, item.info, plan)
        if item.info.kind == "clip" and all(sample.frames < plan.frames for sample in own):
            assert any("used" in words and item.name in names for names, words in told)


def check_its_end(sample: Sample, info: MediaInfo, plan: TrainingPlan) -> None:
    if info.kind == "image":
        assert (sample.start, sample.frames, sample.fps) == (0.0, 1, None)
    elif sample.fps:
        assert not plan.resample_fps
        assert not info.variable_frame_rate
        assert sample.fps == pytest.approx(info.fps, rel=1e-3)
        assert first_frame(info, sample.start) + sample.frames <= info.frames
    else:
        assert 0 <= sample.start + (sample.frames - 1) / plan.fps < info.seconds


@settings(max_examples=60, deadline=None)
@given(plan=plans())
def test_sizes_are_few_and_never_much_larger_than_asked_for(plan: TrainingPlan) -> None:
    own = plan.width * plan.height
    for area, sizes in [(own, sizes_of(plan)), *((edge**2, sizes) for edge, sizes in further_sizes(plan).items())]:
        assert len(sizes) <= (len(ASPECTS) + 1 if plan.keep_aspect else 1)
        assert all(width * height <= max(MOST_AREA * area, 32 * 32) for width, height in sizes)
    assert sizes_of(plan)[0] == (plan.width, plan.height)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((1000, 1000), (512, 512)),
        ((1920, 1080), (672, 384)),
        ((1080, 1920), (384, 672)),
        ((4000, 3000), (608, 448)),
        ((3000, 4500), (416, 640)),
        ((5000, 1000), (704, 352)),  # beyond the last step the ends are cut off
    ],
)
def test_a_file_keeps_its_proportions(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    samples, notes = samples_of(Manifest(items=(item_of(1, size=size),)), plan_of(LTX, keep_aspect=True))
    assert [(sample.width, sample.height) for sample in samples] == [wanted]
    assert notes == []


def test_a_second_resolution_never_enlarges_and_says_whom_it_leaves_out() -> None:
    large, small = item_of(1, size=(1024, 1024)), item_of(2, size=(700, 2000))
    samples, notes = samples_of(Manifest(items=(large, small)), plan_of(LTX, more_resolutions=(768,)))
    found = [(sample.item_id, sample.width, sample.height) for sample in samples]
    assert found == [(large.id, 512, 512), (large.id, 768, 768), (small.id, 512, 512)]
    assert "Resolution 768: not for file-2, which would be enlarged" in notes[0]
    assert "512x512 (2), 768x768 (1)" in notes[1]


def test_the_plans_own_proportions_hold_at_other_areas() -> None:
    wide = plan_of(LTX, width=960, height=544, more_resolutions=(512,))
    assert further_sizes(wide) == {512: [(672, 384)]}
    assert nearest_legal(LTX, 16 / 9, 1280**2) == (1280, 736)  # the base takes no longer edge


def test_mini_has_its_few_sizes() -> None:
    items = tuple(item_of(n, size=size) for n, size in enumerate([(300, 300), (300, 220), (300, 160), (100, 400)]))
    samples, notes = samples_of(Manifest(items=items), plan_of(keep_aspect=True, more_resolutions=(32, 768)))
    sizes = [[(s.width, s.height) for s in samples if s.item_id == each.id] for each in items]
    assert sizes == [[(64, 64), (32, 32)], [(64, 64), (32, 32)], [(64, 32), (32, 32)], [(32, 64), (32, 32)]]
    assert any("Resolution 768 adds nothing" in note for note in notes)


def test_a_clip_with_room_for_one_frame_teaches_no_motion() -> None:
    long, short = clip_of(1, 40, 8.0), clip_of(2, 5, 8.0)
    samples, notes = samples_of(Manifest(items=(long, short)), plan_of(recipe="motion", batch_size=1))
    assert {sample.item_id for sample in samples} == {long.id}
    assert notes[0].startswith("file-2: left out, because it is too short for more than one frame")
    assert {sample.item_id for sample in samples_of(Manifest(items=(long, short)), plan_of())[0]} == {long.id, short.id}


def test_the_same_words_about_many_clips_are_one_note() -> None:
    """A run told each clip's in a message of its own: 200 clips, 200 messages."""
    clips = tuple(clip_of(number, 300, 8.0) for number in range(1, 31))
    _samples, notes = samples_of(Manifest(items=clips), plan_of(resample_fps=False))
    assert len([note for note in notes if "possible windows" in note]) == 1
    assert "file-12 and 18 more: " in notes[0]


def test_buckets_smaller_than_the_batch_are_told() -> None:
    items = (*(item_of(n) for n in range(5)), clip_of(9, 20, 8.0))
    _samples, notes = samples_of(Manifest(items=items), plan_of(batch_size=4))
    assert notes == ["Fewer samples than the batch of 4, so some repeat within a batch: 64x64 with 9 frames (2)"]


def numbered(count: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Noise that differs in every frame, with its number in its brightness."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 60, (count, height // 8, width // 8, 3)).repeat(8, 1).repeat(8, 2)
    return (noise + 3 * np.arange(count).reshape(-1, 1, 1, 1)).astype(np.uint8)


@pytest.mark.parametrize(("fps", "own"), [(12.0, 12.0), (23.976, 23.976), (30.0, 30.0)])
def test_a_clip_with_its_own_rate_is_read_frame_by_frame(tmp_path: Path, fps: float, own: float) -> None:
    write_clip(tmp_path / "a.mp4", numbered(30, 64, 48), fps)
    manifest = add_files(tmp_path / "set", [tmp_path / "a.mp4"])
    plan = plan_of(resample_fps=False, width=64, height=32)
    samples, _notes = samples_of(manifest, plan)
    assert [sample.fps for sample in samples] == [own] * 3
    path = tmp_path / "set" / manifest.items[0].file
    every = [picture for _seconds, picture in iterate_frames(path)]
    for number, sample in enumerate(samples):
        read = read_sample(path, manifest.items[0], sample, plan)
        whole = read_own_frames(path, first=first_frame(manifest.items[0].info, sample.start), frames=9)
        assert np.array_equal(whole, np.stack(every[9 * number : 9 * number + 9]))
        assert read.shape == (9, 32, 64, 3)


def test_the_last_window_of_a_long_clip_is_still_on_its_frames(tmp_path: Path) -> None:
    """A rate that is rounded to three decimals is a frame off after some minutes."""
    info = clip_of(1, 86_000, 24000 / 1001).info
    for number in (0, 1, 43_000, 85_991):
        assert first_frame(info, round(number * info.seconds / info.frames, 6)) == number


def write_at(path: Path, frames: NDArray[np.uint8], moments: Sequence[float]) -> None:
    """A clip whose frames are shown at these seconds."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for moment, picture in zip(moments, frames, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(moment * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_a_frame_missing_in_the_middle_moves_no_window_past_the_end(tmp_path: Path) -> None:
    moments = [0.04 * number for number in range(60)]
    write_at(tmp_path / "gap.mp4", numbered(60, 64, 48), [*moments[:50], *(moment + 0.04 for moment in moments[50:])])
    item = add_files(tmp_path / "set", [tmp_path / "gap.mp4"]).items[0]
    assert not item.info.variable_frame_rate
    plan = plan_of(resample_fps=False)
    samples, _notes = samples_of(Manifest(items=(item,)), plan)
    every = np.stack([picture for _seconds, picture in iterate_frames(tmp_path / "gap.mp4")])
    for sample in samples:
        first = first_frame(item.info, sample.start)
        assert np.array_equal(read_own_frames(tmp_path / "gap.mp4", first=first, frames=9), every[first : first + 9])


def test_a_clip_that_ends_on_a_short_frame_can_be_read_to_its_end(tmp_path: Path) -> None:
    """Its length counts a usual frame at the end; reading once counted the last, short one and found it too short."""
    path = tmp_path / "a.mp4"
    write_at(path, numbered(12), [*(0.1 * number for number in range(11)), 1.01])
    seconds = probe(path).seconds
    assert len(read_frames(path, fps=8.0, frames=9, start=seconds - 0.01 - 1.0)) == 9


def test_uneven_and_very_fast_clips_are_brought_to_the_plans_rate_and_it_is_said() -> None:
    uneven, fast = clip_of(1, 240, 29.4, varies=True), clip_of(2, 960, 240.0)
    samples, notes = samples_of(Manifest(items=(uneven, fast)), plan_of(resample_fps=False))
    assert {sample.fps for sample in samples} == {None}
    assert any(note.startswith("file-1: its frame rate varies") for note in notes)
    assert any(note.startswith("file-2: its 240 frames a second are too many") for note in notes)


def test_rates_that_are_one_rate_share_a_bucket() -> None:
    items = tuple(clip_of(n, 240, fps) for n, fps in enumerate([23.974, 23.976, 24000 / 1001, 23.98]))
    samples, _notes = samples_of(Manifest(items=items), plan_of(resample_fps=False))
    assert {sample.fps for sample in samples} == {23.976}


def test_pictures_and_clips_of_all_shapes_are_encoded_at_their_own_size_and_rate(tmp_path: Path) -> None:
    Image.fromarray(numbered(1, 64, 64)[0]).save(tmp_path / "square.png")
    write_clip(tmp_path / "wide.mp4", numbered(20, 128, 64), 12.0)
    write_clip(tmp_path / "slow.mp4", numbered(10, 64, 64), 8.0)
    names = [tmp_path / name for name in ("square.png", "wide.mp4", "slow.mp4")]
    manifest = add_files(tmp_path / "set", names)
    plan = plan_of(keep_aspect=True, resample_fps=False, more_resolutions=(32,), class_preservation=0.0)
    samples, _notes = samples_of(manifest, plan)
    encoder = Encoder(lambda part: load_part(plan.base, part, plan.memory), "test", tmp_path / "cache")
    encoded = [encoder.sample(tmp_path / "set", manifest.item(each.item_id), each, plan) for each in samples]
    found = Counter((tuple(example.latents.shape[1:]), example.fps) for example in encoded)
    assert found == {
        ((1, 8, 8), None): 1,
        ((1, 4, 4), None): 1,
        ((2, 4, 8), 12.0): 2,
        ((2, 4, 4), 12.0): 2,
        ((2, 8, 8), None): 1,  # its own rate is the plan's
        ((2, 4, 4), None): 1,
    }
    tokens = {sample: example.latents[0].numel() for sample, example in zip(samples, encoded, strict=True)}
    assert tokens_per_sample(plan.changed(batch_size=1), samples) == pytest.approx(np.mean(list(tokens.values())))


SHAPES = st.sampled_from([(1, 2, 2), (1, 4, 2), (2, 2, 2), (3, 2, 2)])


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(SHAPES, min_size=1, max_size=40),
    rates=st.lists(st.sampled_from([None, 12.0]), min_size=40, max_size=40),
    size=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_an_epoch_sees_every_sample_in_batches_of_one_kind(
    shapes: list[tuple[int, int, int]], rates: list[float | None], size: int, seed: int
) -> None:
    examples = [Encoded(torch.zeros(4, *shape), "a", rate) for shape, rate in zip(shapes, rates, strict=False)]
    batches = Batches(examples, size, seed)
    for epoch in range(2):
        seen = [batches.at(epoch * batches.per_epoch + place) for place in range(batches.per_epoch)]
        assert {index for batch in seen for index in batch} == set(range(len(examples)))
        assert all(len(batch) == size for batch in seen)
        assert all(len({examples[index].bucket for index in batch}) == 1 for batch in seen)


def test_ten_thousand_samples_cost_next_to_nothing() -> None:
    still, clip = torch.zeros(4, 1, 2, 2), torch.zeros(4, 2, 2, 2)
    examples = [Encoded(clip if index % 3 else still, "a") for index in range(10_000)]
    spent = []
    for seed in range(5):
        began = time.process_time()  # not the wall's time: other work may run beside this
        Batches(examples, 2, seed).at(0)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


def test_the_estimate_counts_what_a_step_sees() -> None:
    """A bucket with one sample fills a batch of its own, as often as one with four does."""
    items = (*(item_of(n) for n in range(4)), clip_of(9, 9, 8.0))
    plan = plan_of(batch_size=4)
    samples, _notes = samples_of(Manifest(items=items), plan)
    assert tokens_per_sample(plan, samples) == (64 + 128) / 2
    held = plan.changed(held_out_share=0.5)
    training, _ = split_held_out(samples, 0.5, plan.seed)
    buckets = {sample.frames for sample in training}
    assert tokens_per_sample(held, samples) == np.mean([128 if frames > 1 else 64 for frames in buckets])
