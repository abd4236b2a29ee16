"""How a dataset's files are written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer_core.dataset.records import write_atomically


def test_two_threads_may_write_one_file_at_once(tmp_path: Path) -> None:
    """Two looks at a set may both judge it anew, and each keeps what it found."""
    contents = [bytes([number]) * 1000 for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for each in range(40):
            list(threads.map(write_atomically, [tmp_path / "audit.json"] * 4, contents))
            assert (tmp_path / "audit.json").read_bytes() in contents, each
    assert [path.name for path in tmp_path.iterdir()] == ["audit.json"]
