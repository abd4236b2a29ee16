"""Trouble while a folder is audited: each test is named after a defect that was once there."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tools import measuring
from tools.audit.folder import FolderAudit, audit_folder, memory_of
from tools.audit.model import AuditItem, Missing
from tools.audit.pictures.thumbnails import Thumbnails
from tools.audit.run import _to_fill_up, audit_dataset, audit_text, load_audit
from tools.measuring import Known, Pace
from tools.vision import shared_frames
from tools.vision.eyes.look import available
from tools.vision.eyes.models import MODELS, default_folder
from trainer_core.dataset import intake
from trainer_core.dataset.manifest import add_files, path_of, set_excluded
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RECIPES, RecipeName
from ui.shell import application

CHARACTER = RECIPES[RecipeName.CHARACTER]


@pytest.fixture(autouse=True)
def _a_home_without_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("SIDEKICK_MODELS", "/nonexistent")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "mine", 3)


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        noise = np.random.default_rng(index).integers(0, 255, (128, 128, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    return folder


def reasons(found: FolderAudit) -> dict[str, tuple[str, ...]]:
    return {item.file: item.reasons for item in found.audit.items if item.id is None}


def audit(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application, ["audit", *arguments])
    return result.exit_code, result.output


def test_a_file_that_vanished_for_a_moment_was_refused_for_ever(folder: Path, tmp_path: Path) -> None:
    content = (folder / "2.png").read_bytes()

    def gone(_pace: Pace) -> None:
        (folder / "2.png").unlink(missing_ok=True)

    first = audit_folder(folder, CHARACTER, memory=tmp_path / "memory", progress=gone)
    assert "changed or vanished" in reasons(first)["2.png"][0]
    (folder / "2.png").write_bytes(content)
    assert not reasons(audit_folder(folder, CHARACTER, memory=tmp_path / "memory"))


def test_a_file_written_to_meanwhile_gave_its_figures_to_the_old_content(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (folder / "0.png").read_bytes()
    measure = measuring.measure

    def replaced(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "0.png":
            path.write_bytes(b"half a picture")
        return measure(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(measuring, "measure", replaced)
    first = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert "changed or vanished" in reasons(first)["0.png"][0]
    monkeypatch.setattr(measuring, "measure", measure)
    (folder / "0.png").write_bytes(old)
    assert not reasons(audit_folder(folder, CHARACTER, memory=tmp_path / "memory"))


def test_a_file_that_vanished_after_it_was_measured_ended_the_audit(folder: Path, tmp_path: Path) -> None:
    def gone(pace: Pace) -> None:
        if pace.done == pace.total:
            (folder / "1.png").unlink()

    found = audit_folder(folder, CHARACTER, memory=tmp_path / "memory", progress=gone)
    assert "changed or vanished" in reasons(found)["1.png"][0]
    assert [item.file for item in found.audit.items if item.id] == ["0.png", "2.png"]


@pytest.mark.parametrize("place", ["file", "folder"])
def test_a_memory_that_cannot_be_read_ended_the_audit(folder: Path, tmp_path: Path, place: str) -> None:
    home = tmp_path / "home"
    if place == "file":
        home.write_text("no folder")
    else:
        (memory_of(folder, home) / measuring.FILE_NAME).mkdir(parents=True)
    found = audit_folder(folder, CHARACTER, memory=memory_of(folder, home))
    assert not reasons(found)
    assert "could not be kept" in found.notes[0]


def test_a_memory_without_descriptions_ended_the_audit(folder: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    audit_folder(folder, CHARACTER, memory=memory)
    known = Known.read(memory / measuring.FILE_NAME)
    known.infos.clear()
    known.write(memory / measuring.FILE_NAME)
    again = audit_folder(folder, CHARACTER, memory=memory)
    assert again.looked_at == 3
    assert not reasons(again)


@pytest.mark.parametrize("cut", [0, 100_000])
def test_a_damaged_model_file_ended_the_audit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for model in MODELS:
        (models / model.file_name).write_bytes(b"\0" * cut)
    monkeypatch.setenv("SIDEKICK_MODELS", str(models))
    found = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert not reasons(found)
    assert any("missing or damaged. Run:" in entry.reason for entry in found.audit.skipped_checks)
    assert all("is damaged" in words for words in available() if "model file" in words)


def test_whole_model_files_are_not_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDEKICK_MODELS")
    if not all((default_folder() / model.file_name).is_file() for model in MODELS):
        pytest.skip("the eyes' model files are not set up: python -m tools.vision.eyes.models")
    assert not [words for words in available() if "damaged" in words]


def test_a_report_named_like_a_picture_replaced_it(folder: Path) -> None:
    before = (folder / "0.png").read_bytes()
    code, told = audit(str(folder), "--html", str(folder / "0.png"))
    assert code == 1
    assert "does not end in .html" in told
    assert (folder / "0.png").read_bytes() == before


def test_a_trigger_of_broken_letters_ended_the_json(folder: Path) -> None:
    code, told = audit(str(folder), "--json", "--trigger", "\udcff\udcfe")
    assert code == 1
    assert "trigger word holds characters" in told


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_letters_that_the_terminal_does_not_have_ended_the_audit(folder: Path, encoding: str) -> None:
    (folder / "0.png").rename(folder / "\u0645\U0001f600.png")
    terminal = CliRunner(charset=encoding)
    words = terminal.invoke(application, ["audit", str(folder), "--recipe", "motion"])
    assert b"??.png" in words.stdout_bytes, words.exception
    data = terminal.invoke(application, ["audit", str(folder), "--json"])
    assert json.loads(data.stdout_bytes.decode("utf-8"))["items"][2]["file"] == "\u0645\U0001f600.png"


def test_a_folder_that_cannot_be_opened_was_passed_over_in_silence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "closed").mkdir()
    scan = os.scandir

    def closed(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(intake.os, "scandir", closed)
    found = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert reasons(found) == {"closed": ("This folder cannot be opened (Permission denied).",)}


def test_a_vision_model_that_did_not_answer_was_said_to_be_unnamed(folder: Path, tmp_path: Path) -> None:
    found = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    reason = next(each.reason for each in found.audit.skipped_checks if "second opinion" in each.check)
    assert "looked" in reason


def test_one_file_was_told_of_as_if_it_were_several(folder: Path, tmp_path: Path) -> None:
    (folder / "0.png").with_suffix(".txt").write_text("cat")
    Image.fromarray(np.random.default_rng(9).integers(0, 255, (512, 512, 3), dtype=np.uint8)).save(tmp_path / "x.png")
    (tmp_path / "x.txt").write_text("cat")
    told = audit(str(tmp_path / "x.png"))[1]
    assert "1 of 1 file is good (1 picture and 0 clips)" in told
    assert "1 good file is too few" in told
    assert "(1 word besides the trigger)" in told
    assert "Backgrounds: all alike." in told
    assert "What to add: 19 more good files." in told
    told = audit(str(folder))[1]
    assert "2 files have no caption: they are trained on" in told
    (tmp_path / "empty").mkdir()
    told = audit(str(tmp_path / "empty"))[1]
    assert "There are no pictures or clips that can be used: at least 10 are needed" in told


def test_fewer_files_were_asked_for_in_all_than_for_the_views() -> None:
    views = [Missing(what="pictures seen from behind", how_many=2, view="back"), Missing(what="others", how_many=4)]
    assert _to_fill_up(4, views) == []
    assert [entry.how_many for entry in _to_fill_up(5, views)] == [5]
    assert _to_fill_up(1, [])[0].what == "more good file"


def test_alike_pictures_were_compared_with_each_other_twice(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_frames, "correlation", lambda *_: pytest.fail("compared again"))
    for index in range(3, 6):
        (folder / f"{index}.png").write_bytes((folder / "0.png").read_bytes() + str(index).encode())
    found = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert len([item for item in found.audit.items if item.duplicate_of == "0.png"]) == 3


def test_a_copy_that_was_gone_was_still_called_good(folder: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "set"
    manifest = add_files(dataset, [folder])
    assert audit_dataset(dataset, CHARACTER).set.images == 3
    for item in manifest.items[:2]:
        path_of(dataset, item).unlink()
    found = audit_dataset(dataset, CHARACTER)
    assert [item.reasons for item in found.items[:2]] == [("its copy can no longer be read",)] * 2
    lost = next(finding for finding in found.findings if finding.id == "lost_copies")
    assert (lost.level, lost.text.split(" can ")[0]) == ("blocked", "The copies of 0.png, 1.png")
    set_excluded(dataset, manifest.items[0].id, True)
    again = load_audit(dataset)
    assert again is not None
    assert "The copy of 1.png can no longer be read. Set it aside" in audit_text(again)


def test_a_clip_with_keyframes_far_apart_kept_the_report_from_ever_ending(tmp_path: Path) -> None:
    clip = tmp_path / "slow.mp4"
    write_clip(clip, np.stack([np.full((64, 64, 3), 2 * index, dtype=np.uint8) for index in range(100)]), 4.0)
    item = AuditItem(file=clip.name, id="itm_" + "0" * 12, kind="clip", usable=True, seconds=25.0)
    shown = Thumbnails({"itm_" + "0" * 12: clip}).strip(item, [12.0, 13.0, 24.9])
    levels = [round(float(np.asarray(image).mean())) for image in shown]
    assert [abs(level - true) <= 3 for level, true in zip(levels, (96, 104, 198), strict=True)] == [True] * 3
