"""Names in LoRA files: the key of a tensor, and module names as diffusers and as Lightricks' own code spell them.

A LoRA for LTX-2.3 that every player reads names its tensors
`diffusion_model.<module>.lora_A.weight` and `diffusion_model.<module>.lora_B.weight`, where `<module>` is the name in
Lightricks' model. diffusers renames some modules; attention projections and feed-forward layers have the same name in
both. The table holds the facts that diffusers' converters for LTX-2 and LTX-2.3 agree on (diffusers 0.42).
"""

import re
from dataclasses import dataclass
from typing import Literal

PREFIX = "diffusion_model"
PREFIXES = (PREFIX, "transformer", "base_model.model", "connectors", "text_embedding_projection")
CONNECTOR_PREFIXES = ("connectors", "text_embedding_projection")  # text connectors: a part of their own, not the DiT

# diffusers -> original, where it is the first part of the module's name
_TOP_LEVEL = {
    "proj_in": "patchify_proj",
    "audio_proj_in": "audio_patchify_proj",
    "time_embed": "adaln_single",
    "audio_time_embed": "audio_adaln_single",
    "prompt_adaln": "prompt_adaln_single",
    "audio_prompt_adaln": "audio_prompt_adaln_single",
    "av_cross_attn_video_scale_shift": "av_ca_video_scale_shift_adaln_single",
    "av_cross_attn_audio_scale_shift": "av_ca_audio_scale_shift_adaln_single",
    "av_cross_attn_video_a2v_gate": "av_ca_a2v_gate_adaln_single",
    "av_cross_attn_audio_v2a_gate": "av_ca_v2a_gate_adaln_single",
}
# diffusers -> original, inside a transformer block
_IN_BLOCK = {
    "norm_q": "q_norm",
    "norm_k": "k_norm",
    "video_a2v_cross_attn_scale_shift_table": "scale_shift_table_a2v_ca_video",
    "audio_a2v_cross_attn_scale_shift_table": "scale_shift_table_a2v_ca_audio",
}
_TOP_LEVEL_BACK = {original: diffusers for diffusers, original in _TOP_LEVEL.items()}
_IN_BLOCK_BACK = {original: diffusers for diffusers, original in _IN_BLOCK.items()}

_KEY = re.compile(r"(?P<module>.+?)\.lora_(?P<part>A|B|down|up)(?:\.(?P<adapter>[^.]+))?\.weight", re.DOTALL)


def to_original(name: str) -> str:
    """The module's name in Lightricks' model: 'time_embed.linear' -> 'adaln_single.linear'."""
    return _renamed(name, _TOP_LEVEL, _IN_BLOCK)


def to_diffusers(name: str) -> str:
    """The module's name in diffusers: 'adaln_single.linear' -> 'time_embed.linear'. Undoes `to_original`."""
    return _renamed(name, _TOP_LEVEL_BACK, _IN_BLOCK_BACK)


def _renamed(name: str, top_level: dict[str, str], in_block: dict[str, str]) -> str:
    first, *rest = name.split(".")
    return ".".join([top_level.get(first, first), *(in_block.get(part, part) for part in rest)])


@dataclass(frozen=True)
class LoraKey:
    """A tensor's place: `prefix` ("" when there is none), the module's name as the file spells it, and which factor.

    `usual` is False for spellings that LTX-2 loaders do not read (lora_down/lora_up, an adapter's name in the key).
    """

    prefix: str
    module: str
    part: Literal["A", "B"]
    usual: bool = True


def parse_key(key: str) -> LoraKey | None:
    """The parts of a LoRA tensor's key, or None when it is not one."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    prefix, module = split_prefix(match["module"])
    part: Literal["A", "B"] = "A" if match["part"] in ("A", "down") else "B"
    usual = match["part"] in ("A", "B") and match["adapter"] is None
    return LoraKey(prefix, module, part, usual)


def split_prefix(name: str) -> tuple[str, str]:
    """('diffusion_model', 'patchify_proj') for 'diffusion_model.patchify_proj'; ('', name) without a known prefix."""
    for prefix in PREFIXES:
        if name.startswith(f"{prefix}."):
            return prefix, name.removeprefix(f"{prefix}.")
    return "", name


def file_keys(module: str) -> tuple[str, str]:
    """The two keys of a module, given by its diffusers name, in a LoRA file: (lora_A, lora_B)."""
    stem = f"{PREFIX}.{to_original(module)}"
    return f"{stem}.lora_A.weight", f"{stem}.lora_B.weight"
