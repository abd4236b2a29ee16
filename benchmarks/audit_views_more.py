"""The rest of what benchmarks/audit_views.py measures: speed, elevation, hidden faces, nobody, drawings, light."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.audit_views_material import (
    CHANGES,
    COVERS,
    ENLARGED,
    EXPRESSIONS,
    covered_face,
    empty_pictures,
    enlarged,
    grained,
    jpeg,
    package_pictures,
    pieces,
    with_expression,
)
from tools.vision.eyes.expression import ONE_EXPRESSION, expression_vector, variety
from tools.vision.eyes.light import Light, measure_light, spread
from tools.vision.eyes.look import Watched, look
from tools.vision.eyes.mesh import find_mesh
from tools.vision.eyes.turn import mesh_turn
from tools.vision.eyes.view import View, view_class
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_clip, render_image, yaw_at
from trainer_core.base_models.mini.world.scene import random_scene, view_of

Picture = NDArray[np.uint8]
TIMED = 48  # pictures that the speed is taken from: every eighth, so that all directions take part
PIECES = 24  # of each photograph without people
NOBODY_CHANGES = ("png", "jpeg_60", "grain_6_jpeg")
ALIKE = 12.0  # degrees of azimuth within which the light counts as the same


class Case(Protocol):
    """What is known and what was seen of one picture."""

    person: str
    yaw_deg: float
    pitch_deg: float
    azimuth_deg: float
    watched: Watched


def speed(pictures: Sequence[Picture]) -> dict[str, float]:
    """Whole looks a second at 768 pixels with one and two threads, OpenCV using one each; models are loaded before."""
    step = max(1, len(pictures) // TIMED - 1)  # not a multiple of the number of directions
    larger = [np.asarray(cv2.resize(each, (768, 768)), dtype=np.uint8) for each in pictures[::step][:TIMED]]
    found = {}
    for name, threads in (("one_thread", 1), ("two_threads", 2)):
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(look, larger[: 4 * threads]))
            clock, worked = time.perf_counter(), time.process_time()
            list(pool.map(look, larger))
            found[name] = round(len(larger) / (time.perf_counter() - clock), 2)
            found[f"{name}_per_processor_second"] = round(len(larger) / (time.process_time() - worked), 2)
    return found


def elevation(cases: Sequence[Case], views: Sequence[View]) -> dict[str, float]:
    """Degrees against the truth, where it is told; `always_zero` is the error of never telling any."""
    rows = [
        (case.person, case.pitch_deg, view.elevation_deg)
        for case, view in zip(cases, views, strict=True)
        if view.elevation_deg is not None
    ]
    true, said = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    people = sorted({row[0] for row in rows})
    within = [np.array([(t, s) for who, t, s in rows if who == person]).T for person in people]
    return {
        "pictures": len(rows),
        "mean_error": _mean(np.abs(said - true)),
        "always_zero": _mean(np.abs(true)),
        "correlation": _correlation(true, said),
        "correlation_within_person": _mean(np.array([_correlation(*pair) for pair in within])),
        "largest_true": round(float(np.abs(true).max()), 1),
    }


def hidden_faces(cases: Sequence[Case], pictures: Sequence[Picture]) -> dict[str, dict[str, int]]:
    """What is said of faces within 30 degrees of the front that were painted over, by what covers them."""
    found: dict[str, Counter[str]] = {name: Counter() for name in COVERS}
    for case, picture in zip(cases, pictures, strict=True):
        if abs(case.yaw_deg) > 30 or case.yaw_deg % 30 or case.watched.seen.mesh is None:
            continue
        for name in COVERS:
            seen = look(covered_face(picture, case.watched.seen.mesh, name))
            said = seen.view.name if seen else "unknown"
            found[name]["right" if said == view_class(case.yaw_deg) else said] += 1
    return {name: dict(sorted(counts.items())) for name, counts in found.items()}


def nobody() -> dict[str, Any]:
    """What is said of pictures with nobody in them: made ones and photographs from the installed packages, as they
    are, with grain, enlarged, and pieces of the photographs.

    Other pieces of the same photographs were in the fit (audit_views_evidence.py prints what it says of photographs
    left out); the made pictures were not."""
    rng = np.random.default_rng(8)
    photographs = package_pictures()
    found: dict[str, Counter[str]] = {}
    wrong = []
    for name, picture in [*empty_pictures(), *photographs]:
        kind = "photograph" if name.endswith(".jpg") else "made"
        for change in NOBODY_CHANGES:
            _count(found, wrong, kind, f"{name}, {change}", CHANGES[change](picture, rng))
        small = np.asarray(cv2.resize(picture, (192, 192), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        _count(found, wrong, kind, f"{name}, enlarged", grained(enlarged(small), 3, rng))
    for name, picture in photographs:
        for index, piece in enumerate(pieces(picture, PIECES, rng)):
            _count(found, wrong, "piece of a photograph", f"{name}, piece {index}", piece)
    said = sum(found.values(), Counter[str]())
    return {
        "pictures": sum(said.values()),
        "said": dict(sorted(said.items())),
        "by_kind": {kind: dict(sorted(counts.items())) for kind, counts in found.items()},
        "wrong": wrong,
    }


def drawn(count: int = 60, seed: int = 20261121) -> dict[str, Any]:
    """Mini's drawn characters at 256 to 1024 pixels and enlarged from 192, with every change, and frames of clips."""
    rng = np.random.default_rng(seed)
    found: dict[str, Counter[str]] = {
        name: Counter() for name in (*CHANGES, *(f"enlarged_{name}" for name in ENLARGED), "clip")
    }
    for _ in range(count):
        scene, size = random_scene(rng), int(rng.choice((256, 384, 512, 768, 1024)))
        character = random_character(rng)
        picture = render_image(character, scene, size=size, oversample=1 if size > 512 else 2)
        larger = enlarged(render_image(character, scene, size=192))
        for name, change in CHANGES.items():
            found[name][_verdict(change(picture, rng), scene.view)] += 1
        for name in ENLARGED:
            found[f"enlarged_{name}"][_verdict(CHANGES[name](larger, rng), scene.view)] += 1
    for _ in range(count // 8):
        scene = random_scene(rng, motion="turning")
        frames = render_clip(random_character(rng), scene, size=384, frames=25, oversample=1)
        for index in range(0, 25, 6):
            true = view_of(yaw_at(scene, index / 8))
            found["clip"][_verdict(jpeg(frames[index], 80), true)] += 1
    total = sum(found.values(), Counter[str]())
    looked = sum(total.values())
    return {
        "pictures": looked,
        "right_or_unknown": round(1 - total["wrong"] / looked, 4),
        "confidently_wrong": round(total["wrong"] / looked, 4),
        "right": round(total["right"] / looked, 4),
        "by_kind": {name: dict(sorted(counts.items())) for name, counts in found.items()},
    }


def lights(cases: Sequence[Case], pictures: Sequence[Picture]) -> dict[str, Any]:
    """How the sides' difference follows the light's azimuth within 30 degrees, and the spreads of one person's sets
    with like (within 12 degrees of azimuth) and with all lights."""
    rows: list[tuple[Case, Light, Light]] = []
    for case, picture in zip(cases, pictures, strict=True):
        mesh = case.watched.seen.mesh
        turn = mesh_turn(mesh) if mesh else None
        if mesh is None or turn is None or abs(case.yaw_deg) > 30:
            continue
        light, uncorrected = measure_light(picture, mesh, turn[0]), measure_light(picture, mesh)
        if light and uncorrected:
            rows.append((case, light, uncorrected))
    azimuth = np.array([case.azimuth_deg for case, _, _ in rows])
    yaw = np.array([case.yaw_deg for case, _, _ in rows])
    like, mixed = [], []
    for person in sorted({case.person for case, _, _ in rows}):
        own = sorted(((c.azimuth_deg, light) for c, light, _ in rows if c.person == person), key=lambda row: row[0])
        mixed.append(spread([light for _, light in own]))
        ends = [sum(a <= start + ALIKE for a, _ in own) for start, _ in own]
        like += [spread([light for _, light in own[begin:end]]) for begin, end in enumerate(ends) if end - begin >= 4]
    return {
        "pictures": len(rows),
        "correlation_with_azimuth": _correlation(
            np.sin(np.radians(azimuth)), np.array([r[1].left_right for r in rows])
        ),
        "correlation_with_azimuth_from_the_face": _correlation(
            np.sin(np.radians(azimuth - yaw)), np.array([r[2].left_right for r in rows])
        ),
        "direction_spread_like": sorted(each.direction for each in like if each),
        "direction_spread_all": sorted(each.direction for each in mixed if each),
        "level_spread_all": sorted(each.level for each in mixed if each),
        "warmth_spread_all": sorted(each.warmth for each in mixed if each),
    }


def expressions(cases: Sequence[Case], pictures: Sequence[Picture]) -> dict[str, Any]:
    """`variety` of one expression, and of one person's pictures with mouth, eyes and brows moved by warping them.

    Warped renders are not people who smile: the figures only say that the measure sees such movements.
    """
    alike, mixed, by_kind = [], [], {name: [] for name in EXPRESSIONS}  # type: ignore[var-annotated]
    for person in sorted({case.person for case in cases}):
        own = [
            (picture, case.watched.seen)
            for case, picture in zip(cases, pictures, strict=True)
            if case.person == person and abs(case.yaw_deg) <= 30 and case.watched.seen.mesh and case.watched.seen.face
        ]
        plain = [expression_vector(seen.mesh) for _, seen in own]
        alike.append(variety(plain))
        moved = []
        for index, (picture, seen) in enumerate(own):
            name = EXPRESSIONS[index % len(EXPRESSIONS)]
            changed = with_expression(picture, seen.mesh, name)
            vector = expression_vector(find_mesh(changed, seen.face))
            moved.append(vector)
            by_kind[name].append(float(np.abs(np.subtract(vector, plain[index])).mean()))
        mixed.append(variety(moved))
    return {
        "limit": ONE_EXPRESSION,
        "one_expression": [round(value, 4) for value in alike if value is not None],
        "warped_expressions": [round(value, 4) for value in mixed if value is not None],
        "mean_change_by_kind": {name: round(float(np.mean(values)), 4) for name, values in by_kind.items() if values},
        "caveat": "expressions are renders warped by the benchmark, not people",
    }


def _count(found: dict[str, Counter[str]], wrong: list[str], kind: str, name: str, picture: Picture) -> None:
    seen = look(picture)
    said = seen.view.name if seen else "unknown"
    found.setdefault(kind, Counter())[said] += 1
    if said != "unknown":
        wrong.append(f"{name}: {said}")


def _verdict(picture: Picture, true: str) -> str:
    seen = look(picture)
    if seen is None or seen.view.name == "unknown":
        return "unknown"
    return "right" if seen.view.name == true.replace("-", "_") else "wrong"


def _mean(values: NDArray) -> float:
    return round(float(values.mean()), 2)


def _correlation(one: NDArray, two: NDArray) -> float:
    return round(float(np.corrcoef(one, two)[0, 1]), 2)
