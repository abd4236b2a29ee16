"""Measures how well views of drawn characters are read, on held-out ones, and chooses when to answer at all.

Held-out characters are split in two: on the first part the confidence is chosen, on the second the figures are taken.
`python -m tools.evaluation.drawn_views_calibration` draws, trains and measures anew.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image, yaw_at
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.base_models.registry import base_fingerprint, load_pipeline
from trainer_core.plan import BaseModelName

from .drawn_views import UNKNOWN, VALIDITY, VIEWS, WEIGHTS, answers_of, load_net, view_odds
from .drawn_views_figures import FILE, Figures, Material, Share, load_figures
from .drawn_views_training import Drawings, any_yaw, class_of, draw, train_views
from .embedder import SIDE
from .embedder_training import damage

AIM = 0.95  # least share of right answers that the confidence is chosen for
SURE = 1.645  # standard deviations: the one-sided 95 % bound of a share
BORDERS = (22.5, 67.5, 112.5)  # degrees, see trainer_core.base_models.mini.world.scene.view_of
NEAR = 10.0  # degrees about a border within which either view is a fair answer
FPS, FRAMES = 8.0, 9
CHARACTERS, EACH, CLIPS = 150, 4, 50  # of each split: characters, pictures of each, characters with a clip
TRAINING, TRAINING_SEEDS = 7000, (2301, 2302)  # pictures drawn with each seed
WORDS = {
    "drawn": "drawings of characters that the net never saw, views as in mini's own material",
    "drawn_any_yaw": "drawings of characters that the net never saw, turned by any angle",
    "damaged": "such drawings, views as in mini's own material, damaged by blur, noise, compression and colour",
    "damaged_any_yaw": "such drawings, turned by any angle, damaged by blur, noise, compression and colour",
    "reconstructed": "frames of true clips of such characters through mini's autoencoder",
}
# What people train on and what mini makes. "damaged_any_yaw" is both at their worst: it is measured, but has no say.
CHOSEN_ON = ("drawn", "drawn_any_yaw", "damaged", "reconstructed")


@dataclass(frozen=True)
class Read:
    """What the net says of pictures: odds (n, 4), and the truth: yaws (n,) in degrees."""

    odds: torch.Tensor
    yaws: NDArray[np.float64]

    def surely_right(self, confidence: float) -> float:
        """Lower 95 % bound (Wilson's score interval) of the share of right answers; 0 where none is given."""
        answers = answers_of(self.odds, confidence)
        given = [answer == class_of(yaw) for answer, yaw in zip(answers, self.yaws, strict=True) if answer != UNKNOWN]
        if not given:
            return 0.0
        count, share, square = len(given), float(np.mean(given)), SURE**2
        spread = SURE * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
        return (share + square / (2 * count) - spread) / (1 + square / count)


def held_out(count: int, seed: int) -> list[Character]:
    """`count` different held-out characters; no two share what makes them held out (kind, colours and hat)."""
    rng = np.random.default_rng(seed)
    found: dict[tuple[str, ...], Character] = {}
    while len(found) < count:
        one = random_character(rng, held_out=True)
        found.setdefault((one.kind, one.mane, one.clothes, one.hat, one.hat_colour), one)
    return list(found.values())


def draw_each(characters: Sequence[Character], seed: int, *, turned: bool) -> Drawings:
    """EACH pictures of every character, at the yaws of mini's own material or, `turned`, at any yaw."""
    rng = np.random.default_rng(seed)
    pictures, yaws = [], []
    for character in characters:
        for _ in range(EACH):
            scene = random_scene(rng, yaw=any_yaw(rng)) if turned else random_scene(rng)
            pictures.append(render_image(character, scene, size=SIDE))
            yaws.append(scene.yaw)
    return Drawings(np.asarray(pictures, dtype=np.uint8), np.asarray(yaws))


def reconstruct(characters: Sequence[Character], seed: int) -> Drawings:
    """Frames of one clip of every character, encoded and decoded by mini's autoencoder."""
    pipeline: Any = load_pipeline(BaseModelName.MINI)  # diffusers sets its parts as attributes, unknown to types
    rng = np.random.default_rng(seed)
    pictures, yaws = [], []
    for character in characters:
        scene = random_scene(rng)
        clip = render_clip(character, scene, size=SIDE, frames=FRAMES, fps=FPS)
        pixels = torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        with torch.inference_mode():
            decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latent_dist.mode(), return_dict=False)[0]
        shown = (decoded[0].permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5
        pictures.append(shown.round().byte().numpy())
        yaws += [yaw_at(scene, index / FPS) for index in range(FRAMES)]
    return Drawings(np.concatenate(pictures), np.asarray(yaws))


def draw_all(characters: Sequence[Character], seed: int) -> dict[str, Drawings]:
    """Every material of WORDS, made of these characters; half a minute on one quiet core."""
    materials: dict[str, Drawings] = {}
    for name, turned in (("drawn", False), ("drawn_any_yaw", True)):
        drawings = draw_each(characters, seed + turned, turned=turned)
        broken = damage(drawings.pictures, np.random.default_rng(seed))
        materials[name] = drawings
        materials[name.replace("drawn", "damaged")] = Drawings(broken, drawings.yaws)
    return materials | {"reconstructed": reconstruct(characters[:CLIPS], seed)}


def read_all(materials: dict[str, Drawings]) -> dict[str, Read]:
    """What the shipped net says of each material."""
    return {name: Read(view_odds(each.pictures), each.yaws) for name, each in materials.items()}


def choose_confidence(reads: Sequence[Read]) -> float:
    """The least confidence at which, on each material, the share of right answers is surely AIM or more.

    Raises ValueError when there is none.
    """
    for confidence in np.arange(0.25, 1.0, 0.005):
        if all(read.surely_right(confidence) >= AIM for read in reads):
            return round(float(confidence), 3)
    raise ValueError(f"At no confidence are {AIM:.0%} of the answers right. Train the net longer.")


def near_border(yaw: float) -> bool:
    """Whether a yaw in degrees lies within NEAR of a border between two views."""
    turned = abs((yaw + 180) % 360 - 180)
    return any(abs(turned - border) <= NEAR for border in BORDERS)


def material_of(words: str, read: Read, confidence: float) -> Material:
    """The figures of what was read."""
    truth = np.asarray([class_of(yaw) for yaw in read.yaws])
    likeliest, given = np.asarray(answers_of(read.odds, 0)), np.asarray(answers_of(read.odds, confidence))

    def share(chosen: NDArray[np.bool_]) -> Share:
        answered = chosen & (given != UNKNOWN)
        return Share(
            pictures=int(chosen.sum()),
            likeliest_right=round(float((likeliest == truth)[chosen].mean()), 4),
            answered=round(float(answered.sum() / chosen.sum()), 4),
            right=round(float((given == truth)[answered].mean()), 4) if answered.any() else None,
        )

    return Material(
        words=words,
        every=share(np.ones(len(truth), dtype=bool)),
        clear=share(np.asarray([not near_border(yaw) for yaw in read.yaws])),
        by_view={view: share(truth == view) for view in VIEWS},
        confusion={
            view: {answer: int(((truth == view) & (given == answer)).sum()) for answer in (*VIEWS, UNKNOWN)}
            for view in VIEWS
        },
    )


def calibrate(path: Path = FILE) -> Figures:
    """Choose the confidence and measure with the shipped weights, and store the figures."""
    characters = held_out(2 * CHARACTERS, seed=61)
    chosen_on, measured_on = characters[:CHARACTERS], characters[CHARACTERS:]
    figures = figures_of(read_all(draw_all(chosen_on, seed=610)), read_all(draw_all(measured_on, seed=620)))
    path.write_text(figures.model_dump_json(indent=1) + "\n")
    load_figures.cache_clear()
    return figures


def figures_of(chosen_on: dict[str, Read], measured_on: dict[str, Read]) -> Figures:
    """The confidence from the first materials, the figures at that confidence from the others."""
    confidence = choose_confidence([chosen_on[name] for name in CHOSEN_ON])
    return Figures(
        date=datetime.now(UTC).date().isoformat(),
        weights_sha256=hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(),
        mini_fingerprint=base_fingerprint(BaseModelName.MINI),
        validity=VALIDITY,
        confidence=confidence,
        chosen=f"the least at which the lower 95 % bound of the share of right answers is {AIM:.0%} on each of: "
        f"{', '.join(CHOSEN_ON)}; measured on {CHARACTERS} other held-out characters",
        materials={name: material_of(WORDS[name], read, confidence) for name, read in measured_on.items()},
    )


def rebuild(say: Callable[[str], None] = print) -> Figures:
    """Draw, train and measure anew; the shipped weights and figures are replaced."""
    parts = [draw(TRAINING, seed) for seed in TRAINING_SEEDS]
    drawings = Drawings(np.concatenate([p.pictures for p in parts]), np.concatenate([p.yaws for p in parts]))
    train_views(drawings, say=say)
    load_net.cache_clear()
    return calibrate()


if __name__ == "__main__":
    rebuild()
