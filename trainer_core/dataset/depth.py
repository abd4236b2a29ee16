"""Depth for control clips: how near things are, by a depth-estimation model that a person has on this machine."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_core.damaged_folders import damage

from .controls import Draw
from .decoding import Frame
from .footage import read_frames
from .records import Item, path_of
from .stills import read_image

FOLDER_VARIABLE = "SIDEKICK_DEPTH_MODEL"
HOW_TO_GET = (
    "Depth needs a depth-estimation model on this machine, such as Depth-Anything-V2-Small (Apache-2.0): fetch its "
    "folder in the form that transformers reads (config.json, preprocessor_config.json, model.safetensors) and set "
    f"{FOLDER_VARIABLE} to it. Edges work without a model."
)
_LOOKS = 5  # frames of a clip that decide what is near and far in it
_NEAR_AND_FAR = (2.0, 98.0)  # percentiles
_METRIC = ("depth_pro", "glpn", "zoedepth")  # families that say metres, where more is farther

Floats = NDArray[np.float32]


class DepthUnavailable(Exception):
    """There is no depth model here, or it cannot be used; the message says what to do."""


def depth_drawer(folder: Path, item: Item) -> Draw:
    """Draws nearness in grey, near is white, with one scale for the whole item so that clips do not flicker.

    Raises DepthUnavailable, and UnusableMedia for an item that cannot be read.
    """
    path = path_of(folder, item)
    if item.info.kind == "image":
        looks = read_image(path, longest_side=512)[None]
    else:
        looks = read_frames(path, fps=_LOOKS / item.info.seconds, frames=_LOOKS)  # from the beginning on, evenly
    measured = np.concatenate([_nearness(frame).ravel() for frame in looks])
    far, near = np.percentile(measured, _NEAR_AND_FAR)

    def draw(picture: Frame) -> Frame:
        share = np.clip((_nearness(picture) - far) / max(float(near - far), 1e-9), 0, 1)
        return np.repeat((share * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=2)

    return draw


def _nearness(picture: Frame) -> Floats:
    """(height, width) in the model's own unit, larger is nearer."""
    import torch

    processor, model = _model(os.environ.get(FOLDER_VARIABLE, "").strip())
    with torch.inference_mode():
        output = model(**processor(images=picture, return_tensors="pt").to(model.device))
        (found,) = processor.post_process_depth_estimation(output, [picture.shape[:2]])
    depth = np.asarray(found["predicted_depth"].float().cpu().numpy(), dtype=np.float32).reshape(picture.shape[:2])
    metric = model.config.model_type in _METRIC or getattr(model.config, "depth_estimation_type", "") == "metric"
    return -depth if metric else depth


@lru_cache(maxsize=1)
def _model(folder: str) -> tuple[Any, Any]:  # the library's classes depend on the folder
    if not folder or not Path(folder).expanduser().is_dir():
        raise DepthUnavailable(HOW_TO_GET)
    import torch
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    place = str(Path(folder).expanduser())
    try:
        processor = AutoImageProcessor.from_pretrained(place, local_files_only=True, trust_remote_code=False)
        model = AutoModelForDepthEstimation.from_pretrained(place, local_files_only=True, use_safetensors=True)
    except damage() as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DepthUnavailable(
            f"The depth model in {FOLDER_VARIABLE} cannot be loaded ({reason}). {HOW_TO_GET}"
        ) from error
    return processor, model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
