"""The trainable model: a frozen transformer with LoRA layers, and one forward pass over packed video latents."""

from collections.abc import Sequence

import torch
from diffusers import LTX2VideoTransformer3DModel
from peft import LoraConfig, get_peft_model_state_dict
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .encode import Words

VIDEO_ATTENTIONS = ("attn1", "attn2")  # self-attention and text cross-attention of the video branch


def add_lora(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> dict[str, torch.nn.Parameter]:
    """Freeze the transformer and add the plan's LoRA to its video branch. Returns the trainable float32 parameters.

    Training sees no sound, so LoRA layers on the audio branch would stay at zero; they are left out of the file.
    """
    transformer.requires_grad_(False)
    names = [
        name
        for name, _ in transformer.named_modules()
        if name.endswith(plan.targets) and any(f".{attention}." in name for attention in VIDEO_ATTENTIONS)
    ]
    torch.manual_seed(plan.seed)
    transformer.add_adapter(
        LoraConfig(r=plan.rank, lora_alpha=plan.alpha, target_modules=names, init_lora_weights=True)  # type: ignore[arg-type]
    )
    parameters = {name: p for name, p in transformer.named_parameters() if p.requires_grad}
    for p in parameters.values():
        p.data = p.data.float()
    return dict(sorted(parameters.items()))


def autocast(plan: TrainingPlan, device: torch.device) -> torch.autocast:
    """The plan's precision for forward passes: bfloat16 when it says so, or on a GPU that it leaves the choice to."""
    low = plan.precision == "bf16" or (plan.precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=low)


def lora_state(transformer: LTX2VideoTransformer3DModel) -> dict[str, Tensor]:
    """The LoRA weights under peft's names, '<module>.lora_A.weight' and '<module>.lora_B.weight'."""
    return dict(get_peft_model_state_dict(transformer, adapter_name="default"))


def predict(
    transformer: LTX2VideoTransformer3DModel,
    inputs: Tensor,
    sigma: Tensor,
    timesteps: Tensor,
    words: Sequence[Words],
    shape: tuple[int, int, int],
    fps: float,
) -> Tensor:
    """Predicted velocity (batch, tokens, channels) for packed latents of latent shape (frames, height, width).

    One silent audio token stands in for the audio branch, cut off from the video by `isolate_modalities`.
    """
    device, dtype = inputs.device, inputs.dtype
    audio_channels = transformer.config.audio_in_channels
    return transformer(
        hidden_states=inputs,
        audio_hidden_states=inputs.new_zeros(inputs.shape[0], 1, audio_channels),
        encoder_hidden_states=torch.stack([w.video for w in words]).to(device, dtype),
        audio_encoder_hidden_states=torch.stack([w.audio for w in words]).to(device, dtype),
        encoder_attention_mask=torch.stack([w.mask for w in words]).to(device),
        audio_encoder_attention_mask=torch.stack([w.mask for w in words]).to(device),
        timestep=timesteps,
        audio_timestep=1000 * sigma.view(-1, 1),  # the video's may differ from token to token
        sigma=1000 * sigma,
        num_frames=shape[0],
        height=shape[1],
        width=shape[2],
        fps=fps,
        audio_num_frames=1,
        isolate_modalities=True,
        use_cross_timestep=True,
        return_dict=False,
    )[0]
