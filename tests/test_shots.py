"""What happens in clips of known truth: transitions and what only looks like one, standstill, doubled frames.

Plain cuts, short flashes, a slow turn and a whole still clip are in test_audit.py.
"""

import tracemalloc
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tools.audit.clip_rules import CLIP_RULES
from tools.audit.evidence import Evidence
from tools.measurements import Measurement
from tools.splitting import proposals
from tools.vision.colours import measure_edges
from tools.vision.duplicates import fingerprint
from tools.vision.shots import Shots, measure_shots
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import MediaInfo
from trainer_core.recipes import RECIPES, RecipeName

Frames = NDArray[np.uint8]
FPS = 24


def texture(seed: int, width: int = 96) -> Frames:
    """A smooth picture with some edges."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (8, max(8, width // 12), 3)).astype(np.uint8)
    picture = np.asarray(cv2.resize(rough, (width, 96), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    for _ in range(6):
        spot = int(rng.integers(width)), int(rng.integers(96))
        cv2.circle(picture, spot, int(rng.integers(5, 16)), [int(c) for c in rng.integers(0, 256, 3)], -1)
    return picture


def scene(seed: int, count: int = 36, speed: float = 0.6) -> Frames:
    """A ball that rolls through a picture."""
    frames = np.stack([texture(seed)] * count)
    for index, frame in enumerate(frames):
        cv2.circle(frame, (round(10 + speed * index), 60), 12, (250, 240, 60), -1)
    return frames


def measured(frames: Frames) -> Shots:
    return measure_shots((index / FPS, frame) for index, frame in enumerate(frames))


def dissolve(one: Frames, two: Frames, length: int) -> Frames:
    share = (np.arange(1, length + 1) / (length + 1))[:, None, None, None]
    mixed = one[-length:] * (1 - share) + two[:length] * share
    return np.concatenate([one[:-length], mixed.astype(np.uint8), two[length:]])


def found(shots: Shots) -> list[tuple[str, int, int]]:
    return [(each.kind, round(each.start * FPS), round(each.end * FPS)) for each in shots.transitions]


@pytest.mark.parametrize("length", [6, 12, 24])
def test_dissolves_are_found_once_and_in_place(length: int) -> None:
    ((kind, start, end),) = found(measured(dissolve(scene(1, 48), scene(2, 48), length)))
    assert kind == "dissolve"
    assert abs(start - (48 - length)) <= 6
    assert abs(end - 48) <= 6


@pytest.mark.parametrize("apart", [3, 4, 6, 9])
def test_both_cuts_of_a_very_short_shot_are_found(apart: int) -> None:
    frames = np.concatenate([scene(1, 24), scene(2, apart), scene(3, 24)])
    assert found(measured(frames)) == [("cut", 24, 24), ("cut", 24 + apart, 24 + apart)]


def test_a_pan_shown_on_threes_is_no_row_of_cuts() -> None:
    wide = texture(4, 96 + 12 * 20)
    frames = np.stack([wide[:, 12 * (index // 3) : 12 * (index // 3) + 96] for index in range(60)])
    assert found(measured(frames)) == []


@pytest.mark.parametrize("frames", [3, 4, 5])
def test_whip_pans_with_their_blur_are_no_cuts(frames: int) -> None:
    wide = texture(4, 256)
    places = np.concatenate([np.zeros(15), np.linspace(0, 160, frames), np.full(15, 160)])
    shown = []
    for place, following in zip(places, [*places[1:], places[-1]], strict=True):
        blurred = np.linspace(place, place + (following - place) / 2, 9).round().astype(int)
        shown.append(np.mean([wide[:, left : left + 96] for left in blurred], axis=0).astype(np.uint8))
    assert found(measured(np.stack(shown))) == []


def test_a_camera_that_drifts_by_parts_of_a_pixel_is_no_dissolve() -> None:
    detail = cv2.resize(np.random.default_rng(1).normal(0, 25, (110, 110)), (900, 900), interpolation=cv2.INTER_NEAREST)
    large = cv2.resize(texture(11), (900, 900), interpolation=cv2.INTER_CUBIC) + detail[..., None]
    large = np.clip(large, 0, 255).astype(np.uint8)
    frames = []
    for index in range(60, 120):  # it goes to and fro by a pixel of what is compared
        left, top = round(60 + 50 * np.sin(index / 20)), round(60 + 40 * np.cos(index / 31))
        frames.append(cv2.resize(large[top : top + 768, left : left + 768], (96, 96), interpolation=cv2.INTER_AREA))
    assert found(measured(np.stack(frames).astype(np.uint8))) == []


@pytest.mark.parametrize("darker", [0.0, 0.45])
def test_a_hand_held_camera_is_followed_also_when_the_light_changes(darker: float) -> None:
    large = cv2.resize(texture(12), (256, 256), interpolation=cv2.INTER_CUBIC)
    frames = []
    for moment in np.linspace(0, 1, 60):
        scale = 2.0 - 0.2 * moment
        left, top = 20 + 12 * np.sin(1 + 2 * moment), 20 + 10 * np.cos(2 * moment) + np.sin(40 * moment)
        matrix = np.array([[scale, 0, left], [0, scale, top]])
        view = cv2.warpAffine(large, matrix, (96, 96), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        frames.append(view * (1 - darker * np.clip(3 * moment - 1, 0, 1)))
    assert found(measured(np.stack(frames).astype(np.uint8))) == []


@pytest.mark.parametrize("shade", [0, 255])
def test_fades_out_and_in_are_one_fade(shade: int) -> None:
    even = np.full((6, 96, 96, 3), shade, dtype=np.uint8)
    frames = np.concatenate([dissolve(scene(1), np.repeat(even, 4, axis=0), 12)[:36], even, scene(2)])
    share = (np.arange(1, 13) / 12)[:, None, None, None]
    frames[42:54] = (frames[42:54] * share + shade * (1 - share)).astype(np.uint8)
    ((kind, start, end),) = found(measured(frames))
    assert kind == "fade"
    assert abs(start - 24) <= 3
    assert abs(end - 54) <= 3


def test_a_clip_that_begins_in_black() -> None:
    frames = np.concatenate([np.zeros((24, 96, 96, 3), dtype=np.uint8), scene(3, 48)])
    shots = measured(frames)
    assert shots.black == ((0.0, round(23 / FPS, 3)),)
    assert found(shots) == [("cut", 24, 24)]


def test_a_flash_that_fades_away_is_no_fade_and_is_named() -> None:
    frames = scene(1, 60)
    for step, share in enumerate((1.0, 0.7, 0.45, 0.25, 0.1)):
        frames[20 + step] = (frames[20 + step] * (1 - share) + 255 * share).astype(np.uint8)
    shots = measured(frames)
    assert found(shots) == []
    assert shots.flashes == (round(20 / FPS, 3),)


@pytest.mark.parametrize("speed", [1, 4, 12])
def test_pans_are_no_transitions(speed: int) -> None:
    wide = texture(4, 96 + 12 * 40)
    frames = np.stack([wide[:, speed * index : speed * index + 96] for index in range(40)])
    assert found(measured(frames)) == []


def test_a_zoom_and_a_change_of_light_are_no_transitions() -> None:
    large = cv2.resize(texture(5), (192, 192), interpolation=cv2.INTER_CUBIC)
    parts = [large[cut : 192 - cut, cut : 192 - cut] for cut in range(0, 40)]
    assert found(measured(np.stack([cv2.resize(part, (96, 96)) for part in parts]).astype(np.uint8))) == []
    gains = np.interp(np.arange(40), (0, 12, 28, 40), (1, 1, 0.6, 0.6))[:, None, None, None]
    assert found(measured((scene(6, 40) * gains).astype(np.uint8))) == []


@pytest.mark.parametrize(("times", "share"), [(1, 0.0), (2, 0.5), (3, 0.667)])
def test_repeated_frames_are_told(times: int, share: float) -> None:
    assert measured(np.repeat(scene(7, 24, speed=2), times, axis=0)).repeated_share == share


def test_film_in_thirty_frames_repeats_every_fifth() -> None:
    frames = scene(7, 32, speed=2)
    assert measured(frames[[index * 4 // 5 for index in range(40)]]).repeated_share == 0.2


def test_a_frozen_part_between_movement() -> None:
    frames = scene(8, 48, speed=1.5)
    shots = measured(np.concatenate([frames[:24], np.repeat(frames[23:24], 20, axis=0), frames[24:]]))
    ((start, end),) = shots.frozen
    assert abs(start * FPS - 23) <= 3
    assert abs(end * FPS - 43) <= 3
    assert shots.repeated_share == 0


def test_the_camera_and_the_subject_are_told_apart() -> None:
    wide = texture(9, 400)
    pan = measured(np.stack([wide[:, 2 * index : 2 * index + 96] for index in range(40)]))
    still = measured(scene(9, 40, speed=1.5))
    assert pan.camera_motion == pytest.approx(2 / 96 * FPS, rel=0.15)
    assert still.camera_motion == pytest.approx(0, abs=0.02)
    assert still.subject_motion > pan.subject_motion


def test_a_long_clip_needs_little_memory() -> None:
    def endless() -> Iterator[tuple[float, Frames]]:
        for index in range(150):
            yield index / FPS, np.full((360, 640, 3), index % 200, dtype=np.uint8)

    tracemalloc.start()
    measure_shots(endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * 2**20  # one such frame has 0.7 MB; all of them 99 MB


def test_findings_name_the_place_and_offer_pieces() -> None:
    shots = measured(dissolve(scene(1, 100, speed=0.95), scene(2, 100, speed=0.95), 12))
    info = MediaInfo(
        kind="clip", width=512, height=512, frames=228, fps=24, seconds=9.5, has_audio=False, variable_frame_rate=False
    )
    item = Item(id="itm_" + "0" * 12, name="a.mp4", file="files/a", sha256="0" * 64, info=info)
    frame = texture(1)
    figures = Measurement(
        sharpness=99, brightness=0.5, bars=0, edges=measure_edges(frame), fingerprint=fingerprint(frame), shots=shots
    )
    manifest = Manifest(items=(item,))
    pieces = proposals([item], {item.id: figures})
    evidence = Evidence(RECIPES[RecipeName.MOTION], manifest, (item,), {item.id: figures}, {}, {}, pieces=pieces)
    findings = {finding.id: finding for rule in CLIP_RULES for finding in rule(evidence)}
    assert set(findings) == {"clip_too_long", "transition_in_clip"}
    assert "a.mp4: dissolve at 3." in findings["transition_in_clip"].text
    assert "it gives 2 pieces of" in findings["transition_in_clip"].text
