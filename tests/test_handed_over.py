"""What was handed over waits until it is in the set: with two channels at once, with more coming in, on a full disk."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rooms import draw_pictures, new_context

from tools import handed_over
from tools.context import ToolContext, ToolRefused
from tools.dataset import AddFiles, add_files
from tools.handed_over import ABANDONED_SECONDS, FOLDER, clear_taken, take_over, waiting_files
from tools.state import manifest_of
from tools.uploads import mark_added, register, uploads_of
from trainer_core.dataset import copies, intake
from trainer_core.projects import Workspace

REGISTER = (
    "import sys; from pathlib import Path; from tools.uploads import register; "
    "from trainer_core.projects import Workspace; workspace = Workspace.open(Path(sys.argv[1])); "
    "[register(workspace, sys.argv[2], [path]) for path in sorted(Path(sys.argv[3]).iterdir())]"
)


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return new_context(tmp_path / "home")


def incoming(context: ToolContext) -> Path:
    return context.workspace.dataset_folder(context.project_id).parent / FOLDER


def entries(count: int, folder: Path) -> Path:
    folder.mkdir()
    for index in range(count):
        (folder / f"{folder.name}-{index}.png").write_bytes(b"x")
    return folder


def fill_after(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let the disk be full after so many copies into datasets."""
    copy, done = copies._copy, [0]

    def limited(source: Path, target: Path, limit: int) -> str:
        if done[0] >= most:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done[0] += 1
        return copy(source, target, limit)

    monkeypatch.setattr(copies, "_copy", limited)


def test_a_batch_that_comes_in_while_another_is_taken_stays(context: ToolContext, tmp_path: Path) -> None:
    """The table was read and written without a lock: a batch's entry, a mark or a fresh folder was lost."""
    workspace, project = context.workspace, context.project_id
    own, sent = entries(1, tmp_path / "own"), entries(1, tmp_path / "sent")
    file = next(sent.iterdir())
    for round_number in range(25):
        [before] = register(workspace, project, [own])
        start, came = threading.Barrier(2), []

        def taken(first: str = before.id, start: threading.Barrier = start) -> None:
            start.wait()
            mark_added(workspace, project, [first])
            clear_taken(workspace, project)

        thread = threading.Thread(target=taken)
        thread.start()
        start.wait()
        came = [take_over(workspace, project, f"batch{round_number:04}", [(file, file.name)])]
        thread.join()
        known = {entry.id: entry for entry in uploads_of(workspace, project)}
        assert known[before.id].added
        assert not known[came[0].id].added
        assert (came[0].file / file.name).is_file()


def test_two_processes_hand_over_to_one_project(context: ToolContext, tmp_path: Path) -> None:
    """Entries that the other process had written between reading and writing were gone."""
    folders = [entries(40, tmp_path / name) for name in ("left", "right")]
    command = [sys.executable, "-c", REGISTER, str(context.workspace.home), context.project_id]
    working = [subprocess.Popen([*command, str(folder)]) for folder in folders]
    assert [each.wait(timeout=120) for each in working] == [0, 0]
    names = {entry.name for entry in uploads_of(context.workspace, context.project_id)}
    assert names == {path.name for folder in folders for path in folder.iterdir()}


