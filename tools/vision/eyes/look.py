"""One look at a picture: who is in it, from which side, how large, how lit, before what. The eyes' only door."""

from typing import NamedTuple

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from ..quality import Picture, sharpness_inside
from .background import Background, measure_background
from .body import find_body
from .drawing import looks_drawn
from .expression import expression_vector
from .face import SCORE, Face, closer_looks, find_faces
from .light import Light, measure_light
from .mesh import find_mesh
from .models import HOW_TO_GET, ModelsUnavailable, damaged, missing
from .outline import find_outline
from .person import looks_like_a_person
from .runtime import Floats
from .shot_size import Shot, shot_size
from .turn import MESH_SCORE, landmark_yaw, mesh_turn
from .view import FAR, Seen, View, view_of

LARGEST_SIDE = 1024  # pixels; larger pictures are shrunk to it before anything else
SMALLEST = 128  # pixels on the short side; of renders shrunk to 96 one in six views was wrong, at 128 one in twelve
TOO_SMALL = f"The picture has less than {SMALLEST} pixels on the short side."
SMALL = 0.2  # of the picture: a subject that covers less is looked for at a larger size
SECOND_PERSON = 0.25  # a face with at least this part of the largest one's area counts as another person
_NEAR = 10.0  # degrees before FAR from which the shoulders are looked at
_MARGIN = 0.01  # of the picture: a face nearer to the edge is cut


class Watched(NamedTuple):
    """The subject as the eyes saw it, the mask of `find_outline`, the number of people, and the shot size."""

    seen: Seen
    outline: Floats
    people: int
    shot: Shot | None


class Look(BaseModel):
    """What the eyes measured in one picture. Boxes are (left, top, right, bottom) as shares of width and height."""

    model_config = ConfigDict(frozen=True)

    people: int | None  # faces of comparable size; None when there is no face
    face: tuple[float, float, float, float] | None
    subject_share: float  # of the picture, 0 to 1, by the outline
    cut: bool | None  # the face touches the frame's edge; None without a face
    view: View
    shot: Shot | None
    light: Light | None
    expression: tuple[float, ...] | None
    background: Background | None
    sharpness: float | None = None  # inside the outline; below 40 is blurred


def available() -> list[str]:
    """What is missing or damaged of what `look` needs, in plain words; empty when all is there."""
    gone = [f"The model file for {model.purpose} is missing. {HOW_TO_GET}" for model in missing()]
    gone += [f"The model file for {model.purpose} is damaged. {HOW_TO_GET}" for model in damaged()]
    try:
        import ai_edge_litert.interpreter  # noqa: F401
    except ImportError:
        gone.append("The package ai-edge-litert is missing. Install Sidekick again.")
    return gone


def look(picture: Picture) -> Look | None:
    """Measure a uint8 RGB picture (h, w, 3); None when a model file is missing (`available` says which)."""
    try:
        return _look(picture)
    except (ModelsUnavailable, ImportError):
        return None


def _look(picture: Picture) -> Look:
    picture = _at_most(picture, LARGEST_SIDE)
    height, width = picture.shape[:2]
    seen, outline, people, shot = see(picture)
    view = view_of(seen) if min(height, width) >= SMALLEST else View(reason=TOO_SMALL)
    face = seen.face if view.eye in ("mesh", "face") else None
    straight = seen.mesh if view.eye == "mesh" else None
    inside = sharpness_inside(picture, outline)
    return Look(
        people=people if face else None,
        face=_shares(face, width, height) if face else None,
        subject_share=round(seen.covered, 3),
        cut=_cut(face, width, height) if face else None,
        view=view,
        shot=shot,
        light=measure_light(picture, straight, view.yaw_deg or 0.0) if straight else None,
        expression=expression_vector(straight) if straight else None,
        background=measure_background(picture, outline),
        sharpness=None if inside is None else round(inside, 1),
    )


def see(picture: Picture) -> Watched:
    """Run the eyes, each only where it is needed. Raises ModelsUnavailable, and ImportError without LiteRT."""
    outline = find_outline(picture)
    covered = float((outline > 0.5).mean())
    faces = find_faces(picture, small=covered < SMALL)
    looks = tuple(faces[:1])
    mesh = find_mesh(picture, faces[0]) if faces else None
    sure = mesh is not None and mesh.score >= MESH_SCORE
    if mesh is not None and mesh_turn(mesh) is None:
        looks = closer_looks(picture, faces[0])
        sure = sure and abs(landmark_yaw(looks, mesh)[0]) < FAR - _NEAR
    certain, body, mirrored = 0.0, None, None
    if not sure:
        certain, body = find_body(picture)
        if body is not None and (body.whole or not faces):  # a detection of its own: one crop errs the same way twice
            mirrored = find_body(np.ascontiguousarray(picture[:, ::-1]))[1]
    seen = Seen(
        looks=looks,
        mesh=mesh,
        body=body,
        mirrored=mirrored,
        body_found=certain,
        covered=covered,
        height=picture.shape[0],
        drawn=looks_drawn(picture),
        person=not sure and looks_like_a_person(outline),
    )
    others = sum(each.score >= SCORE and each.area >= SECOND_PERSON * faces[0].area for each in faces[1:])
    return Watched(seen, outline, min(len(faces), 1) + others, shot_size(picture.shape[0], seen.face, body))


def _at_most(picture: Picture, side: int) -> Picture:
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _shares(face: Face, width: int, height: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = face.box
    return round(left / width, 4), round(top / height, 4), round(right / width, 4), round(bottom / height, 4)


def _cut(face: Face, width: int, height: int) -> bool:
    left, top, right, bottom = _shares(face, width, height)
    return left < _MARGIN or top < _MARGIN or right > 1 - _MARGIN or bottom > 1 - _MARGIN
