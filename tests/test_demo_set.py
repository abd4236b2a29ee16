"""The demo's files: one unseen character, the same files every time, and flaws that the audit really finds."""

from pathlib import Path

import pytest

from tools.audit.run import audit_dataset, audit_text, leave_out, load_audit
from tools.captioning.captions import write_captions
from trainer_core.base_models.mini.demo_set import DEMO_CHARACTER, FLAWS, PICTURES, draw_demo_set, picture_scenes
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.dataset.manifest import add_files, load
from trainer_core.recipes import RECIPES, RecipeName

SIZE = 256  # the same set, drawn smaller to be quick
RECIPE = RECIPES[RecipeName.CHARACTER].model_copy(update={"short_edge": SIZE})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_demo_set(tmp_path_factory.mktemp("demo") / "pip", size=SIZE)


@pytest.fixture(scope="module")
def dataset(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo_dataset")
    add_files(folder, [files])
    return folder


def test_the_character_was_never_seen() -> None:
    assert DEMO_CHARACTER.held_out
    assert DEMO_CHARACTER.hat != "none"
    assert len({DEMO_CHARACTER.mane, DEMO_CHARACTER.clothes, DEMO_CHARACTER.hat_colour}) == 3


def test_no_picture_shows_the_back_and_all_places_are_there() -> None:
    scenes = picture_scenes(7)
    assert {scene.view for scene in scenes} == {"front", "three-quarter", "profile"}
    assert {scene.place for scene in scenes} == set(PLACES)
    assert len({scene.light for scene in scenes}) == 5


def test_the_files(files: Path) -> None:
    names = {path.name for path in files.iterdir()}
    assert set(FLAWS) < names
    assert len([name for name in names if name not in FLAWS and name.endswith(".png")]) == PICTURES
    assert len([name for name in names if name.endswith(".mp4")]) == 6
    assert sum(path.stat().st_size for path in files.iterdir()) < 5_000_000


def test_drawing_again_is_quick_and_other_files_are_safe(files: Path, tmp_path: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in files.iterdir()}
    assert draw_demo_set(files, size=SIZE) == files
    assert {path.name: path.stat().st_mtime_ns for path in files.iterdir()} == before
    (tmp_path / "pip-01.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="choose a new folder"):
        draw_demo_set(tmp_path, size=SIZE)
    assert (tmp_path / "pip-01.png").read_bytes() == b"mine"


def test_the_audit_finds_every_flaw_and_nothing_else(dataset: Path) -> None:
    audit = audit_dataset(dataset, RECIPE)
    found = {item.file: item for item in audit.items if not item.usable}
    assert set(found) == set(FLAWS)
    assert found["pip-24.png"].findings == ("exact_duplicates",)
    assert found["pip-25.jpg"].duplicate_of == "pip-09.png"
    assert found["pip-21.png"].findings == ("blurry",)
    assert "small_resolution" in found["pip-22.jpg"].findings
    assert found["pip-23.jpg"].findings == ("unreadable",)
    assert found["pip-clip-5.mp4"].findings == ("clip_too_short",)
    assert found["pip-clip-6.mp4"].cuts == pytest.approx((1.75,), abs=0.05)
    assert audit.verdict == "warn"
    assert audit.set.backgrounds is not None
    assert 8 <= audit.set.backgrounds.effective <= 14
    assert "24 of 29 files are good" in audit_text(audit)


def test_captions_name_the_trigger_and_the_true_place(dataset: Path) -> None:
    write_captions(dataset, "chr_x7kq", "cat", RECIPE)
    truth = {f"pip-{number:02}.png": scene for number, scene in enumerate(picture_scenes(7)[:PICTURES], start=1)}
    items = [item for item in load(dataset).items if item.name in truth]
    assert len(items) == PICTURES
    for item in items:
        scene = truth[item.name]
        assert item.caption.startswith("chr_x7kq, a cat, ")
        assert f"{PLACES[scene.place].look} background" in item.caption
        for light in ("dim", "warm"):
            assert (f"{light} light" in item.caption) == (scene.light == light)


def test_without_the_flawed_files_the_set_is_ready(dataset: Path) -> None:
    manifest = leave_out(dataset, audit_dataset(dataset, RECIPE))
    assert (manifest.images, manifest.clips) == (20, 4)
    audit = load_audit(dataset)
    assert audit is not None
    assert audit.verdict == "ready"
    assert "The set is ready: 24 of 24 files" in audit_text(audit)
