"""Names of tensors in LTX-2.3's single file, and under which names diffusers' classes know them.

The single file holds five parts under prefixes of Lightricks' own code. The facts are those of diffusers' conversion
script for LTX-2.3 (Apache-2.0, read, not run); for what diffusers 0.42 itself can convert a test compares the two. A
tensor that is in the file and that no part of the model has, or the reverse, is an error when it is loaded.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from trainer_core.lora import names as transformer_names

from .headers import Stored

TRANSFORMER_PREFIX = "model.diffusion_model."


class Component(StrEnum):
    """The parts with weights in the single file; the names are those of diffusers' folders."""

    TRANSFORMER = "transformer"
    CONNECTORS = "connectors"
    VAE = "vae"
    AUDIO_VAE = "audio_vae"
    VOCODER = "vocoder"


# how the single file starts the names of a part; the first that fits counts
_PREFIXES = (
    (f"{TRANSFORMER_PREFIX}video_embeddings_connector.", Component.CONNECTORS, "video_connector."),
    (f"{TRANSFORMER_PREFIX}audio_embeddings_connector.", Component.CONNECTORS, "audio_connector."),
    ("text_embedding_projection.video_aggregate_embed.", Component.CONNECTORS, "video_text_proj_in."),
    ("text_embedding_projection.audio_aggregate_embed.", Component.CONNECTORS, "audio_text_proj_in."),
    (TRANSFORMER_PREFIX, Component.TRANSFORMER, ""),
    ("audio_vae.", Component.AUDIO_VAE, ""),
    ("vae.", Component.VAE, ""),
    ("vocoder.", Component.VOCODER, ""),
)
_PARTS = {  # a part of a name between dots -> the same in diffusers
    Component.CONNECTORS: {"transformer_1d_blocks": "transformer_blocks", "q_norm": "norm_q", "k_norm": "norm_k"},
    Component.VAE: {"res_blocks": "resnets"},
    Component.VOCODER: {
        "ups": "upsamplers",
        "resblocks": "resnets",
        "conv_pre": "conv_in",
        "conv_post": "conv_out",
        "act_post": "act_out",
    },
}
_STATISTICS = "per_channel_statistics."
_LATENT_STATISTICS = {f"{_STATISTICS}mean-of-means": "latents_mean", f"{_STATISTICS}std-of-means": "latents_std"}
_VAE_BLOCK = re.compile(r"(encoder\.down_blocks|decoder\.up_blocks)\.(\d+)\.(.+)", re.DOTALL)


def by_component(tensors: Mapping[str, Stored]) -> dict[Component, dict[str, Stored]]:
    """The single file's tensors, part by part, under the names that diffusers' classes use.

    Left out: statistics of the latents that no class reads, and names that begin like none of the parts.
    """
    levels = _vae_levels(tensors)
    found: dict[Component, dict[str, Stored]] = {component: {} for component in Component}
    for key, stored in tensors.items():
        for prefix, component, start in _PREFIXES:
            if key.startswith(prefix):
                name = _renamed(component, start + key.removeprefix(prefix), levels)
                if name is not None:
                    found[component][name] = replace(stored, key=key)
                break
    return found


def _renamed(component: Component, name: str, levels: int) -> str | None:
    if component is Component.TRANSFORMER:
        return transformer_names.to_diffusers(name)
    if name.startswith(_STATISTICS):
        return _LATENT_STATISTICS.get(name)
    if component is Component.VAE and (block := _VAE_BLOCK.fullmatch(name)):
        name = f"{_vae_block(block[1], int(block[2]), levels)}.{block[3]}"
    table = _PARTS.get(component, {})
    parts = [table.get(part, part) for part in name.split(".")]
    if component is Component.VOCODER:  # the filter sits one level deeper in Lightricks' downsampling
        return ".".join(parts).replace(".downsample.lowpass.", ".downsample.")
    return ".".join(parts)


def _vae_block(chain: str, index: int, levels: int) -> str:
    """Lightricks counts blocks and samplers in one chain; diffusers nests each sampler in the block of its level."""
    if chain == "encoder.down_blocks":
        if index == 2 * levels:
            return "encoder.mid_block"
        return f"{chain}.{index // 2}" + (".downsamplers.0" if index % 2 else "")
    if index == 0:
        return "decoder.mid_block"
    return f"{chain}.{(index - 1) // 2}" + (".upsamplers.0" if index % 2 else "")


def _vae_levels(keys: Iterable[str]) -> int:
    """How many levels the video encoder has: 4 in LTX-2.3, whose chain of down blocks ends with block 8."""
    found = (re.match(r"vae\.encoder\.down_blocks\.(\d+)\.", key) for key in keys)
    return max((int(match[1]) for match in found if match), default=0) // 2
