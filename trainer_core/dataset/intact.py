"""A copy in the dataset is used only while it is what was looked at and captioned: byte for byte."""

import hashlib
from pathlib import Path

from .info import UnusableMedia
from .records import Item, path_of


def intact_path(folder: Path, item: Item) -> Path:
    """The item's copy, compared with its checksum. Raises UnusableMedia in words that name the file."""
    path = path_of(folder, item)
    try:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == item.sha256
    except OSError as error:
        raise UnusableMedia(
            f"Sidekick's copy of {item.name} cannot be read ({error.strerror or error}). Your own file was not "
            "touched: take this one out of the set and add it again."
        ) from error
    if not same:
        raise UnusableMedia(
            f"Sidekick's copy of {item.name} is damaged or was changed since it was added. Your own file was not "
            "touched: take this one out of the set and add it again."
        )
    return path
