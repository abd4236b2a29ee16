"""Mini's diffusion transformer and text connectors: LTX-2.3's classes and switches, a few million parameters."""

from typing import Any

import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from torch import nn

from .code import CHANNELS
from .words import HIDDEN, LAYERS

HEADS = 4
WIDTH = 192
AUDIO_WIDTH = 32
BLOCKS = 6
AUDIO_CHANNELS = 8
TEXT_GATE = 8  # row of a block's modulation table that scales what the text cross-attention adds


def new_transformer() -> LTX2VideoTransformer3DModel:
    """An untrained transformer. The audio branch is there but silent: it adds nothing to the video."""
    transformer = LTX2VideoTransformer3DModel(
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        num_attention_heads=HEADS,
        attention_head_dim=WIDTH // HEADS,
        cross_attention_dim=WIDTH,
        vae_scale_factors=(8, 8, 8),
        base_height=128,
        base_width=128,
        gated_attn=True,
        cross_attn_mod=True,
        audio_in_channels=AUDIO_CHANNELS,
        audio_out_channels=AUDIO_CHANNELS,
        audio_num_attention_heads=HEADS,
        audio_attention_head_dim=AUDIO_WIDTH // HEADS,
        audio_cross_attention_dim=AUDIO_WIDTH,
        audio_gated_attn=True,
        audio_cross_attn_mod=True,
        num_layers=BLOCKS,
        caption_channels=WIDTH,
        rope_type="split",
        use_prompt_embeddings=False,
        perturbed_attn=True,
    )
    for block in transformer.transformer_blocks:
        for attention in (block.audio_to_video_attn, block.video_to_audio_attn):
            nn.init.zeros_(attention.to_out[0].weight)
            nn.init.zeros_(attention.to_out[0].bias)
        listen_to_words(block)
    nn.init.zeros_(transformer.prompt_adaln.linear.weight)
    nn.init.zeros_(transformer.prompt_adaln.linear.bias)
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    return transformer


def listen_to_words(block: Any) -> None:
    """Open the gate of the text cross-attention and leave its keys and values unshifted.

    With the class's own random start the gate is nearly shut and the words drown in a constant: 3,000 steps then
    taught the words nothing. From this start, and with more samples at high noise, 160 steps showed a gain.
    """
    with torch.no_grad():
        block.scale_shift_table[TEXT_GATE] += 1.0
        block.prompt_scale_shift_table.zero_()


def new_connectors() -> LTX2TextConnectors:
    """Untrained text connectors with the per-modality projections of LTX-2.3."""
    return LTX2TextConnectors(
        caption_channels=HIDDEN,
        text_proj_in_factor=LAYERS + 1,
        video_connector_num_attention_heads=HEADS,
        video_connector_attention_head_dim=WIDTH // HEADS,
        video_connector_num_layers=2,
        video_connector_num_learnable_registers=32,
        video_gated_attn=True,
        audio_connector_num_attention_heads=HEADS,
        audio_connector_attention_head_dim=AUDIO_WIDTH // HEADS,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=32,
        audio_gated_attn=True,
        connector_rope_base_seq_len=64,
        rope_type="split",
        per_modality_projections=True,
        video_hidden_dim=WIDTH,
        audio_hidden_dim=AUDIO_WIDTH,
        proj_bias=True,
    )
