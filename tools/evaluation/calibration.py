"""How well the embedder tells characters apart, measured on characters that it never saw, and the thresholds from it.

Nothing here is typed in: `calibrate` measures, `calibration.json` stores the figures with their date and material.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene

from .calibrated import Calibration, Material, Probe, Spread, StoredLine
from .embedder import SIDE, WEIGHTS, EmbedderNet, Vectors, embed, load_embedder, mean_vector
from .embedder_training import damage, train_embedder, twin_of
from .measures import consistency

FILE = Path(__file__).with_name("calibration.json")
PICTURES = 16  # of each character; half make the prototype, half are asked about
FRAMES = 9


@lru_cache(maxsize=2)
def load_calibration(path: Path = FILE) -> Calibration:
    """The stored figures."""
    return Calibration.model_validate_json(path.read_bytes())


def auc(high: NDArray[np.float32], low: NDArray[np.float32]) -> float:
    """Probability that a value of `high` exceeds one of `low` (ties count half): the area under the ROC curve."""
    ranked = np.sort(low)
    below = np.searchsorted(ranked, high, "left")
    equal = np.searchsorted(ranked, high, "right") - below
    return float((below + 0.5 * equal).mean() / len(low))


def equal_error(same: NDArray[np.float32], different: NDArray[np.float32]) -> tuple[float, float]:
    """(threshold, error rate) where as many same values fall below as different ones above."""
    candidates = np.quantile(np.concatenate([same, different]), np.linspace(0, 1, 2001))
    missed = np.searchsorted(np.sort(same), candidates, "left") / len(same)
    taken = 1 - np.searchsorted(np.sort(different), candidates, "left") / len(different)
    best = int(np.argmin(np.abs(missed - taken)))
    return float(candidates[best]), float((missed[best] + taken[best]) / 2)


@dataclass(frozen=True)
class Faces:
    """Never-seen characters, a near twin of each, and drawn pictures of both: (characters, 16, 64, 64, 3)."""

    characters: list[Character]
    twins: list[Character]
    pictures: NDArray[np.uint8]
    twin_pictures: NDArray[np.uint8]


def draw_unseen(count: int, seed: int = 2027) -> Faces:
    """Draw `count` held-out characters and their twins; 0.3 s for each on one quiet core."""
    rng = np.random.default_rng(seed)
    characters: list[Character] = []
    while len(characters) < count:
        character = random_character(rng, held_out=True)
        if character not in characters:
            characters.append(character)
    twins = [twin_of(character, rng, held_out=True) for character in characters]

    def draw(character: Character) -> list[NDArray[np.uint8]]:
        return [render_image(character, random_scene(rng), size=SIDE) for _ in range(PICTURES)]

    return Faces(
        characters,
        twins,
        np.asarray([draw(character) for character in characters]),
        np.asarray([draw(twin) for twin in twins]),
    )


def calibrate_pictures(faces: Faces, *, damaged: bool, net: EmbedderNet | None = None, seed: int = 5) -> Material:
    """Single pictures, as drawn or damaged like weak generated frames, against sets of drawn pictures."""
    rng = np.random.default_rng(seed)
    asked, twins = faces.pictures[:, PICTURES // 2 :], faces.twin_pictures[:, PICTURES // 2 :]
    if damaged:
        asked = damage(asked.reshape(-1, SIDE, SIDE, 3), rng).reshape(asked.shape)
        twins = damage(twins.reshape(-1, SIDE, SIDE, 3), rng).reshape(twins.shape)
    count, each = asked.shape[:2]
    vectors = embed(asked.reshape(-1, SIDE, SIDE, 3), net).reshape(count, each, -1)
    twin_vectors = embed(twins.reshape(-1, SIDE, SIDE, 3), net).reshape(count, each, -1)
    pairs = np.einsum("cid,cjd->cij", vectors, vectors)[:, *np.triu_indices(each, 1)].reshape(-1)
    others = vectors.reshape(-1, vectors.shape[-1])
    different_pairs = np.einsum("nd,nd->n", others, np.roll(others, each * (count // 2), axis=0))
    twin_pairs = np.einsum("cid,cjd->cij", vectors, twin_vectors).reshape(-1)
    clips = [render_clip(character, random_scene(rng), size=SIDE, frames=FRAMES) for character in faces.characters[:60]]
    if damaged:
        clips = [damage_clip(clip, rng) for clip in clips]
    steadiness = np.asarray([consistency(embed(clip, net)) for clip in clips], dtype=np.float32)
    words = "drawn characters that the embedder never saw, " + (
        "pictures damaged by blur, noise, compression and colour" if damaged else "clean pictures at 64 pixels"
    )
    return material_of(
        words,
        vectors,
        prototypes(faces, net),
        twin_prototypes=prototypes(faces, net, twins=True),
        pairs=(auc(pairs, different_pairs), auc(pairs, twin_pairs)),
        steadiness=steadiness,
    )


def damage_clip(clip: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Every frame of a clip damaged in the same way, but with its own noise pattern seed."""
    seed = int(rng.integers(1 << 30))
    return np.concatenate([damage(frame[None], np.random.default_rng(seed)) for frame in clip])


