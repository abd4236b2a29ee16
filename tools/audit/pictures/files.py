"""The audit's pictures as files: drawn one after another, each there complete or not at all."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from ...drawing import save
from ..model import Audit
from .backgrounds import background_strips
from .compass import view_compass
from .contact import contact_pages
from .thumbnails import Thumbnails
from .timeline import clip_timeline

COMPASS, BACKGROUNDS, TIMELINE, CONTACT = "view_compass", "backgrounds", "clip_timeline", "contact_sheet"
_OURS = re.compile(rf"({COMPASS}|{BACKGROUNDS}|{TIMELINE}|{CONTACT}(_\d+)?)\.(png|jpg)")


def write_pictures(audit: Audit, paths: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Draw what there is to show: view_compass, backgrounds, clip_timeline, contact_sheet, contact_sheet_2 and so on.

    Pictures of an earlier audit that are no longer true are removed from the folder; nothing else in it is touched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {name: save(image, folder / file_name(name)) for name, image in pictures(audit, Thumbnails(paths))}
    kept = {path.name for path in written.values()}
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name not in kept:
            path.unlink()
    return written


def pictures(audit: Audit, thumbnails: Thumbnails) -> Iterator[tuple[str, Image.Image]]:
    """(name, picture) of all that there is to show, one at a time."""
    for name, draw in ((COMPASS, view_compass), (BACKGROUNDS, background_strips), (TIMELINE, clip_timeline)):
        image = draw(audit, {}, thumbnails=thumbnails)
        if image is not None:
            yield name, image
    for number, page in enumerate(contact_pages(audit, thumbnails), start=1):
        yield CONTACT if number == 1 else f"{CONTACT}_{number}", page


def file_name(name: str) -> str:
    """The compass has flat colours and is a PNG, the others are full of photographs."""
    return f"{name}.png" if name == COMPASS else f"{name}.jpg"
