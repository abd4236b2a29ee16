"""Frozen layers in 8 and 4 bits, ours beside bitsandbytes' and torchao's: error, time, memory, what they keep alive.

    python -m benchmarks.quantise            # a few minutes; writes benchmarks/results/quantise.json

On the CPU: the errors are those of any machine with the same rounding; the times are seconds of one thread of this CPU
and say nothing about a GPU. torchao is not a dependency; without it its row is left out. Layers: a random one of
LTX-2.3's size (no real LTX-2.3 weights were at hand) and mini's own trained ones. Activations that autograd keeps are
counted as well.
"""

import argparse
import json
import platform
import time
import warnings
import weakref
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch
from diffusers import LTX2VideoTransformer3DModel
from torch import Tensor, nn

from trainer_core.base_models.registry import load_transformer
from trainer_core.lora.base_shapes import LTX23_CONFIG
from trainer_core.plan import BaseModelName, TrainingPlan, propose
from trainer_core.recipes import RECIPES, RecipeName
from trainer_core.training.examples import Encoded, Words
from trainer_core.training.inputs import Inputs, prepare
from trainer_core.training.model import add_lora, autocast, flow_losses, predict
from trainer_core.training.quantise import Int8Linear, Nf4Linear, is_quantised_name
from trainer_core.training.video_only import without_audio

RESULTS = Path(__file__).parent / "results" / "quantise.json"
SIZES = {"attention 4096x4096": (4096, 4096)}
TOKENS, REPEATS = 256, 5
OUTLIER = 60.0  # one input channel this many times larger, as in the activations of large transformers
Packed = Callable[[nn.Linear], nn.Module]


def ours(kind: type[Int8Linear] | type[Nf4Linear]) -> Packed:
    def pack(layer: nn.Linear) -> nn.Module:
        packed = kind(layer)
        packed.take(layer.weight.detach())
        return packed

    return pack


def bitsandbytes_8(training: bool) -> Packed:
    """In training on a CPU it multiplies unpacked weights; otherwise, and always on a GPU, it rounds the inputs too."""

    def pack(layer: nn.Linear) -> nn.Module:
        import bitsandbytes as bnb

        packed = bnb.nn.Linear8bitLt(layer.in_features, layer.out_features, has_fp16_weights=False)
        packed.weight = bnb.nn.Int8Params(layer.weight.detach().clone(), requires_grad=False, has_fp16_weights=False)
        packed.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
        packed = packed.to("cpu").train(training)
        if not training:
            packed.train = lambda _mode=True: packed  # stays on the GPU's way
        return packed

    return pack


def bitsandbytes_4(layer: nn.Linear) -> nn.Module:
    import bitsandbytes as bnb

    packed = bnb.nn.Linear4bit(layer.in_features, layer.out_features, quant_type="nf4")
    weight = layer.weight.detach().clone()
    packed.weight = bnb.nn.Params4bit(weight, requires_grad=False, quant_type="nf4", module=packed)
    packed.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
    return packed.to("cpu")


def torchao_8(layer: nn.Linear) -> nn.Module:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    copy = nn.Linear(layer.in_features, layer.out_features).requires_grad_(False)
    copy.load_state_dict(layer.state_dict())
    holder = nn.Sequential(copy)
    quantize_(holder, Int8WeightOnlyConfig())
    return holder[0]


def candidates() -> dict[str, Packed]:
    found: dict[str, Packed] = {
        "ours, 8 bit": ours(Int8Linear),
        "bitsandbytes 8 bit, as on a GPU": bitsandbytes_8(training=False),
        "bitsandbytes 8 bit, as on a CPU": bitsandbytes_8(training=True),
        "ours, NF4": ours(Nf4Linear),
        "bitsandbytes NF4": bitsandbytes_4,
    }
    return found | ({"torchao 8 bit": torchao_8} if _version("torchao") else {})


