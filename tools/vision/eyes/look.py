"""One look at a picture: who is in it, from which side, how large, how lit, before what. The eyes' only door."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from ..quality import Picture
from .background import Background, measure_background
from .body import Body, find_body
from .drawing import looks_drawn
from .expression import expression_vector
from .face import Face, find_faces, look_closer
from .light import Light, measure_light
from .mesh import Mesh, find_mesh
from .models import HOW_TO_GET, ModelsUnavailable, missing
from .outline import find_outline
from .runtime import Floats
from .shot_size import Shot, shot_size
from .turn import MESH_SCORE, TurnModel, mesh_yaw
from .view import View, view_of

SMALLER = 0.5  # the second try for a face that fills the frame
SECOND_PERSON = 0.25  # a face with at least this part of the largest one's area counts as another person
_MARGIN = 0.01  # of the picture: a face nearer to the edge is cut


@dataclass(frozen=True)
class Seen:
    """What each eye saw; the outline is the mask of `find_outline`, `body_found` the detector's certainty 0..1."""

    face: Face | None
    people: int
    mesh: Mesh | None
    body: Body | None
    body_found: float
    outline: Floats
    shot: Shot | None
    drawn: bool  # without any grain

    @property
    def covered(self) -> float:
        """The outline's share of the picture, 0 to 1."""
        return float((self.outline > 0.5).mean())


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


def available() -> list[str]:
    """What is missing for `look`, in plain words; empty when all is there."""
    gone = [f"The model file for {model.purpose} is missing. {HOW_TO_GET}" for model in missing()]
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
    height, width = picture.shape[:2]
    seen = see(picture)
    view = view_from(seen)
    face = seen.face if view.eye in ("mesh", "face") else None
    straight = seen.mesh if view.eye == "mesh" else None
    return Look(
        people=seen.people if face else None,
        face=_shares(face, width, height) if face else None,
        subject_share=round(seen.covered, 3),
        cut=_cut(face, width, height) if face else None,
        view=view,
        shot=seen.shot,
        light=measure_light(picture, straight) if straight else None,
        expression=expression_vector(straight) if straight else None,
        background=measure_background(picture, seen.outline),
    )


def see(picture: Picture) -> Seen:
    """Run the eyes, each only where it is needed. Raises ModelsUnavailable, and ImportError without LiteRT."""
    outline = find_outline(picture)
    faces = find_faces(picture) or find_faces(picture, shrink=SMALLER)
    face = faces[0] if faces else None
    mesh = find_mesh(picture, face) if face else None
    sure = mesh is not None and mesh.score >= MESH_SCORE
    certain, body = (0.0, None) if sure else find_body(picture)
    if face and mesh and mesh_yaw(mesh) is None:
        face = look_closer(picture, face)
    return Seen(
        face=face,
        people=sum(each.area >= SECOND_PERSON * faces[0].area for each in faces),
        mesh=mesh,
        body=body,
        body_found=certain,
        outline=outline,
        shot=shot_size(picture.shape[0], face, body),
        drawn=looks_drawn(picture),
    )


def view_from(seen: Seen, *, model: TurnModel | None = None) -> View:
    """The view, from what `see` saw."""
    return view_of(
        seen.face, seen.mesh, seen.body, body_found=seen.body_found, covered=seen.covered, drawn=seen.drawn, model=model
    )


def _shares(face: Face, width: int, height: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = face.box
    return round(left / width, 4), round(top / height, 4), round(right / width, 4), round(bottom / height, 4)


def _cut(face: Face, width: int, height: int) -> bool:
    left, top, right, bottom = _shares(face, width, height)
    return left < _MARGIN or top < _MARGIN or right > 1 - _MARGIN or bottom > 1 - _MARGIN
