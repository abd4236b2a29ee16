"""Clips of known truth, drawn and of photographs: transitions, and what looks like one and is none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import MOTIONS, random_scene

SIZE, FPS, FRAMES, WIDE = 96, 24, 60, 256

Frames = NDArray[np.uint8]


class Made(NamedTuple):
    """A clip and what is in it: (kind, start frame, end frame) of each transition."""

    frames: Frames
    truth: tuple[tuple[str, int, int], ...]


@dataclass
class Pool:
    """Takes of 96 pixels, each made once and used in many clips. `jumps` are changed takes of the same places."""

    rng: np.random.Generator
    takes: list[Frames] = field(default_factory=list)
    jumps: list[Frames] = field(default_factory=list)
    wide: list[Frames] = field(default_factory=list)  # pictures of 256 pixels
    kinds: list[str] = field(default_factory=list)  # "turn" or "plain", by take
    more: list[Frames] = field(default_factory=list)  # other turns, faster


def drawn(seed: int, takes: int) -> Pool:
    """Drawn characters in drawn scenes."""
    pool = Pool(np.random.default_rng(seed))
    for index in range(takes):
        who = random_character(pool.rng)
        scene = random_scene(pool.rng, motion=MOTIONS[index % len(MOTIONS)])
        again = random_scene(pool.rng, place=scene.place, place_seed=scene.place_seed, light=scene.light)
        pool.takes.append(render_clip(who, scene, size=SIZE, frames=FRAMES, fps=FPS, oversample=1))
        pool.jumps.append(render_clip(who, again, size=SIZE, frames=FRAMES // 2, fps=FPS, oversample=1))
        pool.wide.append(render_image(who, scene, size=WIDE, oversample=1))
        pool.kinds.append("turn" if scene.motion == "turning" else "plain")
    who = random_character(pool.rng)
    for _ in range(max(4, takes // 5)):
        turning = random_scene(pool.rng, motion="turning", shot=str(pool.rng.choice(("medium", "close"))))
        pool.more.append(render_clip(who, turning, size=SIZE, frames=40, fps=FPS / 3, oversample=1))  # thrice as fast
    return pool


def photographed(folder: Path, seed: int, takes: int) -> Pool:
    """Photographs seen by a camera that drifts, trembles and comes nearer; jumps go to another one of the set."""
    pool = Pool(np.random.default_rng(seed))
    sets: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.jpg")):
        if found := re.fullmatch(r"(.+)_[+-]\d+", path.stem):
            sets.setdefault(found[1], []).append(path)
    several = [paths for paths in sets.values() if len(paths) > 1]
    for index in pool.rng.permutation(len(several))[:takes]:
        one, two = pool.rng.choice(len(several[index]), 2, replace=False)
        pool.takes.append(handheld(photograph(several[index][one], WIDE), FRAMES, pool.rng))
        pool.jumps.append(handheld(photograph(several[index][two], WIDE), FRAMES // 2, pool.rng))
        pool.wide.append(photograph(several[index][one], WIDE))
        pool.kinds.append("hand-held")
    return pool


def photograph(path: Path, size: int) -> Frames:
    """A photograph, shrunk to a square."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def handheld(picture: Frames, frames: int, rng: np.random.Generator) -> Frames:
    """A camera's way over a picture: drifts of some pixels, trembling by parts of a pixel, 10 % nearer."""
    waves = rng.uniform(0, 2 * np.pi, 4)
    shown = []
    for moment in np.linspace(0, 1, frames):
        scale = picture.shape[0] / SIZE * (0.75 - 0.075 * moment)
        sway = 10 * np.sin(waves[:2] + 2 * moment) + 0.5 * np.sin(waves[2:] + 40 * moment)
        corner = (picture.shape[0] - scale * SIZE) / 2 + sway * scale / 4
        matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
        soft = cv2.GaussianBlur(picture, (0, 0), 0.4 * scale)
        view = cv2.warpAffine(soft, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        shown.append(view + rng.normal(0, 1.5, view.shape))
    return np.clip(np.stack(shown), 0, 255).astype(np.uint8)


def transitions(pool: Pool) -> Iterator[tuple[str, Made]]:
    """Every kind of transition with random takes and places in time."""
    rng, count = pool.rng, len(pool.takes)
    for index in range(count):
        one, two = pool.takes[index], pool.takes[(index + 1 + int(rng.integers(count - 1))) % count]
        jump, at = pool.jumps[index], int(rng.integers(18, 36))
        yield "cut", Made(np.concatenate([one[:at], two]), (("cut", at, at),))
        yield "jump cut", Made(np.concatenate([one[:at], jump]), (("cut", at, at),))
        for length in (6, 12, 24, 36):
            yield f"dissolve of {length} frames", dissolve(one, two, length)
        yield "jump dissolve of 12 frames", dissolve(one[:30], jump, 12)
        for length, shade in ((8, 0), (16, 0), (24, 0), (12, 255)):
            yield f"fade of {length} frames", fade(one, two, length, shade)


def harmless(pool: Pool) -> Iterator[tuple[str, Made]]:
    """What looks like a transition and is none."""
    rng = pool.rng
    for index, take in enumerate(pool.takes):
        for length in (1, 2, 3):
            flashed, at = take.copy(), int(rng.integers(15, 40))
            flashed[at : at + length] = 255 - (255 - flashed[at : at + length]) // 4
            yield "flash", Made(flashed, ())
        decaying, at = take.copy(), int(rng.integers(15, 40))
        for step, share in enumerate((0.9, 0.7, 0.5, 0.3, 0.15)):
            decaying[at + step] = (decaying[at + step] * (1 - share) + 255 * share).astype(np.uint8)
        yield "flash", Made(decaying, ())
        for frames in (6, 9, 12, 30, 55):
            yield "pan", Made(pan(pool.wide[index], frames), ())
        for frames in (3, 4, 5):
            yield "whip pan", Made(pan(pool.wide[index], frames, blurred=True), ())
        yield "zoom", Made(zoom(pool.wide[index]), ())
        gains = np.interp(np.arange(FRAMES), (0, 15, 15 + int(rng.integers(3, 30)), FRAMES), (1, 1, 0.55, 0.55))
        yield "light change", Made((take * gains[:, None, None, None]).astype(np.uint8), ())
        yield pool.kinds[index], Made(take, ())
        yield "doubled", Made(np.repeat(take[::2], 2, axis=0), ())
        yield "frozen", Made(np.concatenate([take[:30], np.repeat(take[29:30], 20, axis=0), take[30:]]), ())
    for fast in pool.more:
        yield "turn", Made(fast, ())


def quick_cuts(pool: Pool) -> Iterator[tuple[str, Made]]:
    """A shot of three to eight frames between two others: two cuts."""
    count = len(pool.takes)
    for index in range(count):
        one, two, three = (pool.takes[(index + step) % count] for step in range(3))
        for length in (3, 4, 5, 6, 8):
            frames = np.concatenate([one[:24], two[:length], three[:24]])
            yield "two cuts, 3 to 8 frames apart", Made(frames, (("cut", 24, 24), ("cut", 24 + length, 24 + length)))


def dissolve(one: Frames, two: Frames, length: int) -> Made:
    """Both takes go on moving while the second appears over the first."""
    share = (np.arange(1, length + 1) / (length + 1))[:, None, None, None]
    last, first = one[-length:] if len(one) > length else one, two[:length]
    mixed = (last * (1 - share) + first * share).astype(np.uint8)
    start = len(one) - length
    return Made(np.concatenate([one[:start], mixed, two[length:]]), (("dissolve", start, start + length),))


def fade(one: Frames, two: Frames, length: int, shade: int) -> Made:
    """Out through black or white and in again, with six even frames between."""
    share = (np.arange(1, length + 1) / length)[:, None, None, None]
    out = one[-length:] * (1 - share) + shade * share
    back = two[:length] * share + shade * (1 - share)
    even = np.full((6, *one.shape[1:]), shade)
    frames = np.concatenate([one[:-length], out, even, back, two[length:]]).astype(np.uint8)
    start = len(one) - length
    return Made(frames, (("fade", start, start + 2 * length + 6),))


def pan(wide: Frames, frames: int, *, blurred: bool = False) -> Frames:
    """Standing, a pan over the whole picture within `frames` frames, standing. `blurred` as by a half-open shutter."""
    room = WIDE - SIZE
    places = np.concatenate([np.zeros(15), np.linspace(0, room, frames), np.full(15, room)])
    shown = []
    for index, place in enumerate(places):
        nearest = places[index + 1] if index + 1 < len(places) else place
        steps = np.linspace(place, place + (nearest - place) / 2, 9 if blurred else 1).round().astype(int)
        views = [wide[room // 2 : room // 2 + SIZE, left : left + SIZE] for left in steps]
        shown.append(np.mean(views, axis=0).astype(np.uint8))
    return np.stack(shown)


def zoom(wide: Frames) -> Frames:
    """From the whole picture to its middle."""
    frames = []
    for cut in np.linspace(0, WIDE * 0.3, FRAMES).round().astype(int):
        part = wide[cut : WIDE - cut, cut : WIDE - cut]
        frames.append(cv2.resize(part, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
    return np.stack(frames).astype(np.uint8)
