"""Fits what a back must not contradict: whether a picture is drawn, and whether an outline could be a person's.

    python -m benchmarks.audit_views_evidence VIEWS PHOTOGRAPHS

VIEWS is the folder of benchmarks/audit_views.py, PHOTOGRAPHS holds pictures without people. Writes drawing.json and
person.json in tools/vision/eyes and prints how well each tells rows of groups (a person, a photograph, a fifth of the
drawings) that it was not fitted on. Drawn characters come from mini's world, with another seed than the benchmark's.

Limits: `DRAWN_ANYWAY` of the renders of people not in the fit may be called drawn; `MISSED` of the outlines of backs of
people not in the fit may not be called a person's.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.audit_views_material import CHANGES, ENLARGED, Change, Picture, enlarged, grained, jpeg, noisy, pieces
from tools.vision.eyes import drawing, person
from tools.vision.eyes.outline import find_outline
from tools.vision.eyes.quadratic import Values
from tools.vision.eyes.quadratic_fit import cross_scores, fit
from tools.vision.eyes.view import view_class
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.media import read_image

SEED = 99
CHARACTERS, PIECES = 100, 40
DRAWN_ANYWAY, MISSED = 0.03, 0.07
RIDGES = {"drawn": 0.0001, "person": 0.003}
PHOTOGRAPHS_COUNT = 0.3  # as much as the renders: calling a photograph without people drawn does no harm
LARGEST_SIDE = 1024  # pixels
_USES: tuple[Change, ...] = (  # what happens to photographs on their way into a data set
    lambda picture, _: jpeg(picture, 60),
    lambda picture, _: _shrunk(picture, 256),
    lambda picture, rng: jpeg(grained(enlarged(_shrunk(picture, 192)), 3, rng), 90),
    lambda picture, rng: jpeg(noisy(picture, 8, rng), 80),
)


@dataclass(frozen=True)
class Row:
    """One picture's features, the answer wanted, and what it must not be judged together with."""

    kind: str
    group: str
    yes: bool
    values: Values


def main() -> int:
    """Fit both and print what they reach on groups that they have not seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("views", type=Path)
    parser.add_argument("photographs", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(SEED)
    art = [Row(kind, f"drawn {index % 5}", True, drawing.drawing_features(p)) for kind, index, p in drawings(rng)]
    drawn, people = list(art), list[Row]()
    for kind, group, yaw, picture in renders(options.views, rng):
        drawn.append(Row(kind, group, False, drawing.drawing_features(picture)))
        outline = person.person_features(find_outline(picture))
        if view_class(yaw) == "back" and outline is not None:
            people.append(Row(kind, group, True, outline))
    photographs = sorted(path for path in options.photographs.iterdir() if path.suffix in (".jpg", ".png"))
    for path in photographs:
        whole = _at_most(read_image(path))
        for picture in (whole, np.ascontiguousarray(whole[:, ::-1]), *pieces(whole, PIECES, rng)):
            drawn.append(Row("photograph", path.stem, False, drawing.drawing_features(picture)))
            outline = person.person_features(find_outline(picture))
            if outline is not None:
                people.append(Row("photograph", path.stem, False, outline))
    on = f"renders of 4 MakeHuman people (CC0) and pieces of {len(photographs)} photographs without people"
    write("drawn", drawn, drawing.FILE, drawing.FEATURES, f"{CHARACTERS} drawn characters, {on}")
    write("person", people, person.FILE, person.FEATURES, f"Backs of {on}")
    return 0


def drawings(rng: np.random.Generator) -> Iterator[tuple[str, int, Picture]]:
    """(kind, character, picture): drawn at 256 to 1024 pixels or enlarged from 192, with every change."""
    for index in range(CHARACTERS):
        character, scene, size = random_character(rng), random_scene(rng), int(rng.choice((256, 384, 512, 768, 1024)))
        picture = render_image(character, scene, size=size, oversample=1 if size > 512 else 2)
        for name, change in CHANGES.items():
            yield name, index, change(picture, rng)
        larger = enlarged(render_image(character, scene, size=192))
        for name in ENLARGED:
            yield f"enlarged_{name}", index, CHANGES[name](larger, rng)


def renders(folder: Path, rng: np.random.Generator) -> Iterator[tuple[str, str, float, Picture]]:
    """(kind, person, yaw in degrees, picture): every render, and once more after one of four uses."""
    for index, entry in enumerate(json.loads((folder / "truth.json").read_text())):
        picture = read_image(folder / entry["file"])
        yield "render", entry["person"], entry["yaw_deg"], picture
        yield "used_render", entry["person"], entry["yaw_deg"], _USES[index % len(_USES)](picture, rng)


def write(name: str, rows: Sequence[Row], path: Path, features: Sequence[str], fitted_on: str) -> None:
    """Fit, set the limit by the scores of groups left out, write the file and print shares said yes to by kind."""
    values, yes = np.array([row.values for row in rows]), np.array([float(row.yes) for row in rows])
    kinds, groups = np.array([row.kind for row in rows]), [row.group for row in rows]
    importance = _importance(kinds, yes)
    scores = cross_scores(values, yes, importance, groups, ridge=RIDGES[name])
    if name == "drawn":
        limit = float(np.quantile(scores[np.char.endswith(kinds, "render")], 1 - DRAWN_ANYWAY))
    else:
        limit = float(np.quantile(scores[yes == 1], MISSED))
    model = fit(values, yes, importance, features=features, ridge=RIDGES[name], fitted_on=fitted_on)
    path.write_text(model.model_copy(update={"limit": round(limit, 3)}).model_dump_json(indent=1) + "\n")
    print(name, f"limit {limit:.2f}, {len(rows)} rows; said yes to, of groups left out:")
    for kind in sorted(set(kinds)):
        for answer in (1, 0):
            own = (kinds == kind) & (yes == answer)
            if own.any():
                print(f"  {kind} ({'yes' if answer else 'no'}): {own.sum()}, {(scores[own] >= limit).mean():.3f}")


def _importance(kinds: Values, yes: Values) -> Values:
    """Yes and no count the same; among the noes of the drawn, photographs less than renders."""
    photographs = (kinds == "photograph").astype(float)
    counts = yes / yes.sum()
    for of, part in ((photographs, PHOTOGRAPHS_COUNT), ((1 - photographs) * (1 - yes), 1.0)):
        counts = counts + part * of / max(of.sum(), 1)
    return np.asarray(counts)


def _shrunk(picture: Picture, side: int) -> Picture:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _at_most(picture: Picture) -> Picture:
    scale = min(1.0, LARGEST_SIDE / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)


if __name__ == "__main__":
    sys.exit(main())
