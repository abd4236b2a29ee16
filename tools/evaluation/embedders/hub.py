"""Models of the Hugging Face Hub that are already on this machine. Nothing here ever downloads."""

from pathlib import Path

import numpy as np
import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from torch import Tensor

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


def pixels(
    pictures: list[Picture], side: int, mean: tuple[float, ...], spread: tuple[float, ...], device: torch.device
) -> Tensor:
    """The middle squares of pictures as a model's input (n, 3, side, side)."""
    small = np.stack([fit(picture, side, side) for picture in pictures])
    values = torch.from_numpy(small).permute(0, 3, 1, 2).float().div(255)
    centre, scale = (torch.tensor(each).view(1, 3, 1, 1) for each in (mean, spread))
    return ((values - centre) / scale).to(device)


def best_device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
