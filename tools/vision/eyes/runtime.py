"""Runs the model files: one interpreter per model and process, guarded because an interpreter serves one caller."""

import threading
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..quality import Picture
from .models import HOW_TO_GET, ModelsUnavailable, find

Floats = NDArray[np.float32]

_lock = threading.Lock()


def run(name: str, values: Floats) -> list[Floats]:
    """Outputs of the .tflite model `name` for one input batch, in the model's own order. Raises ModelsUnavailable."""
    with _lock:
        interpreter = _interpreter(name)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def run_face_network(blob: Floats, outputs: tuple[str, ...]) -> list[Floats]:
    """Outputs of the face detector for a (1, 3, side, side) input.

    OpenCV's network gives garbage after a change of shape, so each side has its own one.
    """
    with _lock:
        network = _face_network(blob.shape[-1])
        network.setInput(blob)
        return [np.asarray(each) for each in network.forward(outputs)]


def crop(picture: Picture, centre: tuple[float, float], side: float, angle: float, size: int) -> tuple[Floats, Floats]:
    """A turned square of the picture as float32 RGB 0..1 (size, size, 3), and the 2x3 matrix crop -> picture.

    `side` in pixels; `angle` in radians is how far the wanted upright direction is turned clockwise in the picture.
    Outside the picture is black.
    """
    scale = side / size
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    half = size / 2
    matrix = np.array(
        [[cos, -sin, centre[0] - cos * half + sin * half], [sin, cos, centre[1] - sin * half - cos * half]],
        dtype=np.float32,
    )
    if scale > 2:  # far too large for linear sampling: shrink first, or single pixels decide
        factor = 2 / scale
        picture = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        sampled = matrix * np.float32(factor)
    else:
        sampled = matrix
    cut = cv2.warpAffine(picture, sampled, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(cut, dtype=np.float32) / np.float32(255), matrix


@lru_cache(maxsize=8)
def _interpreter(name: str) -> Any:  # the library has no types
    from ai_edge_litert.interpreter import Interpreter

    path = find(name)
    if path is None:
        raise ModelsUnavailable(f"The model file for {name.replace('_', ' ')} is missing. {HOW_TO_GET}")
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


@lru_cache(maxsize=4)
def _face_network(side: int) -> cv2.dnn.Net:
    path = find("face")
    if path is None:
        raise ModelsUnavailable(f"The model file for faces is missing. {HOW_TO_GET}")
    return cv2.dnn.readNetFromONNX(str(path))
