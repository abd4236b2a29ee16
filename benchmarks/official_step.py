"""One training step of ours beside one done the official trainer's way. Run: python -m benchmarks.official_step

The official way is a RECONSTRUCTION from what its source and documentation say, with diffusers' model classes; the
official trainer itself is not run. What it does at each step and ours does not: run the text connectors (8 layers for
video, 8 for audio), give every token a timestep of its own, make the rope embeddings anew, read the loss back to the
host. Two of its settings are rebuilt:
  its default  pictures and sound together, LoRA on every attention (its t2v recipe; 2 s of sound for 49 frames)
  video only   no sound; the video branch alone, LoRA on the video's attentions
Ours is the plan for pictures without sound, with the code that training runs, once with gradient checkpointing, as the
official recipes have it, and once without, for plans that turn it off where memory allows. All have the same weights,
inputs and rank, and AdamW. Without a GPU the model has 1/8 of the width, and rank and layers are fewer; the
connectors then have as many layers less as the model, so that they weigh what they weigh in the real one.
Writes benchmarks/results/official_step.json.
"""

import argparse
import copy
import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2.connectors import LTX2ConnectorTransformer1d
from peft import LoraConfig
from torch import Tensor

from trainer_core.plan import TrainingPlan
from trainer_core.training.inputs import Inputs, prepare
from trainer_core.training.model import add_lora, autocast
from trainer_core.training.objective import add_noise, flow_loss
from trainer_core.training.positions import Grid
from trainer_core.training.video_only import without_audio

from .step_material import (
    WORDS,
    alternate,
    example,
    latent_shape,
    machine,
    our_step,
    plan_for,
    random_transformer,
    table,
)

RESULTS = Path(__file__).parent / "results"
SIZES = {"stills": (512, 512, 1), "short": (512, 512, 49), "long": (960, 544, 49)}
REGISTERS = 128
SOUND_PER_SECOND = 25  # audio latents


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = torch.cuda.is_available()
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["stills", "short"])
    parser.add_argument("--width-divisor", type=int, default=1 if gpu else 8)
    parser.add_argument("--layers", type=int, default=48 if gpu else 12)
    parser.add_argument("--rank", type=int, default=32 if gpu else 4)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS / "official_step.json")
    arguments = parser.parse_args()
    rows = [
        measure(SIZES[size], arguments.width_divisor, arguments.layers, arguments.rank, arguments.repeats)
        for size in arguments.sizes
    ]
    record = {
        "what": "seconds of a training step: ours, and the official trainer's way rebuilt from its description",
        "reconstruction": True,
        "width": f"1/{arguments.width_divisor}",
        "layers": arguments.layers,
        "rank": arguments.rank,
        "machine": machine(),
        "date": date.today().isoformat(),
        "rows": rows,
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(record, indent=2) + "\n")
    ways = list(rows[0]["ways"])
    seconds = [[row["size"], *(row["ways"][way]["processor_seconds"] for way in ways)] for row in rows]
    print(table(seconds, ["processor seconds", *ways]), end="\n\n")
    compared = list(rows[0]["ratios_of_processor_time"])
    medians = [[row["size"], *(row["ratios_of_processor_time"][name]["median"] for name in compared)] for row in rows]
    print(table(medians, ["ratio", *compared]))


