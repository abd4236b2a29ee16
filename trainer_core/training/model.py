"""The trainable model: a frozen transformer with LoRA layers, and one forward pass over packed video latents."""

from dataclasses import dataclass

import torch
from diffusers import LTX2VideoTransformer3DModel
from peft import LoraConfig, get_peft_model_state_dict
from torch import Tensor

from trainer_core.plan import TrainingPlan

from .inputs import Inputs
from .lora_layer import lean_lora
from .objective import flow_loss
from .positions import Grid, Layout, coordinates
from .video_only import has_audio

VIDEO_ATTENTIONS = ("attn1", "attn2")  # self-attention and text cross-attention of the video branch
AUDIO_ATTENTIONS = ("audio_attn1", "audio_attn2", "audio_to_video_attn", "video_to_audio_attn")


def add_lora(transformer: LTX2VideoTransformer3DModel, plan: TrainingPlan) -> dict[str, torch.nn.Parameter]:
    """Freeze the transformer and add the plan's LoRA to it. Returns the trainable float32 parameters.

    Without sound only the video branch has LoRA layers: those on the audio branch would stay at zero in the file. With
    it they are on all attentions of both branches and between them.
    """
    transformer.requires_grad_(False)
    device = next(transformer.parameters()).device  # with block offload the blocks' weights wait elsewhere
    sound = plan.with_audio and has_audio(transformer)
    names = [name for name, _ in transformer.named_modules() if is_trained(name, plan, sound)]
    torch.manual_seed(plan.seed)
    transformer.add_adapter(
        LoraConfig(r=plan.rank, lora_alpha=plan.alpha, target_modules=names, init_lora_weights=True)  # type: ignore[arg-type]
    )
    lean_lora(transformer)
    parameters = {name: p for name, p in transformer.named_parameters() if p.requires_grad}
    for p in parameters.values():
        p.data = p.data.to(device, torch.float32)
    return dict(sorted(parameters.items()))


def is_trained(name: str, plan: TrainingPlan, sound: bool) -> bool:
    """Does the layer of this name get LoRA? With `sound` those of the audio branch and between the two do as well."""
    attentions = (*VIDEO_ATTENTIONS, *AUDIO_ATTENTIONS) if sound else VIDEO_ATTENTIONS
    return name.endswith(plan.targets) and any(f".{attention}." in name for attention in attentions)


def autocast(plan: TrainingPlan, device: torch.device) -> torch.autocast:
    """The plan's precision for forward passes: bfloat16 when it says so, or on a GPU that it leaves the choice to."""
    low = plan.precision == "bf16" or (plan.precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=low)


def lora_state(transformer: LTX2VideoTransformer3DModel) -> dict[str, Tensor]:
    """The LoRA weights under peft's names, '<module>.lora_A.weight' and '<module>.lora_B.weight'."""
    return dict(get_peft_model_state_dict(transformer, adapter_name="default"))


@dataclass(frozen=True)
class Predicted:
    """Velocities (batch, tokens, channels) of the noised video tokens and, where there is sound, of the audio's."""

    video: Tensor
    audio: Tensor | None = None


def predict(transformer: LTX2VideoTransformer3DModel, inputs: Inputs) -> Predicted:
    """One forward pass.

    Reference tokens follow the video's, at timestep 0. Without sound in the inputs the audio branch, where there is
    one, gets one silent token and is cut off from the video by `isolate_modalities`.
    """
    video, words, audio = inputs.video, inputs.words, inputs.audio
    tokens, timesteps, layout = _with_reference(inputs)
    shown = video.inputs.shape[1]
    if not has_audio(transformer):
        if audio:
            raise ValueError("Sound cannot be trained with a transformer whose audio branch was left out.")
        velocity = transformer(
            hidden_states=tokens,
            encoder_hidden_states=words.video,
            encoder_attention_mask=words.mask,
            timestep=timesteps,
            sigma=1000 * video.sigma,
            layout=layout,
        )
        return Predicted(velocity[:, :shown])
    batch = tokens.shape[0]
    silent = tokens.new_zeros(batch, 1, transformer.config.audio_in_channels)
    heard = audio.sigma if audio else video.sigma
    output = transformer(
        hidden_states=tokens,
        audio_hidden_states=audio.inputs if audio else silent,
        encoder_hidden_states=words.video,
        audio_encoder_hidden_states=words.audio,
        encoder_attention_mask=words.mask,
        audio_encoder_attention_mask=words.mask,
        timestep=timesteps,
        audio_timestep=1000 * heard.view(-1, 1),  # the video's may differ from token to token
        sigma=1000 * video.sigma,
        audio_sigma=1000 * heard,
        video_coords=coordinates(transformer.rope, layout, batch, tokens.device),
        audio_num_frames=audio.inputs.shape[1] if audio else 1,
        isolate_modalities=audio is None,
        use_cross_timestep=True,
        return_dict=False,
    )
    return Predicted(output[0][:, :shown], output[1] if audio else None)


def _with_reference(inputs: Inputs) -> tuple[Tensor, Tensor, Layout]:
    """Tokens, timesteps and places of the video and, after it, of the reference."""
    tokens, timesteps = inputs.video.inputs, inputs.video.timesteps
    here, reference = Grid(inputs.shape, inputs.fps), inputs.reference
    if reference is None:
        return tokens, timesteps, (here,)
    batch, count = tokens.shape[:2]
    at_zero = timesteps.new_zeros(batch, reference.tokens.shape[1])
    return (
        torch.cat([tokens, reference.tokens], dim=1),
        torch.cat([timesteps.expand(batch, count), at_zero], dim=1),
        (here, Grid(reference.shape, inputs.fps, reference.scale)),
    )


def flow_losses(predicted: Predicted, inputs: Inputs) -> Tensor:
    """The objective per sample, shape (batch,): the video's error, plus the sound's where there is some."""
    video = flow_loss(predicted.video, inputs.video)
    if predicted.audio is None or inputs.audio is None:
        return video
    return video + flow_loss(predicted.audio, inputs.audio)
