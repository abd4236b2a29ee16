"""Sets whose views are known: real measurements of one drawn picture each, with what the eyes would see put in."""

import os
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from tools.measurements import FrameLook, Measurement, measure
from tools.vision.eyes.background import Background
from tools.vision.eyes.look import Look
from tools.vision.eyes.view import View, view_class
from trainer_core.dataset.manifest import Item, Manifest
from trainer_core.dataset.media import MediaInfo, probe


def view_at(yaw: float | None, reason: str = "") -> View:
    """The view of a subject turned by so many degrees; None: it could not be told."""
    if yaw is None:
        return View(reason=reason or "Neither a face nor a body was found.")
    name = view_class(yaw)
    side = None if name in ("front", "back") else ("right" if yaw > 0 else "left")
    return View(name=name, side=side, yaw_deg=yaw, uncertainty_deg=3.0, eye="mesh")


def look_at_yaw(yaw: float | None, place: int = 0, **more: object) -> Look:
    """What the eyes see of a subject with this yaw in one of several places that cannot be mistaken for each other."""
    descriptor = tuple(1.0 if index == place else 0.0 for index in range(8))
    known: dict[str, object] = {
        "people": None if yaw is None else 1,
        "face": None,
        "subject_share": 0.3,
        "cut": False,
        "view": view_at(yaw),
        "shot": "portrait",
        "light": None,
        "expression": None,
        "background": Background(descriptor=descriptor, plain=False, share=0.6),
    }
    return Look.model_validate(known | more)


def known_set(
    folder: Path, looks: Sequence[Look | Sequence[Look]], seconds: float = 4.0
) -> tuple[Manifest, dict[str, Measurement]]:
    """A picture for each look, a clip for each sequence of looks; no two of them are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(4)
    items, measured = [], {}
    for index, seen in enumerate(looks):
        path = folder / f"{index:03}.png"
        Image.fromarray(rng.integers(0, 255, (96, 96, 3), dtype=np.uint8)).resize((512, 512), 0).save(path)
        info = probe(path)
        with mock.patch.dict(os.environ, SIDEKICK_MODELS=str(folder / "none")):  # what the eyes see is put in below
            figures = measure(path, info)
        if isinstance(seen, Look):
            found = (FrameLook(seconds=0.0, look=seen),)
        else:
            found = tuple(FrameLook(seconds=float(place), look=look) for place, look in enumerate(seen))
            info = MediaInfo.model_validate(info.model_dump() | {"kind": "clip", "fps": 24.0, "seconds": seconds})
            figures = figures.model_copy(update={"shots": _moving()})
        item_id = f"itm_{index:012x}"
        items.append(Item(id=item_id, name=path.name, file=path.name, sha256=f"{index:064x}", info=info))
        measured[item_id] = figures.model_copy(update={"looks": found})
    return Manifest(items=tuple(items)), measured


def _moving():  # type: ignore[no-untyped-def]
    from tools.vision.shots import Shots

    return Shots(cuts=(), still_share=0.0, motion=2.0)