def measure(size: tuple[int, int, int], width_divisor: int, layers: int, rank: int, repeats: int) -> dict[str, Any]:
    """Alternating steps of all ways at one size: medians, and the ratio of each pair of neighbours."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    plan = plan_for(size, rank, checkpointing=True)
    whole = random_transformer(width_divisor, layers, device, dtype, audio=True)
    ours, lavish, video_only = (without_audio(copy.deepcopy(whole)) for _ in range(3))
    ways: dict[str, Callable[[], None]] = {
        "ours": our_step(ours, plan),
        "ours, nothing recomputed": our_step(lavish, plan.changed(gradient_checkpointing=False)),
        "official, its default": official_step(whole, plan, with_sound=True),
        "official, video only": official_step(video_only, plan, with_sound=False),
    }
    found = alternate(ways, repeats=repeats)
    ratios = {
        f"{mine} / {its}": [a / b for a, b in zip(found[mine].processor, found[its].processor, strict=True)]
        for its in ways
        for mine in ways
        if mine.startswith("ours") and its.startswith("official")
    }
    width, height, frames = size
    return {
        "size": f"{width}x{height}x{frames}",
        "tokens": math.prod(latent_shape(plan)),
        "ways": {name: timing.record() for name, timing in found.items()},
        "ratios_of_processor_time": {
            name: dict(
                zip(("least", "median", "most"), (round(np.quantile(values, q), 3) for q in (0, 0.5, 1)), strict=True)
            )
            for name, values in ratios.items()
        },
    }


def official_step(
    transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan, *, with_sound: bool
) -> Callable[[], None]:
    """A step the official trainer's way, rebuilt; see the head of this file."""
    device, dtype = next(transformer.parameters()).device, next(transformer.parameters()).dtype
    if with_sound:
        parameters = _lora_on_every_attention(transformer, plan)
    else:
        parameters = list(add_lora(transformer, plan).values())
    transformer.enable_gradient_checkpointing()
    transformer.train()
    optimizer = torch.optim.AdamW(parameters, lr=plan.learning_rate)
    config = transformer.config
    connectors = [
        _connector(heads, width, max(1, config.num_layers // 6)).to(device, dtype)
        for heads, width in (
            (config.num_attention_heads, config.attention_head_dim),
            (config.audio_num_attention_heads, config.audio_attention_head_dim),
        )
    ]
    sample, words = example(plan, config)
    generator = torch.Generator().manual_seed(0)
    sound = torch.randn(1, round(plan.frames / plan.fps * SOUND_PER_SECOND) or 1, config.audio_in_channels)

    def step() -> None:
        inputs = prepare([sample], words, plan, generator).to(device)
        with autocast(plan, device):
            video, audio = _through_connectors(connectors, inputs)
            predicted = _per_token(transformer, inputs, video, audio, sound.to(device) if with_sound else None)
        loss = flow_loss(predicted[0], inputs.video).mean()
        if with_sound:
            heard = add_noise(sound.to(device), inputs.video.sigma, torch.randn_like(sound).to(device))
            loss = loss + flow_loss(predicted[1], heard).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, plan.clip_gradient_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()

    return step


def _per_token(
    transformer: LTX2VideoTransformer3DModel, inputs: Inputs, video: Tensor, audio: Tensor, sound: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Velocities of video and sound with a timestep for every token and a mask over words that are all there."""
    seen = inputs.video
    timesteps = seen.timesteps.expand(-1, seen.inputs.shape[1]).contiguous()
    mask = torch.ones(video.shape[:2], device=video.device)
    if sound is None:
        transformer.rotary.forget()
        layout = (Grid(inputs.shape, inputs.fps),)
        velocity = transformer(
            hidden_states=seen.inputs,
            encoder_hidden_states=video,
            encoder_attention_mask=mask,
            timestep=timesteps,
            sigma=1000 * seen.sigma,
            layout=layout,
        )
        return velocity, velocity
    frames, height, width = inputs.shape
    return transformer(
        hidden_states=seen.inputs,
        audio_hidden_states=sound,
        encoder_hidden_states=video,
        audio_encoder_hidden_states=audio,
        encoder_attention_mask=mask,
        audio_encoder_attention_mask=mask,
        timestep=timesteps,
        audio_timestep=(1000 * seen.sigma).view(-1, 1).expand(-1, sound.shape[1]).contiguous(),
        sigma=1000 * seen.sigma,
        audio_sigma=1000 * seen.sigma,
        num_frames=frames,
        height=height,
        width=width,
        fps=inputs.fps,
        audio_num_frames=sound.shape[1],
        use_cross_timestep=True,
        return_dict=False,
    )


def _lora_on_every_attention(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> list[torch.nn.Parameter]:
    transformer.requires_grad_(False)
    transformer.add_adapter(LoraConfig(r=plan.rank, lora_alpha=plan.rank, target_modules=list(plan.targets)))
    parameters = [parameter for parameter in transformer.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.data = parameter.data.float()
    return parameters


def _connector(heads: int, width: int, layers: int) -> LTX2ConnectorTransformer1d:
    connector = LTX2ConnectorTransformer1d(
        num_attention_heads=heads,
        attention_head_dim=width,
        num_layers=layers,
        num_learnable_registers=REGISTERS,
        rope_type="split",
        gated_attention=True,
    )
    return connector.requires_grad_(False)


@torch.no_grad()
def _through_connectors(connectors: list[LTX2ConnectorTransformer1d], inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Both connectors over words that are padded to three quarters, as a caption of about 200 words is."""
    padded = torch.zeros(1, 1, 1, WORDS, device=inputs.words.video.device, dtype=inputs.words.video.dtype)
    padded[..., : WORDS * 3 // 4] = torch.finfo(padded.dtype).min
    video, _ = connectors[0](inputs.words.video, padded)
    audio, _ = connectors[1](inputs.words.audio, padded)
    return video, audio


if __name__ == "__main__":
    main()
