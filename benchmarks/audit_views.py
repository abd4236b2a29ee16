"""How well the built-in eyes see people and drawings; writes benchmarks/results/audit_views.json.

    python -m benchmarks.audit_views FOLDER          measure, fitting on all people but the one who is judged
    python -m benchmarks.audit_views FOLDER --fit    also fit on all people and write tools/vision/eyes/turn.json

FOLDER holds pictures and truth.json: a list of {"file", "person", "shot", "yaw_deg", "pitch_deg", "light"}; yaw in
degrees, 0 faces the camera, positive turns to the right of the picture, 180 is the back.

What is fitted: the reference mesh and the regression for turned faces (turn.py), anew for each person from the
others; the uncertainties, from the errors on the others. What is not: the regressions that tell drawings and outlines
of people (audit_views_evidence.py says how they do on people left out), and the thresholds in view.py, face.py and
turn.py and the choice of looks, set while looking at results on these four people:
between the variants that were tried, the accuracy went from 93.8 to 95.8 %. An "unknown" counts as wrong.

Targets: 93 % of four classes (goal 96 %), 4 degrees mean error for faces within 60 degrees (goal 2.5),
8 pictures a second at 768 pixels (goal 14); drawn characters 90 % right or unknown, 2 % confidently wrong.
"""

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.audit_views_more import drawn, elevation, expressions, hidden_faces, lights, nobody, speed
from tools.vision.eyes.look import Watched, available, see
from tools.vision.eyes.turn import FILE, TurnModel
from tools.vision.eyes.turn_fit import Known, fit
from tools.vision.eyes.view import View, view_class, view_of
from trainer_core.dataset.media import read_image

RESULT = Path(__file__).parent / "results" / "audit_views.json"
BANDS = (45.0, 60.0, 75.0, 90.0, 105.0, 180.0)  # degrees of measured yaw, between which errors are averaged


@dataclass(frozen=True)
class Case:
    """One picture: the truth about it and what the eyes saw."""

    file: str
    person: str
    shot: str
    yaw_deg: float
    pitch_deg: float
    azimuth_deg: float
    watched: Watched

    @property
    def known(self) -> Known | None:
        """For fitting; None where no face was found."""
        seen = self.watched.seen
        if seen.mesh is None:
            return None
        return Known(seen.looks, seen.mesh, 180.0 if self.yaw_deg == -180 else self.yaw_deg, self.pitch_deg)


