"""How much of the subject is in the frame: close, portrait, medium or full."""

from typing import Literal

from .body import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, Body
from .face import Face

Shot = Literal["close", "portrait", "medium", "full"]

CLOSE, PORTRAIT, MEDIUM = 0.36, 0.20, 0.115  # face height over picture height; measured on renders with known shots
TORSO_OVER_FACE = 2.5  # shoulders to hips over the height of a face
_SURE = 0.7


def shot_size(picture_height: int, face: Face | None, body: Body | None) -> Shot | None:
    """The shot size; None when neither face nor body can tell."""
    if face is not None:
        return _class_of(face.height / picture_height)
    if body is None or body.score < _SURE:
        return None
    ends = body.seen[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]]
    return _class_of(body.torso / TORSO_OVER_FACE / picture_height) if ends.min() > 0.5 else None


def _class_of(share: float) -> Shot:
    if share > CLOSE:
        return "close"
    if share > PORTRAIT:
        return "portrait"
    return "medium" if share > MEDIUM else "full"
