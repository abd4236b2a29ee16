"""Trains the net that reads views in mini's drawn world: pictures whose yaw is known, damaged as generated frames are.

Beside the class the net is asked for the cosine of the yaw, which tells it how far a picture lies from a border; that
second head is thrown away afterwards.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene, view_of

from .drawn_views import VIEWS, WEIGHTS, WIDTHS, DrawnView, ViewNet
from .embedder import SIDE, to_input
from .embedder_training import damage

BATCH = 64  # half of it damaged, half only mirrored at random
RATE = 3e-3
TURNED = 120.0  # degrees; beyond it every view is a back, so it is drawn less often


@dataclass(frozen=True)
class Drawings:
    """Pictures (n, 64, 64, 3) uint8 and the yaw (n,) in degrees at which each was drawn."""

    pictures: NDArray[np.uint8]
    yaws: NDArray[np.float64]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Index in VIEWS of each picture."""
        return np.asarray([VIEWS.index(class_of(yaw)) for yaw in self.yaws], dtype=np.int64)


def class_of(yaw: float) -> DrawnView:
    """The class of a yaw in degrees, as the drawn world defines it."""
    return VIEWS[("front", "three-quarter", "profile", "back").index(view_of(yaw))]


def any_yaw(rng: np.random.Generator) -> float:
    """A yaw in degrees: four of five spread evenly up to 120 to either side, the fifth beyond."""
    turned = rng.uniform(0, TURNED) if rng.uniform() < 0.8 else rng.uniform(TURNED, 180)
    return float(turned * rng.choice((-1, 1)))


def draw(count: int, seed: int) -> Drawings:
    """`count` pictures of characters that are not held out, each another one; 10 ms a picture on one quiet core."""
    rng = np.random.default_rng(seed)
    pictures, yaws = [], []
    for _ in range(count):
        scene = random_scene(rng, yaw=any_yaw(rng))
        pictures.append(render_image(random_character(rng, held_out=False), scene, size=SIDE))
        yaws.append(scene.yaw)
    return Drawings(np.asarray(pictures, dtype=np.uint8), np.asarray(yaws))


def train_views(
    drawings: Drawings, path: Path = WEIGHTS, *, steps: int = 1800, seed: int = 23, say: Callable[[str], None] = print
) -> Path:
    """Train and write the weights (half precision, under 300 kB) to `path`; 3 minutes on one quiet core."""
    began = time.monotonic()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net, yaw_head = ViewNet(), nn.Linear(WIDTHS[-1] * 4 * 4, 1)
    parameters = [*net.parameters(), *yaw_head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.02)
    labels = torch.from_numpy(drawings.labels)
    cosines = torch.from_numpy(np.cos(np.deg2rad(drawings.yaws))).float()
    average = {name: value.detach().clone() for name, value in net.state_dict().items()}
    order: list[int] = []
    recent = 0.0
    for step in range(steps):
        warm, left = min(1, (step + 1) / 100), 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = RATE * warm * (0.01 + 0.99 * left)
        if len(order) < BATCH:
            order = rng.permutation(len(labels)).tolist()
        chosen, order = order[:BATCH], order[BATCH:]
        loss = _loss(net, yaw_head, _seen(drawings.pictures[chosen], rng), labels[chosen], cosines[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        keep = min(0.99, (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        recent += loss.item()
        if (step + 1) % 100 == 0:
            say(f"step {step + 1}/{steps}  loss {recent / 100:.3f}  {time.monotonic() - began:.0f} s")
            recent = 0.0
    save_file({name: value.half() for name, value in average.items()}, path, {"steps": str(steps), "world": "drawn"})
    return path


def _seen(pictures: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What the net is shown: only half is damaged, which costs nearly as much time as the net itself."""
    half = len(pictures) // 2
    mirrored = np.where(rng.uniform(size=(half, 1, 1, 1)) < 0.5, pictures[:half, :, ::-1], pictures[:half])
    return np.concatenate([mirrored, damage(pictures[half:], rng)])


def _loss(net: ViewNet, yaw_head: nn.Linear, pictures: NDArray[np.uint8], labels: Tensor, cosines: Tensor) -> Tensor:
    features = net.features(to_input(pictures))
    wrong = functional.cross_entropy(net.head(features), labels)
    return wrong + functional.mse_loss(yaw_head(features)[:, 0], cosines)
