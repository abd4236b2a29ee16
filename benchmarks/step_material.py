"""LTX-2.3's transformer with random weights at full or part of its width, inputs of any size, and fair timing.

Used by benchmarks/real_shape.py and benchmarks/official_step.py.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from diffusers import LTX2VideoTransformer3DModel

from trainer_core.base_models import registry
from trainer_core.memory_tiers import checkpointing
from trainer_core.plan import BASES, BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.examples import Encoded, Words
from trainer_core.training.inputs import prepare
from trainer_core.training.model import add_lora, autocast, flow_losses, predict
from trainer_core.training.offload import enable_checkpointing
from trainer_core.training.optimizer import new_optimizer
from trainer_core.training.video_only import without_audio

CONFIG = Path(registry.__file__).parent / "ltx23" / "configs" / "transformer.json"
WORDS = 1024  # tokens that every caption is padded to
CAPTION = "chr_x7kq, a cat"
FULL_LAYERS = 48


def configuration(width_divisor: int, layers: int) -> dict[str, Any]:
    """LTX-2.3's configuration with fewer heads of the same size, and so that many times less width; fewer layers."""
    config = json.loads(CONFIG.read_text())
    for name in (
        "num_attention_heads",
        "audio_num_attention_heads",
        "cross_attention_dim",
        "audio_cross_attention_dim",
        "caption_channels",
    ):
        config[name] //= width_divisor
    return config | {"num_layers": layers}


def random_transformer(
    width_divisor: int, layers: int, device: torch.device, dtype: torch.dtype, *, audio: bool
) -> LTX2VideoTransformer3DModel:
    """The transformer with random weights, made where it will work. Small weights keep every number in range."""
    with torch.device("meta"):
        transformer = LTX2VideoTransformer3DModel.from_config(configuration(width_divisor, layers))
    if not audio:
        transformer = without_audio(transformer)
    for parameter in transformer.parameters():
        parameter.data = parameter.data.to(dtype)
    transformer = transformer.to_empty(device=device)
    generator = torch.Generator(device).manual_seed(7)
    with torch.no_grad():
        for parameter in transformer.parameters():
            parameter.normal_(std=0.02, generator=generator)
    return transformer


def plan_for(size: tuple[int, int, int], rank: int, *, checkpointing: bool, batch: int = 1) -> TrainingPlan:
    """A plan for LTX-2.3 at width x height x frames with alpha = rank."""
    width, height, frames = size
    plan = propose(RECIPES[RecipeName.CHARACTER], BaseModelName.LTX23, "chr_x7kq", "0" * 64, images=24, clips=1)
    return plan.changed(
        width=width,
        height=height,
        frames=frames,
        rank=rank,
        alpha=float(rank),
        batch_size=batch,
        gradient_checkpointing=checkpointing,
        first_frame_probability=0.0,
        class_preservation=0.0,
    )


def latent_shape(plan: TrainingPlan) -> tuple[int, int, int]:
    """Latent frames, height and width."""
    rules = BASES[plan.base]
    frames = (plan.frames - 1) // rules.frame_factor + 1
    return frames, plan.height // rules.size_factor, plan.width // rules.size_factor


def example(plan: TrainingPlan, config: Mapping[str, Any]) -> tuple[Encoded, dict[str, Words]]:
    """A random example of the plan's size and the words of its caption, as the cache would give them."""
    generator = torch.Generator().manual_seed(1)
    widths = config["cross_attention_dim"], config["audio_cross_attention_dim"]
    video, audio = (torch.randn(WORDS, width, generator=generator) for width in widths)
    latents = torch.randn(config["in_channels"], *latent_shape(plan), generator=generator)
    return Encoded(latents, CAPTION), {CAPTION: Words(video, audio, torch.ones(WORDS, dtype=torch.long))}


def our_step(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> Callable[[], None]:
    """A step as the training loop does it: inputs made on the CPU, words from the cache, no look at the loss.

    The transformer is already where its tier holds it (trainer_core.training.offload.hold).
    """
    device = transformer.proj_in.weight.device
    parameters = add_lora(transformer, plan)
    if checkpointing(plan):
        enable_checkpointing(transformer)
    transformer.train()
    optimizer = new_optimizer(parameters, plan)
    sample, words = example(plan, transformer.config)
    generator = torch.Generator().manual_seed(0)

    def step() -> None:
        inputs = prepare([sample], words, plan, generator).to(device)
        with autocast(plan, device):
            predicted = predict(transformer, inputs)
        flow_losses(predicted, inputs).mean().backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), plan.clip_gradient_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


@dataclass(frozen=True)
class Timing:
    """Seconds of one way of doing things: each repeat's, on the wall and of this process's processors."""

    wall: list[float]
    processor: list[float]

    @property
    def median(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall)

    def record(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "seconds": round(self.median, 4),
            "fastest": round(min(self.wall), 4),
            "slowest": round(max(self.wall), 4),
            "processor_seconds": round(statistics.median(self.processor), 4),
            "repeats": len(self.wall),
        }


def alternate(ways: Mapping[str, Callable[[], None]], *, repeats: int, warm_up: int = 1) -> dict[str, Timing]:
    """Run each way in turn, again and again, so that whatever else the machine does slows all of them alike."""
    found: dict[str, Timing] = {name: Timing([], []) for name in ways}
    for repeat in range(warm_up + repeats):
        for name, way in ways.items():
            settle()
            wall, processor = time.perf_counter(), time.process_time()
            way()
            settle()
            if repeat >= warm_up:
                found[name].wall.append(time.perf_counter() - wall)
                found[name].processor.append(time.process_time() - processor)
    return found


def settle() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def forget_peak() -> None:
    """Start counting the highest memory anew."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the highest resident size starts anew


def peak_bytes() -> int:
    """The highest memory since: of the GPU where there is one, else what was resident of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "device": gpu or "CPU",
        "processor": _processor(),
        "processors": psutil.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load_average": [round(value, 1) for value in psutil.getloadavg()],
        "torch": torch.__version__,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo")
    names = lines.read_text().splitlines() if lines.exists() else []
    return next((line.split(":", 1)[1].strip() for line in names if line.startswith("model name")), platform.machine())


def table(rows: list[list[object]], head: list[str]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *[[str(cell) for cell in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
