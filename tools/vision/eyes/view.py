"""From which side the subject is seen, from whichever of the built-in eyes can tell; otherwise "unknown"."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from .body import Body
from .face import Face
from .mesh import Mesh
from .turn import LARGEST, MESH_SCORE, TurnModel, face_yaw

ViewClass = Literal["front", "three_quarter", "profile", "back", "unknown"]
Side = Literal["left", "right"]
Eye = Literal["mesh", "face", "body", "no_face", "none"]

FRONT, THREE_QUARTER, PROFILE = 22.5, 67.5, 112.5  # upper ends of the classes, degrees
FACE_SCORE_ALONE = 0.4  # a face that neither mesh nor body confirms must be at least this sure
BODY_SCORE, BODY_SURE = 0.7, 0.9
BODY_UNCERTAINTY = 20.0  # degrees; 2-16 median on renders
BODY_WEIGHT = 0.8  # of the shoulders against a face that is turned further than FAR, where they agree
FAR, AGREE = 60.0, 50.0  # degrees
TURNED_AWAY = 75.0  # shoulders turned at least this far and no face: they say the view
FACES_US = 60.0  # surely seen shoulders turned less than this contradict a back
PERSON = 0.25  # the body detector's certainty from which a faceless subject is taken for a person
LEAST_COVERED = 0.05  # of the picture
BACK_OR_HIDDEN = "A person but no face: seen from behind, or the face is hidden."


class View(BaseModel):
    """The view. Yaw: 0 faces the camera, positive turns to the right of the picture (the subject's own left), 180 is
    the back. `side` is the side of the picture that the subject faces; None for straight fronts and backs."""

    model_config = ConfigDict(frozen=True)

    name: ViewClass = "unknown"
    side: Side | None = None
    yaw_deg: float | None = None
    uncertainty_deg: float | None = None
    eye: Eye = "none"
    reason: str = ""  # what could not be told, in plain words


def view_class(yaw_deg: float) -> ViewClass:
    """The class of a yaw in degrees."""
    turned = abs((yaw_deg + 180) % 360 - 180)
    if turned < FRONT:
        return "front"
    if turned < THREE_QUARTER:
        return "three_quarter"
    return "profile" if turned < PROFILE else "back"


def view_of(
    face: Face | None,
    mesh: Mesh | None,
    body: Body | None,
    *,
    body_found: float,
    covered: float,
    drawn: bool = False,
    model: TurnModel | None = None,
) -> View:
    """Put together what the eyes saw of one subject.

    `body_found` is the body detector's certainty, `covered` the outline's share of the picture (both 0 to 1). A face
    decides; far from the front the shoulders join in. Without a face the shoulders decide if they are turned away.
    Else a person without a face is called a back with no yaw: on renders no face was missed up to 90 degrees. `drawn`
    pictures are the exception, because there a face in full view can be missed.
    """
    if face is not None and mesh is not None and _confirmed(face, mesh, body):
        yaw, uncertainty, by_mesh = face_yaw(face, mesh, model)
        if by_mesh or body is None or body.score < BODY_SURE or abs(yaw) < FAR:
            return _known(yaw, uncertainty, "mesh" if by_mesh else "face")
        apart = (body.yaw_deg - yaw + 180) % 360 - 180
        return _known(yaw + BODY_WEIGHT * apart if abs(apart) < AGREE else yaw, uncertainty, "face")
    if drawn:
        return View(reason="It is drawn, and the built-in eyes read only the faces of people.")
    if body is not None and body.score >= BODY_SCORE and abs(body.yaw_deg) >= TURNED_AWAY:
        return _known(body.yaw_deg, BODY_UNCERTAINTY, "body")
    if body is not None and body.score >= BODY_SURE and abs(body.yaw_deg) < FACES_US:
        return View(reason="A body faces the camera but no face was found: it may be hidden.")
    if body_found >= PERSON and covered >= LEAST_COVERED:
        return View(name="back", eye="no_face", reason=BACK_OR_HIDDEN)
    return View(reason="Neither a face nor a body was found.")


def _confirmed(face: Face, mesh: Mesh, body: Body | None) -> bool:
    return mesh.score >= MESH_SCORE or face.score >= FACE_SCORE_ALONE or body is not None


def _known(yaw: float, uncertainty: float, eye: Eye) -> View:
    name = view_class(yaw)
    straight = abs(yaw) < FRONT or abs(yaw) > LARGEST + FRONT
    side: Side | None = None if straight else ("right" if yaw > 0 else "left")
    return View(name=name, side=side, yaw_deg=round(yaw, 1), uncertainty_deg=round(uncertainty, 1), eye=eye)
