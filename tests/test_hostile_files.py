"""Odd and hostile files through the public doors: the right verdict in clear words, no crash, bounded memory.

What a single file does to the readers is in test_media.py, the table's own rules are in test_manifest.py.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.odd_files import GOOD, REFUSED, make_odd_files
from tools.audit.run import audit_dataset, audit_text
from trainer_core.dataset.manifest import add_files, path_of
from trainer_core.dataset.media import write_clip
from trainer_core.recipes import RECIPES, RecipeName
from ui.shell import application


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command remembers of a folder belongs to the test."""
    monkeypatch.setenv("SIDEKICK_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    make_odd_files(folder)
    return folder


def test_one_command_survives_a_folder_of_odd_files(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    result = CliRunner().invoke(application, ["audit", str(folder), "--json"])
    assert result.exit_code == 1, result.output
    items = {item["file"]: item for item in json.loads(result.stdout)["items"]}
    strange = set(items) - GOOD - set(REFUSED)
    assert len(strange) == 1, strange
    assert all(items[name]["id"] and items[name]["sharpness"] is not None for name in GOOD | strange)
    for name, words in REFUSED.items():
        assert items[name]["id"] is None
        assert words in items[name]["reasons"][0], name
        assert items[name]["reasons"][0].endswith(".")
        assert "Errno" not in items[name]["reasons"][0]
    assert {path.name for path in folder.iterdir()} == before


def test_the_words_hold_no_control_characters(folder: Path, tmp_path: Path) -> None:
    manifest = add_files(tmp_path, [folder])
    audit = audit_dataset(tmp_path, RECIPES[RecipeName.CHARACTER])
    words = audit_text(audit)
    assert all(line.isprintable() for line in words.splitlines())
    shown = CliRunner().invoke(application, ["audit", str(folder)]).output
    assert "\x1b" not in shown
    assert "Traceback" not in shown
    assert all(item.name.isprintable() for item in (*manifest.items, *manifest.rejected))
    assert next(item for item in manifest.items if item.name == "turned.jpg").info.height == 200


def test_a_text_that_gives_orders_is_only_text(folder: Path, tmp_path: Path) -> None:
    add_files(tmp_path, [folder])
    assert audit_dataset(tmp_path, RECIPES[RecipeName.CHARACTER]).verdict == "blocked"


def test_a_copy_that_changes_after_it_was_taken(folder: Path, tmp_path: Path) -> None:
    manifest = add_files(tmp_path, [folder / "good.png", folder / "short.mp4"])
    for item in manifest.items:
        path_of(tmp_path, item).write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 99)
    audit = audit_dataset(tmp_path, RECIPES[RecipeName.CHARACTER])
    assert [finding.id for finding in audit.findings if finding.level == "blocked"] == ["too_few", "lost_copies"]


LARGE = """
import sys
from pathlib import Path
from tools.measurements import measure
from trainer_core.dataset.manifest import add_files, path_of
manifest = add_files(Path(sys.argv[2]), [Path(sys.argv[1])])
def memory(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) // 1024
before = memory("VmRSS")
measure(path_of(Path(sys.argv[2]), manifest.items[0]), manifest.items[0].info)
print(memory("VmHWM"), memory("VmHWM") - before)
"""  # not getrusage: its peak counts the parent's memory at the fork, and a long test run is large


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize("mode", ["deep", "colour"])
def test_very_large_pictures_need_bounded_memory(tmp_path: Path, mode: str) -> None:
    side = 20_000, 4_000  # 80 million pixels
    if mode == "deep":
        Image.fromarray(np.zeros(side[::-1], dtype=np.uint16)).save(tmp_path / "a.png", compress_level=1)
    else:
        Image.new("RGB", side, "navy").save(tmp_path / "a.jpg")
    source = next(tmp_path.iterdir())
    assert _megabytes(source, tmp_path / "set")[0] < 1500  # the audit's bound


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_a_long_clip_is_measured_without_keeping_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDEKICK_MODELS", str(tmp_path / "none"))  # the eyes' networks need memory once, not per clip
    write_clip(tmp_path / "a.mp4", np.random.default_rng(0).integers(0, 255, (120, 480, 640, 3), dtype=np.uint8), 24.0)
    assert _megabytes(tmp_path / "a.mp4", tmp_path / "set")[1] < 90  # its frames are 110 MB


def _megabytes(source: Path, dataset: Path) -> tuple[int, int]:
    """The peak of a process that measures one file, and how much of it came with the measuring."""
    done = subprocess.run([sys.executable, "-c", LARGE, source, dataset], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peak, gained = done.stdout.split()
    return int(peak), int(gained)