def main() -> int:
    """Measure and print; exit status 1 when a target is missed, 2 when it cannot be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    gone = available()
    if gone:
        print("\n".join(gone), file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    cases = watch(options.folder)
    if options.fit:
        FILE.write_text(with_errors(fitted(cases), cases, cross_fitted(cases)).model_dump_json() + "\n")
    views = cross_fitted(cases)
    pictures = [read_image(options.folder / case.file) for case in cases]
    result = figures(cases, views) | {
        "speed": speed(pictures),
        "elevation": elevation(cases, views),
        "hidden_faces": hidden_faces(cases, pictures),
        "nobody": nobody(),
        "drawn": drawn(),
        "light": lights(cases, pictures),
        "expression": expressions(cases, pictures),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "wrong"}, indent=1))
    met = result["accuracy"] >= 0.93 and result["yaw_error_0_60"] <= 4 and result["speed"]["two_threads"] >= 8
    art = result["drawn"]
    return int(not (met and art["right_or_unknown"] >= 0.9 and art["confidently_wrong"] <= 0.02))


def watch(folder: Path) -> list[Case]:
    """Look at every picture once."""
    truth = json.loads((folder / "truth.json").read_text())
    return [
        Case(
            entry["file"],
            entry["person"],
            entry["shot"],
            entry["yaw_deg"],
            entry["pitch_deg"],
            entry["light"]["azimuth_deg"],
            see(read_image(folder / entry["file"])),
        )
        for entry in truth
    ]


def fitted(cases: list[Case]) -> TurnModel:
    """The turn model of these cases, its errors still unknown."""
    people = {case.person for case in cases}
    known = [each for case in cases if (each := case.known)]
    return fit(known, f"{len(people)} people, {len(cases)} renders of MakeHuman bodies (CC0)")


def with_errors(model: TurnModel, cases: list[Case], views: list[View]) -> TurnModel:
    """The model with the mean absolute errors of these views."""
    errors = [(view.eye, abs(view.yaw_deg), abs(turn_error(c, view))) for c, view in zip(cases, views, strict=True)
              if view.yaw_deg is not None]  # fmt: skip
    bands: list[tuple[float, float]] = []
    for start, end in zip((0.0, *BANDS), BANDS, strict=False):
        inside = [error for eye, yaw, error in errors if eye == "face" and start < yaw <= end]
        if inside:
            bands.append((end, round(float(np.mean(inside)), 1)))
    alone = [error for eye, _, error in errors if eye == "mesh"]
    return model.model_copy(update={"mesh_error_deg": round(float(np.mean(alone)), 1), "face_errors_deg": tuple(bands)})


def cross_fitted(cases: list[Case]) -> list[View]:
    """The view of every picture, by a model that never saw the person in it; its uncertainty is from the others too."""
    people = sorted({case.person for case in cases})
    models = {person: fitted([case for case in cases if case.person != person]) for person in people}
    views = [view_of(case.watched.seen, model=models[case.person]) for case in cases]
    for person in people:
        others = [(case, view) for case, view in zip(cases, views, strict=True) if case.person != person]
        models[person] = with_errors(models[person], [case for case, _ in others], [view for _, view in others])
    return [view_of(case.watched.seen, model=models[case.person]) for case in cases]


def turn_error(case: Case, view: View) -> float:
    """Degrees between the truth and a view that has a yaw, -180 to 180."""
    assert view.yaw_deg is not None
    return (view.yaw_deg - case.yaw_deg + 180) % 360 - 180


def figures(cases: list[Case], views: list[View]) -> dict[str, Any]:
    """The table: accuracy, confusion, yaw error, and which pictures went wrong."""
    pairs = list(zip(cases, views, strict=True))
    truth = [view_class(case.yaw_deg) for case in cases]
    right = [name == view.name for name, view in zip(truth, views, strict=True)]
    near = [(case, view) for case, view in pairs if abs(case.yaw_deg) <= 60]
    measured = [abs(turn_error(case, view)) for case, view in near if view.yaw_deg is not None]
    answered = [ok for ok, view in zip(right, views, strict=True) if view.name != "unknown"]
    confusion = Counter(f"{name} seen as {view.name}" for name, view in zip(truth, views, strict=True))
    shots = [(case.watched.shot, case.shot) for case in cases if case.watched.shot]
    return {
        "pictures": len(cases),
        "method": "turn model fitted on all people but the one judged; thresholds set, and drawing.json and "
        "person.json fitted, on these people",
        "accuracy": share(right),
        "accuracy_where_answered": share(answered),
        "unknown": sum(view.name == "unknown" for view in views),
        "accuracy_by_person": _by([case.person for case in cases], right),
        "accuracy_by_shot": _by([case.shot for case in cases], right),
        "shot_accuracy": share([said == true for said, true in shots]),
        "confusion": dict(sorted(confusion.items())),
        "yaw_error_0_60": round(float(np.mean(measured)), 2),
        "yaw_measured_0_60": share([view.yaw_deg is not None for _, view in near]),
        "yaw_error_by_eye": _error_by_eye(pairs),
        "wrong": [
            {"file": case.file, "seen": view.name, "yaw_deg": view.yaw_deg, "eye": view.eye}
            for (case, view), ok in zip(pairs, right, strict=True)
            if not ok
        ],
    }


def _error_by_eye(pairs: list[tuple[Case, View]]) -> dict[str, dict[str, float]]:
    """Per eye: pictures, mean absolute and median error, and the mean uncertainty that was said."""
    found: dict[str, list[tuple[float, float]]] = {}
    for case, view in pairs:
        if view.yaw_deg is not None and view.uncertainty_deg is not None:
            found.setdefault(view.eye, []).append((abs(turn_error(case, view)), view.uncertainty_deg))
    return {
        eye: {
            "pictures": len(rows),
            "mean_error": round(float(np.mean([error for error, _ in rows])), 2),
            "median_error": round(float(np.median([error for error, _ in rows])), 2),
            "mean_uncertainty_said": round(float(np.mean([said for _, said in rows])), 2),
        }
        for eye, rows in sorted(found.items())
    }


def _by(names: list[str], right: list[bool]) -> dict[str, float]:
    return {
        name: share([ok for ok, other in zip(right, names, strict=True) if other == name])
        for name in sorted(set(names))
    }


def share(flags: list[bool]) -> float:
    """Of the flags that are set, to four places."""
    return round(float(np.mean(flags)), 4) if flags else 0.0


if __name__ == "__main__":
    sys.exit(main())
