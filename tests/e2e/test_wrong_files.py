"""Files that cannot be used, in both boxes: clear words for each, and what was good or typed is kept."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from visitor import LONG, chat, hand_over, part, press, say, visit

from benchmarks.window_server import Server


def _huge_png(side: int = 60_000) -> bytes:
    """A sound PNG of one colour and 3.6 thousand million pixels, in few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.fixture
def wrong(tmp_path: Path, pictures: Path) -> dict[str, Path]:
    """Files by what is wrong with them, and a good one."""
    files = {
        "words": ("words.png", b"This is a shopping list, not a picture."),
        "empty": ("empty.png", b""),
        "huge": ("huge.png", _huge_png()),
        "zip": ("archive.zip", b""),
        "heic": ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100),
        "good": ("good.png", (pictures / "picture-00.png").read_bytes()),
    }
    for name, content in files.values():
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("picture.png", b"inside")
    return {what: tmp_path / name for what, (name, _) in files.items()}


def test_the_box_of_the_dataset_takes_what_is_good_and_names_the_rest(
    server: Server, visitor: Any, wrong: dict[str, Path]
) -> None:
    page = visit(visitor, server.url)
    press(page, "#recipe-character", part(page, "#stages .now", "Files"))  # its step opens by itself
    expect(page.locator("#dataset-upload")).to_be_visible()
    page.locator("#dataset-upload input[accept]").set_input_files([str(path) for path in wrong.values()])
    expect(page.locator("#dataset-upload")).to_contain_text("4 of 4 files arrived, 2 of another kind")
    expect(page.locator("#dataset-gallery .tile")).to_have_count(1, timeout=LONG)
    page.locator("#dataset-gallery [data-show=refused]").click()
    refused = page.locator("#dataset-gallery .refused")
    expect(refused.locator("li")).to_have_count(3)
    for name, why in (("words.png", "not a picture"), ("empty.png", "empty"), ("huge.png", "million pixels")):
        expect(refused.locator("li").filter(has_text=name)).to_contain_text(why)


def test_the_conversation_takes_what_is_good_and_names_the_rest(
    server: Server, visitor: Any, wrong: dict[str, Path]
) -> None:
    page = visit(visitor, server.url)
    say(page, "I want to teach it my cartoon cat")
    page.locator("#box textarea").fill("Here they are")
    for what in ("zip", "heic"):
        page.locator("#box input[type=file]").set_input_files(str(wrong[what]))
        expect(page.get_by_test_id("toast-body").first).to_contain_text("Invalid file type")
    expect(page.locator("#box textarea")).to_have_value("Here they are")
    hand_over(page, [wrong["words"], wrong["empty"], wrong["huge"], wrong["good"]])
    say(page, "Here they are")
    expect(page.locator("#dataset-gallery .tile")).to_have_count(1, timeout=LONG)
    for name in ("words.png", "empty.png", "huge.png"):
        expect(chat(page)).to_contain_text(name)
