"""Which base models there are and how each is loaded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_core.plan import BaseModelName, MemoryTier
from trainer_core.projects import Workspace

from . import gpus
from .ltx23 import licence, source
from .ltx23.fingerprint import fingerprint
from .ltx23.headers import UnreadableWeights

if TYPE_CHECKING:  # asking whether a base is there must not cost the seconds that importing these takes
    import torch
    from diffusers import LTX2Pipeline, LTX2VideoTransformer3DModel

    from .ltx23.streaming import Place, Prepare

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
    """The base model's files are not here or cannot be used; the message says what to do."""


LEAST_GPU_GB = 16  # in 4 bit the video branch has about 7 GB, the text encoder with the connectors about 14


def base_missing(base: BaseModelName, workspace: Workspace | None = None) -> str | None:
    """None when this machine can train on the base and make clips with it, else the reason in words.

    With a workspace the licence of LTX-2.3 must have been accepted in it. Nothing is loaded: configurations and the
    headers of weights are read, and the driver is asked for a GPU.
    """
    if base is BaseModelName.MINI:
        if (MINI_WEIGHTS / "model_index.json").exists():
            return None
        return "The weights of mini are not in this installation. Run: sidekick mini build"
    found = source.find()
    if isinstance(found, str):
        return f"{found} {reason}" if (reason := gpu_missing()) else found
    if workspace and (reason := licence.not_accepted(workspace)):
        return reason
    return gpu_missing()


def gpu_missing() -> str | None:
    """None when there is a GPU that LTX-2.3 can be trained on, else the reason in words."""
    memory = gpus.largest_memory_gb()
    if memory is None:
        return (
            f"LTX-2.3 needs an NVIDIA GPU with at least {LEAST_GPU_GB} GB, and this machine has none that can be seen. "
            "Use Sidekick on a machine with one, or practise on mini here: say “use mini”."
        )
    if memory < LEAST_GPU_GB * 0.95:  # a card of 16 GB reports a little less
        return (
            f"LTX-2.3 needs an NVIDIA GPU with at least {LEAST_GPU_GB} GB; the largest here has {memory:.0f} GB. "
            "Use Sidekick on a machine with a larger one, or practise on mini here: say “use mini”."
        )
    return None


def load_pipeline(
    base: BaseModelName,
    dtype: "torch.dtype | None" = None,
    memory: MemoryTier = MemoryTier.FULL,
) -> "LTX2Pipeline":
    """The base's complete pipeline in `dtype` (by default float32 for mini, bfloat16 for LTX-2.3).

    LTX-2.3's transformer and text encoder are held as `memory` says. Raises BaseModelMissing.
    """
    import torch

    if base is BaseModelName.MINI:
        pipeline = _load_mini(dtype or torch.float32)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline
    found = _ltx23()
    from .ltx23 import loading

    with _in_words():
        return loading.load_pipeline(found, memory, dtype=dtype or loading.DTYPE)


def load_part(base: BaseModelName, part: Part, memory: MemoryTier = MemoryTier.FULL) -> "LTX2Pipeline":
    """A pipeline of which only this part is there, on the device it will work on. Raises BaseModelMissing."""
    if base is BaseModelName.MINI:
        return _load_mini(None, COMPONENTS[part])
    found = _ltx23()
    from .ltx23 import loading

    with _in_words():
        return loading.load_components(found, COMPONENTS[part], memory)


def load_transformer(
    base: BaseModelName,
    memory: MemoryTier = MemoryTier.FULL,
    *,
    with_audio: bool = False,
    device: "torch.device | None" = None,
    prepare: "Prepare | None" = None,
    place: "Place | None" = None,
) -> "LTX2VideoTransformer3DModel":
    """The base's transformer for training, without its audio branch unless `with_audio`. Raises BaseModelMissing.

    LTX-2.3's is read tensor by tensor straight to `device` (the GPU by default); `prepare` and `place` quantise on the
    way: see `ltx23.streaming.stream_transformer`. What `memory` asks for is made by their maker.
    """
    if base is BaseModelName.MINI:
        from trainer_core.training.video_only import without_audio

        transformer = _load_mini(None, ("transformer",)).transformer
        return transformer if with_audio else without_audio(transformer)
    found = _ltx23()
    from .ltx23 import loading

    with _in_words():
        return loading.load_transformer(found, with_audio=with_audio, device=device, prepare=prepare, place=place)


def base_fingerprint(base: BaseModelName) -> str:
    """Changes whenever the base's weights do: part of the key of every cached encoding. Raises BaseModelMissing."""
    if base is BaseModelName.MINI:
        return (MINI_WEIGHTS / "fingerprint.txt").read_text().strip()
    return fingerprint(_ltx23())


def _load_mini(dtype: "torch.dtype | None", wanted: tuple[str, ...] = ALL_COMPONENTS) -> "LTX2Pipeline":
    import torch
    from diffusers import LTX2Pipeline

    if reason := base_missing(BaseModelName.MINI):
        raise BaseModelMissing(reason)
    absent = {name: None for name in ALL_COMPONENTS if name not in wanted}
    return LTX2Pipeline.from_pretrained(MINI_WEIGHTS, dtype=dtype or torch.float32, local_files_only=True, **absent)


def _ltx23() -> source.Source:
    found = source.find()
    if isinstance(found, str):
        raise BaseModelMissing(found)
    return found


@contextmanager
def _in_words() -> Iterator[None]:
    """Files that turn out not to fit, or a package that is not there, end as words for a person."""
    from trainer_core.training.quantise import QuantisationMissing

    from .ltx23.loading import NeedsBitsAndBytes
    from .ltx23.streaming import WrongWeights

    try:
        yield
    except (WrongWeights, NeedsBitsAndBytes, QuantisationMissing, UnreadableWeights) as error:
        raise BaseModelMissing(str(error)) from error