def measure_layer(pack: Packed, size: tuple[int, int]) -> dict[str, Any]:
    """Errors against float32 of output and input gradient, with and without an outlier channel; times; memory."""
    torch.manual_seed(0)
    layer = nn.Linear(*size).requires_grad_(False)
    began = time.process_time()
    packed = pack(layer)
    seconds_to_pack = time.process_time() - began
    inputs, gradient = torch.randn(1, TOKENS, size[0]), torch.randn(1, TOKENS, size[1])
    wild = inputs.clone()
    wild[..., 7] *= OUTLIER
    exact, near = _pass(layer, inputs, gradient), _pass(packed, inputs, gradient)
    return {
        "output_error": far(near[0], exact[0]),
        "gradient_error": far(near[1], exact[1]),
        "output_error_with_outlier_channel": far(packed(wild), layer(wild)),
        "pack_seconds": seconds_to_pack,
        "step_seconds_bfloat16": _seconds(packed, inputs, gradient),
        "float_step_seconds_bfloat16": _seconds(layer, inputs, gradient),
        "keeps_its_input_alive": _keeps_input(packed, inputs),
        "bytes_kept_for_backward": _kept(packed, inputs),
    }


def _pass(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    given = inputs.clone().requires_grad_()
    output = layer(given)
    output.backward(gradient.to(output.dtype))
    assert given.grad is not None
    return output.detach().float(), given.grad


def _seconds(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> float:
    def step() -> float:
        began = time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = layer(inputs.clone().requires_grad_())
        output.backward(gradient.to(output.dtype))
        return time.process_time() - began

    step()
    return median(step() for _ in range(REPEATS))


def _keeps_input(layer: nn.Module, inputs: Tensor) -> bool:
    """Is the layer's input, an intermediate result, still alive after the forward pass? nn.Linear's is not."""
    between = inputs.clone().requires_grad_() * 1
    told = weakref.ref(between)
    output = layer(between)
    del between
    return told() is not None and output is not None


def _kept(layer: nn.Module, inputs: Tensor) -> int:
    own = {p.untyped_storage().data_ptr() for p in (*layer.parameters(), *layer.buffers()) if type(p) is nn.Parameter}
    return _saved_bytes(lambda: layer(inputs.clone().requires_grad_()), own)


def _saved_bytes(forward: Callable[[], Any], own: set[int]) -> int:
    seen: dict[int, int] = {}
    alive: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)  # or its address could be given away again
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        forward()
    return sum(seen.values())


def measure_mini(pack: Packed) -> dict[str, float]:
    """Relative error of velocities and LoRA gradients of one step on mini, whose weights are trained ones."""
    exact, near = _mini_step(None), _mini_step(pack)
    return {"velocity_error": far(near[0], exact[0]), "lora_gradient_error": far(near[1], exact[1])}


def _mini_step(pack: Packed | None) -> tuple[Tensor, Tensor]:
    transformer = load_transformer(BaseModelName.MINI).requires_grad_(False)
    if pack:
        for path, module in list(transformer.named_modules()):
            if isinstance(module, nn.Linear) and is_quantised_name(path):
                parent, _, name = path.rpartition(".")
                setattr(transformer.get_submodule(parent), name, pack(module))
    plan = plan_of(BaseModelName.MINI)
    parameters = add_lora(transformer, plan)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in parameters.items():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.02, generator=generator)
    inputs = random_inputs(transformer, plan, frames=2, edge=8, words=32)
    predicted = predict(transformer, inputs)
    flow_losses(predicted, inputs).mean().backward()
    gradients = [p.grad.flatten() for p in parameters.values() if p.grad is not None]
    return predicted.video.detach(), torch.cat(gradients)


def plan_of(base: BaseModelName) -> TrainingPlan:
    """A plain plan: rank 8, no conditioning by a first frame."""
    plan = propose(RECIPES[RecipeName.CHARACTER], base, "chr_x7kq", "0" * 64, images=8, clips=8)
    return plan.changed(rank=8, alpha=8.0, first_frame_probability=0.0)


