"""Models of the Hugging Face Hub that are already on this machine. Nothing here ever downloads."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoTokenizer

from trainer_core.dataset.fitting import fit

from .protocol import EmbedderMissing, Picture

WEIGHTS = "model.safetensors"


def local_model(repository: str, what: str) -> Path:
    """The folder of a model in the local Hub cache. Raises EmbedderMissing in words when it is not there in full."""
    how = f"To have it: hf download {repository}"
    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise EmbedderMissing(f"{what} is not on this machine, and nothing is downloaded unasked. {how}") from error
    gone = [name for name in ("config.json", WEIGHTS) if not (folder / name).is_file()]
    if gone:
        raise EmbedderMissing(f"{what} is not complete on this machine ({', '.join(gone)} is missing). {how}")
    return folder


def first_local(repositories: Sequence[str], what: str) -> tuple[Path, str]:
    """(folder, repository) of the first that is in the local Hub cache. Raises EmbedderMissing for the last of them."""
    for repository in repositories[:-1]:
        with suppress(EmbedderMissing):
            return local_model(repository, what), repository
    return local_model(repositories[-1], what), repositories[-1]


def load_model(kind: Any, folder: Path, repository: str, what: str) -> Any:
    """A transformers model of class `kind`, ready for use. Raises EmbedderMissing when its files are not sound.

    It stays on the CPU: the base model that made the clips may fill the GPU.
    """
    try:
        model, found = kind.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise EmbedderMissing(_unreadable(what, repository)) from error
    if found["missing_keys"] or found["mismatched_keys"]:  # these would be random, and every figure with them
        raise EmbedderMissing(_unreadable(what, repository))
    return model.eval()


def load_tokenizer(folder: Path, repository: str, what: str) -> Any:
    """The model's tokenizer. Raises EmbedderMissing when its files are not there or not sound."""
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise EmbedderMissing(_unreadable(what, repository)) from error


def _unreadable(what: str, repository: str) -> str:
    return (
        f"The files of {what} on this machine cannot be read. To fetch them again: hf download {repository} "
        "--force-download"
    )


def pixels(pictures: list[Picture], side: int, mean: tuple[float, ...], spread: tuple[float, ...]) -> Tensor:
    """The middle squares of pictures as a model's input (n, 3, side, side)."""
    small = np.stack([fit(picture, side, side) for picture in pictures])
    values = torch.from_numpy(small).permute(0, 3, 1, 2).float().div(255)
    centre, scale = (torch.tensor(each).view(1, 3, 1, 1) for each in (mean, spread))
    return (values - centre) / scale
