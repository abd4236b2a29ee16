"""Runs the model files. An interpreter serves one caller at a time, so each model has as many as ever ran at once.

They are lent and given back: threads that work side by side never wait for each other, and none is loaded twice for
threads that come and go. Each computes in its caller's thread; for a pool of threads, `cv2.setNumThreads(1)` keeps
OpenCV from starting more of its own.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..quality import Picture
from .models import HOW_TO_GET, ModelsUnavailable, find

Floats = NDArray[np.float32]

_guard = threading.Lock()
_loading = threading.Lock()
_idle: dict[str, list[Any]] = {}  # loaded and lent to nobody


def run(name: str, values: Floats) -> list[Floats]:
    """Outputs of the .tflite model `name` for one input batch, in the model's own order. Raises ModelsUnavailable."""
    with _lent(name, lambda: _interpreter(name)) as interpreter:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        return [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]


def run_face_network(blob: Floats, outputs: tuple[str, ...]) -> list[Floats]:
    """Outputs of the face detector for a (1, 3, height, width) input. Raises ModelsUnavailable.

    OpenCV's network gives garbage after a change of shape, so each shape has its own ones.
    """
    with _lent(f"face {blob.shape[2:]}", _face_network) as network:
        network.setInput(blob)
        return [np.asarray(each) for each in network.forward(outputs)]


def forget() -> None:
    """Let go of all loaded models; the next look loads them anew."""
    with _guard:
        _idle.clear()


@contextmanager
def _lent(key: str, load: Callable[[], Any]) -> Iterator[Any]:
    with _guard:
        waiting = _idle.get(key)
        lent = waiting.pop() if waiting else None
    if lent is None:
        lent = load()
    yield lent  # after an error it is not given back: its state is unknown
    with _guard:
        _idle.setdefault(key, []).append(lent)


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


def _interpreter(name: str) -> Any:  # the library has no types
    from ai_edge_litert.interpreter import Interpreter

    path = str(_path(name, name.replace("_", " ")))
    with _loading, _without_notices():
        interpreter = Interpreter(model_path=path, num_threads=1)
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def _without_notices() -> Iterator[None]:
    """The library writes a notice to the process's own error output, past Python, and has no switch for it."""
    sys.stderr.flush()
    shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)


def _face_network() -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(str(_path("face", "faces")))


def _path(name: str, words: str) -> Path:
    path = find(name)
    if path is None:
        raise ModelsUnavailable(f"The model file for {words} is missing. {HOW_TO_GET}")
    return path
