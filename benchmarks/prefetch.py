"""What preparing inputs in the background brings on mini. Run: python -m benchmarks.prefetch

Runs of the training loop with and without the thread take turns; a run's figure is the median time of its steps.
Beside them: what preparing a batch costs alone, for mini and at LTX-2.3's sizes: the most that the thread can save.
Writes benchmarks/results/prefetch.json.
"""

import argparse
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import torch

from trainer_core.base_models.registry import load_transformer
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training import prefetch
from trainer_core.training.batches import Batches
from trainer_core.training.captions import class_captions
from trainer_core.training.checkpoints import TrainingState
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.loop import train

RESULTS = Path(__file__).parent / "results"
TRIGGER = "chr_x7kq"
CAPTION = f"{TRIGGER}, a cat"
SETTLING = 2  # steps at the beginning of a run that are not counted


@dataclass(frozen=True)
class Sizes:
    """Of random material: latents' channels and grids, tokens of a caption and its widths for video and audio."""

    channels: int
    grids: tuple[tuple[int, int, int], ...]
    tokens: int
    widths: tuple[int, int]


MINI = Sizes(48, ((1, 8, 8), (2, 8, 8)), 32, (192, 32))
LARGE = Sizes(128, ((7, 17, 30),), 1024, (4096, 2048))  # LTX-2.3 at 960x544, 49 frames


class Clock:
    """A listener that notes when each step is done."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def progress(self, step: int, loss: float, learning_rate: float, seconds_per_step: float) -> None: ...
    def validation(self, step: int, loss: float) -> None: ...
    def checkpoint(self, state: TrainingState) -> None: ...

    def should_stop(self) -> bool:
        self.moments.append(time.perf_counter())
        return False


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="runs of each kind")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1, help="of one operation")
    parser.add_argument("--out", type=Path, default=RESULTS / "prefetch.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    figures = {
        name: _compare(_plan(arguments.steps, preservation), arguments.runs)
        for name, preservation in (("mini's own plan", 0.5), ("without class preservation", 0.0))
    }
    large = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.LTX23, TRIGGER, "0" * 64, images=0, clips=12)
    record = {
        "what": "milliseconds of a step on mini, inputs prepared in the loop or by a thread",
        "method": f"{arguments.runs} runs of {arguments.steps} steps of each kind in turn; batch 8, 64x64, half clips",
        "machine": f"{arguments.threads} of {os.cpu_count()} cores used by an operation, {platform.machine()}",
        "others at work": f"load average {os.getloadavg()[1]:.1f} over the last five minutes",
        "date": date.today().isoformat(),
        "figures": figures,
        "preparing a batch of one at LTX-2.3's sizes (960x544, 49 frames)": _preparing_milliseconds(large, LARGE),
    }
    arguments.out.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def _plan(steps: int, preservation: float) -> TrainingPlan:
    character = RECIPES[RecipeName.CHARACTER]
    plan = propose(character, BaseModelName.MINI, TRIGGER, "0" * 64, images=20, clips=4)
    return plan.changed(steps=steps, warmup_steps=1, class_preservation=preservation, checkpoint_every=steps)


def _compare(plan: TrainingPlan, runs: int) -> dict[str, object]:
    ways: dict[str, int] = {"in the loop": 0, "by a thread": 2}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(runs):
        for name in sorted(ways, reverse=turn % 2 == 1):
            prefetch.AHEAD["cpu"] = ways[name]
            found[name].append(round(1000 * _step_seconds(plan), 1))
            print(name, found[name][-1], flush=True)
    table: dict[str, object] = {
        name: {"median": round(statistics.median(times), 1), "fastest": min(times), "runs": times}
        for name, times in found.items()
    }
    return table | {"preparing a batch alone": _preparing_milliseconds(plan, MINI)}


def _step_seconds(plan: TrainingPlan) -> float:
    clock = Clock()
    train(load_transformer(plan.base, plan.memory, with_audio=False), _material(MINI), plan, None, clock)
    return statistics.median(later - earlier for earlier, later in pairwise(clock.moments[SETTLING:]))


def _preparing_milliseconds(plan: TrainingPlan, sizes: Sizes) -> float:
    material = _material(sizes)
    batches = Batches(material.training, plan.batch_size, plan.seed)
    times = []
    for number in range(40):
        began = time.perf_counter()
        prefetch.batch_of(material, batches, plan, number)
        times.append(time.perf_counter() - began)
    return round(1000 * statistics.median(times), 2)


def _material(sizes: Sizes) -> Material:
    """Eight random examples of each grid, with one caption."""
    generator = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    examples = [Encoded(noise(sizes.channels, *grid), CAPTION) for grid in sizes.grids for _ in range(8)]
    video, audio = (noise(sizes.tokens, width) for width in sizes.widths)
    words = Words(video, audio, torch.ones(sizes.tokens, dtype=torch.long))
    return Material(examples, [], dict.fromkeys((CAPTION, TRIGGER, *class_captions(CAPTION, TRIGGER)), words))


if __name__ == "__main__":
    main()
