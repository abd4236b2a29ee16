"""The audit: measures told apart on files with known truth, verdicts, words, and keeping of what was measured."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tools import measuring
from tools.audit.run import Audit, audit_dataset, audit_text, load_audit
from tools.vision.colours import background_groups, background_words, colour_name, effective_number, measure_edges
from tools.vision.drawn import place_and_light
from tools.vision.duplicates import fingerprint, near_duplicates
from tools.vision.quality import bars, sharpness
from tools.vision.shots import measure_shots
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import random_scene
from trainer_core.dataset.manifest import add_files, load, set_excluded
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RECIPES, Recipe, RecipeName

Picture = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _without_eyes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here needs no model files; test_audit_views.py tests what they add."""
    monkeypatch.setenv("SIDEKICK_MODELS", str(tmp_path / "no-models"))


def recipe(name: str = "character", **changes: object) -> Recipe:
    return RECIPES[RecipeName(name)].model_copy(update={"short_edge": 128, **changes})


def drawings(count: int, size: int = 160, **fixed: object) -> list[Picture]:
    rng = np.random.default_rng(11)
    who = random_character(rng)
    return [render_image(who, random_scene(rng, **fixed), size=size) for _ in range(count)]


def dataset_of(folder: Path, pictures: list[Picture], clips: dict[str, Picture] | None = None) -> Path:
    source = folder / "source"
    source.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(source / f"p{index:02}.png")
    for name, frames in (clips or {}).items():
        write_clip(source / f"{name}.mp4", frames, 24.0)
    add_files(folder / "set", [source])
    return folder / "set"


def test_blur_is_told_from_sharp_in_bright_and_dark() -> None:
    for light in ("soft", "dim", "warm"):
        for picture in drawings(4, size=384, light=light):
            assert sharpness(picture) > 40
            assert sharpness(np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), dtype=np.uint8)) < 40


def test_a_sharp_subject_before_a_soft_background_is_sharp() -> None:
    picture = drawings(1, size=384, shot="medium", offset=(0.0, 0.0))[0]
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 8), dtype=np.uint8)
    soft[77:-77, 77:-77] = picture[77:-77, 77:-77]
    assert sharpness(soft) > 40


def test_bars_at_the_edges() -> None:
    picture = drawings(1)[0]
    assert bars(picture) == 0
    picture[:16] = 0
    picture[-16:] = 0
    assert bars(picture) == pytest.approx(0.1)
    assert bars(np.zeros((64, 64, 3), dtype=np.uint8)) == 0


CHANGES = {
    "smaller": lambda picture: cv2.resize(picture, (120, 120), interpolation=cv2.INTER_AREA),
    "jpeg": lambda picture: cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1),
    "brighter": lambda picture: np.clip(picture * 1.15, 0, 255).astype(np.uint8),
    "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
    "cropped": lambda picture: np.ascontiguousarray(picture[4:-4, 4:-4]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_near_duplicates_are_found(change: str) -> None:
    pictures = drawings(8)
    copies = [np.asarray(CHANGES[change](picture), dtype=np.uint8) for picture in pictures]
    found = near_duplicates([fingerprint(picture) for picture in pictures + copies])
    assert sum(found.get(index + 8) == index for index in range(8)) >= 7
    assert not [index for index in found if index < 8]


def test_pictures_of_one_character_in_one_place_are_no_duplicates() -> None:
    turned = [drawings(1, place="forest", shot="full", yaw=yaw)[0] for yaw in (0, 40, 80, 120, 160)]
    assert near_duplicates([fingerprint(picture) for picture in turned]) == {}


def clip_frames(seed: int, seconds: float = 1.5, **fixed: object) -> Picture:
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, **{"motion": "walking", "light": "soft", **fixed})
    return render_clip(random_character(rng), scene, size=96, frames=round(seconds * 24), fps=24, oversample=1)


def timed(frames: Picture) -> list[tuple[float, Picture]]:
    return [(index / 24, frame) for index, frame in enumerate(frames)]


def test_cuts_are_found_where_they_are() -> None:
    frames = np.concatenate(
        [clip_frames(1, place="beach"), clip_frames(2, place="bricks"), clip_frames(3, place="night")]
    )
    assert measure_shots(timed(frames)).cuts == (1.5, 3.0)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    frames = clip_frames(1, place="beach")
    frames[14 : 14 + length] = 255
    assert measure_shots(timed(frames)).cuts == ()


