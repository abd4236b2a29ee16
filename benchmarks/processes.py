"""Two ways for processes to agree on the LoRA's gradients, against each other. Run: python -m benchmarks.processes

One sum of all gradients for each step (what training does) and torch's DistributedDataParallel, which sums buckets
while the last backward pass runs; on processes of this machine (gloo), with a small random model of LTX-2.3's shape.
The ways take turns; a figure is the median step of all turns. Writes benchmarks/results/processes.json.
"""

import argparse
import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from trainer_core.base_models.mini.denoiser import new_transformer
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.batches import Batches
from trainer_core.training.distributed import Ranks, join
from trainer_core.training.examples import Encoded, Material, Words
from trainer_core.training.model import add_lora, flow_losses, predict
from trainer_core.training.prefetch import batch_of

RESULTS = Path(__file__).parent / "results"
CAPTION = "chr_x7kq, a cat"
ACCUMULATION = 4
SETTLING = 3  # steps of each turn that are not counted


class Wrapped:
    """DistributedDataParallel around a model whose attributes stay in reach."""

    def __init__(self, parallel: DistributedDataParallel) -> None:
        self.parallel = parallel

    def __call__(self, **given: Any) -> Any:
        return self.parallel(**given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parallel.module, name)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--ranks", type=int, nargs="+", default=[4, 32], help="of the LoRA")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--out", type=Path, default=RESULTS / "processes.json")
    arguments = parser.parse_args()
    if "RANK" not in os.environ:
        _start(arguments.processes)
        return
    ranks, _device = join()
    rows = [_compare(ranks, rank, arguments.turns, arguments.steps) for rank in arguments.ranks]
    if ranks.rank == 0:
        figures = {
            "what": "median seconds of a step by the way of exchanging gradients; sum: seconds of the one sum alone",
            "machine": f"{psutil.cpu_count()} CPU cores, {platform.machine()}, torch {torch.__version__}",
            "load": list(os.getloadavg()),
            "date": date.today().isoformat(),
            "processes": ranks.size,
            "accumulation": ACCUMULATION,
            "rows": rows,
        }
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")
        for row in rows:
            print(" ".join(f"{name} {value:.4g}" for name, value in row.items()))
    dist.destroy_process_group()


def _start(processes: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.processes", *sys.argv[1:]],
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(processes)
    ]
    codes = [process.wait() for process in started]
    if any(codes):
        raise SystemExit("A process failed; nothing was written.")


def _compare(ranks: Ranks, rank: int, turns: int, steps: int) -> dict[str, float]:
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.MINI, "chr_x7kq", "0" * 64, images=8, clips=2)
    plan = plan.changed(
        rank=rank, alpha=float(rank), batch_size=2, gradient_accumulation=ACCUMULATION, class_preservation=0.0
    )
    times: dict[str, list[float]] = {"one_sum": [], "ddp": [], "ddp_every_batch": [], "sum": []}
    numbers = 0
    for _ in range(turns):
        for way in ("one_sum", "ddp", "ddp_every_batch"):
            dist.barrier()
            found, sums, numbers = _turn(ranks, plan, way, steps)
            times[way] += found
            times["sum"] += sums
    return {"rank": rank, "lora_numbers": numbers, **{way: statistics.median(found) for way, found in times.items()}}


def _turn(ranks: Ranks, plan: TrainingPlan, way: str, steps: int) -> tuple[list[float], list[float], int]:
    torch.manual_seed(3)
    transformer: Any = new_transformer()
    parameters = add_lora(transformer, plan)
    material = _material(transformer)
    batches = Batches(material.training, plan.batch_size, plan.seed)
    parallel = None
    if way != "one_sum":
        parallel = DistributedDataParallel(transformer, gradient_as_bucket_view=True)
        transformer = Wrapped(parallel)
    times, sums = [], []
    for step in range(steps):
        began = time.perf_counter()
        own = ranks.share(range(step * ACCUMULATION, (step + 1) * ACCUMULATION))
        for number in own:
            quiet = parallel is not None and way == "ddp" and number != own[-1]
            with parallel.no_sync() if parallel is not None and quiet else contextlib.nullcontext():
                inputs = batch_of(material, batches, plan, number).inputs
                loss = flow_losses(predict(transformer, inputs), inputs).mean() / ACCUMULATION
                loss.backward()  # type: ignore[no-untyped-call]
        summing = time.perf_counter()
        if way == "one_sum":
            ranks.average(parameters.values(), loss.detach())
        ended = time.perf_counter()
        for p in parameters.values():
            p.grad = None
        if step >= SETTLING:
            times.append(ended - began)
            if way == "one_sum":
                sums.append(ended - summing)
    return times, sums, sum(p.numel() for p in parameters.values())


def _material(transformer: Any) -> Material:
    generator = torch.Generator().manual_seed(1)
    config = transformer.config
    samples = [
        Encoded(torch.randn(config.in_channels, frames, 2, 2, generator=generator), CAPTION) for frames in (1, 1, 2, 2)
    ]
    video = torch.randn(4, config.cross_attention_dim, generator=generator)
    audio = torch.randn(4, config.audio_cross_attention_dim, generator=generator)
    return Material(samples, [], {CAPTION: Words(video, audio, torch.ones(4, dtype=torch.long))})


if __name__ == "__main__":
    main()
