"""Trains the built-in embedder: pictures of one drawn character are pulled together, those of others pushed apart.

Supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362, equation 2) on characters that mini also sees;
families of near twins (one trait differs) are put in one batch, so that a hat or a coat of another colour counts.
Pictures are damaged as generated frames are: blurred, shrunk, noisy, compressed, off in colour.
"""

import io
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from trainer_core.base_models.mini.world.character import GARMENTS, HATS, KINDS, PATTERNS, Character, random_character
from trainer_core.base_models.mini.world.palette import COLOURS
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene

from .embedder import DIMENSIONS, SIDE, EmbedderNet, to_input

Pictures = NDArray[np.uint8]
TWIN_TRAITS = ("kind", "mane", "garment", "clothes", "hat", "hat_colour")  # traits that show from every side
FAMILY = 4  # characters in a family of near twins
SCENES = 8  # pictures of each character
VALUES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "mane": tuple(COLOURS),
    "garment": GARMENTS,
    "clothes": tuple(COLOURS),
    "hat_colour": tuple(COLOURS),
}
TRAITS: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "mane": tuple(COLOURS),
    "clothes": tuple(COLOURS),
    "hat": HATS,
    "hat_colour": (*COLOURS, "none"),
    "pattern": PATTERNS,
}


def twin_of(character: Character, rng: np.random.Generator, *, held_out: bool | None = None) -> Character:
    """A character that differs in exactly one trait that can be seen; every trait is as likely, where it allows one."""
    choices: list[list[Character]] = []
    for trait in TWIN_TRAITS:
        if trait == "hat":
            colour = character.hat_colour if character.hat != "none" else str(rng.choice(list(COLOURS)))
            twins = [replace(character, hat=hat, hat_colour="none" if hat == "none" else colour) for hat in HATS]
        elif trait == "hat_colour" and character.hat == "none":
            continue
        else:
            twins = [replace(character, **{trait: value}) for value in VALUES[trait]]
        twins = [twin for twin in twins if twin != character and held_out in (None, twin.held_out)]
        if twins:
            choices.append(twins)
    twins = choices[rng.integers(len(choices))]
    return twins[rng.integers(len(twins))]


def draw_families(families: int, seed: int, *, held_out: bool = False) -> tuple[Pictures, list[Character]]:
    """Pictures (families * FAMILY, SCENES, 64, 64, 3) and who is in them; a family is one and its near twins."""
    rng = np.random.default_rng(seed)
    pictures, characters = [], []
    for _ in range(families):
        first = random_character(rng, held_out=held_out)
        family = [first]
        while len(family) < FAMILY:
            twin = twin_of(first, rng, held_out=held_out)
            if twin not in family:
                family.append(twin)
        for character in family:
            characters.append(character)
            pictures.append([render_image(character, random_scene(rng), size=SIDE) for _ in range(SCENES)])
    return np.asarray(pictures, dtype=np.uint8), characters


def damage(pictures: Pictures, rng: np.random.Generator) -> Pictures:
    """The pictures (n, 64, 64, 3) as a weak camera or a small generator would give them; the character stays."""
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    result = torch.empty_like(images)
    for index, image in enumerate(images):
        one = image.flip(2) if rng.uniform() < 0.5 else image
        one = _cropped(one, rng) if rng.uniform() < 0.5 else one
        if rng.uniform() < 0.6:
            one = _resized(_resized(one, int(rng.integers(12, 48))), SIDE)
        gain = 1 + rng.normal(0, 0.08) + torch.from_numpy(rng.normal(0, 0.03, (3, 1, 1))).float()
        one = (one * gain + rng.normal(0, 0.03)).clamp(0, 1)
        grey = one.mean(dim=0, keepdim=True)
        one = (grey + (one - grey) * rng.uniform(0.75, 1.15)).clamp(0, 1)
        if rng.uniform() < 0.5:
            one = one + torch.from_numpy(rng.normal(0, rng.uniform(0.005, 0.05), tuple(one.shape))).float()
        result[index] = one
    damaged = (result.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    for chosen in np.flatnonzero(rng.uniform(size=len(damaged)) < 0.25):
        damaged[chosen] = _compressed(damaged[chosen], int(rng.integers(25, 85)))
    return damaged


def _resized(image: Tensor, side: int) -> Tensor:
    return functional.interpolate(image[None], (side, side), mode="bilinear", antialias=True, align_corners=False)[0]


def _cropped(image: Tensor, rng: np.random.Generator) -> Tensor:
    edge = int(rng.integers(50, SIDE + 1))
    top, left = (int(place) for place in rng.integers(0, SIDE - edge + 1, size=2))
    return _resized(image[:, top : top + edge, left : left + edge], SIDE)


def _compressed(picture: Pictures, quality: int) -> Pictures:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def contrastive_loss(vectors: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Supervised contrastive loss of unit vectors (n, d) with integer labels (n,)."""
    scores = vectors @ vectors.T / temperature
    itself = torch.eye(len(vectors), dtype=torch.bool)
    scores = scores.masked_fill(itself, -math.inf)
    same = (labels[:, None] == labels[None]) & ~itself
    logs = scores - scores.logsumexp(dim=1, keepdim=True)
    return -(logs.masked_fill(~same, 0).sum(dim=1) / same.sum(dim=1)).mean()


def train_embedder(
    folder: Path, *, families: int = 500, steps: int = 1800, seed: int = 11, say: Callable[[str], None] = print
) -> Path:
    """Draw, train and write `embedder.safetensors` (half precision) into `folder`; 10 minutes on one quiet core."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    pictures, characters = draw_families(families, seed)
    say(f"drew {pictures.shape[0]} characters x {SCENES} pictures in {time.monotonic() - began:.0f} s")
    answers = {
        name: torch.tensor([values.index(getattr(c, name)) for c in characters]) for name, values in TRAITS.items()
    }
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed + 1)
    net = EmbedderNet()
    heads = nn.ModuleDict({name: nn.Linear(DIMENSIONS, len(values)) for name, values in TRAITS.items()})
    parameters = [*net.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    average = {name: value.detach().clone() for name, value in net.state_dict().items()}
    recent = 0.0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        chosen = _batch_of_characters(families, rng)
        scenes = np.stack([rng.choice(SCENES, 3, replace=False) for _ in chosen])
        batch = pictures[chosen[:, None], scenes].reshape(-1, SIDE, SIDE, 3)
        labels = torch.from_numpy(chosen.repeat(3))
        vectors = net(to_input(damage(batch, rng)))
        loss = contrastive_loss(vectors, labels)
        # The traits are asked for as well, at first: it teaches the features much sooner than the contrast alone.
        weight = 0.5 * max(0.1, 1 - step / (0.7 * steps))
        for name, head in heads.items():
            loss = loss + weight / len(heads) * functional.cross_entropy(head(8 * vectors), answers[name][labels])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        keep = min(0.995, (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        recent += loss.item()
        if (step + 1) % 100 == 0:
            say(f"step {step + 1}/{steps}  loss {recent / 100:.3f}  {time.monotonic() - began:.0f} s")
            recent = 0.0
            _write(folder, average, step + 1)
    return _write(folder, average, steps)


def _batch_of_characters(families: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Twelve whole families of near twins."""
    chosen = rng.choice(families, 12, replace=False)
    return (chosen[:, None] * FAMILY + np.arange(FAMILY)).reshape(-1)


def _write(folder: Path, average: dict[str, Tensor], steps: int) -> Path:
    path = folder / "embedder.safetensors"
    save_file({name: value.half() for name, value in average.items()}, path, {"steps": str(steps), "world": "drawn"})
    return path
