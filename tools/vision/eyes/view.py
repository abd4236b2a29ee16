"""From which side the subject is seen, from whichever of the built-in eyes can tell; otherwise "unknown"."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .body import Body
from .face import Face
from .mesh import Mesh
from .turn import LARGEST, MESH_SCORE, TurnModel, face_yaw

ViewClass = Literal["front", "three_quarter", "profile", "back", "unknown"]
Side = Literal["left", "right"]
Eye = Literal["mesh", "face", "body", "none"]

FRONT, THREE_QUARTER, PROFILE = 22.5, 67.5, 112.5  # upper ends of the classes, degrees
FACE_SCORE_ALONE = 0.6  # a face that the mesh does not confirm must be at least this sure, or a body must be there
BODY_SCORE = 0.7
BODY_UNCERTAINTY = 20.0  # degrees; 2-16 median on renders
TURNED_AWAY = 95.0  # shoulders turned further than this and no face: the subject is seen from behind


class View(BaseModel):
    """The view. Yaw: 0 faces the camera, positive turns to the right of the picture (the subject's own left), 180 is
    the back. `side` is the side of the picture that the subject faces; None for straight fronts and backs."""

    model_config = ConfigDict(frozen=True)

    name: ViewClass = "unknown"
    side: Side | None = None
    yaw_deg: float | None = None
    uncertainty_deg: float | None = None
    eye: Eye = "none"
    reason: str = ""  # why the view is unknown, in plain words


def view_class(yaw_deg: float) -> ViewClass:
    """The class of a yaw in degrees."""
    turned = abs((yaw_deg + 180) % 360 - 180)
    if turned < FRONT:
        return "front"
    if turned < THREE_QUARTER:
        return "three_quarter"
    return "profile" if turned < PROFILE else "back"


def view_of(
    face: Face | None, mesh: Mesh | None, body: Body | None, covered: float, *, model: TurnModel | None = None
) -> View:
    """Put together what the eyes saw of one subject. `covered` is the outline's share of the picture, 0 to 1."""
    if face is not None and mesh is not None:
        confirmed = mesh.score >= MESH_SCORE or body is not None or face.score >= FACE_SCORE_ALONE
        if confirmed:
            yaw, uncertainty, by_mesh = face_yaw(face, mesh, model)
            return _known(yaw, uncertainty, "mesh" if by_mesh else "face")
        return View(reason="Something like a face is there, but too faint to be sure.")
    if body is not None and body.score >= BODY_SCORE:
        yaw = body.yaw_deg
        if abs(yaw) >= TURNED_AWAY:
            return _known(yaw, BODY_UNCERTAINTY, "body")
        return View(reason="A body is there but no face: it may be hidden.")
    if covered > 0.02:
        return View(reason="No face was found: it may be seen from behind, be hidden, or be drawn.")
    return View(reason="Nobody was found.")


def _known(yaw: float, uncertainty: float, eye: Eye) -> View:
    name = view_class(yaw)
    straight = abs(yaw) < FRONT or abs(yaw) > LARGEST + FRONT
    side: Side | None = None if straight else ("right" if yaw > 0 else "left")
    return View(name=name, side=side, yaw_deg=round(yaw, 1), uncertainty_deg=round(uncertainty, 1), eye=eye)