def test_a_pan_a_turn_and_a_fade_are_no_cuts() -> None:
    wide = np.asarray(cv2.resize(drawings(1, place="meadow")[0], (1200, 96)), dtype=np.uint8)
    pan = np.stack([wide[:, 20 * index : 20 * index + 96] for index in range(40)])
    turn = clip_frames(4, motion="turning", place="room", seconds=3)
    one, two = clip_frames(5, place="beach")[0], clip_frames(6, place="night")[0]
    fade = np.stack([(one * (1 - share) + two * share).astype(np.uint8) for share in np.linspace(0, 1, 24)])
    for frames in (pan, turn, fade):
        assert measure_shots(timed(frames)).cuts == ()


def test_stillness_and_slow_movement() -> None:
    still = np.repeat(clip_frames(1)[:1], 30, axis=0)
    assert measure_shots(timed(still)).still_share == 1.0
    assert measure_shots(timed(clip_frames(4, motion="turning"))).still_share < 0.5
    assert measure_shots(timed(still[:1])).cuts == ()


def test_backgrounds_are_told_apart() -> None:
    rng = np.random.default_rng(0)

    def wall(colour: tuple[float, float, float]) -> Picture:
        return np.clip(np.full((64, 64, 3), colour) * rng.uniform(0.85, 1.15) * 255, 0, 255).astype(np.uint8)

    def variety(pictures: list[Picture]) -> float:
        return effective_number(background_groups([measure_edges(picture) for picture in pictures]))

    walls = [(0.85, 0.3, 0.3), (0.3, 0.75, 0.4), (0.3, 0.4, 0.85), (0.85, 0.8, 0.35), (0.6, 0.3, 0.7)]
    assert variety([wall((0.82, 0.82, 0.81)) for _ in range(20)]) == pytest.approx(1)
    assert variety([wall(walls[index % 2]) for index in range(20)]) == pytest.approx(2, abs=0.1)
    assert variety([wall(walls[index % 5]) for index in range(20)]) == pytest.approx(5, abs=0.5)
    assert variety(drawings(30, size=64)) > 7
    assert effective_number([]) == 0


