"""The audit as one page: a self-contained HTML file that needs no network, no scripts and no other files."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from PIL import Image

from trainer_core.dataset.records import one_line

from ..drawing import encoded
from .model import Audit, AuditItem, Finding, Level
from .pictures.alternatives import alternative_text
from .pictures.badges import WORDS
from .pictures.files import CONTACT, pictures
from .pictures.thumbnails import Thumbnails
from .pictures.words import (
    CONFIDENCE,
    VERDICTS,
    files_of,
    gravest_first,
    levels_of,
    name_of,
    plural,
    short,
    view_words,
)

THUMBNAIL = 64  # pixels
QUALITY = 78  # of the pictures in the page; those of write_pictures are finer
LONGEST_TEXT = 2000  # characters of any text that comes from files or models
FILES_NAMED = 200  # in one finding; all are in the table


def html_report(audit: Audit, paths: Mapping[str, Path]) -> str:
    """The page as text. `paths` gives the media file of each item's id; what is gone is a placeholder.

    All text is escaped, put on one line and capped; the page's policy (CSP) forbids scripts and every address but its
    own pictures, which are part of the page.
    """
    thumbnails = Thumbnails(paths)
    shown = [_picture(name, image, audit) for name, image in pictures(audit, thumbnails)]
    filters, levels = _filters(audit), levels_of(audit)
    style = _text("report.css") + _filter_rules(len(filters))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _page().render(
        audit=audit,
        style=Markup(style),
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        verdict=VERDICTS[audit.verdict],
        counts=_counts(audit),
        pictures=[each for each in shown if each["page"] < 2],
        more_pages=[each for each in shown if each["page"] > 1],
        findings=[_finding(finding, audit, filters) for finding in audit.findings],
        spreads=_spreads(audit),
        opinions=_opinions(audit),
        filters=filters,
        rows=[_row(place, item, levels, filters, thumbnails) for place, item in enumerate(audit.items)],
        words={"confidence": CONFIDENCE, "level": WORDS},
        view_words=view_words,
        name_of=name_of,
    )


@cache
def _page():  # type: ignore[no-untyped-def]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_plain, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_text("report.html.jinja"))


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _plain(value: Any) -> Any:
    """What is put into the page: one line without control characters, capped; our own markup stays as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(value, LONGEST_TEXT)
    return value


def _picture(name: str, image: Image.Image, audit: Audit) -> dict[str, Any]:
    page = 0
    if name.startswith(CONTACT):
        page = int(name.removeprefix(CONTACT).strip("_") or 1)
    words = alternative_text(audit, name.removesuffix(f"_{page}"))
    return {"src": _embedded(image), "alt": words, "width": image.width, "height": image.height, "page": page}


def _embedded(image: Image.Image) -> Markup:
    return Markup("data:image/jpeg;base64,") + base64.b64encode(encoded(image, "JPEG", quality=QUALITY)).decode()


def _counts(audit: Audit) -> str:
    good = sum(item.usable and not item.excluded for item in audit.items)
    aside = sum(item.excluded for item in audit.items)
    refused = sum(item.id is None for item in audit.items)
    kinds = ((audit.set.images, "picture", "pictures"), (audit.set.clips, "clip", "clips"))
    inside = " and ".join(plural(*kind) for kind in kinds if kind[0]) or "none"
    words = f"{plural(good, 'file is', 'files are')} good, of {inside}."
    if aside:
        words += f" {plural(aside, 'file is', 'files are')} set aside."
    if refused:
        words += f" {plural(refused, 'file was', 'files were')} not taken."
    return words


def _finding(finding: Finding, audit: Audit, filters: list[dict[str, Any]]) -> dict[str, Any]:
    shown_by = [index for index, each in enumerate(filters) if each["finding"] == finding.id]
    names = files_of(finding, audit)
    return {
        "finding": finding,
        "value": _number(finding.value),
        "threshold": _number(finding.threshold),
        "names": names[:FILES_NAMED],
        "more": max(0, len(names) - FILES_NAMED),
        "filter": shown_by[0] if shown_by else None,
        "files": plural(len(names), "file", "files"),
    }


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _spreads(audit: Audit) -> list[dict[str, Any]]:
    figures = audit.set
    found = (
        ("Expressions", figures.expressions),
        ("Light from the side", figures.light_direction),
        ("Warmth of the light", figures.light_warmth),
        ("Brightness of the light", figures.light_level),
    )
    return [{"name": name, "spread": spread} for name, spread in found if spread is not None]


def _opinions(audit: Audit) -> list[AuditItem]:
    """Files on which a vision model was asked, the ones where it disagrees first."""
    asked = [(item, item.second_opinion) for item in audit.items if item.second_opinion is not None]
    return [item for item, opinion in sorted(asked, key=lambda each: each[1].agrees is not False)]


def _filters(audit: Audit) -> list[dict[str, Any]]:
    """What the table can be narrowed to: name, and the items that stay (by their place in the audit)."""
    items = list(enumerate(audit.items))
    levels = levels_of(audit)
    by_finding: dict[str, set[int]] = {finding: set() for finding in levels}
    for place, item in items:
        for finding in item.findings:
            by_finding.setdefault(finding, set()).add(place)
    groups = [
        ("", "All files", {place for place, _ in items}),
        ("", "Better left out", {place for place, item in items if item.id and not item.usable and not item.excluded}),
        ("", "Set aside", {place for place, item in items if item.excluded}),
        ("", "Not taken", {place for place, item in items if item.id is None}),
        *((finding, short(finding).capitalize(), places) for finding, places in by_finding.items()),
    ]
    return [{"finding": finding, "name": name, "places": places} for finding, name, places in groups if places]


def _filter_rules(count: int) -> str:
    """Style that hides the rows without the chosen mark: the page needs no script."""
    rules = [f"#show-{index}:checked~.scroll tr.file:not(.in-{index}){{display:none}}\n" for index in range(1, count)]
    for state, look in (
        ("checked", "background:var(--ink);color:var(--paper)"),
        ("focus-visible", "outline:3px solid"),
    ):
        rules += [f"#show-{index}:{state}~.filters label[for=show-{index}]{{{look}}}\n" for index in range(count)]
    return "".join(rules)


def _row(
    place: int, item: AuditItem, levels: dict[str, Level], filters: list[dict[str, Any]], thumbnails: Thumbnails
) -> dict[str, Any]:
    image = thumbnails.of(item).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS) if item.id else None
    return {
        "item": item,
        "name": name_of(item),
        "view": view_words(item.view, degrees=True),
        "src": _embedded(image) if image else None,
        "badges": [(level, short(finding)) for finding, level in gravest_first(item, levels)],
        "marks": " ".join(f"in-{index}" for index, each in enumerate(filters) if index and place in each["places"]),
    }
