"""What training costs on mini, through the project's own doors. Run: python -m benchmarks.training

Seconds per step and memory against batch, tokens and rank, by the real loop, each case in a fresh process; the share of
a step outside forward pass, backward pass and optimizer; encoding, cache, start-up and growth (training_data.py).
Writes benchmarks/results/training.json.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import LTX2VideoTransformer3DModel
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from trainer_core.base_models.registry import load_transformer
from trainer_core.plan import BASES, BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.captions import class_captions
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.listeners import Silent
from trainer_core.training.loop import train

from . import training_data
from .step_material import forget_peak, machine, peak_bytes, table

RESULTS = Path(__file__).parent / "results"
CAPTION, TRIGGER, WORDS = "chr_x7kq, a cat", "chr_x7kq", 64
CASES: tuple[dict[str, int], ...] = (
    {"batch_size": 8, "frames": 1, "rank": 32},
    {"batch_size": 1, "frames": 1, "rank": 32},
    {"batch_size": 4, "frames": 1, "rank": 32},
    {"batch_size": 16, "frames": 1, "rank": 32},
    {"batch_size": 8, "frames": 9, "rank": 32},
    {"batch_size": 8, "frames": 17, "rank": 32},
    {"batch_size": 8, "frames": 1, "rank": 4},
    {"batch_size": 8, "frames": 1, "rank": 16},
    {"batch_size": 8, "frames": 1, "rank": 64},
)
SETTLING = 3  # the first steps are slower


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few steps and files, to see that everything runs")
    parser.add_argument("--steps", type=int, default=30, help="of each case")
    parser.add_argument("--out", type=Path, default=RESULTS / "training.json")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    steps = 6 if arguments.short else arguments.steps
    if arguments.case:
        print(json.dumps(steps_and_memory(arguments.case, steps)))
        return
    cases = CASES[:1] if arguments.short else CASES
    rows = [_in_own_process(case, steps) for case in cases]
    outside = {
        "plain": share_outside(plan_of(steps), load_transformer(BaseModelName.MINI)),
        "with class preservation": share_outside(
            plan_of(steps, class_preservation=0.5), load_transformer(BaseModelName.MINI)
        ),
    }
    record = {
        "what": "cost of training on mini",
        "machine": machine(),
        "date": date.today().isoformat(),
        "steps": rows,
        "outside": outside,
        **training_data.measure(short=arguments.short),
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=2) + "\n")
    print(_tables(record))


def plan_of(steps: int, **changes: object) -> TrainingPlan:
    """A plan for mini that neither validates nor stores before its end."""
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, TRIGGER, "0" * 64, images=24, clips=8)
    quiet = {"warmup_steps": 1, "validation_every": 10**6, "checkpoint_every": 10**6, "class_preservation": 0.0}
    return plan.changed(**{"steps": steps + SETTLING} | quiet | {"first_frame_probability": 0.0} | changes)


def material(plan: TrainingPlan, transformer: LTX2VideoTransformer3DModel) -> Material:
    """Random examples of the plan's size."""
    generator = torch.Generator().manual_seed(1)
    config = transformer.config
    edge = config.vae_scale_factors[1]
    frames = (plan.frames - 1) // BASES[plan.base].frame_factor + 1
    shape = (config.in_channels, frames, plan.height // edge, plan.width // edge)
    samples = [Encoded(torch.randn(shape, generator=generator), CAPTION) for _ in range(24)]
    video, audio = (
        torch.randn(WORDS, width, generator=generator)
        for width in (config.cross_attention_dim, config.audio_cross_attention_dim)
    )
    words = Words(video, audio, torch.ones(WORDS, dtype=torch.long))
    return Material(samples, [], dict.fromkeys((CAPTION, TRIGGER, *class_captions(CAPTION, TRIGGER)), words))


def steps_and_memory(case: dict[str, int], steps: int) -> dict[str, Any]:
    """One case through the real loop, in this process."""
    transformer = load_transformer(BaseModelName.MINI)
    transformer.to("cuda" if torch.cuda.is_available() else "cpu")
    plan = plan_of(steps, **case, alpha=float(case["rank"]))
    clock = _Clock()
    forget_peak()
    with clock.watching(transformer):
        train(transformer, material(plan, transformer), plan, None, Silent())
    seconds = np.diff([mark[0] for mark in clock.ends[SETTLING - 1 :]])
    processor = np.diff([mark[1] for mark in clock.ends[SETTLING - 1 :]])
    return case | {
        "seconds": round(float(np.median(seconds)), 4),
        "fastest": round(float(seconds.min()), 4),
        "processor_seconds": round(float(np.median(processor)), 4),
        "peak_mb": round(peak_bytes() / 1e6),
    }


def _in_own_process(case: dict[str, int], steps: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.training", "--case", json.dumps(case), "--steps", str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def share_outside(plan: TrainingPlan, transformer: LTX2VideoTransformer3DModel) -> dict[str, Any]:
    """Which share of the loop's processor time is neither forward nor backward pass nor optimizer."""
    clock = _Clock()
    with clock.watching(transformer):
        train(transformer, material(plan, transformer), plan, None, Silent())
    whole = clock.ends[-1][1] - clock.ends[SETTLING - 1][1]
    inside = {
        name: sum(stop - start for start, stop in spans if start >= clock.ends[SETTLING - 1][1])
        for name, spans in clock.spans.items()
    }
    shares = {name: round(seconds / whole, 4) for name, seconds in inside.items()}
    return shares | {"outside": round(1 - sum(inside.values()) / whole, 4), "steps": plan.steps - SETTLING}


@dataclass
class _Clock:
    """Processor time of the loop's parts, seen from outside: hooks on model and optimizer, `backward` wrapped."""

    spans: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {"forward": [], "backward": [], "optimizer": []}
    )
    ends: list[tuple[float, float]] = field(default_factory=list)  # (wall, processor) at the end of each step
    _began: dict[str, float] = field(default_factory=dict)

    def start(self, name: str) -> None:
        self._began[name] = time.process_time()

    def stop(self, name: str) -> None:
        self.spans[name].append((self._began[name], time.process_time()))

    def end_step(self) -> None:
        self.stop("optimizer")
        self.ends.append((time.perf_counter(), time.process_time()))

    @contextmanager
    def watching(self, transformer: LTX2VideoTransformer3DModel) -> Iterator[None]:
        hooks = [
            transformer.register_forward_pre_hook(lambda *_: self.start("forward")),
            transformer.register_forward_hook(lambda *_: self.stop("forward")),
            register_optimizer_step_pre_hook(lambda *_: self.start("optimizer")),
            register_optimizer_step_post_hook(lambda *_: self.end_step()),
        ]
        backward: Callable[..., None] = torch.Tensor.backward

        def timed(*arguments: Any, **named: Any) -> None:
            self.start("backward")
            backward(*arguments, **named)
            self.stop("backward")

        torch.Tensor.backward = timed  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            torch.Tensor.backward = backward  # type: ignore[method-assign]
            for hook in hooks:
                hook.remove()


def _tables(record: dict[str, Any]) -> str:
    steps = table([list(row.values()) for row in record["steps"]], list(record["steps"][0]))
    outside = table(
        [[name, *row.values()] for name, row in record["outside"].items()], ["plan", *record["outside"]["plain"]]
    )
    return "\n\n".join([steps, outside, *training_data.tables(record)])


if __name__ == "__main__":
    main()
