"""Which base models there are and how each is loaded."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_core.plan import BaseModelName, MemoryTier

if TYPE_CHECKING:  # asking whether a base is there must not cost the seconds that importing these takes
    import torch
    from diffusers import LTX2Pipeline, LTX2VideoTransformer3DModel

MINI_WEIGHTS = Path(__file__).parent / "mini" / "weights"


class Part(StrEnum):
    """What of a base is in memory at a time while files and captions are encoded."""

    TEXT = "text"  # tokenizer, text encoder and connectors
    VIDEO = "video"  # the video autoencoder
    AUDIO = "audio"  # the audio autoencoder


LoadParts = Callable[[Part], "LTX2Pipeline"]

COMPONENTS = {
    Part.TEXT: ("tokenizer", "text_encoder", "connectors"),
    Part.VIDEO: ("vae",),
    Part.AUDIO: ("audio_vae",),
}
ALL_COMPONENTS = (
    "tokenizer",
    "text_encoder",
    "connectors",
    "vae",
    "audio_vae",
    "vocoder",
    "transformer",
)  # with weights


class BaseModelMissing(RuntimeError):
    """The base model's files are not here; the message says what to do."""


def base_missing(base: BaseModelName) -> str | None:
    """None when the base can be loaded, else the reason in words."""
    if base is BaseModelName.MINI:
        if (MINI_WEIGHTS / "model_index.json").exists():
            return None
        return "The weights of mini are not in this installation. Run: sidekick mini build"
    return "Training on LTX-2.3 itself is not built yet: it comes with the GPU trainer. Plans, audits and prices work."


def load_pipeline(base: BaseModelName, dtype: "torch.dtype | None" = None) -> "LTX2Pipeline":
    """The base's complete pipeline in `dtype` (float32 by default). Raises BaseModelMissing."""
    import torch
    from diffusers import LTX2Pipeline

    if reason := base_missing(base):
        raise BaseModelMissing(reason)
    pipeline = LTX2Pipeline.from_pretrained(MINI_WEIGHTS, dtype=dtype or torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def load_part(base: BaseModelName, part: Part, memory: MemoryTier = MemoryTier.FULL) -> "LTX2Pipeline":
    """A pipeline of which only this part is there, on the device it will work on. Raises BaseModelMissing."""
    return _load_some(base, COMPONENTS[part])


def load_transformer(
    base: BaseModelName, memory: MemoryTier = MemoryTier.FULL, *, with_audio: bool = False
) -> "LTX2VideoTransformer3DModel":
    """The base's transformer for training, without its audio branch unless `with_audio`. Raises BaseModelMissing."""
    from trainer_core.training.video_only import without_audio

    transformer = _load_some(base, ("transformer",)).transformer
    return transformer if with_audio else without_audio(transformer)


def _load_some(base: BaseModelName, wanted: tuple[str, ...]) -> "LTX2Pipeline":
    import torch
    from diffusers import LTX2Pipeline

    if reason := base_missing(base):
        raise BaseModelMissing(reason)
    absent = {name: None for name in ALL_COMPONENTS if name not in wanted}
    return LTX2Pipeline.from_pretrained(MINI_WEIGHTS, dtype=torch.float32, local_files_only=True, **absent)


def base_fingerprint(base: BaseModelName) -> str:
    """Changes whenever the base's weights do: part of the key of every cached encoding."""
    if base is BaseModelName.MINI:
        return (MINI_WEIGHTS / "fingerprint.txt").read_text().strip()
    raise BaseModelMissing(base_missing(base))
