"""LTX-2.3 in small, for tests of finding and loading it: mini's weights in both forms in which LTX-2.3 comes."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_core.base_models.ltx23.layout import SCHEDULER, Layout
from trainer_core.base_models.ltx23.names import Component
from trainer_core.base_models.ltx23.source import read_config
from trainer_core.base_models.registry import MINI_WEIGHTS
from trainer_core.lora.names import to_original

if TYPE_CHECKING:  # a process that only downloads needs none of the seconds that this takes
    from torch import Tensor

SMALL = Layout({name: read_config(MINI_WEIGHTS, name) for name in (*Component, SCHEDULER)})
LEVELS = len(SMALL.configs[Component.VAE]["block_out_channels"])
DIT = "model.diffusion_model."
VOCODER = {
    "upsamplers": "ups",
    "resnets": "resblocks",
    "conv_in": "conv_pre",
    "conv_out": "conv_post",
    "act_out": "act_post",
}


def folder_copy(target: Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """A folder in diffusers' layout; `changes` are made to the configurations of components. None removes a value."""
    shutil.copytree(MINI_WEIGHTS, target, ignore=shutil.ignore_patterns("README.md", "fingerprint.txt"))
    for component, values in (changes or {}).items():
        path = target / component / ("scheduler_config.json" if component == SCHEDULER else "config.json")
        config = json.loads(path.read_text()) | dict(values)
        path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return target


def gemma_copy(target: Path) -> Path:
    """Text encoder and tokenizer in one folder, as Gemma is published."""
    shutil.copytree(MINI_WEIGHTS / "text_encoder", target)
    shutil.copytree(MINI_WEIGHTS / "tokenizer", target, dirs_exist_ok=True)
    return target


def single_file_tensors() -> "dict[str, Tensor]":
    """All parts under the names of Lightricks' own code, with a statistic that no class of diffusers reads."""
    from safetensors.torch import load_file

    tensors = {
        original_name(component, name): tensor
        for component in Component
        for name, tensor in load_file(MINI_WEIGHTS / component / "diffusion_pytorch_model.safetensors").items()
    }
    tensors["vae.per_channel_statistics.channel"] = tensors["vae.per_channel_statistics.mean-of-means"].clone()
    return tensors


def write_single_file(
    path: Path, tensors: "Mapping[str, Tensor] | None" = None, metadata: dict[str, str] | None = None
) -> Path:
    """The single file, with mini's weights by default."""
    from safetensors.torch import save_file

    save_file(dict(tensors or single_file_tensors()), path, metadata=metadata)
    return path


def original_name(component: Component, name: str, levels: int = LEVELS) -> str:
    """The name in the single file of a tensor that diffusers calls `name`."""
    if component is Component.TRANSFORMER:
        return DIT + to_original(name)
    if component is Component.CONNECTORS:
        for side in ("video", "audio"):
            name = name.replace(f"{side}_connector.", f"{DIT}{side}_embeddings_connector.")
            name = name.replace(f"{side}_text_proj_in.", f"text_embedding_projection.{side}_aggregate_embed.")
        return _swap(name, {"transformer_blocks": "transformer_1d_blocks", "norm_q": "q_norm", "norm_k": "k_norm"})
    name = {"latents_mean": "mean-of-means", "latents_std": "std-of-means"}.get(name, name)
    if name.endswith("-of-means"):
        return f"{component}.per_channel_statistics.{name}"
    if component is Component.VAE:
        name = _swap(_chained(name, levels), {"resnets": "res_blocks"})
    if component is Component.VOCODER:
        name = name.replace(".downsample.filter", ".downsample.lowpass.filter")
        name = _swap(name, VOCODER)
    return f"{component}.{name}"


def _chained(name: str, levels: int) -> str:
    name = name.replace("encoder.mid_block.", f"encoder.down_blocks.{2 * levels}.")
    name = name.replace("decoder.mid_block.", "decoder.up_blocks.@0.")
    for level in range(levels):
        name = name.replace(f"down_blocks.{level}.downsamplers.0.", f"down_blocks.@{2 * level + 1}.")
        name = name.replace(f"encoder.down_blocks.{level}.", f"encoder.down_blocks.@{2 * level}.")
        name = name.replace(f"up_blocks.{level}.upsamplers.0.", f"up_blocks.@{2 * level + 1}.")
        name = name.replace(f"decoder.up_blocks.{level}.", f"decoder.up_blocks.@{2 * level + 2}.")
    return name.replace("@", "")


def _swap(name: str, table: Mapping[str, str]) -> str:
    return ".".join(table.get(part, part) for part in name.split("."))
