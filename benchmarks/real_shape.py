"""Training steps on LTX-2.3's own shape with random weights, in each memory tier. Run: python -m benchmarks.real_shape

With a CUDA GPU: the whole configuration (48 layers, 4096 wide, without the audio branch), rank 32. Without one: 1/8 of
the width, rank 4 and fewer layers, which says how the code scales and nothing about a GPU's speed. Each case runs in a
fresh process: seconds per step (median), peak memory while stepping, model FLOP utilisation where the device's peak is
known. Words and latents are random, so nothing is encoded. Writes benchmarks/results/real_shape.json.

Work of a step, after trainer_core's notes on LTX-2.3: 2 FLOP x weights of the blocks x tokens for the forward pass, as
much for the gradient of the inputs, and once more for what gradient checkpointing computes again (base weights have no
gradient); attention 12 x layers x tokens^2 x width. The utilisation counts the recomputation as work.
"""

import argparse
import json
import math
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import torch
from diffusers import LTX2VideoTransformer3DModel

from trainer_core.memory_tiers import checkpointing
from trainer_core.plan import MemoryTier, TrainingPlan
from trainer_core.training.offload import hold
from trainer_core.training.quantise import QuantisationMissing

from .step_material import (
    alternate,
    forget_peak,
    latent_shape,
    machine,
    our_step,
    peak_bytes,
    plan_for,
    random_transformer,
    table,
)

RESULTS = Path(__file__).parent / "results"
SIZES = {"512x512x1": (512, 512, 1), "512x512x49": (512, 512, 49), "960x544x49": (960, 544, 49)}
PEAKS = {  # bfloat16 FLOP per second without sparsity, from NVIDIA's data sheets; the longest name that fits counts
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "H200": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
}


def main() -> None:
    """Measure every case in a process of its own and write the table."""
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--tiers", nargs="+", choices=[tier.value for tier in MemoryTier], default=list(MemoryTier))
    parser.add_argument("--width-divisor", type=int, default=1 if gpu else 8)
    parser.add_argument("--layers", type=int, default=48 if gpu else 4)
    parser.add_argument("--rank", type=int, default=32 if gpu else 4)
    parser.add_argument("--repeats", type=int, default=10 if gpu else 3)
    parser.add_argument("--no-checkpointing", action="store_true", help="keep all activations, where the tier allows")
    parser.add_argument("--compile", action="store_true", help="compile the blocks first (needs a C++ compiler)")
    parser.add_argument("--out", type=Path, default=RESULTS / "real_shape.json")
    parser.add_argument("--case", nargs=2, metavar=("TIER", "SIZE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case[0], arguments.case[1], arguments)))
        return
    rows = [_in_own_process(tier, size) for tier in arguments.tiers for size in arguments.sizes]
    record = {
        "what": "training steps on LTX-2.3's shape with random weights; nothing is encoded",
        "width": "full" if arguments.width_divisor == 1 else f"1/{arguments.width_divisor}",
        "layers": arguments.layers,
        "rank": arguments.rank,
        "machine": machine(),
        "date": date.today().isoformat(),
        "gpu": "measured" if gpu else "not measured: there was none",
        "rows": rows,
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=2) + "\n")
    print(
        table(
            [
                [row["tier"], row["size"], row["tokens"], row["seconds"], row["peak_gb"], row["utilisation"]]
                if "seconds" in row
                else [row["tier"], row["size"], "", f"not measured: {row['not_measured']}", "", ""]
                for row in rows
            ],
            ["tier", "size", "tokens", "seconds per step", "peak GB", "FLOP utilisation"],
        )
    )


def _in_own_process(tier: str, size: str) -> dict[str, Any]:
    """The case's row; a case that fails (out of memory, bitsandbytes missing) says why."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.real_shape", *sys.argv[1:], "--case", tier, size],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
    return {"tier": tier, "size": size, "not_measured": lines[-1][:300]}


def measure(tier: str, size: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One tier at one size, in this process."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    plan = plan_for(SIZES[size], arguments.rank, checkpointing=not arguments.no_checkpointing)
    plan = plan.changed(memory=MemoryTier(tier))
    transformer = random_transformer(arguments.width_divisor, arguments.layers, _built_on(device), dtype, audio=False)
    try:
        step = our_step(hold(transformer, plan.memory, device), plan)
        if arguments.compile:
            transformer.compile_repeated_blocks()
    except QuantisationMissing as missing:
        raise SystemExit(str(missing)) from missing
    step()
    forget_peak()
    found = alternate({"step": step}, repeats=arguments.repeats, warm_up=1)["step"]
    work = step_work(transformer, plan)
    peak = peak_of(torch.cuda.get_device_name()) if device.type == "cuda" else None
    return {
        "tier": tier,
        "size": size,
        "tokens": math.prod(latent_shape(plan)),
        "checkpointing": checkpointing(plan),
        "compiled": arguments.compile,
        **found.record(),
        "peak_gb": round(peak_bytes() / 1e9, 2),
        "tflop_per_step": round(work / 1e12, 3),
        "tflop_per_second": round(work / found.median / 1e12, 3),
        "utilisation": None if peak is None else round(work / found.median / peak, 3),
    }


def step_work(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> float:
    """FLOP of a step, by the formula in the head of this file."""
    config = transformer.config
    width, tokens = config.num_attention_heads * config.attention_head_dim, math.prod(latent_shape(plan))
    weights = sum(
        module.in_features * module.out_features
        for name, module in transformer.transformer_blocks.named_modules()
        if isinstance(module, torch.nn.Linear) and "lora_" not in name
    )
    passes = 3 if checkpointing(plan) else 2
    return passes * 2 * weights * tokens + 12 * config.num_layers * tokens**2 * width


def peak_of(name: str) -> float | None:
    """The device's peak in FLOP per second; None when it is not in the table, and then there is no utilisation."""
    words = name.replace("-", " ").split()  # 'NVIDIA A100-SXM4-80GB'
    fitting = [known for known in PEAKS if all(part in words for part in known.split())]
    return PEAKS[max(fitting, key=len)] if fitting else None


def _built_on(device: torch.device) -> torch.device:
    """A GPU that cannot hold the whole model in 16 bits gets it from the computer's memory, packed."""
    if device.type == "cuda" and torch.cuda.mem_get_info()[0] < 40e9:
        return torch.device("cpu")
    return device


if __name__ == "__main__":
    main()
