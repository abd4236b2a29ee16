"""Words in a picture: signs, captions, watermarks. Reads them with RapidOCR (PP-OCRv6, whose models are in its wheel).

The package is optional (`pip install "lora-sidekick[text]"`): it takes about half a second a picture. It is given its
models by path, so it never looks for them on the network.
"""

import os
import threading
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ..text import quoted
from .quality import Picture

HOW_TO_GET = 'Run: pip install "lora-sidekick[text]"'
SURE = 0.6  # the reader's score, 0 to 1
LIKELY = 0.3  # the detector's: its own 0.5 missed half of the faint overlays; at 0.3 four of five are found
SHORTEST = 3  # letters and digits: shorter finds are mostly patterns that look like a letter
MOST, LONGEST = 10, 60  # lines of one picture, characters of a line
LONGEST_SIDE = 1024  # pixels; larger pictures are shrunk to this
SHORT_SIDE = 736  # pixels to which smaller ones are enlarged, as the detector was made for
THINNEST = 16  # pixels
_DETECTOR, _READER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"

_THREADS = 2  # more gain little on pictures of this size

_lock = threading.Lock()


def available() -> list[str]:
    """What is missing for `find_text`, in plain words; empty when all is there."""
    gone = [name for name in ("rapidocr", "onnxruntime") if find_spec(name) is None]
    if gone:
        return [f"The package {name} is missing. {HOW_TO_GET}" for name in gone]
    return [f"The package rapidocr has no {path.name}. {HOW_TO_GET}" for path in _models() if not path.is_file()]


def find_text(picture: Picture) -> tuple[str, ...] | None:
    """The lines of writing in a uint8 RGB picture (h, w, 3), the surest first; None when `available` names gaps.

    Each is one line of at most 60 characters, at least 3 of them letters or digits. What they say is foreign data.
    """
    if available():
        return None
    fitted = _fitted(picture)
    if fitted is None:
        return ()
    with _lock:  # one reader serves one caller
        found = _reader()(cv2.cvtColor(fitted, cv2.COLOR_RGB2BGR))
    lines = sorted(zip(found.scores or (), found.txts or (), strict=True), reverse=True)
    words = [quoted(text, LONGEST) for score, text in lines if score > SURE]
    return tuple(dict.fromkeys(text for text in words if sum(map(str.isalnum, text)) >= SHORTEST))[:MOST]


@lru_cache(maxsize=1)
def _reader() -> Any:  # the library has no types
    from rapidocr import RapidOCR

    threads = min(_THREADS, os.cpu_count() or 1)
    detector, reader = _models()
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,  # looks for lines that stand on their head, at a sixth of the time
            "Det.limit_type": "max",
            "Det.limit_side_len": LONGEST_SIDE,
            "Det.box_thresh": LIKELY,
            "Det.model_path": str(detector),
            "Rec.model_path": str(reader),
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _models() -> tuple[Path, Path]:
    place = find_spec("rapidocr")
    folder = Path(place.origin or "").parent / "models" if place else Path()
    return folder / _DETECTOR, folder / _READER


def _fitted(picture: Picture) -> Picture | None:
    """The picture at the reader's size; None for a strip too thin to hold words.

    The size is set here because the package enlarges by the short side alone: one row of pixels filled the memory.
    """
    short, long = sorted(picture.shape[:2])
    scale = min(LONGEST_SIDE / long, max(1.0, SHORT_SIDE / short))
    if short * scale < THINNEST:
        return None
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=method), dtype=np.uint8)