def random_inputs(
    transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan, *, frames: int, edge: int, words: int
) -> Inputs:
    """One sample of noise."""
    config, generator = transformer.config, torch.Generator().manual_seed(0)
    width = config.num_attention_heads * config.attention_head_dim
    said = Words(
        torch.randn(words, width, generator=generator),
        torch.randn(words, config.audio_cross_attention_dim, generator=generator),
        torch.ones(words, dtype=torch.long),
    )
    sample = Encoded(torch.randn(config.in_channels, frames, edge, edge, generator=generator), "a")
    return prepare([sample], {"a": said}, plan, torch.Generator().manual_seed(0))


def saved_by_a_block(
    *, edge: int, words: int, again: bool = False, heads: int = 4, first_frame: bool = False
) -> tuple[int, int, int]:
    """Bytes that autograd keeps for one of LTX-2.3's blocks in bfloat16, tokens and width.

    again: with checkpointing; first_frame: a clean one, so that tokens have timesteps of their own. The difference
    between three and two blocks of the real configuration at a few heads and without the audio branch.
    """
    sizes = []
    plan = plan_of(BaseModelName.LTX23).changed(precision="bf16", first_frame_probability=float(first_frame))
    for blocks in (2, 3):
        config = json.loads(LTX23_CONFIG.read_text()) | {
            "num_layers": blocks,
            "num_attention_heads": heads,
            "cross_attention_dim": heads * 128,
            "audio_num_attention_heads": 2,
            "audio_cross_attention_dim": 128,
        }
        transformer = without_audio(LTX2VideoTransformer3DModel.from_config(config)).bfloat16()
        add_lora(transformer, plan)
        if again:
            transformer.enable_gradient_checkpointing()
        inputs = random_inputs(transformer, plan, frames=2, edge=edge, words=words)
        own = {p.untyped_storage().data_ptr() for p in (*transformer.parameters(), *transformer.buffers())}
        with autocast(plan, torch.device("cpu")):
            sizes.append(_saved_bytes(partial(predict, transformer, inputs), own))
    return sizes[1] - sizes[0], 2 * edge**2, heads * 128


def activations() -> dict[str, float]:
    """The constants of trainer_core/training/footprint.py, counted."""
    small, few, width = saved_by_a_block(edge=8, words=64)
    large, many, _ = saved_by_a_block(edge=16, words=64)
    worded, _, _ = saved_by_a_block(edge=8, words=1024)
    inputs, tokens, _ = saved_by_a_block(edge=16, words=64, again=True)
    own, _, _ = saved_by_a_block(edge=16, words=64, first_frame=True)
    return {
        "bytes_per_token_and_width": (large - small) / (many - few) / width,
        "bytes_per_word_and_width": (worded - small) / (1024 - 64) / width,
        "checkpointed_bytes_per_token_and_width": inputs / tokens / width,
        "more_bytes_with_timesteps_per_token": (own - large) / many / width,
    }


def far(found: Tensor, wanted: Tensor) -> float:
    """Relative distance, Frobenius."""
    return float((found - wanted).norm() / wanted.norm())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {psutil.cpu_count()} CPU cores, one thread used, no GPU",
        "load_average_at_start": psutil.getloadavg()[0],
        "versions": {name: _version(name) for name in ("torch", "bitsandbytes", "torchao", "peft", "diffusers")},
        "method": f"{TOKENS} tokens of unit normal noise; errors are relative Frobenius distances to float32; times "
        f"are CPU seconds, medians of {REPEATS} passes forward and back under bfloat16 autocast. The machine was "
        "shared: times are good for an order, not for a ranking. Speed on a GPU was not measured.",
        "activations": activations(),
        "candidates": {},
    }
    for name, pack in candidates().items():
        rows = {size: measure_layer(pack, shape) for size, shape in SIZES.items()}
        result["candidates"][name] = {"layers": rows, "mini": measure_mini(pack)}
        print(name, json.dumps(result["candidates"][name]), flush=True)
    result["load_average_at_end"] = psutil.getloadavg()[0]
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
