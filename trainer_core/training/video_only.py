"""LTX-2.3's transformer without its audio branch, for training on pictures alone.

With `isolate_modalities=True` diffusers' forward lets nothing of the sound reach the video, but still computes and
holds the audio branch: 5.9 of 19.0 billion parameters. Here it is taken away, and what is left gives the same
velocities, bit for bit. LoRA layers keep their names, so the files are the same too.
"""

import re

import torch
from diffusers import LTX2VideoTransformer3DModel
from diffusers.models.transformers.transformer_ltx2 import LTX2VideoTransformerBlock
from torch import Tensor

from .positions import Layout, RotaryEmbeddings

_AUDIO = re.compile(
    r"(?:^|\.)(?:audio_|video_to_audio_|av_cross_attn_|video_a2v_cross_attn_|cross_attn_rope|cross_attn_audio_rope)"
)


def is_audio_name(name: str) -> bool:
    """Does a module or parameter of the transformer, under diffusers' names, serve only the sound?"""
    return _AUDIO.search(name) is not None


def has_audio(transformer: LTX2VideoTransformer3DModel) -> bool:
    """Is the audio branch there?"""
    return not isinstance(transformer, VideoOnlyTransformer)


class VideoOnlyBlock(LTX2VideoTransformerBlock):
    """A block's video half: self-attention, attention to the words, feed-forward; each modulated by the timestep."""

    def forward(  # type: ignore[override]
        self,
        hidden_states: Tensor,
        words: Tensor,
        modulation: Tensor,
        word_modulation: Tensor,
        rotary: tuple[Tensor, Tensor],
        mask: Tensor | None,
    ) -> Tensor:
        """hidden_states: (batch, tokens, width); words: (batch, words, width), with `mask` added to their scores.

        modulation: (batch, 1 or tokens, 9 * width); word_modulation: (batch, 1, 2 * width).
        """
        batch = hidden_states.shape[0]
        shift, scale, gate, ff_shift, ff_scale, ff_gate, text_shift, text_scale, text_gate = self.get_mod_params(
            self.scale_shift_table, modulation, batch
        )
        normed = self.norm1(hidden_states) * (1 + scale) + shift
        hidden_states = hidden_states + self.attn1(normed, query_rotary_emb=rotary) * gate

        word_shift, word_scale = self.get_mod_params(self.prompt_scale_shift_table, word_modulation, batch)
        normed = self.norm2(hidden_states) * (1 + text_scale) + text_shift
        read = self.attn2(normed, encoder_hidden_states=words * (1 + word_scale) + word_shift, attention_mask=mask)
        hidden_states = hidden_states + read * text_gate

        normed = self.norm3(hidden_states) * (1 + ff_scale) + ff_shift
        return hidden_states + self.ff(normed) * ff_gate


class VideoOnlyTransformer(LTX2VideoTransformer3DModel):
    """The transformer whose blocks have no audio branch. Made by `without_audio`."""

    _repeated_blocks = ["VideoOnlyBlock"]  # noqa: RUF012 - diffusers' own way of saying what is compiled by region
    _keys_to_ignore_on_load_unexpected = [_AUDIO.pattern]  # noqa: RUF012

    def forward(  # type: ignore[override]
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        timestep: Tensor,
        sigma: Tensor,
        layout: Layout,
        encoder_attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Velocities (batch, tokens, channels) of packed latents.

        timestep: (batch, 1), or (batch, tokens) where tokens differ; sigma: (batch,), both times 1000. layout: where
        the tokens are. encoder_attention_mask: (batch, words), 1 where there is a word; None when nothing is padded.
        """
        batch = hidden_states.shape[0]
        cosines, sines = self.rotary.of(self.rope, layout, hidden_states.device)
        rotary = (cosines.expand(batch, -1, -1, -1), sines.expand(batch, -1, -1, -1))
        mask = None
        if encoder_attention_mask is not None:
            mask = ((1 - encoder_attention_mask.to(hidden_states.dtype)) * -10000.0).unsqueeze(1)
        hidden_states = self.proj_in(hidden_states)
        modulation, embedded = (
            value.view(batch, -1, value.shape[-1])
            for value in self.time_embed(timestep.flatten(), batch_size=batch, hidden_dtype=hidden_states.dtype)
        )
        word_modulation, _ = self.prompt_adaln(sigma.flatten(), batch_size=batch, hidden_dtype=hidden_states.dtype)
        word_modulation = word_modulation.view(batch, -1, word_modulation.shape[-1])
        for block in self.transformer_blocks:
            given = (hidden_states, encoder_hidden_states, modulation, word_modulation, rotary, mask)
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                hidden_states = self._gradient_checkpointing_func(block, *given)
            else:
                hidden_states = block(*given)
        shift, scale = (self.scale_shift_table[None, None] + embedded[:, :, None]).unbind(2)
        return self.proj_out(self.norm_out(hidden_states) * (1 + scale) + shift)


def without_audio(transformer: LTX2VideoTransformer3DModel) -> VideoOnlyTransformer:
    """The same transformer without its audio branch, whose modules are deleted in place. Adapters stay.

    Works on the meta device as well, before any weights are loaded: `is_audio_name` tells which are not needed.
    Raises ValueError for a transformer that is not built like LTX-2.3's.
    """
    config = transformer.config
    if not (config.cross_attn_mod and config.use_prompt_adaln_single) or config.use_prompt_embeddings:
        raise ValueError("This transformer is not built like LTX-2.3's, so its audio branch cannot be left out.")
    if isinstance(transformer, VideoOnlyTransformer):
        return transformer
    for module in (transformer, *transformer.transformer_blocks):
        for name in [*module._modules, *module._parameters]:
            if is_audio_name(name):
                delattr(module, name)
    for block in transformer.transformer_blocks:
        block.__class__ = VideoOnlyBlock
    transformer.__class__ = VideoOnlyTransformer
    transformer.rotary = RotaryEmbeddings()
    return transformer