def test_files_that_come_to_a_batch_while_it_is_taken_wait(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole batch was marked as added and its folder deleted, with files that nobody had read yet."""
    sent = draw_pictures(tmp_path / "sent", 2)
    first, late = sorted(sent.iterdir())
    workspace, project = context.workspace, context.project_id
    take_over(workspace, project, "batch0001", [(first, first.name)])
    take = intake._take

    def slow(folder: Path, path: Path, name: str) -> object:
        take_over(workspace, project, "batch0001", [(late, late.name)])
        return take(folder, path, name)

    with monkeypatch.context() as patched:
        patched.setattr(intake, "_take", slow)
        assert add_files(context, AddFiles()).data["added"] == 1
    assert waiting_files(workspace, project) == 2  # of which one is known
    told = add_files(context, AddFiles())
    assert told.data["added"] == 1
    assert told.data["refused"] == 0
    assert not list(incoming(context).iterdir())


def test_drafts_of_killed_processes_are_cleared_after_a_day(context: ToolContext, tmp_path: Path) -> None:
    """A draft is no batch: it is left alone while its file comes in, and does not stay for ever."""
    file = next(entries(1, tmp_path / "sent").iterdir())
    take_over(context.workspace, context.project_id, "batch0001", [(file, file.name)])
    draft = incoming(context) / ".0123.part"
    draft.write_bytes(b"half of it")
    clear_taken(context.workspace, context.project_id)
    assert draft.exists()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tools.handed_over._age", lambda _draft: ABANDONED_SECONDS + 1)
        clear_taken(context.workspace, context.project_id)
    assert not draft.exists()


def test_a_full_disk_keeps_what_came_in_and_lets_the_rest_wait(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file was refused with “No space left on device”, and the server's only copies of them were deleted."""
    sent = sorted(draw_pictures(tmp_path / "sent", 3).iterdir())
    take_over(context.workspace, context.project_id, "batch0001", [(path, path.name) for path in sent])
    with monkeypatch.context() as patched:
        fill_after(patched, 1)
        told = add_files(context, AddFiles())
    assert told.text.startswith("The disk is full. 1 file came in; 2 files were not copied any more. What was handed")
    assert (told.data["added"], told.data["refused"], told.data["left"]) == (1, 0, 2)
    assert [item.name for item in manifest_of(context).items] == [sent[0].name]
    assert manifest_of(context).rejected == ()
    assert waiting_files(context.workspace, context.project_id) == 3
    again = add_files(context, AddFiles())
    assert (again.data["added"], again.data["refused"], again.data["left"]) == (2, 0, 0)
    assert not list(incoming(context).iterdir())


def test_a_disk_without_any_room_takes_nothing_and_loses_nothing(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes in: it is refused in words, whether copies or the table itself found no room."""
    sent = sorted(draw_pictures(tmp_path / "sent", 2).iterdir())
    take_over(context.workspace, context.project_id, "batch0001", [(path, path.name) for path in sent])
    with monkeypatch.context() as patched:
        fill_after(patched, 0)
        with pytest.raises(ToolRefused, match="No file came in; 2 files were not copied"):
            add_files(context, AddFiles())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("trainer_core.dataset.records.save", full)
        with pytest.raises(ToolRefused, match="No file came in"):
            add_files(context, AddFiles())
    assert waiting_files(context.workspace, context.project_id) == 2
    assert add_files(context, AddFiles()).data["added"] == 2


def test_the_start_of_a_pair_waits_for_room_too(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that the full disk had no room for is no file that cannot be read."""
    sent = draw_pictures(tmp_path / "sent", 2)
    for path, name in zip(sorted(sent.iterdir()), ("walk_start.png", "walk_end.png"), strict=True):
        path.rename(sent / name)
    register(context.workspace, context.project_id, [sent])
    with monkeypatch.context() as patched:
        fill_after(patched, 1)
        assert "The disk is full. 1 file came in." in add_files(context, AddFiles()).text
    assert manifest_of(context).rejected == ()
    assert not uploads_of(context.workspace, context.project_id)[0].added
    add_files(context, AddFiles())
    [item] = manifest_of(context).items
    assert item.reference
    assert item.reference.name == "walk_start.png"


def test_what_arrived_before_the_disk_was_full_waits(
    context: ToolContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that are handed over in one go, those that found room are kept."""
    sent = sorted(entries(2, tmp_path / "sent").iterdir())
    put = handed_over._put

    def full(path: Path, target: Path) -> None:
        if path == sent[1]:
            target.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        put(path, target)

    monkeypatch.setattr(handed_over, "_put", full)
    with pytest.raises(OSError, match="No space left"):
        take_over(context.workspace, context.project_id, "batch0001", [(path, path.name) for path in sent])
    assert waiting_files(Workspace.open(context.workspace.home), context.project_id) == 1
    assert [path.name for path in incoming(context).iterdir()] == ["batch0001"]
