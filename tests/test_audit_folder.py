"""`sidekick audit FOLDER`: in place, each content once, told with progress, stopped at a word, through a full disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image

from tools import measuring
from tools.audit.folder import audit_folder
from tools.audit.run import Audit, audit_dataset
from tools.measuring import Known, Pace, Stopped
from trainer_core.dataset.manifest import add_files
from trainer_core.recipes import RECIPES, RecipeName

CHARACTER = RECIPES[RecipeName.CHARACTER]


@pytest.fixture(autouse=True)
def _without_eyes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODELS", str(tmp_path / "no-models"))


def pictures(folder: Path, first: int, count: int, size: int = 128) -> Path:
    folder.mkdir(exist_ok=True)
    for index in range(first, first + count):
        noise = np.random.default_rng(index).integers(0, 255, (size, size, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{index:03}.png")
    return folder


def test_a_second_run_only_looks_at_what_is_new(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 6)
    first = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert (first.looked_at, first.remembered, first.notes) == (6, 0, ())
    pictures(folder, 6, 3)
    (folder / "000.png").rename(folder / "renamed.png")
    (folder / "copy.png").write_bytes((folder / "001.png").read_bytes())
    again = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert (again.looked_at, again.remembered) == (3, 6)
    assert {item.file for item in again.audit.items} >= {"renamed.png", "007.png", "copy.png"}
    assert [item.file for item in again.audit.items if item.duplicate_of] == ["copy.png"]
    assert sorted(path.name for path in again.paths.values()) == sorted(
        item.file for item in again.audit.items if item.id
    )


def test_in_place_and_in_a_project_give_the_same_audit(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 4)
    (folder / "000.txt").write_text("a caption")
    (folder / "broken.png").write_bytes((folder / "001.png").read_bytes()[:300])
    add_files(tmp_path / "set", [folder])
    inside, outside = audit_dataset(tmp_path / "set", CHARACTER), audit_folder(folder, CHARACTER, memory=tmp_path / "m")
    assert outside.audit == inside
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"{index:03}.{ending}" for index, ending in ((0, "png"), (0, "txt"), (1, "png"), (2, "png"), (3, "png"))),
        "broken.png",
    ]


def test_starts_of_pairs_are_shown_and_not_judged_as_in_a_project(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 6)
    for before, after in (
        ("000", "a_start"),
        ("001", "a_end"),
        ("002", "b_START"),
        ("003", "b_END"),
        ("004", "c_start"),
    ):
        (folder / f"{before}.png").rename(folder / f"{after}.png")
    (folder / "d_end.png").write_bytes((folder / "005.png").read_bytes())
    (folder / "d_start.png").write_bytes((folder / "005.png").read_bytes())  # nothing to learn from the two
    (folder / "005.png").unlink()
    add_files(tmp_path / "set", [folder])
    inside, outside = audit_dataset(tmp_path / "set", CHARACTER), audit_folder(folder, CHARACTER, memory=tmp_path / "m")
    assert outside.audit == inside
    assert [item.file for item in inside.items if item.id] == ["a_end.png", "b_END.png", "d_end.png"]
    refused = {item.file: item.reasons[0] for item in inside.items if not item.id}
    assert "its end is not there" in refused["c_start.png"]
    assert "exact copy of d_end.png" in refused["d_start.png"]
    assert outside.notes[0].startswith("2 pairs by the files' names (a_end.png, b_END.png): ")


def test_damaged_files_are_asked_once_and_told_each_time(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 2)
    (folder / "broken.png").write_bytes((folder / "001.png").read_bytes()[:300])
    told = [audit_folder(folder, CHARACTER, memory=tmp_path / "memory") for _ in range(2)]
    assert [each.looked_at for each in told] == [3, 0]
    for each in told:
        assert "damaged" in next(item for item in each.audit.items if item.file == "broken.png").reasons[0]


def test_stopping_keeps_what_was_measured(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 12)
    paces: list[Pace] = []
    with pytest.raises(Stopped, match="of 12 files; what was measured of them is kept"):
        audit_folder(folder, CHARACTER, memory=tmp_path / "memory", progress=paces.append, stop=lambda: len(paces) >= 4)
    kept = len(Known.read(tmp_path / "memory" / measuring.FILE_NAME).files)
    assert 4 <= kept < 12
    rest = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert (rest.looked_at, rest.remembered) == (12 - kept, kept)


def test_control_c_ends_the_command_within_a_second(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "mine", 0, 1, size=900)
    content = (folder / "000.png").read_bytes()
    for index in range(1, 400):
        (folder / f"{index:03}.png").write_bytes(content + str(index).encode())  # what follows a PNG's end is ignored
    command = [sys.executable, "-m", "ui.shell", "audit", str(folder), "--home", str(tmp_path / "home")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # ignored where the tests run in the background
    )
    memory = tmp_path / "home"
    assert process.stderr is not None
    assert "of 400 files" in process.stderr.readline()  # well into the work
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, told = process.communicate(timeout=30)
    assert time.monotonic() - began < 2.5  # one second on a quiet machine
    assert process.returncode == 1
    assert "Stopped. What was measured is kept" in told
    assert "Traceback" not in told
    assert list(memory.rglob(measuring.FILE_NAME))


def test_a_full_disk_loses_no_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(measuring, "write_atomically", full)
    found = audit_folder(pictures(tmp_path / "mine", 0, 3), CHARACTER, memory=tmp_path / "memory")
    assert len(found.audit.items) == 3
    assert len(found.notes) == 1
    assert "could not be kept" in found.notes[0]
    assert "No space left on device" in found.notes[0]


def test_progress_tells_how_long_it_takes() -> None:
    assert Pace(120, 1000, 40.2).words() == "120 of 1,000 files, about 40 s left"
    assert Pace(1, 1000).words() == "1 of 1,000 files"
    assert Pace(500, 1000, 200.0).words() == "500 of 1,000 files, about 3 min left"
    assert Pace(1, 1, 0.0).words() == "1 of 1 file"


def test_models_that_come_later_are_used_for_what_is_known_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures(tmp_path / "mine", 0, 2)
    first = audit_folder(folder, CHARACTER, memory=tmp_path / "memory").audit
    assert any("views" in entry.check and "tools.vision.eyes.models" in entry.reason for entry in first.skipped_checks)
    monkeypatch.delenv("SIDEKICK_MODELS")
    from tools.vision.eyes.look import available

    if available():
        pytest.skip("the eyes' model files are not set up: python -m tools.vision.eyes.models")
    again = audit_folder(folder, CHARACTER, memory=tmp_path / "memory")
    assert again.looked_at == 2
    assert not any("views (" in entry.check for entry in again.audit.skipped_checks)


def test_the_json_follows_the_published_schema(tmp_path: Path) -> None:
    """Set UPDATE_GOLDEN=1 to publish a change on purpose; fields are added, never renamed."""
    published = Path(__file__).parent.parent / "docs" / "audit.schema.json"
    schema = Audit.model_json_schema(mode="serialization")
    if os.environ.get("UPDATE_GOLDEN"):
        published.write_text(json.dumps(schema, indent=1) + "\n")
    assert json.loads(published.read_text()) == schema
    found = audit_folder(pictures(tmp_path / "mine", 0, 3), CHARACTER, memory=tmp_path / "memory")
    jsonschema.validate(json.loads(found.audit.model_dump_json()), schema)