def test_places_and_light_of_the_drawn_world() -> None:
    rng = np.random.default_rng(21)
    known = wrong = 0
    for _ in range(60):
        scene = random_scene(rng)
        told = place_and_light(measure_edges(render_image(random_character(rng), scene, size=64)))
        light = f"{scene.light} light" if scene.light in ("dim", "warm") else ""
        known += told is not None
        wrong += told not in (None, (PLACES[scene.place].look, light))
    assert wrong == 0
    assert known >= 54
    noise = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert place_and_light(measure_edges(noise * np.uint8(1) // np.array([1, 3, 1], dtype=np.uint8))) is None


def test_colour_words() -> None:
    assert colour_name((0.95, 0.95, 0.96)) == "white"
    assert colour_name((0.1, 0.1, 0.3)) == "dark blue"
    halves = np.full((64, 64, 3), (60, 110, 220), dtype=np.uint8)
    halves[50:] = (80, 160, 70)
    assert background_words(measure_edges(halves)) == "blue and green"
    halves[:, :32] = (255, 255, 255)
    assert background_words(measure_edges(halves)) is None


@settings(max_examples=25, deadline=None)
@given(width=st.integers(1, 70), height=st.integers(1, 70), seed=st.integers(0, 99))
def test_any_picture_can_be_measured(width: int, height: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    assert np.isfinite(sharpness(picture))
    assert 0 <= bars(picture) <= 0.5
    assert near_duplicates([fingerprint(picture), fingerprint(picture)]) == {1: 0}
    measure_edges(picture)


def test_too_few_files_are_blocked_and_some_more_are_a_warning(tmp_path: Path) -> None:
    folder = dataset_of(tmp_path, drawings(9))
    audit = audit_dataset(folder, recipe())
    assert audit.verdict == "blocked"
    assert (audit.findings[0].id, audit.findings[0].value, audit.findings[0].threshold) == ("too_few", 9, 10)
    assert "Add 11 more" in audit_text(audit)
    assert audit.set.missing[0].how_many == 11
    assert audit_dataset(folder, recipe(minimum=5)).verdict == "warn"
    assert audit_dataset(folder, recipe(minimum=5, images=(5, 8))).verdict == "ready"
    assert audit_dataset(folder, recipe(minimum=5, images=(5, 8))).findings[0].id == "too_many"
    assert audit_dataset(folder, recipe(minimum=5, images=(5, 9))).findings == ()


def test_an_empty_set_is_blocked(tmp_path: Path) -> None:
    audit = audit_dataset(tmp_path, recipe())
    assert audit.verdict == "blocked"
    assert audit.set.backgrounds is None
    assert "0 of 0 files" in audit_text(audit)


def test_clips_for_a_motion(tmp_path: Path) -> None:
    clips = {
        "good": clip_frames(1, 3.1, place="beach"),
        "still": np.repeat(clip_frames(2)[:1], 80, axis=0),
        "short": clip_frames(3, 0.5),
        "long": np.concatenate([clip_frames(4, 4.2, motion="waving")] * 2),
    }
    audit = audit_dataset(dataset_of(tmp_path, drawings(2), clips), recipe("motion", short_edge=96))
    by_name = {item.file: item for item in audit.items}
    assert {name for name, item in by_name.items() if item.usable} == {"good.mp4", "long.mp4"}
    assert by_name["still.mp4"].reasons == ("nothing moves in it",)
    assert by_name["short.mp4"].reasons == ("only 0.5 s long",)
    assert by_name["p00.png"].reasons == ("a still cannot teach a way of moving",)
    found = {finding.id: finding.level for finding in audit.findings}
    assert found == {
        "too_few": "blocked",
        "stills_for_motion": "warn",
        "clip_too_short": "warn",
        "static_clip": "warn",
        "clip_too_long": "note",
    }


def test_one_background_is_named(tmp_path: Path) -> None:
    audit = audit_dataset(dataset_of(tmp_path, drawings(12, place="room", light="soft")), recipe())
    finding = next(entry for entry in audit.findings if entry.id == "one_background")
    assert finding.value is not None
    assert finding.value > 0.9
    assert "same background; at most 70% is wanted" in finding.text
    assert all(item.startswith("itm_") for item in finding.files)


def test_the_audit_is_kept_until_files_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dataset_of(tmp_path, drawings(5))
    assert load_audit(folder) is None
    first = audit_dataset(folder, recipe())
    assert load_audit(folder) == first
    looked_at: list[str] = []
    measure = measuring.measure
    monkeypatch.setattr(
        measuring, "measure", lambda path, *rest, **more: looked_at.append(path.name) or measure(path, *rest, **more)
    )
    set_excluded(folder, load(folder).items[0].id, True)
    again = load_audit(folder)
    assert again is not None
    assert (again.items[0].excluded, again.set.images, looked_at) == (True, 4, [])
    Image.fromarray(drawings(1, place="snow", size=170)[0]).save(tmp_path / "new.png")
    add_files(folder, [tmp_path / "new.png"])
    assert load_audit(folder) is None
    told: list[tuple[int, int]] = []
    audit_dataset(folder, recipe(), progress=lambda pace: told.append((pace.done, pace.total)))
    assert looked_at == [Path(load(folder).items[-1].file).name]
    assert told == [(1, 1)]


def test_damaged_keepsakes_are_made_again(tmp_path: Path) -> None:
    folder = dataset_of(tmp_path, drawings(3))
    first = audit_dataset(folder, recipe())
    (folder / "measurements.json").write_text("{broken")
    (folder / "audit.json").write_text("[]")
    assert load_audit(folder) is None
    assert audit_dataset(folder, recipe()) == first


def test_a_lost_copy_blocks(tmp_path: Path) -> None:
    folder = dataset_of(tmp_path, drawings(3))
    for path in (folder / "files").iterdir():
        path.write_bytes(path.read_bytes()[:500])
    audit = audit_dataset(folder, recipe(minimum=0, images=(0, 9)))
    assert audit.verdict == "blocked"
    assert audit.findings[0].id == "lost_copies"
    assert not any(item.usable for item in audit.items)


def test_the_json_has_the_agreed_shape(tmp_path: Path) -> None:
    audit = audit_dataset(dataset_of(tmp_path, drawings(2)), recipe())
    data = json.loads(audit.model_dump_json())
    assert Audit.model_validate(data) == audit
    assert {"items", "set", "verdict", "findings", "skipped_checks"} <= set(data)
    fields = ["file", "kind", "usable", "reasons", "view", "shot", "sharpness", "duplicate_of", "cuts", "findings"]
    assert set(fields) <= set(data["items"][0])
    view = data["items"][0]["view"]
    assert (view["class"], view["side"], view["yaw_deg"], view["uncertainty_deg"]) == ("unknown", None, None, None)
    assert {"views", "backgrounds", "missing"} <= set(data["set"])
    assert {"effective", "largest_share", "plain_share"} <= set(data["set"]["backgrounds"])
    assert set(data["findings"][0]) == {"id", "level", "text", "files", "measure", "value", "threshold", "source"}
    assert any("views" in entry["check"] for entry in data["skipped_checks"])
