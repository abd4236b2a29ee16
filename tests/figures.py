"""Measurements as the eyes could have made them, for tests of what is concluded from them."""

import numpy as np

from tools.measurements import FrameLook, Measurement
from tools.vision.colours import measure_edges
from tools.vision.duplicates import fingerprint
from tools.vision.eyes.light import Light
from tools.vision.eyes.look import Look
from tools.vision.eyes.shot_size import shot_size
from tools.vision.eyes.view import View, view_class
from tools.vision.shots import Shots
from trainer_core.dataset.info import MediaInfo
from trainer_core.dataset.manifest import CaptionSource, Item, Manifest

PLAIN = np.full((64, 64, 3), (200, 90, 150), dtype=np.uint8)  # of no place of the drawn world


def view(yaw: float | None, uncertainty: float = 6.0) -> View:
    """Seen at this yaw in degrees by the face; None: it could not be told."""
    if yaw is None:
        return View(reason="Neither a face nor a body was found.")
    name = view_class(yaw)
    side = None if abs(yaw) < 22.5 or abs(yaw) > 157.5 else "right" if yaw > 0 else "left"
    return View(name=name, side=side, yaw_deg=yaw, uncertainty_deg=uncertainty, eye="face")


def look(
    yaw: float | None = None, uncertainty: float = 6.0, *, height: float | None = None, left_right: float | None = None
) -> Look:
    """One look at a picture; `height` is the face's share of the picture's height, `left_right` its light."""
    box = None if height is None else (0.4, 0.2, 0.6, 0.2 + height)

    class _Face:
        def __init__(self, share: float) -> None:
            self.height = share * 1000

    return Look(
        people=None if box is None else 1,
        face=box,
        subject_share=0.3,
        cut=None if box is None else False,
        view=view(yaw, uncertainty),
        shot=None if height is None else shot_size(1000, _Face(height), None),  # type: ignore[arg-type]
        light=None if left_right is None else Light(left_right=left_right, level=60.0, warmth=12.0),
        expression=None,
        background=None,
    )


def figures(
    *looks: Look, brightness: float = 0.5, still: float | None = None, camera: float | None = 0.0
) -> Measurement:
    """A picture's figures, or a clip's where `still`, its share of still frames, is given."""
    shots = None
    if still is not None:
        shots = Shots(cuts=(), still_share=still, motion=1.0 - still, camera_motion=camera)
    return Measurement(
        sharpness=99.0,
        brightness=brightness,
        bars=0.0,
        edges=measure_edges(PLAIN),
        fingerprint=fingerprint(PLAIN),
        shots=shots,
        looks=tuple(FrameLook(seconds=float(index), look=each) for index, each in enumerate(looks)),
    )


def item(number: int, caption: str = "", source: CaptionSource = "measured") -> Item:
    """A picture of a set, by its number."""
    info = MediaInfo(
        kind="image", width=768, height=768, frames=1, fps=None, seconds=0.0, has_audio=False, variable_frame_rate=False
    )
    name = f"{number:012x}"
    return Item(
        id=f"itm_{name}", name=f"{number}.png", file=f"files/{name}.png", sha256=name.rjust(64, "0"), info=info,
        caption=caption, caption_source=source,
    )  # fmt: skip


def manifest(captions: list[str], source: CaptionSource = "measured") -> Manifest:
    """A set of pictures with these captions."""
    return Manifest(items=tuple(item(number, caption, source) for number, caption in enumerate(captions)))
