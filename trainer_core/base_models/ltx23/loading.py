"""Loads LTX-2.3 part by part, from a folder or from the single file, to the device where each part will work."""

import importlib.util
import math
from collections.abc import Mapping
from typing import Any

import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    FlowMatchEulerDiscreteScheduler,
    LTX2Pipeline,
    LTX2VideoTransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from diffusers.pipelines.ltx2.vocoder import LTX2VocoderWithBWE
from transformers import AutoTokenizer, BitsAndBytesConfig, Gemma3ForConditionalGeneration

from trainer_core.damaged_folders import damage
from trainer_core.memory_tiers import TIERS
from trainer_core.plan import MemoryTier

from .headers import Stored
from .layout import SCHEDULER
from .names import Component
from .source import Source
from .streaming import Place, Prepare, WrongWeights, stream_model, stream_transformer
from .weights import weights_in_folder

CLASSES: dict[Component, type[Any]] = {
    Component.CONNECTORS: LTX2TextConnectors,
    Component.VAE: AutoencoderKLLTX2Video,
    Component.AUDIO_VAE: AutoencoderKLLTX2Audio,
    Component.VOCODER: LTX2VocoderWithBWE,
}
FREE_SHARE = 0.8  # of the GPU's free memory for weights; making a clip needs the rest
DTYPE = torch.bfloat16  # LTX-2.3's own


class NeedsBitsAndBytes(RuntimeError):
    """The text encoder was to be loaded in 8 or 4 bit and the package for it is not installed."""


def default_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_components(
    source: Source,
    wanted: tuple[str, ...],
    memory: MemoryTier = MemoryTier.FULL,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype = DTYPE,
    **ready: Any,
) -> LTX2Pipeline:
    """A pipeline of which only the `wanted` parts are there, on `device` in `dtype`; `ready` are parts made elsewhere.

    Names are those of LTX2Pipeline: tokenizer, text_encoder, connectors, vae, audio_vae, vocoder. `memory` decides in
    how many bits the text encoder is held. Raises WrongWeights, UnreadableWeights or NeedsBitsAndBytes.
    """
    device = device or default_device()
    parts: dict[str, Any] = dict.fromkeys(("tokenizer", "text_encoder", "transformer", *CLASSES))
    for name in wanted:
        if name == "tokenizer":
            parts[name] = _load_tokenizer(source)
        elif name == "text_encoder":
            parts[name] = _load_text_encoder(source, TIERS[memory].text_encoder_bits, device, dtype)
        else:
            component = Component(name)
            weights = source.weights(component)
            parts[name] = stream_model(CLASSES[component], weights, source.config(component), device, dtype)
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(source.config(SCHEDULER))
    return LTX2Pipeline(scheduler=scheduler, **{**parts, **ready})


def load_transformer(
    source: Source,
    *,
    with_audio: bool = False,
    device: torch.device | None = None,
    dtype: torch.dtype | None = DTYPE,
    prepare: Prepare | None = None,
    place: Place | None = None,
) -> LTX2VideoTransformer3DModel:
    """The transformer, streamed to `device`; without `with_audio` its audio branch is not even read.

    `prepare` and `place` are for quantising on the way: see `stream_transformer`. `prepare` comes after the audio
    branch was taken out.
    """

    def shape(model: LTX2VideoTransformer3DModel) -> None:
        if not with_audio:
            from trainer_core.training.video_only import without_audio

            without_audio(model)
        if prepare:
            prepare(model)

    return stream_transformer(
        source.weights(Component.TRANSFORMER),
        source.config(Component.TRANSFORMER),
        prepare=shape,
        device=device or default_device(),
        dtype=dtype,
        place=place,
    )


def load_pipeline(
    source: Source,
    memory: MemoryTier = MemoryTier.FULL,
    *,
    device: torch.device | None = None,
    dtype: torch.dtype = DTYPE,
) -> LTX2Pipeline:
    """The complete pipeline for making clips, transformer and text encoder in as many bits as `memory` says.

    Where the GPU cannot hold all of it, the parts wait in the host's memory and take turns on the GPU.
    """
    device = device or default_device()
    bits = TIERS[memory].bits
    fits = device.type != "cuda" or bytes_held(source, bits) < torch.cuda.mem_get_info(device)[0] * FREE_SHARE
    at = device if fits else torch.device("cpu")
    ways: dict[str, Any] = {}
    if bits < 16:
        from trainer_core.training.quantise import Quantiser

        quantiser = Quantiser(bits, device, dtype, rest=at)
        ways = {"prepare": quantiser.prepare, "place": quantiser.place}
    transformer = load_transformer(source, with_audio=True, device=at, dtype=dtype, **ways)
    others = ("tokenizer", "text_encoder", *CLASSES)
    pipeline = load_components(source, others, memory, device=at, dtype=dtype, transformer=transformer)
    if not fits:
        pipeline.enable_model_cpu_offload(device=device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def bytes_held(source: Source, bits: int) -> float:
    """Bytes of all weights when transformer and text encoder are held in so many bits and the rest in 16."""
    values = {component: _values(source.weights(component)) for component in Component}
    packed = values.pop(Component.TRANSFORMER) + _values(weights_in_folder(source.text_encoder, ("model",)))
    return packed * bits / 8 + sum(values.values()) * 2


def _values(weights: Mapping[str, Stored]) -> int:
    return sum(math.prod(stored.shape) for stored in weights.values())


def _load_tokenizer(source: Source) -> Any:
    try:  # code that a stranger put into the folder is never run, and nobody is asked about it
        return AutoTokenizer.from_pretrained(source.tokenizer, local_files_only=True, trust_remote_code=False)
    except damage() as error:
        raise WrongWeights(f"The tokenizer in {source.tokenizer.name} is damaged. Fetch it again.") from error


def _load_text_encoder(source: Source, bits: int, device: torch.device, dtype: torch.dtype) -> Any:
    settings: dict[str, Any] = {}
    if bits < 16:
        if importlib.util.find_spec("bitsandbytes") is None:
            raise NeedsBitsAndBytes(
                f"Holding the text encoder in {bits} bit needs the package bitsandbytes, which is not installed. "
                "Run: pip install 'lora-sidekick[lowmem]', or choose the memory tier 'full' in the plan."
            )
        four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": dtype}
        settings["quantization_config"] = BitsAndBytesConfig(**(four if bits == 4 else {"load_in_8bit": True}))
    load: Any = Gemma3ForConditionalGeneration.from_pretrained
    try:
        model, told = load(
            source.text_encoder,
            dtype=dtype,
            device_map={"": device},
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **settings,
        )
    except damage() as error:
        raise WrongWeights(
            f"The text encoder in {source.text_encoder.name} is damaged ({type(error).__name__}). Fetch it again."
        ) from error
    for words in ("missing_keys", "mismatched_keys", "error_msgs"):
        if told.get(words):
            first = str(sorted(map(str, told[words]))[0])[:160]
            raise WrongWeights(
                f"The text encoder's files in {source.text_encoder.name} do not fit Gemma-3: {len(told[words])} "
                f"{words.replace('_', ' ')} (first: {first}). Nothing was loaded."
            )
    return model.requires_grad_(False).eval()
