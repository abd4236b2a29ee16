"""Faces: YuNet finds them, SFace compares them (OpenCV's model zoo, Apache-2.0), after ConsisID's FaceSim."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from tools.vision.eyes.models import FOLDER_VARIABLE, default_folder
from trainer_core.dataset.fitting import fit, size_within

from .protocol import About, Embedded, EmbedderMissing, Picture, Vectors, unit

SMALLEST = 60  # pixels of a face's shorter side; below it SFace has too little to go by
SAME_FACE = 0.363  # cosine
SAME_FACE_SOURCE = "OpenCV's line for the same person in two photographs, SFace"
SCORE = 0.9  # of the detector, OpenCV's own choice
LARGEST = 300  # pixels of a face's shorter side; YuNet was trained on about 10 to 300 (opencv_zoo, issue 116)
SMALL_COPY = 320  # pixels of the longer side of the copy in which larger faces are looked for


@dataclass(frozen=True)
class _File:
    name: str
    sha256: str
    where: str


_ZOO = "https://github.com/opencv/opencv_zoo, models/"
FINDER = _File(
    "face_detection_yunet_2023mar.onnx",
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    f"{_ZOO}face_detection_yunet",
)
COMPARER = _File(
    "face_recognition_sface_2021dec.onnx",
    "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
    f"{_ZOO}face_recognition_sface",
)


class Faces:
    """The largest face of each picture; pictures without one, or with one under 60 pixels, are left out."""

    def __init__(self, finder: Path, comparer: Path) -> None:
        self._finder = cv2.FaceDetectorYN.create(str(finder), "", (320, 320), SCORE)
        self._comparer = cv2.FaceRecognizerSF.create(str(comparer), "")

    @property
    def about(self) -> About:
        return About(
            name="YuNet and SFace",
            version=f"{FINDER.name}, {COMPARER.name}",
            licence="Apache-2.0",
            valid_for=f"photographic faces of at least {SMALLEST} pixels that look towards the camera",
            line=SAME_FACE,
            line_source=SAME_FACE_SOURCE,
        )

    def embed(self, pictures: Sequence[Picture]) -> Embedded:
        """Unit vectors (kept, 128) of the faces that are large enough."""
        vectors, kept, small = [], np.zeros(len(pictures), dtype=bool), 0
        for index, picture in enumerate(pictures):
            turned = np.ascontiguousarray(picture[..., ::-1])  # OpenCV's models read BGR
            found = self._found(turned)
            if not len(found):
                continue
            face = found[int(np.argmax(found[:, 2] * found[:, 3]))]
            if min(face[2], face[3]) < SMALLEST:
                small += 1
                continue
            vectors.append(self._comparer.feature(self._comparer.alignCrop(turned, face)).reshape(-1))
            kept[index] = True
        return Embedded(unit(np.stack(vectors)) if vectors else np.zeros((0, 128), np.float32), kept, small)

    def _found(self, picture: Picture) -> Vectors:
        """YuNet's rows (faces, 15) of a BGR picture, in its pixels: box, five points, score.

        A face that is larger than YuNet was trained on is overlooked or gets wrong points, and with them a wrong
        likeness: it is looked for in a small copy, and where there is one, it is what counts.
        """
        found = self._detect(picture)
        height, width = picture.shape[:2]
        if max(width, height) <= SMALL_COPY:
            return found
        small_width, small_height = size_within(width, height, SMALL_COPY)
        again = self._detect(fit(picture, small_width, small_height, crop=False))
        again[:, :14] *= np.tile([width / small_width, height / small_height], 7).astype(np.float32)
        large = again[np.minimum(again[:, 2], again[:, 3]) > LARGEST]
        return large if len(large) else found

    def _detect(self, picture: Picture) -> Vectors:
        self._finder.setInputSize((picture.shape[1], picture.shape[0]))
        found = self._finder.detect(picture)[1]
        return np.zeros((0, 15), np.float32) if found is None else np.array(found, dtype=np.float32)


def load_faces(folder: Path | None = None) -> Faces:
    """The two models from the models folder. Raises EmbedderMissing in words."""
    return _load(*(_checked((folder or default_folder()) / file.name, file) for file in (FINDER, COMPARER)))


@lru_cache(maxsize=1)
def _load(finder: Path, comparer: Path) -> Faces:
    return Faces(finder, comparer)


def _checked(path: Path, file: _File) -> Path:
    """The path, once its content is known to be the tested file: OpenCV would crash on another."""
    if not path.is_file():
        raise EmbedderMissing(
            f"The face model {file.name} is not on this machine, and nothing is downloaded unasked. Put it (from "
            f"{file.where}) into {path.parent}, or name its folder in {FOLDER_VARIABLE}."
        )
    if _sha256(path, path.stat().st_mtime_ns) != file.sha256:
        raise EmbedderMissing(
            f"The face model {file.name} on this machine is damaged or another version, so it was not used. Fetch it "
            f"again from {file.where}."
        )
    return path


@lru_cache(maxsize=8)
def _sha256(path: Path, _modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
