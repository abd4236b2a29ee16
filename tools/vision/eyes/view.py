"""From which side the subject is seen, from whichever of the built-in eyes can tell; otherwise "unknown"."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .body import Body
from .face import SCORE, Face
from .mesh import Mesh
from .shot_size import CLOSE
from .turn import FAMILIAR, LARGEST, MESH_SCORE, MESH_SURE, TurnModel, landmark_yaw, mesh_turn, shipped

ViewClass = Literal["front", "three_quarter", "profile", "back", "unknown"]
Side = Literal["left", "right"]
Eye = Literal["mesh", "face", "body", "no_face", "none"]

FRONT, THREE_QUARTER, PROFILE = 22.5, 67.5, 112.5  # upper ends of the classes, degrees
BODY_SCORE, BODY_SURE = 0.8, 0.9
BODY_UNCERTAINTY = 15.0  # degrees, mean absolute error on renders, where it now and then takes a back for a front
BODY_WEIGHT = 0.5  # of the shoulders against a face that is turned further than FAR, where they agree
FAR, AGREE = 60.0, 50.0  # degrees
SAME = 60.0  # degrees within which shoulders and mirrored shoulders confirm each other
TURNED_AWAY = 75.0  # shoulders turned at least this far and no face: they say the view
FACES_US = 60.0  # surely seen shoulders turned less than this, also in the mirror, contradict a back
PERSON = 0.25  # the body detector's certainty from which a faceless subject is taken for a person
LEAST_COVERED = 0.05  # of the picture
DRAWN_SCORE = 0.6  # of a face in a drawing that the mesh does not confirm: misread ones reached .54
NO_PERSON = "Something was found that does not look enough like a person to say how it is turned."
BACK_OR_HIDDEN = "A person but no face: seen from behind, or the face is hidden."


class View(BaseModel):
    """The view. Yaw: 0 faces the camera, positive turns to the right of the picture (the subject's own left), 180 is
    the back. `side` is the side of the picture that the subject faces; None for straight fronts and backs.

    `uncertainty_deg` is the mean absolute error to be expected, from renders of people who were not in the fit.
    `elevation_deg` is positive when the camera looks down on the face, relative to how the face is held; only for
    faces that the mesh sees well.
    """

    model_config = ConfigDict(frozen=True)

    name: ViewClass = "unknown"
    side: Side | None = None
    yaw_deg: float | None = None
    uncertainty_deg: float | None = None
    elevation_deg: float | None = None
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


@dataclass(frozen=True)
class Seen:
    """What each eye saw of one subject. `looks` are at its face, the first over the whole picture; `mirrored` is the
    body in the mirrored picture; `body_found` the detector's certainty and `covered` the outline's share of the
    picture, 0 to 1; `drawn` pictures have even, colourful surfaces; the outline of a `person` has the shape of one."""

    looks: tuple[Face, ...] = ()
    mesh: Mesh | None = None
    body: Body | None = None
    mirrored: Body | None = None
    body_found: float = 0.0
    covered: float = 0.0
    height: int = 1  # of the picture, in pixels
    drawn: bool = False
    person: bool = False

    @property
    def face(self) -> Face | None:
        """The first look at the face."""
        return self.looks[0] if self.looks else None

    @property
    def shoulders(self) -> tuple[float, float] | None:
        """(yaw in degrees, score) of the body, together with its mirror image where all of both is in the picture."""
        one, two = self.body, self.mirrored
        if one is None:
            return None
        if two is None or not (one.whole and two.whole):
            return one.yaw_deg, one.score
        apart = _turn_to(one.yaw_deg, -two.yaw_deg)
        if abs(apart) < SAME and two.score > 0.5:
            return one.yaw_deg + apart / 2, max(one.score, two.score)
        return (one.yaw_deg, one.score) if one.score >= two.score else (-two.yaw_deg, two.score)

    @property
    def likely_a_person(self) -> bool:
        """By the outline; where that missed the subject, by two sure looks at the body that agree."""
        if self.covered >= LEAST_COVERED or self.body is None or self.mirrored is None:
            return self.person
        sure = min(self.body.score, self.mirrored.score) >= BODY_SURE
        return sure and abs(_turn_to(self.body.yaw_deg, -self.mirrored.yaw_deg)) < SAME


def view_of(seen: Seen, *, model: TurnModel | None = None) -> View:
    """Put together what the eyes saw of one subject.

    A face decides; far from the front the shoulders join in. Without a face the shoulders decide if they are turned
    away. Else a person without a face is called a back with no yaw: on renders no face was missed up to 90 degrees.
    Both need an outline like a person's, as body detectors also fire on animals and trees. In `drawn` pictures only a
    very sure face counts: others are missed or misread.
    """
    shoulders = seen.shoulders
    if seen.face is not None and seen.mesh is not None and _confirmed(seen, seen.face, seen.mesh):
        return _by_face(seen, seen.face, seen.mesh, model or shipped())
    if seen.drawn:
        return View(reason="It is drawn, and the built-in eyes read only the faces of people.")
    if (shoulders or seen.body_found >= PERSON) and not seen.likely_a_person:
        return View(reason=NO_PERSON)
    if shoulders and shoulders[1] >= BODY_SCORE and abs(shoulders[0]) >= TURNED_AWAY:
        return _known(shoulders[0], BODY_UNCERTAINTY, "body")
    if _towards_us(seen.body) and _towards_us(seen.mirrored):
        return View(reason="A body faces the camera but no face was found: it may be hidden.")
    if seen.body_found >= PERSON and seen.covered >= LEAST_COVERED:
        return View(name="back", eye="no_face", reason=BACK_OR_HIDDEN)
    return View(reason="Neither a face nor a body was found.")


def _by_face(seen: Seen, face: Face, mesh: Mesh, model: TurnModel) -> View:
    alone = mesh_turn(mesh, model)
    if alone is not None:
        return _known(alone[0], model.mesh_error_deg, "mesh", elevation=alone[1])
    yaw, familiar = landmark_yaw(seen.looks, mesh, model)
    if familiar < FAMILIAR or (
        abs(yaw) < FRONT and face.score < DRAWN_SCORE
    ):  # a real front would have convinced the mesh
        return View(reason="There is a face, but too little of it to say how it is turned.")
    uncertainty = model.face_error(yaw)
    close = face.height / seen.height > CLOSE
    if seen.shoulders and seen.body and seen.body.whole and not close and seen.shoulders[1] >= BODY_SURE:
        apart = _turn_to(yaw, seen.shoulders[0])
        if abs(yaw) >= FAR and abs(apart) < AGREE:
            yaw += BODY_WEIGHT * apart
    return _known(yaw, uncertainty, "face")


def _confirmed(seen: Seen, face: Face, mesh: Mesh) -> bool:
    if seen.drawn:
        return mesh.score >= MESH_SURE or face.score >= DRAWN_SCORE
    return mesh.score >= MESH_SCORE or face.score >= SCORE or seen.body is not None


def _towards_us(body: Body | None) -> bool:
    return body is not None and body.score >= BODY_SURE and abs(body.yaw_deg) < FACES_US


def _turn_to(one: float, two: float) -> float:
    """Degrees from one direction to another, -180 to 180."""
    return (two - one + 180) % 360 - 180


def _known(yaw: float, uncertainty: float, eye: Eye, elevation: float | None = None) -> View:
    yaw = _turn_to(0, yaw)
    straight = abs(yaw) < FRONT or abs(yaw) > LARGEST + FRONT
    side: Side | None = None if straight else ("right" if yaw > 0 else "left")
    return View(
        name=view_class(yaw),
        side=side,
        yaw_deg=round(yaw, 1),
        uncertainty_deg=round(uncertainty, 1),
        elevation_deg=None if elevation is None else round(elevation, 1),
        eye=eye,
    )
