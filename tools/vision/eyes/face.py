"""Faces in a picture: boxes, five landmarks and scores from CenterFace (Xu et al. 2019, arXiv:1911.03599)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..quality import Picture
from .runtime import run_face_network

SIDE = 256  # pixels of the square that the whole picture is put into, and of the one for a closer look at a face
LARGER_SIDE = 320  # of the one for small people, where SIDE shows nobody
CLOSER = 3.0  # side of the closer look over the face's longer side
SCORE = 0.4  # from this on it is a face
PERHAPS = 0.3  # from this on it is one where the mesh or a body says so too
CLOSER_SCORE = 0.1  # in the closer look
_STRIDE = 4
_OVERLAP = 0.3  # boxes that share more than this part of their union are one face
_MOST = 20
_OUTPUTS = ("537", "538", "539", "540")  # heat map, size, offset, landmarks


@dataclass(frozen=True)
class Face:
    """One face. `box` is (left, top, right, bottom) and `points` (5, 2) in pixels: right eye, left eye, nose, mouth
    corners; 'right eye' is the one that is left in a frontal picture."""

    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    score: float

    @property
    def width(self) -> float:
        """Box width in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        """Box height in pixels."""
        return self.box[3] - self.box[1]

    @property
    def area(self) -> float:
        """Box area in square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def find_faces(picture: Picture, *, small: bool = False) -> list[Face]:
    """All faces, sure ones before the others, the largest first.

    Where none is found the picture is shown larger if people are `small`, else smaller, for faces that fill it.
    """
    found = _find(picture, SIDE, 1.0, PERHAPS)
    if not found:
        found = _find(picture, LARGER_SIDE, 1.0, PERHAPS) if small else _find(picture, SIDE, 0.5, PERHAPS)
    return sorted(found, key=lambda face: (face.score < SCORE, -face.area))


def closer_looks(picture: Picture, face: Face) -> tuple[Face, ...]:
    """The face as it was found and as it is seen in two closer looks of one size, the second one in a mirror.

    Each look errs by itself, so their mean errs less. Looks that find nothing are left out.
    """
    reach = max(8, round(CLOSER * max(face.width, face.height) / 2))
    x, y = round(face.centre[0]), round(face.centre[1])
    shift = np.array([[1, 0, reach - x], [0, 1, reach - y]], dtype=np.float32)
    square = np.asarray(cv2.warpAffine(picture, shift, (2 * reach, 2 * reach)), dtype=np.uint8)
    straight = _find(square, SIDE, 1.0, CLOSER_SCORE)
    mirrored = _find(np.ascontiguousarray(square[:, ::-1]), SIDE, 1.0, CLOSER_SCORE)
    looks = [face]
    for found in (straight, [_mirrored(each, 2 * reach) for each in mirrored]):
        moved = [_moved(each, (x - reach, y - reach)) for each in found]
        same = [each for each in moved if _shared(np.array(each.box), np.array(face.box)) > _OVERLAP]
        if same:
            looks.append(max(same, key=lambda each: each.score))
    return tuple(looks)


def _mirrored(face: Face, width: int) -> Face:
    left, top, right, bottom = face.box
    points = face.points[[1, 0, 2, 4, 3]] * np.array([-1, 1], dtype=np.float32) + np.array([width, 0], np.float32)
    return Face((width - right, top, width - left, bottom), points, face.score)


def _moved(face: Face, shift: tuple[int, int]) -> Face:
    left, top, right, bottom = face.box
    box = (left + shift[0], top + shift[1], right + shift[0], bottom + shift[1])
    return Face(box=box, points=face.points + np.array(shift, dtype=np.float32), score=face.score)


def _find(picture: Picture, side: int, shrink: float, least: float) -> list[Face]:
    height, width = picture.shape[:2]
    scale = side * shrink / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((side, side, 3), dtype=np.uint8)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(picture, size, interpolation=method)
    blob = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32)
    heat, sizes, offsets, landmarks = run_face_network(blob, _OUTPUTS)
    found = _decode(heat[0, 0], sizes[0], offsets[0], landmarks[0], least)
    shift, ratio = np.array([left, top], dtype=np.float32), np.array([size[0] / width, size[1] / height], np.float32)
    faces = [
        Face(
            box=(
                float((box[0] - left) / ratio[0]),
                float((box[1] - top) / ratio[1]),
                float((box[2] - left) / ratio[0]),
                float((box[3] - top) / ratio[1]),
            ),
            points=(points - shift) / ratio,
            score=score,
        )
        for box, points, score in found
    ]
    return sorted(faces, key=lambda face: -face.area)


def _decode(
    heat: NDArray, sizes: NDArray, offsets: NDArray, landmarks: NDArray, least: float
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], float]]:
    """(box, points, score) in canvas pixels of every peak that is left after merging overlapping boxes."""
    rows, columns = np.nonzero(heat > least)
    order = np.argsort(-heat[rows, columns])[:200]
    rows, columns = rows[order], columns[order]
    tall, wide = np.exp(sizes[:, rows, columns]) * _STRIDE
    top = (rows + offsets[0, rows, columns] + 0.5) * _STRIDE - tall / 2
    left = (columns + offsets[1, rows, columns] + 0.5) * _STRIDE - wide / 2
    boxes = np.stack([left, top, left + wide, top + tall], axis=1).astype(np.float32)
    marks = landmarks[:, rows, columns]
    points = np.stack([marks[1::2] * wide + left, marks[0::2] * tall + top], axis=-1).transpose(1, 0, 2)
    kept: list[int] = []
    for index in range(len(boxes)):
        if all(_shared(boxes[index], boxes[other]) <= _OVERLAP for other in kept):
            kept.append(index)
        if len(kept) == _MOST:
            break
    return [(boxes[i], points[i].astype(np.float32), float(heat[rows[i], columns[i]])) for i in kept]


def _shared(one: NDArray, two: NDArray) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1])
    return float(both / (areas - both))
