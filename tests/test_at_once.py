"""Two channels at one project at the same time, threads or processes: nobody's files, captions or marks are lost."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.dataset_history import Change, recorded
from trainer_core.dataset import manifest as manifests
from trainer_core.dataset.drafts import TableBusy, held

ADD = (
    "import sys; from pathlib import Path; from trainer_core.dataset.manifest import add_files; "
    "add_files(Path(sys.argv[1]), [Path(sys.argv[2])])"
)


def draw(folder: Path, count: int, seed: int) -> Path:
    """Pictures of noise: large enough that copying one takes a moment."""
    folder.mkdir()
    random = np.random.default_rng(seed)
    for index in range(count):
        pixels = random.integers(0, 255, (700, 700, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{folder.name}-{index}.png")
    return folder


def at_once(*work: Callable[[], object]) -> None:
    """Do all in threads of their own that start together; the first error is raised."""
    start, errors = threading.Barrier(len(work)), []

    def one(each: Callable[[], object]) -> None:
        start.wait()
        try:
            each()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def check_whole(folder: Path, names: set[str]) -> None:
    """Every file is in the table, every copy holds the bytes that its checksum says, and nothing half is left."""
    manifest = manifests.load(folder)
    assert {item.name for item in manifest.items} == names
    assert manifest.rejected == ()
    for item in manifest.items:
        assert hashlib.sha256((folder / item.file).read_bytes()).hexdigest() == item.sha256, item.name
    assert [path.name for path in folder.rglob("*.part")] == []


def names_in(*folders: Path) -> set[str]:
    return {path.name for folder in folders for path in folder.iterdir()}


def test_two_threads_add_to_one_project(tmp_path: Path) -> None:
    """Both wrote to one draft, so copies held another's bytes, and the later table left out the earlier one's files."""
    left, right, folder = draw(tmp_path / "left", 6, 1), draw(tmp_path / "right", 6, 2), tmp_path / "set"
    at_once(lambda: manifests.add_files(folder, [left]), lambda: manifests.add_files(folder, [right]))
    check_whole(folder, names_in(left, right))


def test_two_processes_add_to_one_project(tmp_path: Path) -> None:
    """The table of the process that ended later left out the files of the other."""
    left, right, folder = draw(tmp_path / "left", 6, 1), draw(tmp_path / "right", 6, 2), tmp_path / "set"
    working = [subprocess.Popen([sys.executable, "-c", ADD, folder, each]) for each in (left, right)]
    assert [each.wait(timeout=120) for each in working] == [0, 0]
    check_whole(folder, names_in(left, right))


def test_the_same_file_from_two_sides_is_one_item(tmp_path: Path) -> None:
    """Both handed over the same folder: each file is in once, and is no copy of itself."""
    left, folder = draw(tmp_path / "left", 4, 1), tmp_path / "set"
    at_once(*[lambda: manifests.add_files(folder, [left])] * 2)
    check_whole(folder, names_in(left))


def test_what_is_changed_while_files_come_in_stays(tmp_path: Path) -> None:
    """Adding saved the table that it had read at its start: captions and marks of another channel were gone."""
    first, more, folder = draw(tmp_path / "first", 2, 1), draw(tmp_path / "more", 1, 2), tmp_path / "set"
    one, other = manifests.add_files(folder, [first]).items

    def meanwhile(_done: int, _total: int) -> None:
        manifests.set_caption(folder, one.id, "chr_x7kq, a cat, mine", "person")
        manifests.set_excluded(folder, other.id, True)

    manifest = manifests.add_files(folder, [more], progress=meanwhile)
    assert len(manifest.items) == 3
    assert manifest.item(one.id).caption == "chr_x7kq, a cat, mine"
    assert manifest.item(other.id).excluded


def test_captions_from_many_threads_are_all_kept(tmp_path: Path) -> None:
    """Each read the table, changed its own caption and wrote it back: the last one won."""
    folder = tmp_path / "set"
    items = manifests.add_files(folder, [draw(tmp_path / "first", 6, 1)]).items

    def captioned(item_id: str) -> Callable[[], object]:
        return lambda: [manifests.set_caption(folder, item_id, f"{item_id} {time}", "person") for time in range(5)]

    at_once(*(captioned(item.id) for item in items))
    assert [item.caption for item in manifests.load(folder).items] == [f"{item.id} 4" for item in items]


def test_changes_that_can_be_taken_back_are_all_kept(tmp_path: Path) -> None:
    """Two changes got one number, so one of them could not be undone; and each held what the other had changed."""
    folder = tmp_path / "set"
    items = manifests.add_files(folder, [draw(tmp_path / "first", 6, 1)]).items

    def changed(item_id: str) -> None:
        with recorded(folder, item_id):
            manifests.set_caption(folder, item_id, f"{item_id} anew", "person")

    at_once(*(partial(changed, item.id) for item in items))
    kept = [Change.model_validate_json(path.read_bytes()) for path in (folder / "changes").iterdir()]
    assert sorted(each.words for each in kept) == sorted(item.id for item in items)
    assert all(list(each.after) == [each.words] for each in kept)


def test_a_table_that_stays_held_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits in vain is told so in words; whoever holds the table may change it."""
    monkeypatch.setattr("trainer_core.dataset.drafts.PATIENCE", 0.1)
    folder = tmp_path / "set"
    item = manifests.add_files(folder, [draw(tmp_path / "first", 1, 1)]).items[0]
    with held(folder):
        manifests.set_caption(folder, item.id, "within", "person")
        with pytest.raises(TableBusy, match="are being changed elsewhere"):
            at_once(lambda: manifests.set_caption(folder, item.id, "from elsewhere", "person"))
    assert manifests.load(folder).items[0].caption == "within"
