"""What the camera sees: everything about a clip except who is in it."""

from dataclasses import dataclass

import numpy as np

from .palette import PLACES

EXPRESSIONS = ("neutral", "smiling", "sad", "surprised")
LIGHTS = ("soft", "left", "right", "dim", "warm")
SHOTS = ("full", "medium", "close")
MOTIONS = ("standing", "walking", "waving", "turning", "jumping")


@dataclass(frozen=True)
class Scene:
    """One take. `yaw` in degrees: 0 faces the camera, positive turns to the subject's own left (right of the image)."""

    place: str
    yaw: float
    expression: str
    light: str
    shot: str
    motion: str
    offset: tuple[float, float]  # subject's place in the frame, in body units (right, up)
    phase: float  # where in the motion's cycle the clip begins, 0..1
    place_seed: int

    @property
    def view(self) -> str:
        """front, three-quarter, profile or back: the class of the starting yaw."""
        return view_of(self.yaw)


def view_of(yaw: float) -> str:
    """Class of a yaw in degrees: front < 22.5 <= three-quarter < 67.5 <= profile < 112.5 <= back."""
    turned = abs((yaw + 180) % 360 - 180)
    if turned < 22.5:
        return "front"
    if turned < 67.5:
        return "three-quarter"
    return "profile" if turned < 112.5 else "back"


def random_scene(rng: np.random.Generator, **fixed: object) -> Scene:
    """Draw a scene; keyword arguments fix any of its fields."""
    drawn: dict[str, object] = {
        "place": str(rng.choice(list(PLACES))),
        "yaw": float(
            rng.choice((0, 45, -45, 90, -90, 180), p=(0.3, 0.15, 0.15, 0.12, 0.12, 0.16)) + rng.uniform(-15, 15)
        ),
        "expression": str(rng.choice(EXPRESSIONS)),
        "light": str(rng.choice(LIGHTS)),
        "shot": str(rng.choice(SHOTS, p=(0.45, 0.35, 0.2))),
        "motion": str(rng.choice(MOTIONS)),
        "offset": (float(rng.uniform(-0.18, 0.18)), float(rng.uniform(-0.06, 0.06))),
        "phase": float(rng.uniform()),
        "place_seed": int(rng.integers(1 << 30)),
    }
    return Scene(**(drawn | fixed))  # type: ignore[arg-type]
