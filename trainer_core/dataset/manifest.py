"""The dataset's table: which copies are in it, what they hold, their captions, and which files were refused and why.

This is the door; records.py holds the shapes and their storage, intake.py copies files in.
"""

from collections.abc import Iterable
from pathlib import Path

from .intake import add_files
from .records import (
    FILE_NAME,
    MAX_CAPTION,
    CaptionSource,
    Item,
    Manifest,
    Rejected,
    change,
    load,
    one_line,
    path_of,
    save,
)

__all__ = [
    "FILE_NAME",
    "CaptionSource",
    "Item",
    "Manifest",
    "Rejected",
    "add_files",
    "change",
    "load",
    "one_line",
    "path_of",
    "save",
    "set_all_excluded",
    "set_caption",
    "set_captions",
    "set_excluded",
]


def set_caption(folder: Path, item_id: str, text: str, source: CaptionSource) -> Manifest:
    """Give an item a caption; the text is put on one line and capped. Raises LookupError for an unknown id."""
    return set_captions(folder, {item_id: (text, source)})


def set_captions(folder: Path, captions: dict[str, tuple[str, CaptionSource]]) -> Manifest:
    """Give several items, by id, a caption and its source in one write. Raises LookupError for an unknown id."""
    changes: dict[str, dict[str, object]] = {
        item_id: {"caption": one_line(text, MAX_CAPTION), "caption_source": source}
        for item_id, (text, source) in captions.items()
    }
    return _change(folder, changes)


def set_excluded(folder: Path, item_id: str, excluded: bool) -> Manifest:
    """Leave an item out of training, or take it back in; its copy stays. Raises LookupError for an unknown id."""
    return _change(folder, {item_id: {"excluded": excluded}})


def set_all_excluded(folder: Path, item_ids: Iterable[str], excluded: bool) -> Manifest:
    """Leave several items out, or take them back in, in one write. Raises LookupError for an unknown id."""
    return _change(folder, {item_id: {"excluded": excluded} for item_id in item_ids})


def _change(folder: Path, changes: dict[str, dict[str, object]]) -> Manifest:
    return change(folder, lambda manifest: manifest.with_changes(changes))
