"""LoRA files that are no LoRA files or far too large: refused before anything large is read or copied."""

import json
import zipfile
from pathlib import Path

import pytest
from test_wrong_inputs import lora_file

from trainer_core.lora import contents
from trainer_core.lora.inspect import verify
from trainer_core.plan import BaseModelName


def sparse(path: Path, numbers: int) -> Path:
    """A sound small LoRA with one more tensor of so many numbers, all zero; it takes no room on the disk."""
    whole = lora_file(path).read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header, size = json.loads(whole[8 : 8 + length]), len(whole) - 8 - length
    header["huge"] = {"dtype": "BF16", "shape": [numbers], "data_offsets": [size, size + 2 * numbers]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + length :])
    with path.open("r+b") as file:
        file.truncate(8 + len(text) + size + 2 * numbers)
    return path


def test_a_tensor_that_would_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """4 GB in the file are 8 in memory as 32-bit numbers, and the process ended there."""
    read: list[str] = []
    monkeypatch.setattr(contents, "_numbers", lambda _contents, _file, name: read.append(name))
    report = verify(sparse(tmp_path / "huge.safetensors", 2**31), BaseModelName.MINI)
    assert not report.ok
    assert "The tensor huge is far larger than any LoRA's" in report.words()
    assert "Look whether it is the right file" in report.words()
    assert read == []


def test_a_zip_archive_is_not_called_a_pickle(tmp_path: Path):
    path = tmp_path / "style.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("style/style.safetensors", "x")
    said = verify(path).words()
    assert "zip archive" in said
    assert "unpack it" in said
    assert "This is a pickle" not in said
