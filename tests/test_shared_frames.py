"""Stills taken from clips, and clips that share footage, are found; other takes in one place are not."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.vision.duplicates import Fingerprint, fingerprint
from tools.vision.shared_frames import FRAMES_A_SECOND, shared_frames
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip
from trainer_core.base_models.mini.world.scene import random_scene

FPS = 8


@pytest.fixture(scope="module")
def takes() -> list[NDArray[np.uint8]]:
    """Four takes of 3 seconds: two characters, each twice in one place."""
    rng, found = np.random.default_rng(5), []
    for _ in range(2):
        who, scene = random_character(rng), random_scene(rng, motion="waving")
        other = random_scene(rng, motion="walking", place=scene.place, place_seed=scene.place_seed, light=scene.light)
        found += [render_clip(who, each, size=96, frames=24, fps=FPS, oversample=1) for each in (scene, other)]
    return found


def prints(frames: NDArray[np.uint8]) -> tuple[Fingerprint, ...]:
    return tuple(fingerprint(frame) for frame in frames[:: round(FPS / FRAMES_A_SECOND)])


def test_takes_in_one_place_share_nothing(takes: list[NDArray[np.uint8]]) -> None:
    assert shared_frames([prints(take) for take in takes], range(4)) == {}


def test_a_still_and_a_cut_out_part_are_found(takes: list[NDArray[np.uint8]]) -> None:
    still, mirrored, part = takes[2][9], takes[0][16][:, ::-1], takes[1][6:]
    files = [*map(prints, takes), prints(still[None]), prints(np.ascontiguousarray(mirrored)[None]), prints(part)]
    found = shared_frames(files, range(len(files)))
    assert {index: shared.first for index, shared in found.items()} == {4: 2, 5: 0, 6: 1}


def test_pieces_of_one_clip_are_not_held_against_each_other(takes: list[NDArray[np.uint8]]) -> None:
    files = [prints(takes[0][:16]), prints(takes[0][12:])]
    assert set(shared_frames(files, ["a", "b"])) == {1}
    assert shared_frames(files, ["a", "a"]) == {}


def test_a_thousand_files_are_compared_in_seconds() -> None:
    rng = np.random.default_rng(0)
    small = bytes(40 * 40 * 3).hex()
    files = [
        [Fingerprint(hash=f"{a:016x}", mirrored=f"{b:016x}", small=small) for a, b in rng.integers(0, 2**63, (6, 2))]
        for _ in range(1000)
    ]
    began = time.process_time()
    assert shared_frames(files, range(1000)) == {}
    assert time.process_time() - began < 8
    assert shared_frames([], []) == {}