def prototypes(faces: Faces, net: EmbedderNet | None = None, *, twins: bool = False) -> Vectors:
    """The mean vector (characters, 64) of the first half of each character's (or twin's) drawn pictures."""
    pictures = faces.twin_pictures if twins else faces.pictures
    return np.stack([mean_vector(embed(each[: PICTURES // 2], net)) for each in pictures])


def material_of(
    words: str,
    vectors: Vectors,
    mean_vectors: Vectors,
    *,
    twin_prototypes: Vectors,
    pairs: tuple[float, float] | None = None,
    steadiness: NDArray[np.float32] | None = None,
) -> Material:
    """The figures from vectors (characters, each, 64) asked about and the prototypes (characters, 64)."""
    count = len(vectors)
    cosines = np.einsum("cid,kd->cki", vectors, mean_vectors)
    own = np.eye(count, dtype=bool)
    same, different = cosines[own].reshape(-1), cosines[~own].reshape(-1)
    twin = np.einsum("cid,cd->ci", vectors, twin_prototypes).reshape(-1)
    threshold, error = equal_error(same, different)
    rng = np.random.default_rng(0)
    # two sets of five different characters' clips against one prototype: how far apart do their means lie by chance?
    gaps = []
    for _ in range(4000):
        asked = int(rng.integers(count))
        drawn = rng.choice([index for index in range(count) if index != asked], 10, replace=False)
        values = cosines[drawn, asked, rng.integers(cosines.shape[2], size=10)]
        gaps.append(abs(values[:5].mean() - values[5:].mean()))
    return Material(
        words=words,
        characters=count,
        auc=round(auc(same, different), 4),
        auc_twins=round(auc(same, twin), 4),
        auc_pairs=None if pairs is None else round(pairs[0], 4),
        auc_pairs_twins=None if pairs is None else round(pairs[1], 4),
        same=Spread.of(same),
        different=Spread.of(different),
        twin=Spread.of(twin),
        threshold=round(threshold, 4),
        equal_error=round(error, 4),
        chance=round(float(np.quantile(gaps, 0.95)), 4),
        consistency=None if steadiness is None else Spread.of(steadiness),
    )


def rebuild(folder: Path, say: Callable[[str], None] = print) -> Calibration:
    """Train the embedder anew in `folder`, put it in the place of the shipped one, and calibrate it."""
    shutil.copyfile(train_embedder(folder, say=say), WEIGHTS)
    load_embedder.cache_clear()
    return calibrate()


def calibrate(path: Path = FILE, *, characters: int = 80) -> Calibration:
    """Measure drawn and damaged pictures with the shipped weights and store the figures."""
    faces = draw_unseen(characters)
    before = load_calibration(path) if path.exists() else None
    calibration = Calibration(
        date=today(),
        embedder_sha256=hashlib.sha256(WEIGHTS.read_bytes()).hexdigest(),
        materials={
            "drawn": calibrate_pictures(faces, damaged=False),
            "damaged": calibrate_pictures(faces, damaged=True),
        },
        lines=before.lines if before else {},  # these need no embedder
        probes=before.probes if before else {},
    )
    return store(calibration, path)


def extend(materials: dict[str, Material], mini_fingerprint: str, path: Path = FILE) -> Calibration:
    """Add what was measured on mini's own clips to the stored figures."""
    calibration = load_calibration(path)
    changes = {"date": today(), "mini_fingerprint": mini_fingerprint, "materials": calibration.materials | materials}
    return store(calibration.model_copy(update=changes), path)


def keep_lines(lines: dict[str, StoredLine], probes: dict[str, Probe], path: Path = FILE) -> Calibration:
    """Put these lines and probes in the place of the stored ones."""
    return store(load_calibration(path).model_copy(update={"lines": lines, "probes": probes}), path)


def store(calibration: Calibration, path: Path) -> Calibration:
    """Write the figures."""
    path.write_text(calibration.model_dump_json(indent=1) + "\n")
    load_calibration.cache_clear()
    return calibration


def today() -> str:
    """The date (UTC) that figures are stored with."""
    return datetime.now(UTC).date().isoformat()
