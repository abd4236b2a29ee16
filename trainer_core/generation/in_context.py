"""Video from a prompt and a picture or clip that is shown beside it (in-context LoRA), or from a first frame."""

import inspect
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline, LTX2ImageToVideoPipeline, LTX2InContextPipeline, LTX2Pipeline
from diffusers.pipelines.ltx2.pipeline_ltx2_ic_lora import LTX2ReferenceCondition
from numpy.typing import NDArray
from PIL import Image

from trainer_core.dataset.media import fit
from trainer_core.dataset.sound import Sound
from trainer_core.lora.reference_use import reference_use_of

from .generate import AUDIO_GUIDANCE, GenerateRequest, prompt_tokens, sound_of, with_lora

Frames = NDArray[np.uint8]


def generate_with_reference(
    pipeline: LTX2Pipeline, request: GenerateRequest, reference: Frames, lora: Path, strength: float = 1.0
) -> Frames:
    """`generate_in_context` with a LoRA file, at the reference size that its header names.

    Raises ValueError in words when the file is no in-context LoRA: it would not know what to do with a reference.
    """
    use = reference_use_of(lora)
    if use is None:
        raise ValueError(
            "This LoRA was not trained with references, so showing it one would do nothing good. Generate without."
        )
    with with_lora(pipeline, lora, strength):
        return generate_in_context(pipeline, request, reference, times_smaller=use.times_smaller)


@torch.inference_mode()
def generate_in_context(
    pipeline: LTX2Pipeline, request: GenerateRequest, reference: Frames, *, times_smaller: int = 1
) -> Frames:
    """Frames, uint8 RGB (frames, height, width, 3), with a reference (n, h, w, 3) at the clip's own frame rate.

    The reference is cut to the request's proportions, made `times_smaller`, and trimmed to the request's frames and
    to a length that the autoencoder takes (8 k + 1). Raises ValueError in words when its size would not be legal.
    """
    step = pipeline.vae_spatial_compression_ratio
    width, height = request.width // times_smaller, request.height // times_smaller
    if request.width % (times_smaller * step) or request.height % (times_smaller * step):
        raise ValueError(
            f"A reference {times_smaller} times smaller than {request.width}x{request.height} has no legal size. Take "
            f"a width and height that are multiples of {times_smaller * step}."
        )
    factor = pipeline.vae_temporal_compression_ratio
    kept = (min(len(reference), request.frames) - 1) // factor * factor + 1
    frames = [Image.fromarray(frame) for frame in fit(reference[:kept], width, height)]
    made = _of(LTX2InContextPipeline, pipeline)(
        reference_conditions=LTX2ReferenceCondition(frames=frames),
        reference_downscale_factor=times_smaller,
        **_settings(pipeline, request),
    )
    return _clip(made.frames)


@torch.inference_mode()
def generate_from_image(pipeline: LTX2Pipeline, request: GenerateRequest, first_frame: Frames) -> Frames:
    """Frames, uint8 RGB (frames, height, width, 3), that begin with a picture (h, w, 3), cut to the request's size."""
    image = Image.fromarray(fit(first_frame, request.width, request.height))
    made = _of(LTX2ImageToVideoPipeline, pipeline)(image=image, **_settings(pipeline, request))
    return _clip(made.frames)


@torch.inference_mode()
def generate_from_image_with_sound(
    pipeline: LTX2Pipeline, request: GenerateRequest, first_frame: Frames
) -> tuple[Frames, Sound]:
    """The same with what is heard in it; see `generate_with_sound`."""
    image = Image.fromarray(fit(first_frame, request.width, request.height))
    settings = _settings(pipeline, request) | {"audio_guidance_scale": AUDIO_GUIDANCE}
    made = _of(LTX2ImageToVideoPipeline, pipeline)(image=image, **settings)
    return _clip(made.frames), sound_of(pipeline, made)


def _of(kind: type[DiffusionPipeline], pipeline: LTX2Pipeline) -> DiffusionPipeline:
    """Another pipeline with the same parts, LoRA included; nothing is copied or cast."""
    wanted = inspect.signature(kind.__init__).parameters
    made = kind(**{name: part for name, part in pipeline.components.items() if name in wanted})
    made.set_progress_bar_config(disable=True)
    return made


def _settings(pipeline: DiffusionPipeline, request: GenerateRequest) -> dict[str, object]:
    """What all pipelines of LTX-2 take alike; without the extra passes that need LTX-2.3's layer numbers."""
    return {
        "prompt": request.prompt,
        "negative_prompt": "",
        "width": request.width,
        "height": request.height,
        "num_frames": request.frames,
        "frame_rate": request.fps,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "audio_guidance_scale": 1.0,
        "stg_scale": 0.0,
        "audio_stg_scale": 0.0,
        "modality_scale": 1.0,
        "audio_modality_scale": 1.0,
        "use_cross_timestep": True,
        "max_sequence_length": prompt_tokens(pipeline),
        "generator": torch.Generator().manual_seed(request.seed),
        "output_type": "np",
    }


def _clip(frames: object) -> Frames:
    return (np.clip(np.asarray(frames)[0], 0, 1) * 255 + 0.5).astype(np.uint8)
